"""Latents and walks, against hand-computed values."""

import numpy as np
import pytest

from dcgan.errors import InputError
from dcgan.latent import draw_latents, latent_arithmetic, latent_walk, slerp


def test_the_first_latents_do_not_depend_on_how_many_follow():
    np.testing.assert_array_equal(draw_latents(3, 10, 5), draw_latents(9, 10, 5)[:3])
    assert not np.array_equal(draw_latents(3, 10, 5), draw_latents(3, 10, 6))


def test_latents_are_standard_normal():
    latents = draw_latents(2000, 50)
    assert latents.dtype == np.float32
    assert abs(latents.mean()) < 0.01 and abs(latents.std() - 1) < 0.01


def test_truncation_bounds_every_coordinate():
    latents = draw_latents(500, 50, truncation=0.7)
    assert 0.69 < np.abs(latents).max() <= 0.7
    np.testing.assert_array_equal(draw_latents(3, 50, truncation=0.7), latents[:3])
    whole = draw_latents(500, 50)
    near = np.abs(whole) <= 0.7
    np.testing.assert_array_equal(latents[near], whole[near])


def test_slerp_by_hand():
    start, end = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    path = slerp(start, end, [0, 1 / 3, 0.5, 1])
    half = np.sqrt(0.5)
    expected = [[1, 0], [np.sqrt(3) / 2, 0.5], [half, half], [0, 1]]
    np.testing.assert_allclose(path, expected, atol=1e-6)


def test_slerp_between_equal_latents_stays():
    latent = draw_latents(1, 100)[0]
    path = slerp(latent, latent, [0, 0.3, 1])
    np.testing.assert_allclose(path, [latent] * 3, rtol=1e-5)


def test_slerp_between_opposite_latents_stays_between_them():
    """All latents of a single number are alike or opposite."""
    path = slerp(np.float32([2]), np.float32([-1]), [0, 0.5, 1])
    np.testing.assert_allclose(path, [[2], [0.5], [-1]], atol=1e-6)


def test_wrong_seeds_and_numbers_of_frames_are_refused():
    with pytest.raises(InputError, match="seed is not valid. Received: -1"):
        draw_latents(2, 8, -1)
    for frames in (0, -1, 1001):
        with pytest.raises(InputError, match="frames is not valid.*1 to 1000 between"):
            latent_walk(draw_latents(2, 8), frames)


def test_a_walk_keeps_the_length_of_its_latents_where_a_line_would_not():
    latents = draw_latents(2, 100)
    lengths = np.linalg.norm(latent_walk(latents, 10), axis=1)
    ends = np.linalg.norm(latents, axis=1)
    assert lengths.min() > 0.95 * ends.min()
    assert np.linalg.norm(latents.mean(axis=0)) < 0.85 * ends.min()


def test_a_walk_meets_every_stop_and_closes():
    latents = draw_latents(3, 100)
    walk = latent_walk(latents, 8)
    assert walk.shape == (24, 100)
    np.testing.assert_allclose(walk[::8], latents, rtol=1e-5)
    steps = np.linalg.norm(np.diff(walk, axis=0, append=walk[:1]), axis=1)
    assert steps.max() < 2 * steps.min()  # the step from the end to the start as well


def test_a_linear_walk_goes_straight():
    latents = draw_latents(2, 100)
    walk = latent_walk(latents, 4, "linear")
    one, two = latents
    expected = [one, 0.75 * one + 0.25 * two, (one + two) / 2, 0.25 * one + 0.75 * two]
    np.testing.assert_allclose(walk[:4], expected, atol=1e-6)
    np.testing.assert_allclose(walk[4:], walk[[4, 3, 2, 1]], atol=1e-6)
    with pytest.raises(InputError, match="path is not valid. Received: 'curved'"):
        latent_walk(latents, 4, "curved")


def test_arithmetic_by_hand():
    start, minus, plus = [[4.0, 0], [2, 0]], [[0, 3.0]], [[3.0, 0]]
    mixed = latent_arithmetic(start, minus, plus)
    # (3, 0) - (0, 3) + (3, 0) = (6, -3), as long as the mean of 4, 2, 3 and 3.
    np.testing.assert_allclose(mixed, np.array([6, -3]) * 3 / np.sqrt(45), rtol=1e-6)
    np.testing.assert_allclose(latent_arithmetic(minus, [], []), [0, 3])
    np.testing.assert_allclose(latent_arithmetic(minus, minus, []), [0, 0])
    assert mixed.dtype == np.float32
