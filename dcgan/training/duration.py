"""How long a training takes, and how many epochs fit into a time: arithmetic only."""

from bisect import bisect_right
from typing import NamedTuple

from dcgan.evaluation.limits import MOST
from dcgan.stages import fewest_epochs, plan_stages, with_epochs
from dcgan.validation import MANY

SHARE = 0.95  # of the time is planned with; a machine is not equally fast all the time
ONCE = 12.0  # seconds of what a run does once: first scores and gradients, the end
AN_EPOCH = 0.015  # seconds of what follows each epoch: its lines in the tables
A_STAGE = 3.0  # seconds more of each further stage: its gradients' graph, its folder
REAL_A_SECOND = 300  # real pictures whose features the first scores take
BUILDING = 4.0  # seconds for networks and graph, estimated for two idle cores
SLOWEST = 3.0  # that factor is believed; more is mostly a moment's load
SMALL_OPERATIONS = 700  # pixels that the rest of a step costs: 20 ms at 32x32, 56 at 64

# What a run does beside the steps, each time: seconds, roughly as once seen on two
# cores, and what grows with the networks, in steps of training.
COSTS = {
    "sample_every": (0.4, 2.5),  # the sheet, the curves and both networks
    "checkpoint_every": (0.1, 1.0),
    "eval_every": (0.9, 6.0),
    "gradients_every": (0.3, 3.0),
    "snapshot_every": (0.05, 0.2),
}


class Work(NamedTuple):
    """What a training does beside its steps.

    Attributes:
        costs: Dict from the knobs that are on to the seconds and steps of each time.
        once: Seconds of all that is done once.
        an_epoch: Seconds of what is done after each epoch.
    """

    costs: dict
    once: float
    an_epoch: float = 0.0

    def seconds(self, seconds_a_step):
        """Returns how long all of it takes if it comes in the same epoch."""
        return sum(map(sum, self._parts(seconds_a_step))) + self.once

    def slowed(self, building):
        """Returns the `Work` on this machine.

        Args:
            building: Seconds that the networks and the graph of a stage took on it.
        """
        factor = min(max(1.0, building / BUILDING), SLOWEST)
        costs = {k: (factor * fixed, share) for k, (fixed, share) in self.costs.items()}
        return Work(costs, factor * self.once, factor * self.an_epoch)

    def beside(self, config, epochs, seconds_a_step):
        """Returns the seconds of it in some epochs of a stage, at whose end each of
        its parts comes once more."""
        pairs = zip(self.costs, self._parts(seconds_a_step))
        times = (
            (epochs / getattr(config, knob) + 1, sum(parts)) for knob, parts in pairs
        )
        return epochs * self.an_epoch + sum(count * each for count, each in times)

    def _parts(self, seconds_a_step):
        return [(fixed, share * seconds_a_step) for fixed, share in self.costs.values()]


def step_cost(config, size):
    """Returns what a step is expected to cost, in pixels of one picture.

    Args:
        config: A `Config`.
        size: Side of the pictures; frozen features always have one of their own.
    """
    features = config.projected_size**2 if config.projected else 0
    return size**2 + features + SMALL_OPERATIONS


IN_MEMORY = Work({}, 1.0)  # of `dcgan.fit`, which writes and scores nothing


def work_of(config, pictures, scored):
    """Returns the `Work` of a run.

    Args:
        config: A `Config`.
        pictures: Number of real pictures; at most 5000 are scored.
        scored: Whether there are scores.
    """
    costs = {k: v for k, v in COSTS.items() if getattr(config, k) > 0}
    if not scored:
        costs.pop("eval_every", None)
    fixed, share = costs["sample_every"]
    larger = max(1.0, (config.size * config.sample_grid / 512) ** 2)
    costs["sample_every"] = fixed * larger, share
    once = ONCE + A_STAGE * (len(plan_stages(config)) - 1)
    once += min(pictures, MOST) / REAL_A_SECOND if scored else 0
    return Work(costs, once, AN_EPOCH)


def seconds_left(config, steps, seconds_a_step, work, done=0.0):
    """Returns how long a training takes, without what it does once.

    Args:
        config: A `Config`.
        steps: Steps an epoch.
        seconds_a_step: List of numbers, one for each stage.
        work: The `Work`.
        done: Epochs done already, also parts of one.

    Returns:
        `(training, beside)`: seconds of the steps, and of what comes between.
    """
    training = beside = 0.0
    for stage, seconds in zip(plan_stages(config), seconds_a_step, strict=True):
        epochs = stage.last - max(stage.first, done)
        if epochs > 0:
            training += epochs * steps * seconds
            beside += work.beside(config, epochs, seconds)
    return training, beside


def epochs_that_fit(config, seconds, steps, seconds_a_step, work):
    """Returns how many epochs fit into some seconds, at least `fewest_epochs`.

    Args:
        config: A `Config`, whose own `epochs` do not count.
        seconds: How long the training may take.
        steps: Steps an epoch.
        seconds_a_step: List of numbers, one for each stage.
        work: The `Work`.

    Example:
        >>> epochs_that_fit(Config(), 100.0, 10, [0.5], Work({}, 10.0))  # 90 / 5
        18
    """
    fewest = fewest_epochs(config)

    def needed(epochs):
        long = with_epochs(config, epochs)
        return sum(seconds_left(long, steps, seconds_a_step, work)) + work.once

    return fewest + bisect_right(range(fewest + 1, MANY + 1), seconds, key=needed)
