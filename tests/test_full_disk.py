"""A disk that fills up while training: one line, and the last checkpoint is whole."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from helpers import TINY, command, read_rows

from dcgan.run import Run
from dcgan.training.checkpoint import find_damage

pytestmark = pytest.mark.usefixtures("no_curves")


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own, of 40 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, capture_output=True).returncode
    ):
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("every", [1, 9999], ids=["checkpoints", "TensorBoard"])
def test_a_full_disk_ends_with_one_line_and_leaves_a_checkpoint(
    every, small_disk, picture_folder
):
    """Whatever is written first: a checkpoint or sheet, or a line for TensorBoard."""
    arguments = ["--data", picture_folder, "--runs", small_disk, *TINY]
    arguments += f"--epochs 9 --checkpoint_every {every} --sample_every {every}".split()
    arguments += ["--snapshot_every", 0]
    arguments = list(map(str, arguments))
    process = subprocess.Popen(
        [sys.executable, "-m", "dcgan.train", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
        text=True,
    )
    run = Run(small_disk / "narrow")
    while not run.has_checkpoint():
        assert process.poll() is None
        time.sleep(0.05)
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == 2 and "Traceback" not in errors
    line = errors.splitlines()[-1]
    assert line.startswith(f"error: No space left on device: {run.folder}{os.sep}")
    found = run.checkpoint_folders()
    assert found and [find_damage(folder) for folder in found] == [""] * len(found)
    filler.unlink()
    done = command("train", *arguments)
    assert done.returncode == 0, done.stderr
    assert [row["epoch"] for row in read_rows(run.log)] == [
        str(n) for n in range(1, 10)
    ]
