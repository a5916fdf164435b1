"""A training step beside PyTorch's: `python benchmarks/step_speed.py`.

The DCGAN of the recipe `diffaugment` (64x64 RGB, 64 features, 4x4 kernels, batch 32),
with DiffAugment in each step and without, and the same networks and the same
alternating update as the PyTorch tutorial writes them (`benchmarks/pytorch_dcgan.py`).
The step of the recipe `narrow` stands beside them for information.

Each framework has a process of its own, so that their threads do not meet, and they
take turns. Before each turn is one step that does not count. The share of the peak is
useful arithmetic (`benchmarks/arithmetic.py`) in a second against a product of two
2048x2048 matrices, by the framework that multiplies faster.

It takes about 6 minutes on two cores, and PyTorch: pip install torch==2.13.0
"""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.arithmetic import step_operations
from benchmarks.measure import (
    cost_of,
    in_words,
    interleave,
    new_gan,
    noise_batch,
    parser_of,
    positive,
    print_machine,
    ratios,
    table,
)
from dcgan.cli import quiet_tensorflow, run_command
from dcgan.config import load_config
from dcgan.errors import InputError

PRODUCT = 2048  # side of the matrices
PRODUCTS = 10  # in a turn
OURS, THEIRS = "dcgan", "PyTorch"
PLAIN, AUGMENTED = "diffaugment, aug_prob 0", "diffaugment, aug_prob 1"
NARROW, MATRICES = "narrow", f"product of {PRODUCT}x{PRODUCT} matrices"
SMALL = {"g_features": 4, "d_features": 4, "batch_size": 8}


def config_of(case, small):
    """Returns the `Config` of a case."""
    recipe, _, probability = case.partition(", aug_prob ")
    knobs = {"aug_prob": float(probability)} if probability else {}
    return load_config(recipe, **knobs, **(SMALL if small else {}))


@cache
def our_step(case, small):
    """Returns a function that does one step of a case."""
    if case == MATRICES:
        return our_product()
    config = config_of(case, small)
    _, step = new_gan(config)
    real = noise_batch(config)
    return lambda: float(step(real)["g_loss"])


def our_product():
    quiet_tensorflow()
    import tensorflow as tf

    ones = tf.ones((PRODUCT, PRODUCT))
    multiply = tf.function(tf.matmul)
    return lambda: float(multiply(ones, ones)[0, 0])


@cache
def their_step(case, small):
    """Returns a function that does one step of a case with PyTorch."""
    import torch

    from benchmarks.pytorch_dcgan import Training, diff_augment

    torch.manual_seed(0)
    if case == MATRICES:
        ones = torch.ones(PRODUCT, PRODUCT)
        return lambda: float((ones @ ones)[0, 0])
    config = config_of(case, small)
    training = Training(config.latent_dim, config.g_features)
    shape = config.batch_size, config.channels, config.size, config.size
    real = torch.rand(shape) * 2 - 1
    augment = {"augment": diff_augment} if config.aug_prob else {}
    return lambda: training.step(real, **augment).g_loss.item()


STEPS = {OURS: our_step, THEIRS: their_step}


def time_steps(framework, case, small, steps):
    """Returns the `Cost` of a step, in the process of its framework."""
    step = STEPS[framework](case, small)
    step()  # wakes the threads, and the first time builds everything
    return cost_of(step, steps)


def measure(rounds, steps, small):
    """Returns a dict from (case, framework) to lists of `Cost`s of one step."""
    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=spawn) as ours,
        ProcessPoolExecutor(1, mp_context=spawn) as theirs,
    ):
        pools, tasks = {OURS: ours, THEIRS: theirs}, {}
        for case in (PLAIN, AUGMENTED, NARROW, MATRICES):
            for name, pool in pools.items():
                count = PRODUCTS if case == MATRICES and not small else steps
                if (case, name) != (NARROW, THEIRS):
                    call = partial(pool.submit, time_steps, name, case, small, count)
                    tasks[case, name] = lambda call=call: call().result()
        return interleave(tasks, rounds)


def peak_of(costs):
    """Returns the operations a second of the matrix product, by framework."""
    return {
        name: 2 * PRODUCT**3 / median(cost.wall for cost in costs[MATRICES, name])
        for name in STEPS
    }


def report(costs, small):
    """Prints the tables, and the ratio in the last line."""
    peaks = peak_of(costs)
    rows = []
    for (case, name), found in costs.items():
        if case == MATRICES:
            continue
        config = config_of(case, small)
        walls, cores = zip(*found)
        speed = [config.batch_size / wall for wall in walls]
        reached = [step_operations(config) / w / max(peaks.values()) for w in walls]
        words = in_words(walls, ".1f", 1e-3), in_words(cores), in_words(speed)
        rows.append([case, name, *words, in_words(reached, ".0f", 0.01)])
    header = ["recipe", "by", "ms a step", "CPU-seconds a step", "pictures a second"]
    print(table([*header, "% of the peak"], rows))
    words = ", ".join(f"{name} {peak / 1e9:.0f}" for name, peak in peaks.items())
    print(f"\nPeak, {MATRICES}, GFLOP/s: {words}")
    for case in (PLAIN, AUGMENTED):
        pairs = {
            what: ratios(*([c[k] for c in costs[case, n]] for n in (THEIRS, OURS)))
            for k, what in enumerate(("clock", "CPU-seconds"))
        }
        words = ", ".join(f"{what} {in_words(r, '.2f')}" for what, r in pairs.items())
        print(f"Times as fast as PyTorch, {case}: {words}")
    walls = ([c.wall for c in costs[PLAIN, name]] for name in (THEIRS, OURS))
    print(f"ratio to PyTorch: {median(ratios(*walls)):.2f} x")


def main(argv=None):
    """Measures and prints."""
    parser = parser_of(__doc__)
    parser.add_argument("--rounds", type=positive, default=7, help="turns of each (7)")
    parser.add_argument(
        "--steps", type=positive, default=10, help="steps in a turn (10)"
    )
    parser.add_argument("--small", action="store_true", help="narrow, to try it out")
    options = parser.parse_args(argv)
    if find_spec("torch") is None:
        raise InputError(
            "step_speed: PyTorch is missing. Received: no package torch. "
            "Allowed: pip install torch==2.13.0"
        )
    print_machine("torch")
    costs = measure(options.rounds, options.steps, options.small)
    print(f"\nMedians of {options.rounds} turns of {options.steps} steps (low–high)\n")
    report(costs, options.small)


if __name__ == "__main__":
    run_command(main)
