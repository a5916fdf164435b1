"""Pictures that are set aside."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import write_pictures
from PIL import Image

from dcgan.config import load_config
from dcgan.data.folder import load_images, load_named
from dcgan.data.holdout import load_split, set_aside
from dcgan.errors import InputError
from dcgan.origin import describe_pictures, record_origin
from dcgan.run import Run

IMAGES = np.arange(50)


@pytest.mark.parametrize("share, count", [(0.1, 5), (0.5, 25), (0.001, 1), (0, 0)])
def test_both_parts_are_the_whole_in_its_order(share, count):
    train, held_out = set_aside(IMAGES, share, seed=3)
    assert len(held_out) == count
    assert sorted([*train, *held_out]) == list(IMAGES)
    assert list(train) == sorted(train) and list(held_out) == sorted(held_out)


def test_the_seed_decides_which():
    chosen = [tuple(set_aside(IMAGES, 0.2, seed)[1]) for seed in (0, 0, 1, 2)]
    assert chosen[0] == chosen[1] and len(set(chosen)) == 3


@pytest.fixture
def run(tmp_path):
    """A run on twelve pictures of which three are set aside."""
    pictures = write_pictures(tmp_path / "pictures", 12, side=16)
    knobs = {"size": 16, "holdout": 0.25, "data": str(pictures), "name": "a"}
    run = Run.create(load_config("narrow", **knobs, runs=str(tmp_path / "runs")))
    images, names = load_named(pictures, 16)
    record_origin(run, describe_pictures(images, names), {}, 0)
    return run


def as_bytes(images):
    return {image.tobytes() for image in images}


def test_a_training_is_split_again_as_it_was(run):
    train, held_out = set_aside(load_images(run.config.data, 16), 0.25, 0)
    for data in (None, shutil.copytree(run.config.data, run.folder / "moved")):
        split = load_split(run, data=data)
        assert split.is_of_run and np.array_equal(split.train, train)
        assert np.array_equal(split.held_out, held_out)


def test_pictures_that_came_or_went_do_not_change_the_sides_of_the_others(run, caplog):
    """With another number of them, a draw would be another one."""
    before, pictures = load_split(run), Path(run.config.data)
    (pictures / "03.png").unlink()
    Image.new("RGB", (16, 16), "red").save(pictures / "05.png")  # altered
    Image.new("RGB", (16, 16)).save(pictures / "new.png")
    split = load_split(run)
    assert len(split.train) + len(split.held_out) == 10 and split.is_of_run
    assert as_bytes(split.train) < as_bytes(before.train)
    assert as_bytes(split.held_out) <= as_bytes(before.held_out)
    assert "1 added (new.png); 1 removed (03.png); 1 altered (05.png)" in caplog.text


def test_of_other_pictures_none_is_set_aside(run, tmp_path):
    other = write_pictures(tmp_path / "other", 11, side=20)
    split = load_split(run, side=8, data=other)
    assert not split.is_of_run
    assert (split.train.shape, split.held_out.shape) == ((11, 8, 8, 3), (0, 8, 8, 3))


def test_a_moved_folder_of_which_some_are_gone_is_split_as_the_one_before(run):
    moved = Path(shutil.copytree(run.config.data, run.folder / "moved"))
    (moved / "03.png").unlink()
    split, whole = load_split(run, data=moved), load_split(run)
    assert split.is_of_run and len(split.train) + len(split.held_out) == 11
    assert as_bytes(split.held_out) <= as_bytes(whole.held_out)
    for file in sorted(moved.iterdir())[:7]:
        file.unlink()
    assert not load_split(run, data=moved).is_of_run


def test_pixels_of_another_decoder_are_those_of_the_run(run, caplog):
    before = load_split(run)
    for file in Path(run.config.data).iterdir():
        pixels = np.asarray(Image.open(file))
        Image.fromarray(pixels ^ 1).save(file)
    split = load_split(run)
    assert np.array_equal(split.train, before.train ^ 1) and split.is_of_run
    assert np.array_equal(split.held_out, before.held_out ^ 1)
    assert "another version of Pillow" in caplog.text


def test_a_run_that_does_not_know_its_pictures_takes_those_of_its_folder(run, tmp_path):
    run.origin.unlink()
    assert load_split(run).is_of_run and len(load_split(run).held_out) == 3
    assert not load_split(run, data=run.config.data).is_of_run


def test_pictures_without_names_are_known_by_their_order(run):
    before = load_split(run)
    record_origin(run, describe_pictures(load_images(run.config.data, 16)), {}, 0)
    assert np.array_equal(load_split(run).held_out, before.held_out)


def test_where_none_of_the_pictures_is_left_it_says_so(run):
    pictures = Path(run.config.data)
    for file in list(pictures.iterdir()):
        file.unlink()
    Image.new("RGB", (16, 16), "red").save(pictures / "other.png")
    with pytest.raises(InputError, match="with none of them.*as --data"):
        load_split(run)
