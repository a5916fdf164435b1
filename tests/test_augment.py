"""The operations of DiffAugment against NumPy on fixed draws, and the draws."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from helpers import draw_pictures

from dcgan.randomness import draw_key
from dcgan.training import augment

RNG = np.random.default_rng(0)
pictures = partial(draw_pictures, RNG)


def amounts(low, high, count=5):
    return RNG.uniform(low, high, (count, 1, 1, 1)).astype(np.float32)


def run(operation, images, draw):
    return operation(tf.constant(images), tf.constant(draw)).numpy()


@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_adds(channels):
    images, shift = pictures(channels=channels), amounts(-0.5, 0.5)
    expected = images + shift
    actual = run(augment.brightness, images, shift)
    np.testing.assert_allclose(actual, expected, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_saturation_moves_each_pixel_from_its_own_grey(channels):
    images, factor = pictures(channels=channels), amounts(0, 2)
    grey = images.mean(axis=3, keepdims=True)
    actual = run(augment.saturation, images, factor)
    np.testing.assert_allclose(actual, grey + (images - grey) * factor, atol=1e-6)


def test_saturation_at_0_is_grey_and_at_1_is_the_picture():
    images = pictures(count=2)
    factor = np.array([0, 1], np.float32).reshape(2, 1, 1, 1)
    actual = run(augment.saturation, images, factor)
    np.testing.assert_allclose(np.ptp(actual[0], axis=2), 0, atol=1e-6)
    np.testing.assert_allclose(actual[1], images[1], atol=1e-6)


def test_contrast_moves_from_the_mean_of_the_picture():
    images, factor = pictures(), amounts(0.5, 1.5)
    expected = np.stack(
        [image.mean() + (image - image.mean()) * f for image, f in zip(images, factor)]
    )
    actual = run(augment.contrast, images, factor)
    np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_translation_moves_whole_pixels_and_fills(channels):
    images = pictures(channels=channels)
    shift = np.array([[0, 0], [2, 0], [0, -1], [-2, 2], [1, 1]], np.int32)
    expected = np.zeros_like(images)
    if channels == 4:
        expected[..., 3] = -1
    for n, (down, right) in enumerate(shift):
        for y in range(16):
            for x in range(16):
                if 0 <= y - down < 16 and 0 <= x - right < 16:
                    expected[n, y, x] = images[n, y - down, x - right]
    np.testing.assert_array_equal(run(augment.translation, images, shift), expected)


def translation_by_products(images, shift):
    """The formula with one-hot matrices, differentiated by TensorFlow."""
    height, width = images.shape[1:3]
    rows = tf.one_hot(tf.range(height) - shift[:, :1], height)
    columns = tf.one_hot(tf.range(width) - shift[:, 1:], width)
    moved = tf.einsum("nyh,nhwc,nxw->nyxc", rows, images, columns)
    inside = tf.reduce_sum(rows, 2)[:, :, None] * tf.reduce_sum(columns, 2)[:, None]
    return moved + (1 - inside[..., None]) * augment._empty_pixel(images)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_translation_and_two_derivatives_equal_those_of_products(channels, jit):
    """The second derivative is that of a gradient penalty: of a squared gradient."""
    images = tf.constant(pictures(count=6, channels=channels)[:, :, :9])
    shift = tf.constant([[0, 0], [2, 0], [0, -1], [-3, 2], [16, 1], [-40, 9]])
    factors = tf.constant(pictures(count=6, channels=channels)[:, :, :9])

    def values(operation):
        def derive(x):
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    moved = operation(x, shift)
                    total = tf.reduce_sum(factors * moved**3)
                first = inner.gradient(total, x)
                squared = tf.reduce_sum(first**2)
            return moved, first, outer.gradient(squared, x)

        return tf.function(derive, jit_compile=jit)(images)

    mine, expected = values(augment.translation), values(translation_by_products)
    np.testing.assert_array_equal(mine[0], expected[0])
    for actual, other in zip(mine[1:], expected[1:]):
        assert np.abs(other).max() > 0.1
        np.testing.assert_allclose(actual, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_cutout_empties_a_square_of_half_the_side(channels):
    images = pictures(count=3, channels=channels)
    centre = np.array([[8, 8], [0, 16], [3, 10]], np.int32)
    expected = images.copy()
    empty = [0, 0, 0, -1] if channels == 4 else 0
    expected[0, 4:12, 4:12] = empty
    expected[1, 0:4, 12:16] = empty
    expected[2, 0:7, 6:14] = empty
    np.testing.assert_array_equal(run(augment.cutout, images, centre), expected)


@pytest.mark.parametrize("operation", ["brightness", "saturation", "contrast"])
def test_colour_leaves_alpha_alone_and_treats_rgb_as_without_alpha(operation):
    images, amount = pictures(channels=4), amounts(0.5, 1.5)
    function = getattr(augment, operation)
    actual = run(function, images, amount)
    np.testing.assert_array_equal(actual[..., 3], images[..., 3])
    np.testing.assert_array_equal(
        actual[..., :3], run(function, images[..., :3], amount)
    )


def test_ranges_of_the_draws():
    images = tf.zeros((4000, 16, 16, 3))
    key = draw_key(0, 0, "test")
    bounds = {"brightness": (-0.5, 0.5), "saturation": (0, 2), "contrast": (0.5, 1.5)}
    for operation, draw in augment.POLICIES["color"]:
        low, high = bounds[operation.__name__]
        values = draw(key, images).numpy()
        assert values.shape == (4000, 1, 1, 1)
        width = high - low
        assert low <= values.min() < low + 0.01 * width
        assert high - 0.01 * width < values.max() < high
        assert abs(values.mean() - (low + high) / 2) < 0.02 * width


@pytest.mark.parametrize(
    "draw, lowest, highest", [(augment.draw_shift, -2, 2), (augment.draw_centre, 0, 16)]
)
def test_pixel_draws_are_uniform_and_independent_along_both_axes(draw, lowest, highest):
    values = draw(draw_key(0, 0, "test"), tf.zeros((8000, 16, 16, 3))).numpy()
    choices = highest - lowest + 1
    for axis in (0, 1):
        counts = np.bincount(values[:, axis] - lowest, minlength=choices)
        assert len(counts) == choices
        np.testing.assert_allclose(counts / 8000, 1 / choices, rtol=0.25)
    assert abs(np.corrcoef(values.T)[0, 1]) < 0.05


def test_sizes_follow_the_published_code_at_64_pixels():
    shifts = augment.draw_shift(draw_key(0, 0, "a"), tf.zeros((3000, 64, 64, 3)))
    assert (shifts.numpy().min(), shifts.numpy().max()) == (-8, 8)
    cut = augment.cutout(tf.ones((1, 64, 64, 1)), tf.constant([[32, 32]]))
    assert (cut.numpy() == 0).sum() == 32 * 32
