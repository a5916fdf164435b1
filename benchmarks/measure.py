"""What the benchmarks of speed share: interleaved timing, medians, the machine."""

import argparse
import math
import os
import resource
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


def new_gan(config):
    """Returns a compiled `GAN`, and a function that trains it on a batch."""
    from dcgan.cli import quiet_tensorflow

    quiet_tensorflow()
    import tensorflow as tf

    from dcgan import GAN, build_discriminator, build_generator

    gan = GAN(build_generator(config), build_discriminator(config), config)
    gan.compile()
    return gan, tf.function(gan.train_step, jit_compile=gan.jit_compile)


def noise_batch(config):
    """Returns a batch of noise in [-1, 1], as large as the config's pictures."""
    import tensorflow as tf

    shape = config.batch_size, config.size, config.size, config.channels
    return tf.random.stateless_uniform(shape, (0, 0), -1.0, 1.0)


class Cost(NamedTuple):
    """What something took.

    Attributes:
        wall: Seconds of the clock; they grow with other load on the machine.
        cpu: Seconds of all cores together; they hardly do.
    """

    wall: float
    cpu: float

    def per(self, count):
        """Returns the cost of each of `count` equal parts."""
        return Cost(self.wall / count, self.cpu / count)


def parser_of(doc):
    """Returns a parser whose `--help` is the docstring of a program."""
    return argparse.ArgumentParser(
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # some pass flags on
    )


def positive(text):
    """The type of a flag that is a whole number above 0."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def positive_number(text):
    """The type of a flag that is a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def print_machine(*packages):
    """Prints what numbers depend on: processor, cores, versions.

    Args:
        *packages: Further packages whose versions count.
    """
    from dcgan.cli import quiet_tensorflow

    quiet_tensorflow()
    from dcgan.origin import describe_machine
    from dcgan.training.messages import device_in_words

    found = describe_machine(device_in_words()) | {p: _version(p) for p in packages}
    print(f"{found.pop('processor')}, {found.pop('device')}")
    print(", ".join(f"{name} {value}" for name, value in found.items() if value))


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def now(children=False):
    """Returns the `Cost` until now, from which another one is to be subtracted.

    Args:
        children: Whether to count the processor time of the processes that this one has
            started and waited for, instead of its own.
    """
    usage = resource.getrusage(
        resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    )
    return Cost(time.perf_counter(), usage.ru_utime + usage.ru_stime)


def between(start, end):
    """Returns the `Cost` of what was between two results of `now`."""
    return Cost(end.wall - start.wall, end.cpu - start.cpu)


def cost_of(action, count=1, children=False):
    """Returns the `Cost` of each of `count` calls of `action`; see `now`."""
    start = now(children)
    for _ in range(count):
        action()
    return between(start, now(children)).per(count)


def interleave(tasks, rounds):
    """Runs tasks in turn, A B A B, so that other load on the machine hits all of them.

    The first turn of each warms up and is not counted.

    Args:
        tasks: Dict from names to functions that return a `Cost`.
        rounds: Turns of each that are counted.

    Returns:
        Dict from the names to lists of `Cost`s.
    """
    turns = [{name: task() for name, task in tasks.items()} for _ in range(rounds + 1)]
    return {name: [turn[name] for turn in turns[1:]] for name in tasks}


def run_python(*arguments):
    """Runs Python with arguments in a process of its own, quietly.

    Raises:
        RuntimeError: If it fails, with what it said.
    """
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    line = [sys.executable, *map(str, arguments)]
    done = subprocess.run(line, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip() or f"exit code {done.returncode}")


def in_words(values, form=".3g", unit=1.0):
    """Returns the median of numbers with their spread: `2.1 (1.9–2.4)`.

    Args:
        values: List of numbers.
        form: How one is written.
        unit: What a number is divided by before.
    """
    middle, low, high = (f(values) / unit for f in (median, min, max))
    return f"{middle:{form}} ({low:{form}}–{high:{form}})"


def ratios(ones, others):
    """Returns the ratios of numbers that were measured in the same round."""
    return [one / other for one, other in zip(ones, others, strict=True)]


def table(header, rows):
    """Returns a Markdown table.

    Args:
        header: List of texts.
        rows: List of lists of texts, as long as the header.
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
