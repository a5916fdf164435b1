"""Changes to real pictures against NumPy, with the same draws."""

import math

import numpy as np
import pytest
import tensorflow as tf

from dcgan import make_dataset
from dcgan.data import transforms
from dcgan.randomness import draw_key, split_key, uniform

RNG = np.random.default_rng(0)
KEY = draw_key(0, 3, "test")


def pictures(count=5, side=8, channels=3):
    return RNG.uniform(-1, 1, (count, side, side, channels)).astype(np.float32)


def factors(low, high, count=5):
    return RNG.uniform(low, high, (count, 1, 1, 1)).astype(np.float32)


def grey(colours):
    """Brightness by ITU-R 601, one channel."""
    if colours.shape[-1] == 1:
        return colours
    red, green, blue = np.split(colours, 3, axis=-1)
    return 0.299 * red + 0.587 * green + 0.114 * blue


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_mirror_turns_whole_pictures_left_to_right(channels):
    images = pictures(count=200, side=4, channels=channels)
    mirrored = transforms.mirror(tf.constant(images), KEY).numpy()
    flags = uniform(KEY, (200, 1, 1, 1)).numpy().ravel() < 0.5
    # Three standard deviations of a half in 200 draws.
    assert abs(flags.mean() - 0.5) < 0.107
    for flag, before, after in zip(flags, images, mirrored):
        np.testing.assert_array_equal(after, before[:, ::-1] if flag else before)


