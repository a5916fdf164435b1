"""Pictures that stay on disk are trained on as if they were in memory."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from helpers import read_rows, write_pictures

import dcgan
from dcgan.data import cache
from dcgan.data.holdout import set_aside
from dcgan.data.shrink import shrink
from dcgan.data.stored import StoredImages
from dcgan.errors import InputError
from dcgan.evaluation.limits import evenly
from dcgan.stages import plan_stages
from dcgan.training.fitting import fit_stage


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (50, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def stored(images, tmp_path):
    path = tmp_path / "pixels"
    path.write_bytes(images.tobytes())
    return StoredImages.open(path, 50, (8, 8, 3))


def test_it_is_indexed_like_an_array(images, stored):
    assert (stored.shape, stored.dtype, len(stored)) == (images.shape, images.dtype, 50)
    keys = [3, -1, slice(2, 9), slice(None, None, 7), [5, 5, 1], np.arange(50) % 3 == 0]
    for key in [*keys, slice(0, 0), np.array([49, 0])]:
        np.testing.assert_array_equal(stored[key], images[key])
    np.testing.assert_array_equal(np.asarray(stored), images)
    assert all((a == b).all() for a, b in zip(stored, images, strict=True))
    with pytest.raises(IndexError):
        stored[50]


def test_parts_of_it_stay_on_the_disk_too(images, stored):
    for share in (0, 0.2):
        for one, other in zip(set_aside(stored, share, 3), set_aside(images, share, 3)):
            assert isinstance(one, StoredImages)
            np.testing.assert_array_equal(one[:], other)
    small = shrink(stored, 4)
    assert isinstance(small, StoredImages) and small.shape == (50, 4, 4, 3)
    np.testing.assert_array_equal(small[:], shrink(images, 4))
    np.testing.assert_array_equal(evenly(stored, 7), evenly(images, 7))


def test_a_file_that_was_cut_is_noticed(stored, tmp_path):
    (tmp_path / "pixels").write_bytes(b"abc")
    with pytest.raises(OSError, match="has become shorter"):
        stored[4]


def test_batches_are_the_same(images, stored):
    options = {"seed": 5, "start_step": 9, "flip": True, "jitter": 0.1}
    pairs = zip(
        dcgan.make_dataset(images, 8, **options).take(20),
        dcgan.make_dataset(stored, 8, **options).take(20),
        strict=True,
    )
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("eagerly")
def test_a_training_from_the_disk_gives_the_same_log(tmp_path, monkeypatch):
    pictures = write_pictures(tmp_path / "pictures", 24, side=16)
    knobs = {"size": 16, "g_features": 2, "d_features": 2, "batch_size": 8, "epochs": 2}
    knobs |= {"data": pictures, "progressive": [8, 16], "holdout": 0.2}
    knobs |= {"eval_every": 0, "gradients_every": 0, "aug_prob": 0.0}
    knobs |= {"latent_dim": 4, "sample_grid": 2}
    one = dcgan.train(dcgan.load_config("narrow", **knobs, runs=tmp_path / "a"))
    monkeypatch.setattr(cache, "IN_MEMORY", 0)
    assert isinstance(dcgan.load_images(pictures, 16), StoredImages)
    other = dcgan.train(dcgan.load_config("narrow", **knobs, runs=tmp_path / "b"))
    assert len(read_rows(one.log)) == 2
    assert one.log.read_bytes() == other.log.read_bytes()


def fit_by(fit, images):
    """Runs the only stage of a training, whose `fit` is given."""
    config = dcgan.load_config("narrow", size=16, batch_size=8, epochs=1)
    gan = SimpleNamespace(config=config, steps_done=0, total_steps=6, fit=fit)
    return fit_stage(gan, plan_stages(config)[0], images)


def test_a_disk_that_fails_while_training_is_named(tmp_path):
    def read(numbers):
        raise OSError("the disk has gone")

    stored = StoredImages(read, 50, (16, 16, 3))
    with pytest.raises(InputError, match="^data: .* read any more.*the disk has gone"):
        fit_by(lambda dataset, **options: next(iter(dataset)), stored)


def test_another_failure_is_not_taken_for_one_of_the_disk():
    def fit(dataset, **options):
        raise tf.errors.UnknownError(None, None, "the device")

    with pytest.raises(tf.errors.UnknownError, match="the device"):
        fit_by(fit, np.zeros((50, 16, 16, 3), np.uint8))
