"""The norms against NumPy loops, and their second derivatives against differences."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan.models.norms import (
    LocalResponseNormalization,
    PixelNormalization,
    SampleNormalization,
    TwiceBatchNormalization,
)

RNG = np.random.default_rng(0)
EVERY_NORM = [
    TwiceBatchNormalization(momentum=0.7, epsilon=0.1),
    SampleNormalization(True, epsilon=0.1, gamma_initializer="uniform"),
    SampleNormalization(False, epsilon=0.1),
    PixelNormalization(epsilon=0.1),
    LocalResponseNormalization(size=3, bias=1.5, alpha=0.3, beta=0.6),
]


def maps(*shape, scale=3.0, shift=1.0):
    return (RNG.normal(size=shape) * scale + shift).astype(np.float32)


def set_random(layer, shape):
    """Builds a layer and gives it weights that are no neutral element."""
    layer.build(shape)
    for weight in layer.weights:
        weight.assign(RNG.uniform(0.5, 2, weight.shape))
    return layer


def test_pixel_norm_divides_each_pixel_by_its_root_mean_square():
    inputs = maps(2, 3, 4, 5)
    expected = np.empty_like(inputs)
    for place in np.ndindex(2, 3, 4):
        vector = inputs[place]
        expected[place] = vector / np.sqrt(np.dot(vector, vector) / 5 + 0.1)
    actual = PixelNormalization(epsilon=0.1)(inputs)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "options, bias, alpha, beta, reach",
    [
        ({}, 2.0, 1e-4, 0.75, 2),
        ({"size": 3, "bias": 1.0, "alpha": 0.5, "beta": 0.6}, 1, 0.5, 0.6, 1),
        ({"size": 9, "alpha": 0.5}, 2, 0.5, 0.75, 4),
    ],
)
def test_local_response_norm_damps_by_the_neighbours(options, bias, alpha, beta, reach):
    inputs = maps(2, 3, 4, 7, scale=20)
    expected = np.empty_like(inputs)
    for c in range(7):
        near = inputs[..., max(0, c - reach) : min(7, c + reach + 1)]
        power = (near.astype(float) ** 2).sum(axis=3)
        expected[..., c] = inputs[..., c] / (bias + alpha * power) ** beta
    actual = LocalResponseNormalization(**options)(inputs)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("per_channel", [True, False])
def test_sample_norm_by_numpy(per_channel):
    inputs = maps(3, 4, 5, 6)
    layer = set_random(SampleNormalization(per_channel, epsilon=0.2), inputs.shape)
    expected = np.empty_like(inputs)
    for n, picture in enumerate(inputs):
        for c in range(6):
            group = picture[..., c] if per_channel else picture
            normalised = (picture[..., c] - group.mean()) / np.sqrt(group.var() + 0.2)
            gamma, beta = layer.gamma.numpy()[c], layer.beta.numpy()[c]
            expected[n, ..., c] = normalised * gamma + beta
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-4, atol=1e-5)


def test_sample_norm_treats_each_picture_on_its_own():
    inputs = maps(4, 5, 5, 3)
    layer = SampleNormalization(False)
    alone = np.concatenate([layer(inputs[k : k + 1]) for k in range(4)])
    np.testing.assert_allclose(layer(inputs), alone, atol=1e-6)


def test_twice_batch_norm_is_keras_batch_norm_in_training_and_inference():
    options = {"momentum": 0.8, "epsilon": 0.01}
    ours, theirs = (
        set_random(layer_class(**options), (None, 3, 3, 4))
        for layer_class in (TwiceBatchNormalization, keras.layers.BatchNormalization)
    )
    theirs.set_weights(ours.get_weights())
    start = ours.moving_mean.numpy(), ours.moving_variance.numpy()
    inputs, weights = maps(6, 3, 3, 4), maps(6, 3, 3, 4)
    for training in (True, False):
        found = []
        for layer in (ours, theirs):
            variables = tf.constant(inputs), layer.gamma.value, layer.beta.value
            with tf.GradientTape() as tape:
                tape.watch(variables)
                outputs = layer(variables[0], training=training)
                loss = tf.reduce_sum(outputs * weights)
            found.append([outputs, *tape.gradient(loss, variables), *layer.weights])
        for a, b in zip(*found):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    # And both are what the statistics' definition says, after one batch.
    mean, variance = inputs.mean(axis=(0, 1, 2)), inputs.var(axis=(0, 1, 2))
    for moving, old, new in zip(
        (ours.moving_mean, ours.moving_variance), start, (mean, variance)
    ):
        np.testing.assert_allclose(moving, 0.8 * old + 0.2 * new, rtol=1e-5)


def slopes_of_the_squared_gradient(layer, inputs):
    """Returns the slope of |gradient|^2 along a direction, by tape and by differences.

    The differences need first derivatives only. The squares are weighted, as by a layer
    in front: gradients of a norm add up to 0, which hides a constant mean's error.
    """
    weights = np.random.default_rng(1).normal(size=inputs.shape)
    direction = np.random.default_rng(2).normal(size=inputs.shape)
    shares = np.random.default_rng(3).uniform(0, 2, inputs.shape)

    def penalty(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            score = tf.reduce_sum(tf.cast(layer(x), x.dtype) * weights)
        return tf.reduce_sum(shares * tape.gradient(score, x) ** 2)

    inputs = tf.constant(inputs, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = penalty(inputs)
    by_tape = tf.reduce_sum(tape.gradient(value, inputs) * direction)
    # In float32 a shorter step would drown in rounding.
    step = 1e-2 if isinstance(layer, SampleNormalization) else 1e-5
    up, down = penalty(inputs + step * direction), penalty(inputs - step * direction)
    return float(by_tape), float((up - down) / (2 * step))


@pytest.mark.parametrize(
    "layer",
    [
        SampleNormalization(True, dtype="float64"),
        SampleNormalization(False, dtype="float64"),
        PixelNormalization(dtype="float64"),
        LocalResponseNormalization(alpha=0.3, dtype="float64"),
    ],
)
def test_second_derivative_by_differences(layer):
    inputs = maps(2, 3, 3, 4).astype(float)
    by_tape, by_differences = slopes_of_the_squared_gradient(layer, inputs)
    assert abs(by_differences) > 0.01
    assert by_tape == pytest.approx(by_differences, rel=1e-2)


def test_second_derivative_of_batch_norm_is_right_here_and_wrong_in_keras():
    inputs = np.random.default_rng(3).normal(size=(2, 2, 2, 3))
    by_differences, by_tape = {}, {}
    for layer_class in (TwiceBatchNormalization, keras.layers.BatchNormalization):
        layer = partial(layer_class(dtype="float64"), training=True)
        slopes = slopes_of_the_squared_gradient(layer, inputs)
        by_tape[layer_class], by_differences[layer_class] = slopes
    right, right_too = by_differences.values()
    ours, keras_own = by_tape.values()
    assert right == pytest.approx(right_too, rel=1e-6)
    assert ours == pytest.approx(right, rel=1e-6)
    assert abs(keras_own - right) > 0.05 * abs(right)


@pytest.mark.parametrize("layer", EVERY_NORM, ids=lambda layer: type(layer).__name__)
def test_a_norm_survives_its_config_and_a_keras_file(layer, tmp_path):
    inputs = maps(2, 3, 3, 4)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is type(layer) and again.get_config() == layer.get_config()
    model = keras.Sequential([keras.Input((3, 3, 4)), again])
    for weight in model.weights:
        weight.assign(RNG.uniform(0.5, 2, weight.shape))
    model.save(tmp_path / "norm.keras")
    loaded = keras.models.load_model(tmp_path / "norm.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


@pytest.mark.parametrize("size", [0.0, 1e-4, 1.0, 300.0])
@pytest.mark.parametrize(
    "make",
    [
        partial(SampleNormalization, True),
        partial(SampleNormalization, False),
        PixelNormalization,
        LocalResponseNormalization,
    ],
    ids=["instance", "layer", "pixel", "local_response"],
)
def test_half_precision_neither_overflows_nor_underflows(make, size):
    inputs = maps(2, 3, 3, 4, scale=size, shift=0)
    exact, half = make()(inputs), make(dtype="mixed_float16")(inputs)
    assert half.dtype == tf.float16
    # Features of 1e-4 are rounded to 11 bits at best, and to fewer below 6e-5.
    np.testing.assert_allclose(half, exact, rtol=2e-2, atol=2e-3)