@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_multiplies(channels):
    colours, factor = np.abs(pictures(channels=channels)), factors(0, 2)
    actual = transforms._brighten(colours, factor)
    np.testing.assert_allclose(actual, colours * factor, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_contrast_moves_from_the_mean_brightness_of_the_picture(channels):
    colours, factor = np.abs(pictures(channels=channels)), factors(0, 2)
    expected = np.stack(
        [grey(p).mean() + (p - grey(p).mean()) * f for p, f in zip(colours, factor)]
    )
    actual = transforms._contrast(tf.constant(colours), tf.constant(factor))
    np.testing.assert_allclose(actual, expected, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_saturation_moves_each_pixel_from_its_own_brightness(channels):
    colours, factor = np.abs(pictures(channels=channels)), factors(0, 2)
    expected = grey(colours) + (colours - grey(colours)) * factor
    actual = transforms._saturate(tf.constant(colours), tf.constant(factor))
    np.testing.assert_allclose(actual, expected, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("strengths", [(0.4, 0.3, 0.9), (1, 0, 0), (0, 0, 0)])
def test_jitter_by_numpy_with_the_same_draws(channels, strengths):
    images = pictures(count=20, channels=channels)
    actual = transforms.jitter(tf.constant(images), KEY, strengths).numpy()
    drawn = []
    for name, strength in zip(("_brighten", "_contrast", "_saturate"), strengths):
        draw = uniform(split_key(KEY, name), (20, 1, 1, 1)).numpy()
        drawn.append(1 - strength + 2 * strength * draw)
    expected = images.copy()
    for n, (brightness, contrast, saturation) in enumerate(zip(*drawn)):
        colours = (images[n, ..., :3] + 1) / 2
        colours = np.clip(colours * brightness, 0, 1)
        mean = grey(colours).mean()
        colours = np.clip(mean + (colours - mean) * contrast, 0, 1)
        each = grey(colours)
        colours = np.clip(each + (colours - each) * saturation, 0, 1)
        expected[n, ..., :3] = colours * 2 - 1
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    np.testing.assert_array_equal(actual[..., 3:], images[..., 3:])  # alpha
    assert np.abs(actual).max() <= 1


def test_the_factors_of_jitter_are_independent_and_reach_both_ends():
    draws = [
        uniform(split_key(KEY, name), (2000,)).numpy()
        for name in ("_brighten", "_contrast", "_saturate")
    ]
    # Three standard deviations of a correlation of 2,000 pairs.
    between = np.corrcoef(draws)[np.triu_indices(3, 1)]
    assert np.abs(between).max() < 3 / math.sqrt(2000)
    white = tf.ones((2000, 1, 1, 3)) * -0.5  # a quarter of the light
    bright = transforms.jitter(white, KEY, (0.4, 0, 0)).numpy()[:, 0, 0, 0]
    light = (bright + 1) / 2 / 0.25
    assert 0.6 <= light.min() < 0.602 and 1.398 < light.max() <= 1.4


def turned(picture, angle):
    """Counter-clockwise turn around the centre, bilinear, the border repeated."""
    height, width, _ = picture.shape
    result = np.empty(picture.shape)
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    for row, column in np.ndindex(height, width):
        # In a frame whose y points up: where does this pixel come from?
        right, up = column - middle_x, middle_y - row
        source_right = right * math.cos(-angle) - up * math.sin(-angle)
        source_up = right * math.sin(-angle) + up * math.cos(-angle)
        y, x = middle_y - source_up, middle_x + source_right
        top, left = math.floor(y), math.floor(x)
        result[row, column] = sum(
            (1 - abs(y - i))
            * (1 - abs(x - j))
            * picture[min(max(i, 0), height - 1), min(max(j, 0), width - 1)]
            for i in (top, top + 1)
            for j in (left, left + 1)
        )
    return result


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("shape", [(8, 8), (7, 7), (6, 9)])
def test_turn_by_numpy(shape, channels):
    images = RNG.uniform(-1, 1, (4, *shape, channels)).astype(np.float32)
    angles = np.array([0.3, -0.7, 2.0, -3.1], np.float32)
    actual = transforms.turn(tf.constant(images), tf.constant(angles))
    expected = [turned(image, float(angle)) for image, angle in zip(images, angles)]
    np.testing.assert_allclose(actual, expected, atol=1e-4)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_quarter_turns_are_those_of_numpy(quarters):
    images = pictures()
    angles = tf.fill((5,), quarters * math.pi / 2)
    expected = np.rot90(images, quarters, axes=(1, 2))
    actual = transforms.turn(tf.constant(images), angles)
    np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_rotate_turns_each_picture_by_its_own_draw(channels):
    images = pictures(channels=channels)
    degrees = (2 * uniform(KEY, (5,)).numpy() - 1) * 30
    assert np.ptp(degrees) > 10 and np.abs(degrees).max() <= 30
    expected = [turned(image, math.radians(d)) for image, d in zip(images, degrees)]
    actual = transforms.rotate(tf.constant(images), KEY, 30.0)
    np.testing.assert_allclose(actual, expected, atol=1e-4)


def test_rotate_weighs_colours_by_alpha():
    images = pictures(channels=4)
    degrees = (2 * uniform(KEY, (5,)).numpy() - 1) * 30
    actual = transforms.rotate(tf.constant(images), KEY, 30.0).numpy()
    for image, d, result in zip(images, degrees, actual):
        shares = (image + 1.0) / 2
        alpha = shares[..., 3:]
        weighted = np.concatenate([shares[..., :3] * alpha, alpha], axis=2)
        expected = turned(weighted, math.radians(d))
        expected[..., :3] /= expected[..., 3:]
        np.testing.assert_allclose(result, expected * 2 - 1, atol=1e-3)


def test_a_red_disc_on_nothing_stays_red():
    side = 16
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    disc = rows**2 + columns**2 < 30
    image = np.full((side, side, 4), -1, np.float32)  # transparent black
    image[disc] = [1, -1, -1, 1]
    images = tf.constant(np.repeat(image[None], 8, axis=0))
    actual = transforms.rotate(images, KEY, 45.0).numpy()
    seen = actual[..., 3] > -1
    partly = seen & (actual[..., 3] < 1)
    assert partly.any()
    red = np.broadcast_to(np.float32([1, -1, -1]), (*seen.shape, 3))
    np.testing.assert_allclose(actual[..., :3][seen], red[seen], atol=1e-4)
    np.testing.assert_array_equal(actual[~seen], -1)  # no NaN where nothing is


@pytest.mark.parametrize("value", [-1.0, 1.0])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_plain_picture_stays_plain(value, channels):
    images = tf.fill((50, 9, 9, channels), value)
    actual = transforms.rotate(images, KEY, 180.0).numpy()
    np.testing.assert_allclose(actual, images, atol=1e-5)
    assert np.abs(actual).max() <= 1


@pytest.mark.parametrize(
    "change, channels",
    [
        ({"jitter": [0.0, 0.0, 0.5]}, 3),
        ({"rotate": 20.0}, 4),
        ({"flip": True, "jitter": 0.2, "rotate": 20.0}, 4),
    ],
    ids=str,
)
def test_batches_are_a_pure_function_of_seed_and_step(change, channels):
    images = RNG.integers(0, 256, (6, 8, 8, channels), dtype=np.uint8)
    batches = list(make_dataset(images, 2, seed=1, **change).take(6))
    later = list(make_dataset(images, 2, seed=1, start_step=4, **change).take(2))
    other = next(iter(make_dataset(images, 2, seed=2, **change)))
    plain = list(make_dataset(images, 2, seed=1).take(6))
    np.testing.assert_array_equal(batches[4:], later)
    assert not np.allclose(batches[0], other)
    for batch, unchanged in zip(batches, plain):
        assert batch.shape == (2, 8, 8, channels) and batch.dtype == tf.float32
        assert np.abs(batch).max() <= 1
        assert not np.allclose(batch, unchanged, atol=1e-2)


def test_batches_are_the_transforms_of_the_plain_ones_in_their_order():
    images = RNG.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    change = {"flip": True, "jitter": [0.1, 0.2, 0.3], "rotate": 20.0}
    batches = list(make_dataset(images, 2, seed=1, **change).take(4))
    for step, batch in enumerate(make_dataset(images, 2, seed=1).take(4)):
        keys = [draw_key(1, step, name) for name in ("jitter", "rotate", "flip")]
        expected = transforms.jitter(batch, keys[0], (0.1, 0.2, 0.3))
        expected = transforms.rotate(expected, keys[1], 20.0)
        expected = transforms.mirror(expected, keys[2])
        np.testing.assert_allclose(batches[step], expected, atol=1e-5)


def test_one_strength_is_that_of_all_three():
    images = RNG.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    one = make_dataset(images, 6, jitter=0.3)
    three = make_dataset(images, 6, jitter=[0.3, 0.3, 0.3])
    np.testing.assert_array_equal(next(iter(one)), next(iter(three)))
