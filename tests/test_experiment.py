"""`python -m dcgan.experiment`: cells that are trained, scored, drawn, and may fail."""

import re

import numpy as np
import pytest
from helpers import command, write_pictures
from PIL import Image

import dcgan
from dcgan import experiment as module
from dcgan.cells import Cell
from dcgan.config import load_config
from dcgan.errors import InputError
from dcgan.run import Run

# The second cannot be trained: its run is to start from a folder that holds no run.
CELLS = """
about: What comes of it
seeds: [0, 1]
base: {recipe: narrow, size: 16, g_features: 2, d_features: 2, latent_dim: 4,
  batch_size: 4, epochs: 2, aug_prob: 0}
cells:
  plain: {eval_every: 2}
  from nowhere: {init_from: nowhere}
"""
QUICK = ["-n", 20, "--gradients_every", 0, "--sample_grid", 5, "--sample_every", 1]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("experiment")


@pytest.fixture(scope="module")
def done(place):
    (place / "mine.yml").write_text(CELLS)
    pictures = write_pictures(place / "pictures", 12, side=16)
    flags = [place / "mine.yml", "--jobs", 2, "--data", pictures, "--runs", place]
    return flags, command("experiment", *flags, *QUICK)


def test_a_failed_cell_does_not_take_the_others_with_it(done, place):
    _, result = done
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "error: 2 of 4 cells failed. Received: from nowhere (seed 0)"
    )
    assert "init_from" in line and line.endswith("from-nowhere-seed0.log")
    folder = place / "mine"
    table = (folder / "table.md").read_text().splitlines()
    assert table[0] == "What comes of it"
    assert re.match(r"20 generated .* epoch 2, and .* KID floor: \d+\.$", table[2])
    plain, nowhere = (line.split(" | ") for line in table[6:])
    assert plain[0] == "| plain" and plain[1] == "2" and " to " in plain[2]
    assert nowhere[:2] == ["| from nowhere", "0 of 2"] and "init_from" in nowhere[2]
    for name in ("plain-seed0", "plain-seed1"):
        assert (folder / name / "evaluation.json").is_file()
        assert (folder / name / "best" / "generator.keras").is_file()


def test_the_cells_are_drawn_side_by_side(done, place):
    for name in ("curves.png", "grid.png", "comparison.gif"):
        with Image.open(place / "mine" / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 10
            if name.endswith("gif"):
                assert picture.n_frames == 2


def test_it_says_how_far_it_is(done):
    lines = done[1].stdout.splitlines()
    assert lines[0].startswith("What comes of it: 4 trainings, 2 at a time, in ")
    numbered = [line for line in lines if line.startswith("[")]
    assert [line[:5] for line in numbered] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert sum(line.endswith(" done") for line in numbered) == 2


def test_what_is_done_is_not_done_again(done, place):
    flags, _ = done
    log = place / "mine" / "plain-seed0" / "timing.csv"
    before = log.read_text()
    (place / "plain.yml").write_text(CELLS.replace("seeds: [0, 1]", ""))
    again = [place / "mine.yml", *flags[1:], *QUICK, "--seeds", "0"]
    again += ["--extractor", "lite1"]  # only scores it anew
    assert command("experiment", *again).returncode == 2  # one cell still fails
    assert log.read_text() == before
    table = (place / "mine" / "table.md").read_text()
    assert "as lite1 sees them" in table and "lowest KID is by lite0" in table
    said = (place / "mine" / "cells" / "plain-seed0.log").read_text()
    assert "All 2 epochs are done" in said


@pytest.mark.parametrize(
    "flags, message",
    [
        (["diffaugment", "--jobs", "0"], "--jobs is not valid"),
        (["diffaugment", "--seeds", "x"], "--seeds is not valid.*such as 0,1,2"),
        (["diffaugment", "--name", "x"], "--name is not valid.*each cell has its own"),
        (["diffaugment", "--seed", "3"], "--seed is not valid"),
        (["diffaugment", "--sizes", "3"], "unknown knob. Received: sizes"),
        (["diffaugment", "--data", "nowhere"], "does not exist"),
        (["nothing"], "no such experiment"),
        (["losses", "--extractor", "vgg"], "--extractor.*vgg.*lite0, lite1, inception"),
    ],
)
def test_wrong_flags_are_refused_before_anything_is_written(
    flags, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message) as error:
        module.main(flags)
    assert "\n" not in str(error.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "own, given, scorer",
    [("auto", None, "lite0"), ("lite1", None, "lite1"), ("lite1", "lite0", "lite0")],
)
def test_a_cell_is_scored_at_the_end_as_while_it_trained(own, given, scorer, tmp_path):
    """`quality` names lite1, which takes no part in any of its trainings."""
    cell = Cell("a", load_config("narrow", extractor=own, runs=tmp_path))
    (_, score), _ = module._job(cell, tmp_path, given, 20)
    assert score[-2:] == ["--extractor", scorer]


def test_the_folder_of_a_run_is_left_to_it(tmp_path):
    run = Run(tmp_path / "diffaugment")
    run.samples.mkdir(parents=True)
    run.config_file.touch()
    with pytest.raises(InputError, match="experiment: its folder is that of a run"):
        dcgan.run_experiment("diffaugment", runs=str(tmp_path))
    assert sorted(path.name for path in run.folder.iterdir()) == [
        *("config.yml", "samples")
    ]


def test_the_number_of_samples_is_checked():
    with pytest.raises(InputError, match="^-n is not valid. Received: 3. "):
        module.run_experiment("diffaugment", count=3)


def test_cells_are_trained_on_one_machine():
    with pytest.raises(InputError, match="^distribute is not valid. .*one machine"):
        module.run_experiment("diffaugment", distribute="multiworker")
