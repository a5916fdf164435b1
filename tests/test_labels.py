"""Targets: what each knob of the labels does, counted over many draws."""

import numpy as np
import pytest

from dcgan.randomness import draw_key
from dcgan.training.labels import draw_targets

MANY = 20_000


def draw(smoothing=0.0, two_sided=False, noise=0.0, swap=0.0, key=None, count=MANY):
    key = draw_key(0, 0, "labels") if key is None else key
    return draw_targets(key, count, smoothing, two_sided, noise, swap)


def test_targets_are_hard_without_knobs():
    assert draw() == (1.0, 0.0)


def test_smoothing_on_one_side_and_on_both():
    assert draw(smoothing=0.1) == (0.9, 0.0)
    assert draw(smoothing=0.1, two_sided=True) == (0.9, 0.1)


def test_noise_is_uniform_around_the_target_for_each_picture():
    for targets, centre in zip(draw(smoothing=0.1, noise=0.2), (0.9, 0.0)):
        values = targets.numpy()
        assert values.shape == (MANY, 1)
        assert centre - 0.1 <= values.min() < centre - 0.099
        assert centre + 0.099 < values.max() <= centre + 0.1
        assert values.mean() == pytest.approx(centre, abs=2e-3)
        assert values.std() == pytest.approx(0.2 / np.sqrt(12), rel=0.02)


def test_swaps_come_as_often_as_asked_and_apart_for_real_and_fake():
    real, fake = (t.numpy() for t in draw(smoothing=0.1, two_sided=True, swap=0.03))
    assert set(real.ravel()) == set(fake.ravel()) == {np.float32(0.1), np.float32(0.9)}
    swapped = real < 0.5, fake > 0.5
    for kind in swapped:
        assert kind.mean() == pytest.approx(0.03, abs=0.005)
    assert (swapped[0] & swapped[1]).mean() == pytest.approx(0.03**2, abs=1e-3)


def test_draws_follow_from_the_key():
    first, again, other = (
        draw(noise=0.1, swap=0.5, key=draw_key(0, step, "labels"), count=8)[0].numpy()
        for step in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
