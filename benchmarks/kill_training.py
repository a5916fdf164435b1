"""Kills trainings at random moments: `python benchmarks/kill_training.py`.

Each case is trained once without a stop. Then it is trained again and killed with
SIGKILL: once in its first seconds, and a few times after two checkpoints or more, at a
random moment or while it writes a certain file. Each time the same command is given. In
the end tables, sheets, GIF, networks and every tensor of the checkpoints must be the
same, bit for bit. After each kill no file may be half-written under its name.
"""

import argparse
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.compare_runs import differences
from dcgan.files import UNFINISHED
from dcgan.run import Run

ROOT = Path(__file__).parent.parent
NARROW = "--size 16 --g_features 16 --d_features 16 --batch_size 8 --sample_grid 3"
OFTEN = "--epochs 24 --checkpoint_every 1 --sample_every 1 --gradients_every 9"
CASES = {
    "narrow": "--recipe narrow --eval_every 5",
    "sprites-rgba": "--recipe sprites-rgba --channels 4 --eval_every 0 "
    "--minibatch_kernels 8",
    "penalty and dropout": "--recipe narrow --gp 10 --critic_steps 2 --dropout 0.3 "
    "--g_dropout 0.2 --d_norm layer --ada_target 0.6 --eval_every 0",
    "progressive": "--recipe pokegan-progressive --progressive [8,16] "
    "--cycle [{lr:\\ 1e-3,epochs:\\ 6},{lr:\\ 2e-4,epochs:\\ 6}] "
    "--eval_every 0",
}
# What is being written, by a part of its temporary name; anything is any moment.
MOMENTS = {
    "checkpoint": "-step-",
    "sample sheet": "epoch_",
    "GIF": "progress.gif",
    "network": ".keras",
    "curves": "losses.png",
    "gradients": "gradient_flow.png",
    "anything": None,
}
KINDS = ["checkpoint", "anything", "checkpoint", "sample sheet", "checkpoint"]
KINDS += ["anything", "network", "checkpoint", "curves", "anything", "GIF"]
EARLY = 20.0  # seconds in which the first kill of a run falls
LONGEST = 4.0  # seconds from the first step to a kill at any moment


def write_pictures(folder, count=48, side=16):
    """Writes coloured discs on transparent ground."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:side, :side]
    for index in range(count):
        x, y, radius = rng.uniform(5, 11), rng.uniform(5, 11), rng.uniform(2, 6)
        inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        pixels = np.zeros((side, side, 4), np.uint8)
        pixels[inside] = [*rng.integers(0, 256, 3), 255]
        Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    return folder


def start(flags, data, runs, name):
    """Starts a training in a process of its own."""
    command = [sys.executable, "-m", "dcgan.train", *flags]
    command += ["--data", str(data), "--runs", str(runs), "--name", name]
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with open(runs / f"{name}.txt", "ab") as log:
        streams = {"stdout": log, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, env=environment, cwd=runs, **streams)


def kill_early(process, rng):
    """Kills a process in its first seconds: while it starts or in the first epochs."""
    time.sleep(rng.uniform(0, EARLY))
    process.send_signal(signal.SIGKILL)
    process.wait()


def kill_at(process, run, kind, rng):
    """Kills a training at a moment of some kind.

    Returns:
        Whether it was killed; else it has ended before.
    """
    before = _size(run.log)
    while len(run.checkpoint_folders()) < 2 or _size(run.log) == before:
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    moment, part = time.monotonic() + rng.uniform(0, LONGEST), MOMENTS[kind]
    while process.poll() is None:
        names = [name for name in unfinished(run) if "old-" not in name]
        writing = part and any(part in name for name in names)
        if writing:
            time.sleep(rng.uniform(0, 0.004))
        if writing or part is None and time.monotonic() > moment:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.0005)  # a file takes longer
    return False


def unfinished(run):
    """Returns the names of what is being written in a run's folder."""
    found = []
    for folder in (run.folder, run.checkpoints, run.samples, run.best):
        try:
            found += [n for n in os.listdir(folder) if n.startswith(UNFINISHED)]
        except FileNotFoundError:
            pass
    return found


