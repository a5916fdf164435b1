"""The faster layers against the plain ones, and the models that keep theirs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import of_kind

from dcgan.training.fused import (
    FusedBatchNormalization,
    UpsampledConv2D,
    accelerate,
)

RNG = np.random.default_rng(0)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()

    def call(self, inputs, training=None):
        return self.norm(inputs, training=training)


def small_model(*layers):
    return keras.Sequential([keras.Input((5, 5, 2)), *layers])


def test_models_that_it_does_not_know_come_back_as_they_are():
    subclassed = Subclassed()
    subclassed(np.zeros((1, 5, 5, 2)))
    compiled = small_model(keras.layers.BatchNormalization())
    compiled.compile("sgd", "mse")
    inputs, norm = keras.Input((5, 5, 2)), keras.layers.BatchNormalization()
    twice = keras.Model(inputs, norm(norm(inputs)))
    unbuilt = keras.Sequential([keras.layers.BatchNormalization()])
    nothing = small_model(keras.layers.Conv2D(2, 3))
    for network in (subclassed, compiled, twice, unbuilt, nothing):
        assert accelerate(network) is network


class WithoutShape(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs

    def compute_output_spec(self, *args, **kwargs):
        raise NotImplementedError


def test_a_sequential_model_without_a_graph_comes_back_as_it_is():
    network = small_model(WithoutShape(), keras.layers.BatchNormalization())
    network(np.zeros((1, 5, 5, 2)))
    assert network.built and accelerate(network) is network


def test_the_global_precision_does_not_reach_float32_layers():
    network = small_model(
        keras.layers.UpSampling2D(), keras.layers.Conv2D(2, 3, padding="same")
    )
    keras.config.set_dtype_policy("mixed_float16")
    try:
        fast = accelerate(network)
    finally:
        keras.config.set_dtype_policy("float32")
    assert of_kind(fast, UpsampledConv2D)
    images = RNG.normal(size=(2, 5, 5, 2)).astype(np.float32)
    np.testing.assert_allclose(fast(images), network(images), atol=1e-6)


def test_a_layer_that_is_also_in_another_model_is_not_used_twice():
    norm = keras.layers.BatchNormalization()
    small_model(norm)
    assert of_kind(accelerate(small_model(norm)), FusedBatchNormalization)


def test_a_layer_that_a_model_inside_uses_too_is_used_twice():
    """It does not come behind an upsampling there."""
    conv = keras.layers.Conv2D(2, 3, padding="same")
    inner = keras.Sequential([keras.Input((None, None, 2)), conv])
    inputs = keras.Input((5, 5, 2))
    outputs = inner(conv(keras.layers.UpSampling2D()(inputs)))
    network = keras.Model(inputs, outputs)
    assert accelerate(network) is network


@pytest.mark.parametrize(
    "layers",
    [
        [keras.layers.UpSampling2D(interpolation="bilinear"), "conv"],
        [keras.layers.UpSampling2D(3), "conv"],
        [keras.layers.UpSampling2D(), keras.layers.Conv2D(2, 5, padding="same")],
        [keras.layers.UpSampling2D(), keras.layers.Conv2D(2, 3)],
        [keras.layers.UpSampling2D(), keras.layers.Conv2D(2, 3, 2, "same")],
        [
            keras.layers.UpSampling2D(),
            keras.layers.Conv2D(2, 3, padding="same", dilation_rate=2),
        ],
        [
            keras.layers.UpSampling2D(),
            keras.layers.Conv2D(2, 3, padding="same", groups=2),
        ],
        [keras.layers.BatchNormalization(axis=1)],
        [keras.layers.BatchNormalization(dtype="float64")],
        [keras.layers.Flatten(), keras.layers.BatchNormalization()],
    ],
)
def test_other_layers_of_these_kinds_are_left_alone(layers):
    conv = keras.layers.Conv2D(2, 3, padding="same")
    network = small_model(*[conv if layer == "conv" else layer for layer in layers])
    assert accelerate(network) is network


def test_an_upsampled_map_that_is_read_elsewhere_stays():
    inputs = keras.Input((5, 5, 2))
    large = keras.layers.UpSampling2D()(inputs)
    conv = keras.layers.Conv2D(2, 3, padding="same")(large)
    for outputs in (keras.layers.Add()([large, conv]), [large, conv]):
        network = keras.Model(inputs, outputs)
        assert accelerate(network) is network


@pytest.mark.parametrize("shape", [(2, 5, 3, 4), (1, 1, 1, 2), (3, 1, 6, 1)])
@pytest.mark.parametrize("bias, activation", [(False, None), (True, "relu")])
def test_one_transposed_convolution_does_what_two_layers_do(shape, bias, activation):
    conv = keras.layers.Conv2D(
        3,
        3,
        padding="same",
        use_bias=bias,
        activation=activation,
        bias_initializer=keras.initializers.RandomNormal(seed=1),
        kernel_initializer=keras.initializers.RandomNormal(0, 0.3, seed=2),
    )
    plain = keras.Sequential(
        [keras.Input(shape[1:]), keras.layers.UpSampling2D(), conv]
    )
    fast = accelerate(plain)
    assert of_kind(fast, UpsampledConv2D)
    assert fast.output_shape == plain.output_shape
    images = tf.constant(RNG.normal(size=shape), tf.float32)
    factors = RNG.normal(size=(shape[0], 2 * shape[1], 2 * shape[2], 3))

    def values(network):
        sources = [images, *[w.value for w in network.trainable_variables]]
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = network(images)
            total = tf.reduce_sum(outputs * factors.astype(np.float32))
        return [outputs, *tape.gradient(total, sources)]

    for actual, expected in zip(values(fast), values(plain), strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}])
def test_batch_norm_in_one_operation_is_batch_norm(options):
    """Outputs, gradients, and moving averages, which are of the biased variance."""
    norms = [keras.layers.BatchNormalization(momentum=0.7, **options) for _ in "ab"]
    plain, other = (small_model(norm) for norm in norms)
    for weight in plain.weights:
        weight.assign(RNG.uniform(0.5, 2, weight.shape))
    other.set_weights(plain.get_weights())
    before = plain.get_weights()
    fast = accelerate(other)
    images = tf.constant(RNG.normal(1, 2, size=(3, 5, 5, 2)), tf.float32)

    def values(network):
        sources = [images, *[w.value for w in network.trainable_variables]]
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = network(images, training=True)
            total = tf.reduce_sum(outputs**3)
        return [outputs, *tape.gradient(total, sources)]

    for actual, expected in zip(values(fast), values(plain), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
    for actual, expected in zip(other.get_weights(), plain.get_weights()):
        np.testing.assert_allclose(actual, expected, rtol=1e-6)
    variance = images.numpy().var(axis=(0, 1, 2))
    expected = 0.7 * before[-1] + 0.3 * variance
    np.testing.assert_allclose(other.get_weights()[-1], expected, rtol=1e-5)
    np.testing.assert_allclose(fast(images), plain(images), atol=1e-5)
    norms[1].trainable = False  # then Keras uses the moving averages in training too
    kept = other.get_weights()
    np.testing.assert_allclose(fast(images, training=True), plain(images), atol=1e-5)
    np.testing.assert_array_equal(other.get_weights()[-1], kept[-1])


@pytest.mark.filterwarnings("error")
def test_a_mask_is_handed_on_without_a_warning():
    pictures = keras.Input((4, 4, 2))
    masked = keras.layers.Masking()(pictures)
    plain = keras.Model(pictures, keras.layers.BatchNormalization()(masked))
    fast = accelerate(plain)
    assert of_kind(fast, FusedBatchNormalization)
    images = RNG.normal(size=(3, 4, 4, 2)).astype(np.float32)
    images[:, :2] = 0  # these pixels do not count
    outputs = [network(images, training=True) for network in (fast, plain)]
    np.testing.assert_allclose(*outputs, atol=1e-6)
