"""DiffAugment against NumPy on fixed draws, and the properties that training needs."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan.errors import InputError
from dcgan.randomness import draw_key
from dcgan.training import augment

RNG = np.random.default_rng(0)
POLICY = "color,translation,cutout"


def pictures(count=5, side=16, channels=3):
    return RNG.uniform(-1, 1, (count, side, side, channels)).astype(np.float32)


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


@pytest.mark.parametrize("policy", ["color", "translation", "cutout", POLICY])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_gradients_equal_finite_differences(policy, channels):
    images = tf.constant(pictures(count=2, side=8, channels=channels))
    weights = tf.constant(pictures(count=2, side=8, channels=channels))
    direction = tf.constant(pictures(count=2, side=8, channels=channels))

    def value(x):
        return tf.reduce_sum(weights * augment.diff_augment(x, policy, seed=3))

    with tf.GradientTape() as tape:
        tape.watch(images)
        result = value(images)
    slope = tf.reduce_sum(tape.gradient(result, images) * direction)
    step = 1e-2  # the operations are linear, so a large step costs no accuracy
    difference = value(images + step * direction) - value(images - step * direction)
    np.testing.assert_allclose(slope, difference / (2 * step), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("channels", [3, 4])
def test_eager_graph_and_xla_agree(channels):
    images = tf.constant(pictures(channels=channels))
    key = draw_key(7, 11, "test")

    def augmented(x):
        return augment.diff_augment(x, POLICY, key)

    eager = augmented(images).numpy()
    assert not np.array_equal(eager, images.numpy())
    for jit in (False, True):
        graph = tf.function(augmented, jit_compile=jit)
        np.testing.assert_allclose(graph(images), eager, atol=1e-6)


def test_the_seed_decides():
    images = pictures()
    first, again, other = (
        augment.diff_augment(images, POLICY, seed).numpy() for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_each_picture_has_its_own_draws():
    same = np.repeat(pictures(count=1), 6, axis=0)
    augmented = augment.diff_augment(same, "color", 0).numpy()
    assert len(np.unique(augmented[:, 0, 0, 0])) == 6


def test_the_order_of_the_policy_is_kept():
    images = pictures()
    coloured = augment.diff_augment(images, "color", 5)
    expected = augment.diff_augment(coloured, "cutout", 5)
    actual = augment.diff_augment(images, "color,cutout", 5)
    np.testing.assert_array_equal(actual, expected)


def maybe(images, step, aug_prob, per_sample=False):
    key, decision = draw_key(0, step, "real"), draw_key(0, step, "decision")
    return augment.maybe_augment(images, key, decision, POLICY, aug_prob, per_sample)


def test_probability_0_gives_back_the_very_pictures():
    images = tf.constant(pictures())
    assert maybe(images, 0, 0) is images
    assert maybe(images, 0, 0.0) is images


def test_probability_1_always_augments():
    images = tf.constant(pictures())
    key = draw_key(0, 4, "real")
    np.testing.assert_array_equal(
        maybe(images, 4, 1.0), augment.diff_augment(images, POLICY, key)
    )


def test_probability_is_the_share_of_iterations():
    images = tf.constant(pictures(count=2, side=4))
    step_is_augmented = tf.function(
        lambda step: tf.reduce_any(maybe(images, step, 0.3) != images, axis=[1, 2, 3])
    )
    flags = np.array([step_is_augmented(tf.constant(k)) for k in range(2000)])
    np.testing.assert_array_equal(flags[:, 0], flags[:, 1])  # both pictures or none
    # Three standard deviations of a share of 0.3 in 2,000 draws are 0.031.
    assert abs(flags[:, 0].mean() - 0.3) < 0.031


def test_probability_can_be_drawn_for_each_picture():
    images = tf.constant(pictures(count=2000, side=4))
    changed = tf.reduce_any(maybe(images, 0, 0.3, True) != images, axis=[1, 2, 3])
    assert abs(changed.numpy().mean() - 0.3) < 0.031


def test_unknown_policy_is_refused():
    with pytest.raises(InputError, match="policy is not valid.*'blur'"):
        augment.diff_augment(pictures(), "color,blur", 0)
