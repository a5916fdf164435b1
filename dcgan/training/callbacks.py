"""What happens beside the training: samples, progress, saved networks."""

import sys
import time
from pathlib import Path

import keras
from tqdm import tqdm

from dcgan.epochs import epoch_file
from dcgan.figures.grids import image_grid, save_picture, screen_grid
from dcgan.networks import save_network
from dcgan.stages import Stage
from dcgan.training.duration import step_cost


class PeriodicCallback(keras.callbacks.Callback):
    """Calls `act(epoch, logs)` every `every` epochs and after the last one of each
    stage, also if training stops early.

    Args:
        every: Epochs.
        first: Whether after epoch 1 too.
    """

    def __init__(self, every, first=True):
        super().__init__()
        self.every = every
        self.first = first

    def on_epoch_end(self, epoch, logs=None):
        epoch += 1
        last = epoch == current_stage(self).last or self.model.stop_training
        if last or epoch % self.every == 0 or (self.first and epoch == 1):
            self.act(epoch, logs or {})


class SampleGrid(PeriodicCallback):
    """Draws the same latents again and again, to see the generator learn.

    Args:
        folder: Where `epoch_0010.png` and so on are written, pictures of small stages
            enlarged to the full size; None keeps the pictures in `history` instead.
        every: Epochs between two sheets.
        count: Pictures on a sheet.
        seed: Seed of the latents.
        display: Whether a notebook shows the newest sheet, refreshed in place.

    Attributes:
        history: Dict from epoch to uint8 (count, H, W, C), if there is no folder.
        latest: The newest pair of epoch and pictures.

    Example:
        >>> gan.fit(dataset, epochs=50, callbacks=[SampleGrid(display=True)])
    """

    def __init__(self, folder=None, every=1, count=16, seed=0, display=False):
        super().__init__(every)
        self.folder = folder and Path(folder)
        self.count = count
        self.seed = seed
        self.display = display
        self.history = {}
        self.latest = (0, None)
        self._handles = None

    def on_train_begin(self, logs=None):
        self._clock = Clock(self)

    def on_epoch_begin(self, epoch, logs=None):
        self._clock.start(epoch)

    def act(self, epoch, logs):
        pictures = self.model.sample(self.count, seed=self.seed)
        self.latest = (epoch, pictures)
        if self.folder is None:
            self.history[epoch] = pictures
        else:
            sheet = image_grid(pictures, side=self.model.config.size)
            save_picture(epoch_file(self.folder, epoch, ".png"), sheet)
        if self.display:
            self._show(epoch, pictures)

    def _show(self, epoch, pictures):
        from IPython.display import Markdown, display

        epochs, left = self._clock.epochs, self._clock.left(epoch)
        caption = Markdown(f"epoch {epoch} of {epochs}, {left} left")
        shown = (screen_grid(pictures), caption)
        if self._handles is None:
            self._handles = [display(part, display_id=True) for part in shown]
        else:
            for handle, part in zip(self._handles, shown):
                handle.update(part)


class Progress(keras.callbacks.Callback):
    """One bar an epoch on stderr, with the losses and the time left of the run.

    Args:
        remark: Optional function from an epoch to words at the end of its bar.
    """

    _bar = None

    def __init__(self, remark=None):
        super().__init__()
        self.remark = remark

    def on_train_begin(self, logs=None):
        self._clock = Clock(self)

    def on_epoch_begin(self, epoch, logs=None):
        terminal = sys.stderr.isatty()
        self._clock.start(epoch)
        self._epoch = epoch
        self._bar = tqdm(
            desc=f"Epoch {epoch + 1}/{self._clock.epochs}{self._size()}",
            total=self.params["steps"],
            mininterval=0.2 if terminal else 60,  # a log file needs no moving bar
            ascii=not terminal,
            dynamic_ncols=terminal,
            bar_format="{desc} |{bar:20}| {n_fmt}/{total_fmt}{postfix}",
        )

    def _size(self):
        """The size of the pictures, if it is not the same all the time."""
        side = self.model.discriminator.input_shape[1]
        return f" at {side}x{side}" if len(self.model.plan) > 1 else ""

    def on_train_batch_end(self, batch, logs=None):
        left = self._clock.left(self._epoch + (batch + 1) / self.params["steps"])
        losses = f"g_loss {logs['g_loss']:.3f} d_loss {logs['d_loss']:.3f}"
        self._bar.set_postfix_str(f"{losses}, {left} left", refresh=False)
        self._bar.update(batch + 1 - self._bar.n)  # steps_per_execution may be 10

    def on_epoch_end(self, epoch, logs=None):
        if words := self.remark and self.remark(epoch + 1):
            losses = self._bar.postfix.rpartition(",")[0]
            self._bar.set_postfix_str(f"{losses}, {words}")
        self._bar.close()

    def close(self):
        """Ends the bar where it stands, after Ctrl-C."""
        if self._bar is not None:
            self._bar.close()


class SaveNetworks(PeriodicCallback):
    """Saves the averaged generator and the discriminator under the run's names."""

    def __init__(self, run, every):
        super().__init__(every)
        self.run = run

    def act(self, epoch, logs):
        self.run.save_networks(self.model)


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


class Clock:
    """Tells how long the rest takes, from how long this stage has taken so far.

    Args:
        callback: A callback of a `fit` that begins.

    Attributes:
        epochs: Epochs of the whole training.
    """

    def __init__(self, callback):
        self.stages = plan_of(callback)
        self.epochs = self.stages[-1].last
        self.first = None
        self._costs = [1.0]
        if len(self.stages) > 1:
            config = callback.model.config
            self._costs = [step_cost(config, stage.size) for stage in self.stages]

    def start(self, epoch):
        """Begins to count, before epoch number `epoch`, unless it has begun."""
        if self.first is None:
            self.first, self.started = epoch, time.monotonic()

    def left(self, done):
        """Returns the time left after `done` epochs, in words."""
        before, now, whole = map(self._work, (self.first, done, self.epochs))
        seconds = time.monotonic() - self.started
        return in_words(seconds * (whole - now) / (now - before))

    def _work(self, epochs):
        """Returns how much of the training is done after some epochs."""
        return sum(
            min(max(epochs - stage.first, 0), stage.last - stage.first) * cost
            for stage, cost in zip(self.stages, self._costs)
        )


def plan_of(callback):
    """Returns the `Stage`s of the training that a callback is part of."""
    plain = [Stage(1, 0, callback.params["epochs"])]
    return getattr(callback.model, "plan", None) or plain


def current_stage(callback):
    """Returns the `Stage` that the `fit` of a callback is, or is a part of; the last
    one if it goes beyond the plan."""
    epochs, plan = callback.params["epochs"], plan_of(callback)
    return next((stage for stage in plan if stage.last >= epochs), plan[-1])


def in_words(seconds):
    """Returns a duration as people say it: `50 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
