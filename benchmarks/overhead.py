"""What training costs beside its steps: `python benchmarks/overhead.py`.

On the recipe `default` and OpenMoji it measures, against the goals in `GOALS`:

- the data pipeline: steps on its batches against steps on one and the same batch;
- `fit` without callbacks against the same steps in a bare loop;
- the callbacks at their default settings, as a share of a training of 200 epochs, with
  its first epoch, in which everything is built. Their time is taken inside of that
  training, so steps and callbacks meet the same load;
- `python -m dcgan.train --help`;
- from the command `python -m dcgan.train` to the end of its first step.

The steps of the first two take turns, some at a time, and so do the last two. It takes
about 25 minutes on two cores.
"""

import functools
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.measure import (
    between,
    cost_of,
    in_words,
    interleave,
    new_gan,
    now,
    parser_of,
    positive,
    print_machine,
    ratios,
    run_python,
    table,
)
from dcgan.cli import run_command
from dcgan.config import load_config
from dcgan.data.folder import load_images


class Goal(NamedTuple):
    """How much something may cost: a share in percent, or seconds."""

    most: float
    unit: str


GOALS = {
    "data pipeline": Goal(2, "% of a step"),
    "fit loop": Goal(3, "% of a step"),
    "callbacks": Goal(5, "% of the run"),
    "python -m dcgan.train --help": Goal(1, "s"),
    "from the command to the first step": Goal(20, "s"),
}
# What a training does, until its first step has ended.
FIRST_STEP = """
import os, sys
from dcgan.cli import quiet_tensorflow
quiet_tensorflow()
from dcgan.training.callbacks import Progress
Progress.on_train_batch_end = lambda *_, **__: os._exit(0)
from dcgan.train import main
main(sys.argv[1:])
"""
SMALL = {"size": 16, "g_features": 2, "d_features": 2, "eval_every": 0}


def step_costs(config, images, rounds, steps):
    """Returns lists of `Cost`s of a step: on one batch, on the pipeline's, in `fit`."""
    import keras

    from dcgan import make_dataset

    gan, step = new_gan(config)
    dataset = make_dataset(images, config.batch_size, config.seed, flip=config.flip)
    batches = iter(dataset)
    batch = next(batches)

    def bare():
        step(batch)  # wakes the threads
        return cost_of(lambda: step(batch), steps)

    def pipeline():
        step(next(batches))  # meanwhile the pipeline fills up
        return cost_of(lambda: step(next(batches)), steps)

    def fit():
        ends = []  # of two epochs, of which the first pays for the start
        mark = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: ends.append(now())
        )
        options = {"epochs": 2, "verbose": 0, "callbacks": [mark]}
        gan.fit(dataset, steps_per_epoch=steps, **options)
        return between(*ends).per(steps)

    return interleave({"bare": bare, "pipeline": pipeline, "fit": fit}, rounds)


class Spent:
    """What callbacks take in a training, by the names of their classes."""

    def __init__(self):
        self.costs = {}
        self.first = self.last = None

    def watch(self, callback):
        """Makes the calls of a Keras callback count."""
        kind = type(callback).__name__
        self.costs[kind] = []
        for name in dir(callback):
            if name.startswith(("on_train", "on_epoch")):
                setattr(callback, name, self._timed(kind, getattr(callback, name)))

    def _timed(self, kind, hook):
        @functools.wraps(hook)  # with Keras' mark of those that do nothing
        def timed(*args, **kwargs):
            start = now()
            self.first = self.first or start
            try:
                return hook(*args, **kwargs)
            finally:
                self.last = now()
                self.costs[kind].append(between(start, self.last))

        return timed

    def whole(self):
        """Returns the `Cost` of all from the first call to the end of the last."""
        return between(self.first, self.last)

    def shares(self):
        """Returns the percentages of the whole, of the clock and of CPU-seconds."""
        return {
            kind: [100 * sum(c) / whole for c, whole in zip(zip(*found), self.whole())]
            for kind, found in self.costs.items()
        }


