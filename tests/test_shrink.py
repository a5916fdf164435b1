"""Pictures of a stage: means of squares, with nothing of what is transparent."""

import numpy as np
import pytest

from dcgan.data.shrink import shrink


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def slow_means(images, size):
    """Each pixel is the mean of a square, in whole numbers: halves go to even."""
    count, side, _, channels = images.shape
    factor = side // size
    small = np.zeros((count, size, size, channels), np.uint8)
    for n, y, x, c in np.ndindex(small.shape):
        rows, columns = (slice(k * factor, (k + 1) * factor) for k in (y, x))
        total = sum(int(value) for value in images[n, rows, columns, c].ravel())
        whole, rest = divmod(total, factor**2)
        up = 2 * rest > factor**2 or 2 * rest == factor**2 and whole % 2 == 1
        small[n, y, x, c] = whole + up
    return small


@pytest.mark.parametrize("size", [8, 4, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_each_pixel_is_the_mean_of_a_square(size, channels):
    images = noise(3, 16, 16, channels)
    small = shrink(images, size)
    assert small.dtype == np.uint8
    np.testing.assert_array_equal(small, slow_means(images, size))


def test_a_factor_that_is_no_power_of_two_works_likewise():
    images = noise(2, 12, 12, 3)
    np.testing.assert_array_equal(shrink(images, 4), slow_means(images, 4))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_checkerboard_of_single_pixels_becomes_grey(channels):
    board = np.indices((16, 16)).sum(axis=0) % 2 * 200
    images = np.repeat(board[None, :, :, None], channels, axis=-1).astype(np.uint8)
    if channels == 4:
        images[..., 3] = 255
    small = shrink(images, 8)
    assert (small[..., : min(channels, 3)] == 100).all()


def test_alpha_is_the_mean_and_opaque_colours_are_too():
    images = noise(2, 8, 8, 4)
    alpha = shrink(images, 4)[..., 3:]
    np.testing.assert_array_equal(alpha, slow_means(images[..., 3:], 4))
    images[..., 3] = 255
    np.testing.assert_array_equal(shrink(images, 4), slow_means(images, 4))


def test_a_transparent_pixel_does_not_bleed_into_the_colour():
    square = np.zeros((1, 2, 2, 4), np.uint8)
    square[..., :3] = 0, 255, 0  # green that nobody sees
    square[0, 0, 0] = 200, 10, 30, 255
    np.testing.assert_array_equal(shrink(square, 1), [[[[200, 10, 30, 64]]]])


def test_colours_count_by_their_alpha():
    square = np.zeros((1, 2, 2, 4), np.uint8)
    square[0, 0, 0] = 200, 0, 40, 150
    square[0, 1, 1] = 100, 60, 0, 50
    # (200 * 150 + 100 * 50) / 200 = 175; 60 * 50 / 200 = 15; 40 * 150 / 200 = 30
    np.testing.assert_array_equal(shrink(square, 1), [[[[175, 15, 30, 50]]]])


def test_one_faint_pixel_keeps_its_colour():
    square = np.zeros((1, 4, 4, 4), np.uint8)
    square[0, 2, 1] = 90, 180, 250, 1
    assert shrink(square, 1)[0, 0, 0].tolist() == [90, 180, 250, 0]


def test_wholly_transparent_squares_become_0():
    images = noise(2, 8, 8, 4)
    images[:, :, :4, 3] = 0
    small = shrink(images, 4)
    assert (small[:, :, :2] == 0).all()
    assert (small[:, :, 2:, 3] > 0).all()


def test_the_same_size_gives_the_same_array():
    images = noise(2, 8, 8, 3)
    assert shrink(images, 8) is images


def test_shrinking_leaves_the_pictures_alone():
    images = noise(2, 8, 8, 4)
    before = images.copy()
    shrink(images, 2)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("size", [5, 16])
def test_a_size_that_does_not_divide_the_side_is_refused(size):
    with pytest.raises(ValueError, match=f"{size} and 8"):
        shrink(noise(1, 8, 8, 3), size)
