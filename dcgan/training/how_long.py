"""What a run says about its length: how long it takes, and what is shorter."""

import math
import sys
import time

import keras
import tensorflow as tf
from tqdm import tqdm

from dcgan.stages import fewest_epochs
from dcgan.training.callbacks import current_stage, plan_of
from dcgan.training.duration import seconds_left, step_cost
from dcgan.validation import allows

TOLD_AFTER = 20  # steps
HOUR = 3600


class SayHowLong(keras.callbacks.Callback):
    """Says once, after some steps, how long the rest takes, and what is shorter.

    Args:
        steps: Steps an epoch.
        length: The `Length` of the run.
    """

    def __init__(self, steps, length):
        super().__init__()
        self.steps = steps
        self.length = length
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
        step, config = self.model.steps_done, self.model.config
        stages, done = plan_of(self), step / self.steps
        costs = self.length.a_step or [step_cost(config, s.size) for s in stages]
        here = costs[stages.index(current_stage(self))]
        expected = [a_step * cost / here for cost in costs]
        parts = seconds_left(config, self.steps, expected, self.length.work, done)
        say(time_left(*parts, stages[-1].last - done, self.steps, a_step))
        from_the_start = step <= TOLD_AFTER
        if from_the_start and not tf.config.list_physical_devices("GPU"):
            if advice := what_would_fit(config, sum(parts)):
                say(advice)


def say(sentence):
    """Prints a line above the bar."""
    tqdm.write(sentence)
    sys.stdout.flush()


def in_plain_words(seconds):
    """Returns a duration as in a sentence: `50 seconds`, `12 minutes`, `3.5 hours`."""
    if seconds < 90:
        number = max(1, round(seconds))
        return f"{number} second{'' if number == 1 else 's'}"
    if seconds < 1.5 * HOUR:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / HOUR:.1f} hours"


def time_left(training, beside, epochs, steps, seconds_a_step):
    """Returns the sentence that says how long a training still takes.

    Args:
        training: Seconds of its steps.
        beside: Seconds of what comes between.
        epochs: Epochs left, also parts of one.
        steps: Steps an epoch.
        seconds_a_step: As measured.
    """
    number = math.ceil(epochs)
    each = f"{seconds_a_step:.2g}" if seconds_a_step < 10 else f"{seconds_a_step:.0f}"
    return (
        f"About {in_plain_words(training + beside)} to go: {number} "
        f"epoch{'' if number == 1 else 's'} of {steps} steps, {each} s each, and "
        f"{in_plain_words(beside)} for samples, scores and checkpoints."
    )


def what_would_fit(config, seconds):
    """Returns the sentence that says what makes a long training shorter, "" if it is
    not long or its length was asked for.

    Args:
        config: A `Config`.
        seconds: How long it takes.
    """
    if seconds <= HOUR or config.minutes:
        return ""
    ways = []
    if config.epochs * HOUR / seconds >= max(2, fewest_epochs(config)):
        ways.append("--minutes 60 instead of --epochs, which fits it into an hour")
    # Frozen features cost the same at any size and width of the networks.
    smaller = not config.projected
    if smaller and allows(config, size=config.size // 2):  # lists of widths may not
        ways.append(f"--size {config.size // 2}, a quarter of the pixels")
    features = config.g_features, config.d_features
    listed = config.g_widths or config.d_widths
    if smaller and min(features) >= 16 and not listed:
        g_half, d_half = (number // 2 for number in features)
        less = "a quarter to a half of the multiplications"
        ways.append(f"--g_features {g_half} --d_features {d_half}, {less}")
    if not ways:
        return ""
    return (
        "To have less to wait for: Ctrl-C, and again with --overwrite and "
        f"{'; or '.join(ways)}."
    )
