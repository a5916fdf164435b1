"""The sentence that says how long a run takes."""

import sys
import time

import keras
import tensorflow as tf
from tqdm import tqdm

from dcgan.training.callbacks import current_stage, plan_of
from dcgan.training.duration import how_long, seconds_left, what_would_fit

TOLD_AFTER = 20  # steps


class SayHowLong(keras.callbacks.Callback):
    """Says once, after some steps, how long the rest takes, and what is shorter.

    Args:
        steps: Steps an epoch.
        work: The `Work` of the run.
    """

    def __init__(self, steps, work):
        super().__init__()
        self.steps = steps
        self.work = work
        self._timed, self._seconds = 0, 0.0

    def on_train_begin(self, logs=None):
        self._is_first = True  # of a stage: it builds the graph

    def on_train_batch_begin(self, batch, logs=None):
        self._began = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self._is_first:
            self._is_first = False
        elif self._timed < TOLD_AFTER - 1:
            self._timed += 1
            self._seconds += time.monotonic() - self._began
            if self._timed == TOLD_AFTER - 1:
                self._tell(self._seconds / self._timed)

    def _tell(self, a_step):
        step, config = int(self.model.step), self.model.config
        side, done = current_stage(self).size, step / self.steps
        stages = plan_of(self)
        by_pixels = [a_step * (stage.size / side) ** 2 for stage in stages]
        parts = seconds_left(config, self.steps, by_pixels, self.work, done)
        say(how_long(*parts, stages[-1].last - done, self.steps, a_step))
        from_the_start = step <= TOLD_AFTER
        if from_the_start and not tf.config.list_physical_devices("GPU"):
            if advice := what_would_fit(config, sum(parts)):
                say(advice)


def say(sentence):
    """Prints a line above the bar."""
    tqdm.write(sentence)
    sys.stdout.flush()
