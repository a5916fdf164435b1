"""How much faster several processes are: `python benchmarks/scaling.py`.

- Measured here: seconds of a step in one process on one core, and in two processes on a
  core each that exchange over the loopback address, each with a batch of its own of the
  recipe's size. Efficiency is the one divided by the other.
- Counted: the exchanges of a step and their bytes, in the graphs that TensorFlow builds
  for two and for three processes: what is gathered grows with their number.
- Projected, not measured: the efficiency on 8, 64 and 512 GPUs, of these bytes by the
  model in `benchmarks/ring.py`, from its assumptions on connections and from a step
  time on a GPU that is the one here, of one core, divided by `--faster`.

It takes about 10 minutes for the recipes `narrow` and `r3gan` on two cores.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.measure import (
    ROOT,
    cost_of,
    in_words,
    noise_batch,
    parser_of,
    positive,
    print_machine,
    ratios,
    table,
)
from benchmarks.ring import Network, efficiency
from dcgan.cli import quiet_tensorflow, run_command
from dcgan.config import load_config
from dcgan.errors import invalid
from dcgan.sources import recipe_names

GPUS = (8, 64, 512)
SMALL = {"size": 16, "g_features": 2, "d_features": 2, "batch_size": 4}
FASTER = 100.0  # a GPU of 10 TFLOP/s in these small layers, a core of 100 GFLOP/s
# Stages have no place in one step: the last one counts.
CHANGED = {
    "progan": {"fade_in": 0.0, "cycle": None},
    "pokegan-progressive": {"grow": "image", "freeze": False, "cycle": None},
}


def work(recipe, processes, number, ports, steps, small):
    """Trains in one of some processes, on a core of its own.

    Returns:
        Dict of `seconds`, a step's, 0 if there are no steps, and of the `exchanges` of
        a step and their `bytes`.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
    quiet_tensorflow()
    import tensorflow as tf

    from dcgan import GAN, build_discriminator, build_generator
    from dcgan.cluster import Cluster
    from dcgan.training.strategy import make_strategy

    knobs = (SMALL if small else {}) | {"progressive": None} | CHANGED.get(recipe, {})
    own = load_config(recipe, **knobs).batch_size
    knobs["batch_size"] = own * processes
    if processes > 1:
        knobs["distribute"] = "multiworker"
    config = load_config(recipe, **knobs)
    addresses = tuple(f"127.0.0.1:{port}" for port in ports)
    strategy = make_strategy(config, Cluster(addresses, number))
    with strategy.scope():
        gan = GAN(build_generator(config), build_discriminator(config), config)
        gan.compile(total_steps=10**6)
    real = noise_batch(config)[:own]
    step = tf.function(lambda: strategy.run(gan.train_step, args=(real,)))
    sizes = exchanges(step.get_concrete_function().graph)
    seconds = 0
    if steps:
        step()
        seconds = cost_of(step, steps).wall
    return {"seconds": seconds, "exchanges": len(sizes), "bytes": sum(sizes)}


def exchanges(graph):
    """Returns the bytes of each exchange in a graph, also in those of its functions."""
    graph = graph.as_graph_def(add_shapes=True)
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    return [_bytes(node) for node in nodes if node.op.startswith("CollectiveReduce")]


def _bytes(node):
    import numpy as np
    import tensorflow as tf

    shapes = node.attr["_output_shapes"].list.shape
    sides = [max(side.size, 1) for side in shapes[0].dim] if shapes else [1]
    return (
        int(np.prod(sides, dtype=np.int64)) * tf.dtypes.DType(node.attr["T"].type).size
    )


def run_processes(recipe, processes, steps, small):
    """Runs `work` in so many processes. Returns what the first one found."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(processes)]
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    line = [sys.executable, __file__, "--worker", recipe, "--steps", str(steps)]
    line += ["--ports", *ports, *(["--small"] if small else []), "--number"]
    workers = [
        subprocess.Popen(
            [*line, str(number)], stdout=subprocess.PIPE, env=environment, text=True
        )
        for number in range(processes)
    ]
    said = [worker.communicate()[0] for worker in workers]
    if any(worker.returncode for worker in workers):
        raise RuntimeError(f"{recipe}: a process failed")
    return json.loads(said[0].splitlines()[-1])


def projection(seconds, two, three, network):
    """Returns the efficiency on each number of GPUs, in words.

    Args:
        seconds: Of a step on one GPU.
        two: What `work` found in one of two processes.
        three: The same of three.
        network: The `Network`.
    """
    growth = three["bytes"] - two["bytes"]  # by each replica more
    found = [
        efficiency(
            gpus,
            seconds,
            two["exchanges"],
            two["bytes"] + growth * (gpus - 2),
            network,
        )
        for gpus in GPUS
    ]
    return [f"{share:.0%}" for share in found]


def main(argv=None):
    """Measures and prints."""
    parser = parser_of(__doc__)
    names, default = recipe_names(), ["narrow", "r3gan"]
    parser.add_argument("--recipes", nargs="+", default=default, choices=names)
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each (3)")
    parser.add_argument("--steps", type=int, default=20, help="steps a turn (20)")
    parser.add_argument("--faster", type=float, default=FASTER, help=f"({FASTER:g})")
    parser.add_argument("--small", action="store_true", help="tiny, to try it out")
    parser.add_argument("--worker", choices=names, help="for its own processes")
    parser.add_argument("--number", type=int, default=0, help="likewise")
    parser.add_argument("--ports", nargs="+", default=["0"], help="likewise")
    options = parser.parse_args(argv)
    if options.faster <= 0:
        raise invalid("--faster", options.faster, "a number above 0")
    if options.steps < (0 if options.worker else 1):
        raise invalid("--steps", options.steps, "1 or more")
    if options.worker:
        found = work(
            options.worker,
            len(options.ports),
            options.number,
            options.ports,
            options.steps,
            options.small,
        )
        print(json.dumps(found), flush=True)
        return
    print_machine()
    measured, projected = [], []
    for recipe in options.recipes:
        turns = [
            [run_processes(recipe, n, options.steps, options.small) for n in (1, 2)]
            for _ in range(options.rounds)
        ]
        one, two = ([turn[k]["seconds"] for turn in turns] for k in (0, 1))
        shares = in_words(ratios(one, two), ".2f")
        measured.append([recipe, in_words(one), in_words(two), shares])
        found = turns[0][1], run_processes(recipe, 3, 0, options.small)
        moved = [f"{each['bytes'] / 1e6:.2f}" for each in found]
        shown = projection(median(one) / options.faster, *found, Network())
        projected.append([recipe, found[0]["exchanges"], *moved, *shown])
        print(f"{recipe} done", flush=True)
    header = ["recipe", "1 process, seconds a step", "2 processes", "efficiency"]
    print(f"\nMeasured, medians of {options.rounds} turns (low–high)\n")
    print(table(header, measured))
    gpus = [f"{count} GPUs" for count in GPUS]
    print("\nCounted, and projected by a model\n")
    moved = ["MB a step, 2 replicas", "3 replicas"]
    print(table(["recipe", "exchanges", *moved, *gpus], projected))


if __name__ == "__main__":
    run_command(main)