def time_callbacks(config, images):
    """Trains as `config` says; returns the `Spent` of its callbacks."""
    from dcgan.training import trainer

    spent, make = Spent(), trainer.run_callbacks

    def watched(*args, **kwargs):
        callbacks = make(*args, **kwargs)
        for callback in callbacks:
            spent.watch(callback)
        return callbacks

    with mock.patch.object(trainer, "run_callbacks", watched):
        trainer.train(config, images)
    return spent


def command_costs(flags, runs, rounds):
    """Returns lists of `Cost`s of the help and of the way to the first step."""
    first = ["-c", FIRST_STEP, *flags, "--runs", runs, "--overwrite"]
    commands = {
        "python -m dcgan.train --help": ["-m", "dcgan.train", "--help"],
        "from the command to the first step": first,
    }

    def task(arguments):
        return lambda: cost_of(lambda: run_python(*arguments), children=True)

    tasks = {name: task(arguments) for name, arguments in commands.items()}
    return interleave(tasks, rounds)


def row_of(name, values, cores):
    """Returns a line of the table.

    Args:
        name: A key of `GOALS`.
        values: What was measured, in the goal's unit.
        cores: The same by CPU-seconds.
    """
    goal = GOALS[name]
    met = "yes" if median(values) <= goal.most else "no"
    words = in_words(values, ".2f"), in_words(cores, ".2f")
    return [name, *words, f"{goal.most:g} {goal.unit}", met]


def share_rows(costs):
    """Returns the lines of the pipeline and of `fit`, each against the one before."""
    rows = []
    for name, more, base in (
        ("data pipeline", "pipeline", "bare"),
        ("fit loop", "fit", "pipeline"),
    ):
        by_clock, by_cores = (
            [100 * (ratio - 1) for ratio in ratios(found, others)]
            for found, others in zip(zip(*costs[more]), zip(*costs[base]))
        )
        rows.append(row_of(name, by_clock, by_cores))
    return rows


def main(argv=None):
    """Measures and prints."""
    parser = parser_of(__doc__)
    parser.add_argument("--rounds", type=positive, default=9, help="turns of each (9)")
    parser.add_argument("--steps", type=positive, default=29, help="in a turn (29)")
    parser.add_argument("--epochs", type=positive, default=200, help="with callbacks")
    parser.add_argument("--data", default="openmoji", help="or a folder of pictures")
    parser.add_argument("--small", action="store_true", help="tiny, to try it out")
    options = parser.parse_args(argv)
    print_machine()
    knobs = {"data": options.data, **(SMALL if options.small else {})}
    recipe = "narrow" if options.small else "default"
    config = load_config(recipe, **knobs)
    settings = config.data, config.size, config.channels, config.fit, config.background
    images = load_images(*settings)
    costs = step_costs(config, images, options.rounds, options.steps)
    rows = share_rows(costs)
    with tempfile.TemporaryDirectory() as runs:
        once = load_config(recipe, **knobs, runs=runs, epochs=options.epochs)
        spent = time_callbacks(once, images)
        shares = spent.shares()
        sums = ([sum(part)] for part in zip(*shares.values()))
        rows.append(row_of("callbacks", *sums))
        given = {"recipe": recipe} | knobs
        flags = [f"--{name}={value}" for name, value in given.items()]
        commands = command_costs(flags, runs, min(options.rounds, 5))
    for name, found in commands.items():
        rows.append(row_of(name, *zip(*found)))
    step = in_words([c.wall for c in costs["bare"]], ".1f", 1e-3)
    print(f"\nMedians of {options.rounds} turns (low–high). A step takes {step} ms.\n")
    print(table(["what", "clock", "CPU-seconds", "goal", "met"], rows))
    print(
        f"\nThe callbacks of {options.epochs} epochs, % of {spent.whole().wall:.0f} s:"
    )
    print(", ".join(f"{kind} {wall:.2f}" for kind, (wall, _) in shares.items()))


if __name__ == "__main__":
    run_command(main)
