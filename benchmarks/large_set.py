"""Trains on many pictures: `python benchmarks/large_set.py`.

It draws the pictures, starts a training, kills it while it reads them and again in its
second epoch, lets the same command finish, and compares the log with that of a training
that was not stopped. It prints how much memory the largest process took above what
TensorFlow takes by itself.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))
from dcgan.files import read_json
from dcgan.run import Run

ROOT = Path(__file__).parent.parent
FLAGS = "--g_features 4 --d_features 4 --sample_grid 4 --epochs 2 --eval_every 2"
BASELINE = "import tensorflow as tf; print(tf.reduce_sum(tf.ones(9)))"


def draw_pictures(folder, count, side):
    """Writes discs of random size, place and colours, a thousand in each folder."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:side, :side]
    for index in range(count):
        x, y, radius = rng.uniform(0.3, 0.7, 3) * side * (1, 1, 0.5)
        inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        colours = rng.integers(0, 256, (2, 3), dtype=np.uint8)
        place = folder / f"{index // 1000:04d}"
        place.mkdir(exist_ok=True)
        picture = Image.fromarray(colours[inside.astype(int)])
        picture.save(place / f"{index:06d}.png", compress_level=1)


class Process:
    """A command in a process of its own, whose memory is watched.

    Attributes:
        peak: The most memory that it had at a time, in bytes.
    """

    def __init__(self, line, environment, log):
        streams = {"stdout": log, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(line, env=environment, cwd=ROOT, **streams)
        self.peak = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        status = Path(f"/proc/{self.process.pid}/status")
        while self.process.poll() is None:
            try:
                for line in status.read_text().splitlines():
                    if line.startswith("VmHWM"):
                        self.peak = max(self.peak, int(line.split()[1]) * 1024)
            except (OSError, IndexError):
                pass
            time.sleep(0.1)

    def kill_when(self, condition, delay=0):
        """Kills the process `delay` seconds after a condition has come to hold."""
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError("the training has ended before it was to be killed")
            time.sleep(0.02)
        time.sleep(delay)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def finish(self):
        """Waits for the end of the process.

        Returns:
            Its peak of memory, in bytes.
        """
        if self.process.wait() != 0:
            raise RuntimeError("the process has failed: see its log")
        return self.peak


def main(argv=None):
    """Runs all and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        folder, started = Path(folder), time.time()
        (folder / "pictures").mkdir()
        draw_pictures(folder / "pictures", options.pictures, options.size)
        print(f"{options.pictures} pictures drawn in {time.time() - started:.0f} s")
        caches = {name: folder / f"cache {name}" for name in ("whole", "killed")}

        def start(name, more=""):
            flags = f"{FLAGS} --size {options.size} --batch_size {options.batch_size}"
            line = [sys.executable, "-m", "dcgan.train", *f"{flags} {more}".split()]
            line += ["--name", name, "--runs", str(folder / "runs")]
            line += ["--data", str(folder / "pictures")]
            cache = {"DCGAN_CACHE": str(caches[name])}
            log = open(folder / f"{name}.txt", "ab")
            return Process(line, os.environ | cache, log)

        with open(folder / "baseline.txt", "wb") as log:
            line = [sys.executable, "-c", BASELINE]
            baseline = Process(line, dict(os.environ), log).finish()
        started = time.time()
        peak = start("whole").finish()
        print(f"read and trained for two epochs in {time.time() - started:.0f} s")
        above = (peak - baseline) / 2**30
        print(f"memory: {above:.2f} GiB above {baseline / 2**30:.2f} GiB of TensorFlow")

        def files_read():
            notes = list(caches["killed"].glob("*.json"))
            return (read_json(notes[0]) or {}).get("files", 0) if notes else 0

        start("killed").kill_when(lambda: files_read() > options.pictures / 3)
        print(f"killed after {files_read()} files were read")
        run, started = Run(folder / "runs" / "killed"), time.time()
        training = start("killed")
        training.kill_when(run.has_checkpoint, delay=1)
        print(
            f"started again and killed in epoch 2, after {time.time() - started:.0f} s"
        )
        start("killed").finish()
        logs = [Run(folder / "runs" / name).log.read_bytes() for name in caches]
        same = "the same" if logs[0] == logs[1] else "NOT the same"
        print(f"log.csv of the run that was killed twice: {same}")
        assert logs[0] == logs[1]


if __name__ == "__main__":
    main()
