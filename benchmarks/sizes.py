"""What more and larger pictures cost: `python benchmarks/sizes.py`.

- Reading: seconds for each picture of a folder that is read for the first time, from
  1,000 to 100,000 drawn pictures of 64x64. Flat is within 10 %.
- Training: seconds for each picture in steps of the recipe `narrow` on them; sets of
  more than 512 MB stay on the disk. Flat is within 10 %. The shuffle at the start of an
  epoch of more steps than are measured falls before the first of them.
- Size: seconds for each useful floating point operation (`benchmarks/arithmetic.py`) of
  a step at 32x32 to 256x256. Flat is at most 10 % more than at the smallest size: the
  step grows no faster than its arithmetic.

The sets, and then the sizes, take turns. It takes about 25 minutes on two cores, and
2 GB of the folder for temporary files.
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.arithmetic import step_operations
from benchmarks.large_set import draw_pictures
from benchmarks.measure import (
    cost_of,
    in_words,
    interleave,
    new_gan,
    noise_batch,
    parser_of,
    positive,
    print_machine,
    table,
)
from dcgan.cli import run_command
from dcgan.config import load_config
from dcgan.data.folder import load_images

COUNTS, SIZES = "1000,10000,100000", "32,64,128,256"
FLAT = 1.1  # times as much, at most
READINGS = 3  # turns of each set
SMALL = {"g_features": 2, "d_features": 2, "batch_size": 8}
HEADER = ["clock", "CPU-seconds"]


def draw_sets(folder, counts, side):
    """Draws pictures and returns a dict from counts to folders of so many of them.

    The smaller sets are links to parts of the largest one.
    """
    drawn, sets = folder / "drawn", {}
    drawn.mkdir()
    draw_pictures(drawn, max(counts), side)
    files = sorted(drawn.rglob("*.png"))
    for count in counts:
        sets[count] = folder / f"set{count}"
        for file in files[:count]:
            link = sets[count] / file.relative_to(drawn)
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, link)
    return sets


def reading_costs(sets, side, folder):
    """Reads each set some times, with an empty cache below `folder` each time.

    Returns:
        Dict from counts to lists of `Cost`s of a picture.
    """

    def read(count):
        with (
            tempfile.TemporaryDirectory(dir=folder) as cache,
            mock.patch.dict(os.environ, DCGAN_CACHE=cache),
        ):
            return cost_of(lambda: load_images(sets[count], side)).per(count)

    return interleave({count: partial(read, count) for count in sets}, READINGS)


def training_costs(sets, config, rounds, steps):
    """Trains on each set, some steps at a time.

    Returns:
        Dict from counts to lists of `Cost`s of a picture.
    """
    from dcgan import make_dataset

    _, step = new_gan(config)
    streams = {}
    for count, folder in sets.items():
        images = load_images(folder, config.size, config.channels)
        dataset = make_dataset(images, config.batch_size, config.seed, flip=config.flip)
        streams[count] = iter(dataset)

    def train(stream):
        step(next(stream))
        return cost_of(lambda: step(next(stream)), steps).per(config.batch_size)

    tasks = {count: partial(train, stream) for count, stream in streams.items()}
    return interleave(tasks, rounds)


def size_costs(configs, rounds, steps):
    """Returns a dict from sizes to lists of `Cost`s of a step.

    Args:
        configs: List of `Config`s.
        rounds: Turns of each.
        steps: Steps in a turn.
    """
    tasks = {}
    for config in configs:
        (_, step), real = new_gan(config), noise_batch(config)
        tasks[config.size] = partial(_time_step, step, real, steps)
    return interleave(tasks, rounds)


def _time_step(step, real, steps):
    step(real)
    return cost_of(lambda: step(real), steps)


def print_counts(what, costs):
    """Prints the microseconds of a picture, and whether they are flat."""
    rows = [
        [f"{n:,}", *(in_words(p, ".0f", 1e-6) for p in zip(*costs[n]))] for n in costs
    ]
    print(f"\n{what}, microseconds a picture\n")
    print(table(["pictures", *HEADER], rows))
    middles = [median(cost.wall for cost in found) for found in costs.values()]
    print(f"\n{what}: {verdict(max(middles) / min(middles))}")


def print_sizes(costs, operations):
    """Prints what a step takes and what it needs, and whether that stays in step.

    Args:
        costs: From `size_costs`.
        operations: Dict from the same sizes to floating point operations.
    """
    rows, each = [], []
    for size, found in costs.items():
        walls, cores = zip(*found)
        each.append([wall / operations[size] for wall in walls])
        words = in_words(walls, ".0f", 1e-3), in_words(cores, ".0f", 1e-3)
        gflop = f"{operations[size] / 1e9:.2f}"
        rows.append([f"{size}x{size}", *words, gflop, in_words(each[-1], ".1f", 1e-12)])
    print("\nSize, milliseconds a step\n")
    print(table(["size", *HEADER, "GFLOP", "milliseconds a GFLOP"], rows))
    middles = [median(found) for found in each]
    print(f"\nSize: {verdict(max(middles) / middles[0])}")


def verdict(ratio):
    """Returns `flat` or `not flat`, and how far apart the ends are."""
    word = "flat" if ratio <= FLAT else "not flat"
    return f"{word}, at most {ratio:.2f} times as much"


def numbers(text):
    """The type of a flag that is a comma list of whole numbers; returns them sorted."""
    return sorted(positive(part) for part in text.split(","))


def main(argv=None):
    """Measures and prints."""
    parser = parser_of(__doc__)
    parser.add_argument("--pictures", type=numbers, default=COUNTS, help=COUNTS)
    parser.add_argument("--sizes", type=numbers, default=SIZES, help=SIZES)
    parser.add_argument("--rounds", type=positive, default=5, help="turns of each (5)")
    parser.add_argument("--steps", type=positive, default=30, help="steps a turn (30)")
    parser.add_argument("--small", action="store_true", help="tiny, to try it out")
    options = parser.parse_args(argv)
    print_machine()
    knobs = SMALL if options.small else {}
    configs = [load_config("narrow", size=s, **knobs) for s in options.sizes]
    middle = load_config("narrow", size=16 if options.small else 64, **knobs)
    print(f"\nMedians of {options.rounds} turns (low–high), of {READINGS} of reading")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        sets = draw_sets(folder, options.pictures, middle.size)
        print_counts("Reading", reading_costs(sets, middle.size, folder))
        with mock.patch.dict(os.environ, DCGAN_CACHE=str(folder / "cache")):
            costs = training_costs(sets, middle, options.rounds, options.steps)
        print_counts("Training", costs)
    operations = {config.size: step_operations(config) for config in configs}
    print_sizes(size_costs(configs, options.rounds, options.steps), operations)


if __name__ == "__main__":
    run_command(main)