def what_was_written(run):
    """Returns what a process that was killed was writing, in words."""
    names = unfinished(run)
    if any("old-" in name for name in names):
        return "deletion of a checkpoint"
    parts = {kind: part for kind, part in MOMENTS.items() if part}
    inside = [k for k, part in parts.items() if any(part in name for name in names)]
    return inside[0] if inside else names[0] if names else "between files"


def check_whole(run):
    """Raises an error if a file of a run that was killed is only there in part."""
    from dcgan.training.checkpoint import find_damage

    for folder in run.checkpoint_folders():
        assert not find_damage(folder), folder
    for path in run.folder.rglob("*"):
        if any(part.startswith(UNFINISHED) for part in path.parts):
            continue
        if path.suffix in (".png", ".gif"):
            with Image.open(path) as picture:
                picture.load()
        elif path.suffix == ".keras":
            assert zipfile.ZipFile(path).testzip() is None, path
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".csv":
            assert path.read_bytes().endswith(b"\n"), path
        elif path.suffix in (".yml", ".html"):
            assert path.read_text(encoding="utf-8").strip(), path


def _size(path):
    return path.stat().st_size if path.exists() else 0


def kill_and_compare(case, kills, data, runs, rng, more=""):
    """Trains one case without a stop, and again with kills.

    Args:
        case: A key of `CASES`.
        kills: List of the kinds of moments, a list for each run that is killed.
        data: Folder of pictures.
        runs: Folder of the runs.
        rng: `random.Random` for the moments.
        more: Further flags.

    Returns:
        Counter of what was being written at each kill.
    """
    flags = shlex.split(f"{NARROW} {OFTEN} {CASES[case]} {more}")
    if start(flags, data, runs, "whole").wait() != 0:
        raise RuntimeError((runs / "whole.txt").read_text())
    whole, outcomes = Run(runs / "whole"), Counter()
    for number, kinds in enumerate(kills):
        run = Run(runs / f"killed{number}")
        kill_early(start(flags, data, runs, run.folder.name), rng)
        check_whole(run)
        for kind in kinds:
            process = start(flags, data, runs, run.folder.name)
            if not kill_at(process, run, kind, rng):
                outcomes["had ended"] += 1
                continue
            check_whole(run)
            outcomes[what_was_written(run)] += 1
        if start(flags, data, runs, run.folder.name).wait() != 0:
            raise RuntimeError((runs / f"{run.folder.name}.txt").read_text())
        found = differences(whole, run)
        if found:
            raise AssertionError(f"{case}: {'; '.join(found[:9])}")
    return outcomes


def main(argv=None):
    """Kills each case the same number of times and prints where the kills fell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=60, help="in all, to be tried")
    parser.add_argument("--kills-a-run", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    rng, total = random.Random(options.seed), Counter()
    for number, case in enumerate(CASES):
        count = options.kills * (number + 1) // len(CASES)
        count -= options.kills * number // len(CASES)
        kinds = [KINDS[(number + k) % len(KINDS)] for k in range(count)]
        every = options.kills_a_run
        groups = [kinds[k : k + every] for k in range(0, count, every)]
        with tempfile.TemporaryDirectory() as folder:
            data = write_pictures(Path(folder, "pictures"))
            runs = Path(folder, "runs")
            runs.mkdir()
            started = time.time()
            outcomes = kill_and_compare(case, groups, data, runs, rng)
        total += outcomes
        words = ", ".join(f"{count} {kind}" for kind, count in outcomes.items())
        seconds = time.time() - started
        print(
            f"{case}: {len(groups)} runs, killed in: {words}; all the same, "
            f"{seconds:.0f} s",
            flush=True,
        )
    killed = sum(total.values()) - total["had ended"]
    print(f"{killed} kills, {total['checkpoint']} inside of a checkpoint; all the same")


if __name__ == "__main__":
    main()
