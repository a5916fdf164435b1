"""Trainings that are stopped at a chosen moment."""

import keras
import pytest

import dcgan
from dcgan.training import trainer


class Stop(keras.callbacks.Callback):
    """Ctrl-C before a batch of an epoch, or after its last callback.

    Args:
        epoch: Epoch of the run, from 1.
        batch: Number of the batch, from 0; None is after the epoch.
    """

    def __init__(self, epoch, batch=None):
        super().__init__()
        self.when = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_train_batch_begin(self, batch, logs=None):
        if (self._epoch, batch) == self.when:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        if (self._epoch, None) == self.when:
            raise KeyboardInterrupt


def train_until(config, *when):
    """Trains until Ctrl-C at one moment, as `Stop` has it."""
    chosen = trainer.run_callbacks
    with pytest.MonkeyPatch.context() as patch:
        with_stop = lambda *args: [*chosen(*args), Stop(*when)]  # noqa: E731
        patch.setattr(trainer, "run_callbacks", with_stop)
        with pytest.raises(KeyboardInterrupt):
            dcgan.train(config)
