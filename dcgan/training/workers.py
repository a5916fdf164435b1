"""Who trains: the processes and the replicas; what workers beside the chief do.

The chief alone reads and writes the run's folder. The others take their orders from it,
and start from its weights.
"""

from contextlib import nullcontext
from dataclasses import replace
from typing import NamedTuple

import tensorflow as tf

from dcgan.data.pipeline import epoch_steps
from dcgan.stages import plan_stages, stage_of, with_epochs
from dcgan.team import Team
from dcgan.training.checkpoint import training_variables
from dcgan.training.divergence import Diverged, StopOnNaN
from dcgan.training.fitting import fit_stage
from dcgan.training.progressive import grow
from dcgan.training.signals import StopBetweenSteps
from dcgan.training.strategy import share_variables
from dcgan.training.timing import time_stages


class Workers(NamedTuple):
    """The processes and the replicas of a training; one of each if left out.

    Attributes:
        team: The `Team`.
        strategy: The `tf.distribute.Strategy`, or None.
    """

    team: Team = Team()
    strategy: tf.distribute.Strategy | None = None

    def order_timing(self):
        """Tells the others to measure steps with the chief."""
        self.team.from_chief({"do": "time"})

    def order_training(self, config, step):
        """Tells the others to train with the chief.

        Args:
            config: The chief's `Config`.
            step: Steps that have been done already.
        """
        self.team.from_chief({"do": "train", "epochs": config.epochs, "step": step})

    def agree_on_stage(self, left=None):
        """Returns whether something is left to do of a stage, as the chief says."""
        return self.team.from_chief(left)

    def dismiss(self):
        """Tells the others that there is nothing more to do."""
        self.team.from_chief()

    def grow(self, config, steps_per_epoch, first=0):
        """`dcgan.grow` on the replicas."""
        return grow(config, steps_per_epoch, first, self._scope)

    def _scope(self):
        alone = self.strategy is None or self.strategy.num_replicas_in_sync == 1
        return nullcontext() if alone else self.strategy.scope()

    def in_step(self):
        """Returns the callbacks that let all processes stop after the same step."""
        return [StopBetweenSteps(self.team)] if self.team.links else []

    def start_alike(self, gan):
        """Gives all processes the chief's weights and whatever training changes."""
        if self.team.links:
            lists = training_variables(gan).values()
            share_variables(self.strategy, [v for found in lists for v in found])


def follow(config, images, workers):
    """Trains with the chief until that has nothing more to do.

    Args:
        config: The `Config`.
        images: uint8 array (N, size, size, channels), or `StoredImages`.
        workers: The `Workers`.

    Raises:
        KeyboardInterrupt: After a signal to any of the processes.
    """
    stopper = StopBetweenSteps(workers.team)
    print(
        f"This is {workers.team.cluster}: the run's folder is the chief's", flush=True
    )
    with stopper.catching():
        while order := workers.team.from_chief():
            ORDERS[order["do"]](config, images, workers, stopper, order)


def _time(config, images, workers, stopper, order):
    time_stages(config, images, workers)


def _train(config, images, workers, stopper, order):
    steps = epoch_steps(images, config.batch_size)
    config = with_epochs(replace(config, init_from=None), order["epochs"])
    first = stage_of(plan_stages(config), order["step"] / steps)
    try:
        for stage, gan in workers.grow(config, steps, first):
            workers.start_alike(gan)
            if workers.agree_on_stage():
                fit_stage(gan, stage, images, [StopOnNaN(), stopper])
    except Diverged:
        pass  # the chief found the same, and says what comes next


ORDERS = {"time": _time, "train": _train}
