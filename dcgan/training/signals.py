"""Ctrl-C and SIGTERM while training."""

import signal
import threading
import time
from contextlib import contextmanager

import keras

from dcgan.errors import Stopped
from dcgan.team import Team

REPEATED = 1.0  # seconds in which a second signal counts as the same
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopBetweenSteps(keras.callbacks.Callback):
    """Lets the first Ctrl-C or SIGTERM wait until the step, or all that follows an
    epoch, is done. It comes after all other callbacks.

    A second one ends training at once, as does one before the first step, whose graph
    may take long to build. The processes of a team stop after the same step, if one
    of them gets a signal or the chief's training is to end. All of them may get one:
    then a process's own is no second one.

    Args:
        team: The `Team`.

    Attributes:
        received: The signal's number, None before there is one.
        between_steps: Whether training has been stopped where a checkpoint can be
            taken.
    """

    def __init__(self, team=None):
        super().__init__()
        self.team = team or Team()
        self.between_steps = False
        self._waits = False
        self._since = None
        self.received = None

    @contextmanager
    def catching(self):
        """Catches the signals that the process does not ignore or die from."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread gets signals
            return
        caught = [s for s in SIGNALS if callable(signal.getsignal(s))]
        before = {s: signal.signal(s, self._note) for s in caught}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number, frame):
        first = self._since is None
        # Some send a signal to a process and to its parent, which hands it on.
        if not first and time.monotonic() - self._since < REPEATED:
            return
        if not first or not (self._waits or self.between_steps):
            raise Stopped(number)
        self.received, self._since = self.received or number, time.monotonic()

    def on_train_begin(self, logs=None):
        self._waits = False

    def on_train_batch_end(self, batch, logs=None):
        self._waits = True
        if batch + 1 < self.params["steps"]:  # else all that follows an epoch is next
            self._stop()

    def on_epoch_end(self, epoch, logs=None):
        self._stop()

    def on_train_end(self, logs=None):
        self._waits = False

    def _stop(self):
        received = self.received
        if self.team.links:
            agreed = self.team.agree(received, self.model.stop_training)
            received, self.model.stop_training = agreed
        if received:  # else one may have come meanwhile, for the next step
            self.received, self.between_steps = received, True
            raise Stopped(received)
