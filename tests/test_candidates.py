"""Choosing among pictures: ranks and near copies, against plain loops."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from dcgan.choosing import choose_pictures
from dcgan.errors import InputError
from dcgan.evaluation import candidates
from dcgan.evaluation.candidates import choose
from dcgan.models.discriminator import mean_logits
from dcgan.models.minibatch import MinibatchStd
from dcgan.pixels import to_float


def blocks(count, seed):
    """Pictures of coarse random squares, 24x24."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 6, 3), np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2)


@pytest.fixture(autouse=True)
def pixels_as_features(monkeypatch):
    """Features that can be checked by hand."""

    def flat(images):
        return images.reshape(len(images), -1).astype(np.float64)

    monkeypatch.setattr(candidates, "Extractor", lambda: flat)


@pytest.fixture(scope="module")
def judge():
    keras.utils.set_random_seed(0)
    pictures = keras.Input((24, 24, 3))
    x = keras.layers.Flatten()(pictures)
    return keras.Model(pictures, keras.layers.Dense(3)(x))


def test_ranks_by_the_distance_from_the_nearest_training_picture():
    pictures, train = blocks(8, 0), blocks(5, 1)
    apart = [
        min(
            np.linalg.norm(one.astype(float) - other)
            for real in train
            for other in (real, real[:, ::-1])
        )
        for one in pictures
    ]
    kept = {"copies": False, "alike": False, "train": train}
    np.testing.assert_array_equal(
        choose(pictures, "near", **kept).order, np.argsort(apart)
    )
    far = choose(pictures, "far", **kept).order
    np.testing.assert_array_equal(far, np.argsort(apart)[::-1])
    assert choose(pictures, **kept).order.tolist() == list(range(8))


def test_ranks_by_the_mean_of_all_logits(judge):
    pictures = blocks(70, 2)  # more than are judged at a time
    found = choose(pictures, "discriminator", judge, alike=False, copies=False).order
    kernel, bias = judge.layers[-1].get_weights()
    logits = to_float(pictures).reshape(70, -1) @ kernel + bias
    np.testing.assert_allclose(
        mean_logits(judge, pictures), logits.mean(axis=1), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(found, np.argsort(-logits.mean(axis=1)))


def test_only_the_best_of_those_that_are_alike_stays(judge):
    a, b, c = blocks(3, 3)
    noise = np.random.default_rng(0).integers(-6, 7, a.shape)
    noisy = np.clip(a + noise, 0, 255).astype(np.uint8)
    pictures = np.stack([a, b, noisy, b[:, ::-1], np.roll(a, 2, axis=1), c])
    found = choose(pictures, copies=False)
    assert found.order.tolist() == [0, 1, 5] and found.alike == 3 and found.copies == 0
    by_judge = choose(pictures, "discriminator", judge, copies=False).order
    ranked = np.argsort(-mean_logits(judge, pictures)).tolist()
    groups = [0, 1, 0, 1, 0, 2]
    first = {groups[k]: k for k in reversed(ranked)}  # the best of each
    assert by_judge.tolist() == sorted(first.values(), key=ranked.index)


def test_copies_of_training_pictures_are_left_out():
    pictures, train = blocks(6, 4), blocks(9, 5)
    train[3] = np.roll(pictures[2], 1, axis=0)
    train[8] = pictures[5][:, ::-1]
    found = choose(pictures, train=train, alike=False)
    assert found.order.tolist() == [0, 1, 3, 4] and found.copies == 2
    assert choose(pictures, train=train, copies=False).order.tolist() == list(range(6))


def test_wrong_input_is_refused(judge):
    with pytest.raises(InputError, match=r"discriminator's own shape.*\(16, 16, 3\)"):
        choose(np.zeros((2, 16, 16, 3), np.uint8), "discriminator", judge)
    with pytest.raises(InputError, match="rank is not valid. Received: 'best'"):
        choose(blocks(2, 0), "best")


def test_pictures_are_compared_in_full_batches_as_in_training():
    """A picture that is left over is judged with others, not with itself alone."""
    inputs = keras.Input((24, 24, 3))
    differing = keras.layers.Flatten()(MinibatchStd()(inputs)[..., 3:])
    judge = keras.Model(inputs, differing)
    pictures = blocks(9, 6)
    found = mean_logits(judge, pictures, batch=4)
    groups = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [8, 0, 1, 2]])
    logits = [np.mean(judge(to_float(pictures[rows]))) for rows in groups]
    np.testing.assert_allclose(found, np.repeat(logits, 4)[:9], rtol=1e-5)
    assert mean_logits(judge, pictures[:8]).min() > 0.1  # fewer than a batch
    run = SimpleNamespace(
        config=SimpleNamespace(batch_size=4), load_discriminator=lambda: judge
    )
    best = choose_pictures(run, pictures, 9, "discriminator", False, False)
    order = np.argsort(-found, kind="stable")
    np.testing.assert_array_equal(best, pictures[order])
