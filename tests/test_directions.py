"""Principal directions against generators whose directions are known."""

import numpy as np

from dcgan.directions import principal_directions

RNG = np.random.default_rng(0)
LATENTS = RNG.standard_normal((2000, 5))
TURNED, _ = np.linalg.qr(RNG.standard_normal((5, 5)))  # its columns are orthonormal
SHOWN, _ = np.linalg.qr(RNG.standard_normal((12, 5)))
SHOWN *= np.where(SHOWN.sum(axis=0) < 0, -1, 1)


def test_the_axes_of_a_linear_generator_are_found_in_their_order():
    strengths = np.array([4, 3, 2, 1, 0.5])
    pictures = LATENTS @ (TURNED * strengths) @ SHOWN.T
    directions, shares = principal_directions(LATENTS, pictures.reshape(-1, 2, 2, 3), 3)
    np.testing.assert_allclose(directions, TURNED.T[:3], atol=0.05)
    expected = strengths**2 / (strengths**2).sum()
    np.testing.assert_allclose(shares, expected[:3], atol=0.03)
    values = np.linalg.svd(pictures - pictures.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(shares, (values**2 / (values**2).sum())[:3], rtol=1e-6)


def test_along_a_direction_a_curved_generator_changes_on_average():
    """By Stein's lemma the slope of tanh(x) on normal x is its mean derivative."""
    mixed = np.tanh(2 * LATENTS @ TURNED[:, :1]) @ SHOWN[:, :1].T
    directions, _ = principal_directions(LATENTS, mixed, 1)
    np.testing.assert_allclose(directions[0], TURNED[:, 0], atol=0.05)


def test_to_the_right_is_brighter_and_all_are_orthonormal():
    weights = RNG.standard_normal((5, 12)) - 0.5
    pictures = np.tanh(LATENTS @ weights + 0.3 * (LATENTS**2) @ weights)
    directions, shares = principal_directions(LATENTS, pictures, 4)
    np.testing.assert_allclose(directions @ directions.T, np.eye(4), atol=1e-9)
    assert np.all(np.diff(shares) <= 0) and 0 < shares.sum() <= 1
    along = LATENTS @ directions[0]
    assert np.corrcoef(along, pictures.sum(axis=1))[0, 1] > 0.3


def test_there_are_no_more_directions_than_numbers():
    assert principal_directions(LATENTS[:, :2], LATENTS, 6)[0].shape == (2, 2)
    assert principal_directions(LATENTS, LATENTS[:, :1], 6)[0].shape == (1, 5)


def test_a_generator_that_always_makes_one_picture():
    directions, shares = principal_directions(LATENTS, np.ones((2000, 4, 4, 3)))
    assert np.isfinite(directions).all() and (shares == 0).all()
