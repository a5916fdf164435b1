"""What a training writes down: log.csv, losses.png and TensorBoard's events."""

import csv
import time

import keras
import tensorflow as tf

from dcgan.figures.grids import image_grid
from dcgan.figures.plots import plot_losses, save_figure
from dcgan.files import whole_file
from dcgan.training.callbacks import PeriodicCallback

LOG_HEADER = (
    "epoch,step,pictures,g_loss,d_loss,real_score,fake_score,g_updates,d_updates,aug_p,"
    "g_lr,d_lr,kid,kid_error,recall,coverage,authpct"
).split(",")


class CSVLog(keras.callbacks.Callback):
    """Appends a line an epoch to `log.csv`, and the seconds to `timing.csv`.

    Times stand apart so that equal runs have equal logs.
    """

    def __init__(self, log, timing):
        super().__init__()
        self.log = log
        self.timing = timing

    def on_train_begin(self, logs=None):
        if not self.log.exists():  # else it is a later stage, or a run that goes on
            _append(self.log, LOG_HEADER)
            _append(self.timing, ["epoch", "seconds"])

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        values = (logs or {}) | training_state(self.model) | {"epoch": epoch + 1}
        _append(self.log, [_cell(values.get(name)) for name in LOG_HEADER])
        _append(self.timing, [epoch + 1, f"{time.monotonic() - self._started:.2f}"])


class LossPlot(PeriodicCallback):
    """Draws `losses.png` anew from `log.csv`, so it comes after `CSVLog`."""

    def __init__(self, log, path, every):
        super().__init__(every)
        self.log = log
        self.path = path

    def act(self, epoch, logs):
        save_figure(self.path, plot_losses(self.log))


class TensorBoardLog(keras.callbacks.Callback):
    """Writes losses, scores, the newest sample sheet and gradients for TensorBoard.

    Args:
        folder: Where the event files go.
        sample_grid: The `SampleGrid` of the same training; it comes before this.
        gradient_flow: The `GradientFlow`, likewise, or None.
    """

    def __init__(self, folder, sample_grid, gradient_flow=None):
        super().__init__()
        self.folder = folder
        self.sample_grid = sample_grid
        self.gradient_flow = gradient_flow

    def on_train_begin(self, logs=None):
        self._writer = tf.summary.create_file_writer(str(self.folder))

    def on_epoch_end(self, epoch, logs=None):
        with self._writer.as_default(step=epoch + 1):
            for name, value in ((logs or {}) | self._adapted()).items():
                tf.summary.scalar(name, value)
            drawn, pictures = self.sample_grid.latest
            if drawn == epoch + 1:
                sheet = image_grid(pictures, side=self.model.config.size)
                tf.summary.image("samples", sheet[None])
            self._write_gradients(epoch + 1)
        self._writer.flush()  # Ctrl-C may come before the end

    def on_train_end(self, logs=None):
        self._writer.close()

    def _write_gradients(self, epoch):
        if self.gradient_flow is None or self.gradient_flow.latest[0] != epoch:
            return
        for network, layers in self.gradient_flow.latest[1].items():
            for name, gradients in layers.items():
                tf.summary.histogram(f"gradients/{network}/{name}", gradients)

    def _adapted(self):
        return (
            {"aug_p": float(self.model.aug_p)} if self.model.config.ada_target else {}
        )


def training_state(gan):
    """Returns what the log says of the GAN beyond the means of the epoch."""
    step = int(gan.step.numpy())
    return {
        "step": step,
        "pictures": step * gan.config.batch_size,
        "g_updates": int(gan.updates.numpy()[0]),
        "d_updates": int(gan.updates.numpy()[1]),
        "aug_p": float(gan.aug_p),
        "g_lr": float(gan.g_optimizer.learning_rate.numpy()),
        "d_lr": float(gan.d_optimizer.learning_rate.numpy()),
    }


def forget_epochs(run, epoch):
    """Takes what is after an epoch out of the tables of a `Run`."""
    for table in (run.log, run.timing):
        forget_after(table, epoch)


def forget_after(path, epoch):
    """Takes the lines after an epoch out of `log.csv` or `timing.csv`.

    A training that goes on from a checkpoint writes them anew.
    """
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = lines[:1] + [line for line in lines[1:] if _is_up_to(epoch, line)]
    with whole_file(path) as temporary:
        temporary.write_text("".join(kept), encoding="utf-8")


def _is_up_to(epoch, line):
    number = line.partition(",")[0]
    return line.endswith("\n") and number.isdecimal() and int(number) <= epoch


def _append(path, cells):
    with open(path, "a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerow(cells)


def _cell(value):
    return f"{value:.6g}" if isinstance(value, float) else value
