"""`python -m dcgan.train`: what it says, and what it refuses."""

import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import TINY, command
from PIL import Image


@pytest.mark.usefixtures("no_curves", "eagerly")
@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_rgba_go_all_the_way(channels, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    rng = np.random.default_rng(0)
    for index in range(8):
        pixels = rng.integers(0, 256, (16, 16, 4), dtype=np.uint8)
        Image.fromarray(pixels).save(data / f"{index}.png")
    out = tmp_path / "out"
    flags = ["--data", data, "--runs", tmp_path, "--channels", channels, *TINY]
    flags += ["--gradients_every", 0]  # for the time's sake
    assert command("train", *flags).returncode == 0
    done = command("sample", tmp_path / "narrow", "-n", 5, "--out", out)
    assert done.returncode == 0, done.stderr
    with Image.open(out / "0004.png") as picture:
        assert picture.mode == {1: "L", 4: "RGBA"}[channels]
        if channels == 4:
            assert np.asarray(picture)[..., 3].max() < 255  # its own, not opaque
    with Image.open(tmp_path / "narrow" / "samples" / "epoch_0003.png") as sheet:
        assert sheet.mode == "RGB"


def test_ctrl_c_in_the_middle_of_an_import_ends_with_130_too(tmp_path):
    (tmp_path / "interrupted.py").write_text(
        "import atexit; from dcgan.cli import run_command\n"
        "atexit.register(print, 'cleaned up')\n"
        "def main(argv): exec('raise KeyboardInterrupt')\n"
        "run_command(main)"
    )
    path = os.pathsep.join([os.getcwd(), str(tmp_path)])
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
    assert done.stdout == "cleaned up\n"


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--data", "nowhere"], "folder does not exist. Received: nowhere"),
        (["--data", "empty"], "folder holds no pictures"),
        (["--data", "text"], "folder holds no pictures. Received: text with 1 other"),
        (["--data", "few"], "Received: 32, and 3 pictures"),
        (["--data", "text/a.txt"], "folder is a file"),
        (["--data", "broken"], "no file in the folder is a readable picture"),
        (["--size", "48"], "size is not valid. Received: 48"),
        (
            ["--aug_prob", "1.5"],
            "aug_prob is not valid. Received: 1.5. Allowed: 0 to 1",
        ),
        (["--recipe", "nope"], "recipe does not exist. Received: nope"),
        (["--nope", "1"], "unknown knob. Received: nope"),
        (["--config", "bad.yml"], "not valid YAML. Received: bad.yml"),
        (["--upsample", "maybe"], "Received: maybe. Allowed: --KNOB VALUE"),
        (["--data", ""], "data is not valid"),
        (["--g_widths", "8,4"], "g_widths is not valid. Received: '8,4'"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(flags, message, tmp_path):
    for name in ("empty", "text", "few", "broken"):
        (tmp_path / name).mkdir()
    (tmp_path / "text" / "a.txt").write_text("a")
    (tmp_path / "broken" / "a.png").write_text("a")
    for index in range(3):
        Image.new("RGB", (9, 9)).save(tmp_path / "few" / f"{index}.png")
    (tmp_path / "bad.yml").write_text("size: [64")
    before = sorted(tmp_path.rglob("*"))
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    line = [sys.executable, "-m", "dcgan.train", *flags]
    done = subprocess.run(
        line, capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 2
    (error,) = done.stderr.splitlines()
    assert error.startswith("error: ") and message in error
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before  # nothing half-written


def test_it_says_what_it_found_and_where_to_look(trained):
    run, done = trained
    lines = done.stdout.splitlines()
    assert lines[0].startswith("12 pictures of 16x16 RGB from ")
    assert "3 epochs of 3 steps on the " in lines[1]
    assert str(run.folder) in lines[2]
    assert "tensorboard --logdir" in lines[3]
    assert lines[4].startswith("Saved after 9 steps: ")
    assert len(lines) == 5


def test_stderr_holds_one_bar_an_epoch_and_no_chatter(trained):
    _, done = trained
    bars = [line for line in done.stderr.replace("\r", "\n").split("\n") if line]
    assert all(line.startswith("Epoch ") for line in bars), done.stderr
    whole = [line for line in bars if "3/3," in line]
    assert len(whole) == 3
    assert "g_loss" in whole[0] and "d_loss" in whole[0] and "left" in whole[0]
