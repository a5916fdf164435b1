"""What happens beside the training: progress, logs, samples and saved networks."""

import csv
import sys
import time

import keras
import tensorflow as tf
from tqdm import tqdm

from dcgan.figures.grids import grid_picture, image_grid, save_picture
from dcgan.figures.plots import plot_losses, save_figure
from dcgan.files import whole_file

LOG_HEADER = (
    "epoch,step,pictures,g_loss,d_loss,real_score,fake_score,g_updates,d_updates,aug_p,"
    "g_lr,d_lr,kid,kid_error,recall,coverage,authpct"
).split(",")


class PeriodicCallback(keras.callbacks.Callback):
    """Calls `act(epoch, logs)` after epoch 1, every `every` epochs and the last one."""

    def __init__(self, every):
        super().__init__()
        self.every = every

    def on_epoch_end(self, epoch, logs=None):
        epoch += 1
        if epoch in (1, self.params["epochs"]) or epoch % self.every == 0:
            self.act(epoch, logs or {})


class SampleGrid(PeriodicCallback):
    """Draws the same latents again and again, to see the generator learn.

    Args:
        folder: Where `epoch_0010.png` and so on are written; None writes nothing.
        every: Epochs between two sheets.
        count: Pictures on a sheet.
        seed: Seed of the latents.
        display: Whether a notebook shows the newest sheet, refreshed in place.

    Attributes:
        sheets: Dict from epoch to uint8 (count, H, W, C), the sheets of this training;
            filled only if nothing is written to a folder.
        latest: The newest pair of epoch and pictures.

    Example:
        >>> gan.fit(dataset, epochs=50, callbacks=[SampleGrid(display=True)])
    """

    def __init__(self, folder=None, every=1, count=16, seed=0, display=False):
        super().__init__(every)
        self.folder = folder
        self.count = count
        self.seed = seed
        self.display = display
        self.sheets = {}
        self.latest = (0, None)
        self._handle = None

    def epochs(self, count):
        """Returns `count` of the epochs in `sheets`, from the first to the last."""
        drawn = sorted(self.sheets)
        places = {round(k * (len(drawn) - 1) / max(1, count - 1)) for k in range(count)}
        return [drawn[place] for place in sorted(places)]

    def act(self, epoch, logs):
        pictures = self.model.sample(self.count, seed=self.seed)
        self.latest = (epoch, pictures)
        if self.folder is None:
            self.sheets[epoch] = pictures
        else:
            save_picture(self.folder / f"epoch_{epoch:04d}.png", image_grid(pictures))
        if self.display:
            self._show(pictures)

    def _show(self, pictures):
        from IPython.display import display

        sheet = grid_picture(pictures)
        if self._handle is None:
            self._handle = display(sheet, display_id=True)
        else:
            self._handle.update(sheet)


class Progress(keras.callbacks.Callback):
    """One bar an epoch on stderr, with the losses and the time left of the run."""

    def on_train_begin(self, logs=None):
        self._started = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        terminal = sys.stderr.isatty()
        self._epoch = epoch
        self._bar = tqdm(
            desc=f"Epoch {epoch + 1}/{self.params['epochs']}",
            total=self.params["steps"],
            mininterval=0.2 if terminal else 60,  # a log file needs no moving bar
            ascii=not terminal,
            dynamic_ncols=terminal,
            bar_format="{desc} |{bar:20}| {n_fmt}/{total_fmt}{postfix}",
        )

    def on_train_batch_end(self, batch, logs=None):
        done = self._epoch + (batch + 1) / self.params["steps"]
        left = (time.monotonic() - self._started) * (self.params["epochs"] / done - 1)
        losses = f"g_loss {logs['g_loss']:.3f} d_loss {logs['d_loss']:.3f}"
        self._bar.set_postfix_str(f"{losses}, {in_words(left)} left", refresh=False)
        self._bar.update(batch + 1 - self._bar.n)  # steps_per_execution may be 10

    def on_epoch_end(self, epoch, logs=None):
        self._bar.close()

    on_train_end = on_epoch_end


class CSVLog(keras.callbacks.Callback):
    """Appends a line an epoch to `log.csv`, and the seconds to `timing.csv`.

    Times stand apart so that equal runs have equal logs.
    """

    def __init__(self, log, timing):
        super().__init__()
        self.log = log
        self.timing = timing

    def on_train_begin(self, logs=None):
        _append(self.log, LOG_HEADER)
        _append(self.timing, ["epoch", "seconds"])

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        values = {"epoch": epoch + 1} | training_state(self.model) | (logs or {})
        _append(self.log, [_cell(values.get(name)) for name in LOG_HEADER])
        _append(self.timing, [epoch + 1, f"{time.monotonic() - self._started:.2f}"])


class LossPlot(PeriodicCallback):
    """Draws `losses.png` anew from `log.csv`."""

    def __init__(self, log, path, every):
        super().__init__(every)
        self.log = log
        self.path = path

    def act(self, epoch, logs):
        save_figure(self.path, plot_losses(self.log))


class SaveNetworks(PeriodicCallback):
    """Saves the averaged generator and the discriminator under the run's names."""

    def __init__(self, run, every):
        super().__init__(every)
        self.run = run

    def act(self, epoch, logs):
        save_network(self.model.ema_generator, self.run.generator_file)
        save_network(self.model.discriminator, self.run.discriminator_file)


class Snapshots(keras.callbacks.Callback):
    """Keeps the averaged generator of every `every`-th epoch."""

    def __init__(self, run, every):
        super().__init__()
        self.run = run
        self.every = every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            path = self.run.snapshot_file(epoch + 1)
            save_network(self.model.ema_generator, path)


class TensorBoardLog(keras.callbacks.Callback):
    """Writes losses, scores and the newest sample sheet for TensorBoard.

    Args:
        folder: Where the event files go.
        sample_grid: The `SampleGrid` of the same training, called before this.
    """

    def __init__(self, folder, sample_grid):
        super().__init__()
        self.folder = folder
        self.sample_grid = sample_grid

    def on_train_begin(self, logs=None):
        self._writer = tf.summary.create_file_writer(str(self.folder))

    def on_epoch_end(self, epoch, logs=None):
        with self._writer.as_default(step=epoch + 1):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, value)
            drawn, pictures = self.sample_grid.latest
            if drawn == epoch + 1:
                tf.summary.image("samples", image_grid(pictures)[None])

    def on_train_end(self, logs=None):
        self._writer.close()


def training_state(gan):
    """Returns what the log says of the GAN beyond the means of the epoch."""
    step = int(gan.step.numpy())
    return {
        "step": step,
        "pictures": step * gan.config.batch_size,
        "g_updates": int(gan.g_optimizer.iterations.numpy()),
        "d_updates": int(gan.d_optimizer.iterations.numpy()),
        "aug_p": float(gan.config.aug_prob),
        "g_lr": float(gan.g_optimizer.learning_rate.numpy()),
        "d_lr": float(gan.d_optimizer.learning_rate.numpy()),
    }


def save_network(network, path):
    """Saves a Keras model as `.keras`; an old file stays until the new one is whole."""
    with whole_file(path) as temporary:
        network.save(temporary)


def in_words(seconds):
    """Returns a duration as people say it: `50 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _append(path, cells):
    with open(path, "a", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(cells)


def _cell(value):
    return f"{value:.6g}" if isinstance(value, float) else value
