"""Copies are caught: as they are, mirrored, moved, and with a little noise."""

import numpy as np
import pytest

from dcgan.evaluation import memorisation as m

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def pictures():
    """Ten pictures of smooth blobs on white, 24x24."""
    rows, columns = np.indices((24, 24))
    found = np.full((10, 24, 24, 3), 255.0)
    for picture in found:
        for _ in range(3):
            y, x = RNG.integers(5, 19, 2)
            blob = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 12)[..., None]
            picture -= blob * RNG.integers(60, 250, 3)
    return np.clip(found, 0, 255).astype(np.uint8)


def test_the_nearest_one_counts_mirror_images_as_the_same():
    train = np.array([[0.0, 0], [4, 0], [0, 9]])
    mirrored = np.array([[1.0, 0], [4, 3], [0, 9]])
    found = m.nearest(np.array([[4.0, 2.5], [0, 1]]), train, mirrored, k=2)
    np.testing.assert_array_equal(found.index, [[1, 0], [0, 1]])
    np.testing.assert_allclose(found.distance[0, 0], 0.5)  # to the mirror image
    # Training picture 1 is 3 from the mirror image of 0, and 0 the same from 1.
    np.testing.assert_allclose(found.ratio, [0.5 / 3, 1 / 3])


def test_a_picture_that_is_there_twice_has_another_neighbour():
    train = np.array([[0.0], [0], [5]])
    np.testing.assert_allclose(m.among(train, train), [5, 5, 5])
    assert m.authpct(m.nearest(np.array([[0.0]]), train, train, 1).ratio) == 0


def test_authpct_is_the_share_that_is_further_off_than_training_pictures_are():
    assert m.authpct(np.array([0, 0.5, 1, 1.01, 3])) == pytest.approx(2 / 5)


def test_c_t_counts_pairs_and_ties_by_half():
    fake, held_out = np.array([1.0, 2, 5]), np.array([2.0, 3])
    wins = sum(f < h for f in fake for h in held_out)
    ties = sum(f == h for f in fake for h in held_out)
    assert m.ct_score(fake, held_out) == pytest.approx((wins + ties / 2) / 6)
    assert m.ct_score(np.zeros(3), held_out) == 1
    assert m.ct_score(held_out, held_out) == 0.5


def slow_unexplained(picture, original, most):
    """Shift by shift, over the pixels that both have."""
    side, best = len(picture), np.inf
    a, b = picture / 255, original / 255
    for down in range(-most, most + 1):
        for right in range(-most, most + 1):
            pairs = [
                (a[y + down, x + right], b[y, x])
                for y in range(max(0, -down), side - max(0, down))
                for x in range(max(0, -right), side - max(0, right))
            ]
            seen, kept = (np.array(values) for values in zip(*pairs))
            variance = kept.var(0).sum()
            if variance > m.LEAST_VARIANCE:
                best = min(best, ((seen - kept) ** 2).mean(0).sum() / variance)
    return best


def test_what_is_left_unexplained_shift_by_shift(pictures):
    seen = np.roll(pictures, 1, axis=0)
    expected = [slow_unexplained(a, b, 3) for a, b in zip(seen[:3], pictures[:3])]
    found = m._unexplained(seen[:3] / 255, pictures[:3] / 255)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def moved(images, down, right):
    """Pictures moved, with white where nothing was."""
    canvas = np.pad(images, ((0, 0), (8, 8), (8, 8), (0, 0)), constant_values=255)
    side = images.shape[1]
    return canvas[:, 8 - down : 8 - down + side, 8 - right : 8 - right + side]


CHANGES = {
    "as it is": lambda p: p,
    "mirrored": lambda p: p[:, :, ::-1],
    "moved": lambda p: moved(p, 3, -2),
    "mirrored and moved": lambda p: moved(p[:, :, ::-1], -1, 3),
    "with noise": lambda p: np.clip(p + RNG.normal(0, 8, p.shape), 0, 255),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_near_copy_is_one_however_it_is_changed(pictures, change):
    copies = CHANGES[change](pictures).astype(np.uint8)
    index = np.arange(10)[:, None]
    assert list(m.near_copies(copies, pictures, index)) == list(range(10))


def test_other_pictures_and_white_ones_are_no_copies(pictures):
    index = (np.arange(10)[:, None] + [1, 2]) % 10
    assert set(m.near_copies(pictures, pictures, index)) == {-1}
    white = np.full_like(pictures, 255)
    assert set(m.near_copies(white, pictures, index)) == {-1}
    assert set(m.near_copies(white, white, index)) == {-1}  # nothing to recognise


def test_a_copy_is_looked_for_in_all_candidates(pictures):
    index = np.stack([(np.arange(10) + 1) % 10, np.arange(10)], axis=1)
    assert list(m.near_copies(pictures, pictures, index)) == list(range(10))


def test_large_pictures_are_looked_at_smaller(pictures):
    large = pictures.repeat(8, axis=1).repeat(8, axis=2)
    assert m._small(large).shape == (10, 64, 64, 3)
    assert list(m.near_copies(large, large, np.arange(10)[:, None])) == list(range(10))


def test_the_gap_of_the_discriminator_by_hand():
    train, fake = np.array([2.0, 4]), np.array([-1.0, 1])
    assert m.discriminator_gap(train, np.array([3.0]), fake) == 0
    assert m.discriminator_gap(train, np.array([0.0]), fake) == 1
    assert m.discriminator_gap(train, np.array([1.5]), fake) == 0.5
    assert m.discriminator_gap(train, fake, train) == 0  # it tells nothing apart
    assert m.discriminator_gap(fake, train, train) == 0  # or the wrong way round
