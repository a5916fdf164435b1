"""Losses and weights that are no numbers any more."""

import math

import keras
import tensorflow as tf

from dcgan.errors import InputError


class Diverged(InputError):
    """A loss or weight is no number any more, so all further training is in vain.

    Args:
        what: Which one and when, such as `g_loss became nan in step 57 (epoch 3)`.
        on_nan: The knob.

    Attributes:
        what: As given.
    """

    def __init__(self, what, on_nan):
        also = ", or --on_nan rollback" if on_nan == "stop" else ""
        super().__init__(
            f"training diverged: {what}. What was saved before is kept. "
            f"Try lower --g_lr and --d_lr{also}"
        )
        self.what = what


def find_nan(gan):
    """Returns the name of a weight that is NaN or infinite, or the empty text."""
    for network in (gan.generator, gan.discriminator):
        for weight in network.weights:
            if not tf.reduce_all(tf.math.is_finite(weight)):
                return weight.path
    return ""


class StopOnNaN(keras.callbacks.Callback):
    """Raises `Diverged` in the step in which a loss became NaN or infinite, or after
    the epoch in which a weight did.

    It comes before all other callbacks, so that they keep what was good.

    Args:
        health: The `Health` of the same training, which is told of it; or None.
    """

    def __init__(self, health=None):
        super().__init__()
        self.health = health

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                self._stop(f"{name} became {value:f}", logs)

    def on_epoch_end(self, epoch, logs=None):
        if weight := find_nan(self.model):
            self._stop(f"{weight} became nan or inf", logs)

    def _stop(self, what, logs):
        if self.health is not None:
            self.health.look(self._epoch, logs)
        step = self.model.steps_done
        what = f"{what} in step {step} (epoch {self._epoch + 1})"
        raise Diverged(what, self.model.config.on_nan)
