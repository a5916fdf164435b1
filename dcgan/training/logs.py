"""What a training writes down: log.csv, losses.png and TensorBoard's events."""

import time

import keras
import tensorflow as tf

from dcgan.bias import training_scores_by
from dcgan.figures.grids import image_grid
from dcgan.figures.plots import plot_losses, save_figure
from dcgan.files import whole_file
from dcgan.tables import append_row, forget_after
from dcgan.training import health, scoring
from dcgan.training.callbacks import PeriodicCallback
from dcgan.training.disk import disk_errors

LOG_HEADER = (
    "epoch,step,pictures,g_loss,d_loss,real_score,fake_score,g_updates,d_updates,aug_p,"
    "g_lr,d_lr,kid,kid_error,recall,coverage,authpct"
).split(",")
TIMING_HEADER = ["epoch", "seconds"]


class CSVLog(keras.callbacks.Callback):
    """Appends a line an epoch to `log.csv`, and the seconds to `timing.csv`.

    Times stand apart so that equal runs have equal logs.

    Args:
        log: Path of `log.csv`.
        timing: Path of `timing.csv`.
        evaluation: The `Evaluation` of the same training, which comes before this, or
            None.
    """

    def __init__(self, log, timing, evaluation=None):
        super().__init__()
        self.log = log
        self.timing = timing
        self.evaluation = evaluation

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        seconds = f"{time.monotonic() - self._started:.2f}"
        values = (logs or {}) | training_state(self.model) | {"epoch": epoch + 1}
        values = scores_of(self.evaluation, epoch + 1) | values
        append_row(self.log, LOG_HEADER, values)
        append_row(self.timing, TIMING_HEADER, {"epoch": epoch + 1, "seconds": seconds})


class LossPlot(PeriodicCallback):
    """Draws `losses.png` anew from `log.csv`, so it comes after `CSVLog`."""

    def __init__(self, log, path, every):
        super().__init__(every)
        self.log = log
        self.path = path

    def act(self, epoch, logs):
        extractor = training_scores_by(self.model.config)
        save_figure(self.path, plot_losses(self.log, extractor))


class TensorBoardLog(keras.callbacks.Callback):
    """Writes losses, scores, the newest sample sheet and gradients for TensorBoard.

    Args:
        folder: Where the event files go.
        sample_grid: The `SampleGrid` of the same training; it comes before this.
        gradient_flow: The `GradientFlow`, likewise, or None.
        evaluation: The `Evaluation`, likewise, or None.
    """

    def __init__(self, folder, sample_grid, gradient_flow=None, evaluation=None):
        super().__init__()
        self.folder = folder
        self.sample_grid = sample_grid
        self.gradient_flow = gradient_flow
        self.evaluation = evaluation

    def on_train_begin(self, logs=None):
        self._writer = tf.summary.create_file_writer(str(self.folder))

    def on_epoch_end(self, epoch, logs=None):
        with disk_errors(self.folder):
            self._write(epoch, logs)

    def _write(self, epoch, logs):
        with self._writer.as_default(step=epoch + 1):
            for name, value in ((logs or {}) | self._adapted()).items():
                tf.summary.scalar(name, value)
            for name, value in scores_of(self.evaluation, epoch + 1).items():
                tf.summary.scalar(f"scores/{name}", value)
            drawn, pictures = self.sample_grid.latest
            if drawn == epoch + 1:
                sheet = image_grid(pictures, side=self.model.config.size)
                tf.summary.image("samples", sheet[None])
            self._write_gradients(epoch + 1)
        self._writer.flush()  # Ctrl-C may come before the end

    def on_train_end(self, logs=None):
        with disk_errors(self.folder):
            self._writer.close()

    def _write_gradients(self, epoch):
        if self.gradient_flow is None or self.gradient_flow.latest[0] != epoch:
            return
        for network, layers in self.gradient_flow.latest[1].items():
            for name, gradients in layers.items():
                tf.summary.histogram(f"gradients/{network}/{name}", gradients)

    def _adapted(self):
        return {"aug_p": self.model.probability} if self.model.config.ada_target else {}


def scores_of(evaluation, epoch):
    """Returns the scores that an `Evaluation` has taken after an epoch, a dict."""
    if evaluation is None or evaluation.latest["epoch"] != epoch:
        return {}
    return {k: v for k, v in evaluation.latest.items() if k != "epoch"}


def training_state(gan):
    """Returns what the log says of the GAN beyond the means of the epoch."""
    step = gan.steps_done
    return {
        "step": step,
        "pictures": step * gan.config.batch_size,
        "g_updates": int(gan.updates.numpy()[0]),
        "d_updates": int(gan.updates.numpy()[1]),
        "aug_p": gan.probability,
        "g_lr": float(gan.g_optimizer.learning_rate.numpy()),
        "d_lr": float(gan.d_optimizer.learning_rate.numpy()),
    }


def forget_epochs(run, epoch):
    """Takes what is after an epoch out of the tables of a `Run`, and out of the files
    for TensorBoard, which would show it twice.
    """
    tables = {run.log: LOG_HEADER, run.timing: TIMING_HEADER}
    tables |= {run.scores: scoring.HEADER, run.health: health.HEADER}
    for table, header in tables.items():
        forget_after(table, epoch, header)
    for file in run.tensorboard.glob("events.out.tfevents.*"):
        _forget_events(file, epoch)


def _forget_events(file, epoch):
    kept = []
    try:
        for record in tf.data.TFRecordDataset(str(file)):
            if tf.compat.v1.Event.FromString(record.numpy()).step <= epoch:
                kept.append(record.numpy())
    except tf.errors.DataLossError:
        pass  # the last one, which a killed process has not finished
    with whole_file(file) as temporary, tf.io.TFRecordWriter(str(temporary)) as writer:
        for record in kept:
            writer.write(record)
