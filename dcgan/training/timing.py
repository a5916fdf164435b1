"""The clock of a training: it is timed, planned for `minutes`, and ended in time."""

import math
import time
from collections import deque
from dataclasses import replace
from statistics import median
from typing import NamedTuple

import keras

from dcgan.data.pipeline import epoch_steps
from dcgan.stages import fewest_epochs, plan_stages, with_epochs
from dcgan.training.callbacks import current_stage, plan_of
from dcgan.training.duration import (
    SHARE,
    Work,
    epochs_that_fit,
    seconds_left,
    work_of,
)
from dcgan.training.fitting import fit_stage
from dcgan.training.how_long import in_plain_words
from dcgan.training.messages import tell_stop_in_time
from dcgan.training.run_callbacks import has_scores

WARM_UP = 2  # steps that are not timed: the first builds the graph
TIMED = 40  # steps
LATEST = 5  # epochs that tell how fast the machine is now; of fewer the slowest does
LONG_ENOUGH = 10.0  # seconds that they take together at least: less is a moment's load
TIMED_SHARE = 0.05  # of the minutes at most, if steps are slow


class StepTimes(keras.callbacks.Callback):
    """Times some steps, then ends the training.

    Args:
        limit: Seconds after which fewer are enough.

    Attributes:
        timed: Seconds that the timed steps have taken so far.
        a_step: Seconds of one of them.
    """

    def __init__(self, limit):
        super().__init__()
        self.limit = limit
        self._count = 0

    def on_train_batch_end(self, batch, logs=None):
        now = time.monotonic()
        self._count += 1
        if self._count == WARM_UP:
            self._began = now
        steps = self._count - WARM_UP
        if steps > 0:  # also before the end, which another process may decide on
            self.timed = now - self._began
            self.a_step = self.timed / steps
            if steps >= TIMED or self.timed > self.limit:
                self.model.stop_training = True


def time_stages(config, images, workers):
    """Trains throw-away GANs for some steps, one for each stage.

    They leave no trace: all draws are made of seed, purpose and step.

    Args:
        config: A `Config` with `minutes`.
        images: uint8 array (N, size, size, channels), or `StoredImages`.
        workers: The `Workers`.

    Returns:
        `(building, seconds_a_step)`: seconds that networks and graphs took, and a list
        with a number for each stage.
    """
    count = len(plan_stages(config))
    steps = epoch_steps(images, config.batch_size)
    epochs = count * (WARM_UP + TIMED)  # enough steps in each stage
    trial = replace(config, minutes=0.0, epochs=epochs, cycle=None, init_from=None)
    limit = 60 * config.minutes * TIMED_SHARE / count
    found, started = [], time.monotonic()
    for stage, gan in workers.grow(trial, steps):
        gan.step.assign(stage.first * steps)  # where `fit_stage` takes the stage up
        times = StepTimes(limit)
        fit_stage(gan, stage, images, [times, *workers.in_step()])
        found.append(times)
    timed = sum(times.timed + WARM_UP * times.a_step for times in found)
    building = max(0.0, time.monotonic() - started - timed)
    return building, [times.a_step for times in found]


class Length(NamedTuple):
    """What is known of how long a training takes.

    Attributes:
        work: The `Work` beside its steps.
        stop: The `StopInTime`.
        a_step: Seconds of a step of each stage, None where they were not measured.
    """

    work: Work
    stop: keras.callbacks.Callback
    a_step: list | None = None


def settle_length(config, run, pictures, checkpoint, started, workers):
    """Finds the epochs of a run that has `minutes`.

    One that goes on keeps those that were found at its start, however long they take.

    Args:
        config: The `Config`.
        run: The `Run`.
        pictures: The `Pictures`.
        checkpoint: Its folder to go on from, None at the start.
        started: Time of `time.monotonic` that `minutes` count from.
        workers: The `Workers`.

    Returns:
        `(config, length)`: the config with these `epochs`, and the `Length`.
    """
    images, count = pictures.train, len(pictures.train) + len(pictures.held_out)
    work = work_of(config, count, has_scores(config, images))
    if not config.minutes:
        return config, Length(work, StopInTime())
    if checkpoint:
        return with_epochs(config, run.config.epochs), Length(work, StopInTime())
    deadline = started + 60 * config.minutes
    return plan_minutes(config, images, deadline, work, workers, run)


def plan_minutes(config, images, deadline, work, workers, run=None):
    """Finds the epochs that end before a deadline.

    Args:
        config: A `Config` with `minutes`.
        images: uint8 array (N, size, size, channels), or `StoredImages`.
        deadline: Time of `time.monotonic`.
        work: The `Work`.
        workers: The `Workers`.
        run: The `Run`, if there is one.

    Returns:
        `(config, length)`: the config with these `epochs`, and the `Length`.
    """
    asked = f"{config.minutes:g} min"
    print(f"Timing some steps, to see how many epochs fit into {asked}", flush=True)
    workers.order_timing()
    building, a_step = time_stages(config, images, workers)
    work = work.slowed(building / len(a_step))
    steps = epoch_steps(images, config.batch_size)
    left = deadline - time.monotonic() - building
    epochs = epochs_that_fit(config, SHARE * left, steps, a_step, work)
    config = with_epochs(config, epochs)
    needed = sum(seconds_left(config, steps, a_step, work)) + work.once
    if needed > left:
        fewest, more = fewest_epochs(config), in_plain_words(needed - left)
        what = "one epoch" if fewest == 1 else f"{fewest} epochs, the fewest here"
        print(f"{asked} are short for {what}: up to {more} more", flush=True)
    closing = work.seconds(a_step[-1])
    stop = StopInTime(deadline, steps * a_step[-1], closing, run)
    return config, Length(work, stop, a_step)


class StopInTime(keras.callbacks.Callback):
    """Ends a training after the epoch whose successor would be too long.

    Epochs are planned to end in time; this is for a machine that has become slower. It
    comes before all callbacks that do something at the end, and never stops a stage
    that is followed by another, whose pictures have not their full size.

    Args:
        deadline: Time of `time.monotonic`.
        planned: Seconds that an epoch was to take.
        closing: The same of all that is left to write at the end.
        run: The `Run` whose health log says so, None for none.
    """

    def __init__(self, deadline=math.inf, planned=1.0, closing=0.0, run=None):
        super().__init__()
        self.deadline = deadline
        self.planned = planned
        self.closing = closing
        self.run = run

    def on_train_begin(self, logs=None):
        self._seconds = None  # of the latest epochs

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        now, last = time.monotonic(), plan_of(self)[-1]
        if self._seconds is None:  # the first epoch, which builds the graph
            self._seconds = deque([self.planned])
        else:
            self._seconds.append(now - self._began)
            self._forget_early()
        if current_stage(self) != last or epoch + 1 >= last.last:
            return
        enough = len(self._seconds) >= LATEST
        seconds = median(self._seconds) if enough else max(self._seconds)
        closing = self.closing
        if sum(self._seconds) >= LONG_ENOUGH:
            closing *= max(1.0, seconds / self.planned)
        if now + seconds + closing > self.deadline:
            # Before the checkpoint: a run that has this one has ended.
            tell_stop_in_time(self.run, self.model.config, epoch + 1, last.last)
            self.model.stop_training = True

    def _forget_early(self):
        """Keeps what the latest epochs took: enough of them, that last long enough."""
        seconds = self._seconds
        while len(seconds) > LATEST and sum(seconds) - seconds[0] >= LONG_ENOUGH:
            seconds.popleft()
