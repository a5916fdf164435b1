"""Equalised learning rate against plain Keras layers with scaled kernels."""

import math

import keras
import numpy as np
import pytest

from dcgan.config import Config
from dcgan.models.discriminator import build_discriminator
from dcgan.models.equalized import (
    Equalized,
    EqualizedConv2D,
    EqualizedConv2DTranspose,
    EqualizedDense,
)
from dcgan.models.generator import build_generator

SMALL = {"size": 16, "g_features": 4, "d_features": 4, "latent_dim": 8}
SMALL |= {"equalized_lr": True, "g_bias": "all", "d_bias": "all"}
GROWING = {"progressive": [8, 16], "fade_in": 0.5}
DOUBLING = {"strides": 2, "padding": "same"}
HE = math.sqrt(2)

# Class, the plain class, options, channels of the input, products summed to an output.
LAYERS = {
    "dense": (EqualizedDense, keras.layers.Dense, {}, 7, 7),
    "conv": (EqualizedConv2D, keras.layers.Conv2D, {"kernel_size": 3}, 5, 45),
    "strided": (
        *(EqualizedConv2D, keras.layers.Conv2D),
        *({"kernel_size": 4} | DOUBLING, 5, 80),
    ),
    "deconv": (
        *(EqualizedConv2DTranspose, keras.layers.Conv2DTranspose),
        *({"kernel_size": 4} | DOUBLING, 5, 20),
    ),
    "stem": (
        *(EqualizedConv2DTranspose, keras.layers.Conv2DTranspose),
        *({"kernel_size": 4, "padding": "valid"}, 5, 80),
    ),
}
each_layer = pytest.mark.parametrize("name", LAYERS)


def inputs_of(name, channels):
    shape = (6, channels) if name == "dense" else (2, 6, 6, channels)
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def kernels_of(network):
    return {
        layer.name: layer.kernel.numpy()
        for layer in network.layers
        if isinstance(layer, Equalized)
    }


@each_layer
@pytest.mark.parametrize("gain", [HE, 1.0])
def test_it_is_the_plain_layer_with_a_scaled_kernel(name, gain):
    equalized_class, plain_class, options, channels, products = LAYERS[name]
    inputs = inputs_of(name, channels)
    equalized, plain = equalized_class(3, gain=gain, **options), plain_class(
        3, **options
    )
    for layer in (equalized, plain):
        layer.build(inputs.shape)
    rng = np.random.default_rng(1)
    kernel, bias = (rng.normal(size=w.shape) for w in equalized.get_weights())
    equalized.set_weights([kernel, bias])
    plain.set_weights([kernel * gain / math.sqrt(products), bias])
    np.testing.assert_allclose(equalized(inputs), plain(inputs), atol=1e-5)


@each_layer
def test_the_gain_is_he_s_unless_told(name):
    equalized_class, _, options, _, _ = LAYERS[name]
    assert equalized_class(3, **options).gain == HE


@each_layer
def test_biases_are_not_scaled(name):
    equalized_class, _, options, channels, _ = LAYERS[name]
    inputs = inputs_of(name, channels)
    layer = equalized_class(3, kernel_initializer="zeros", **options)
    layer.build(inputs.shape)
    layer.bias.assign([1.0, -2.0, 30.0])
    outputs = keras.ops.convert_to_numpy(layer(inputs))
    expected = np.broadcast_to(np.float32([1, -2, 30]), outputs.shape)
    np.testing.assert_array_equal(outputs, expected)


@each_layer
@pytest.mark.parametrize("gain", [HE, 1.0])
def test_white_noise_comes_out_with_the_variance_of_the_gain(name, gain):
    equalized_class, _, options, _, _ = LAYERS[name]
    rng = np.random.default_rng(0)
    shape = (4000, 64) if name == "dense" else (16, 20, 20, 64)
    inputs = rng.normal(size=shape).astype(np.float32)
    start = keras.initializers.RandomNormal(0.0, 1.0, seed=3)
    layer = equalized_class(64, gain=gain, kernel_initializer=start, **options)
    outputs = keras.ops.convert_to_numpy(layer(inputs))
    inner = outputs if name == "dense" else outputs[:, 4:-4, 4:-4]
    assert inner.var() == pytest.approx(gain**2, rel=0.05)


def test_a_stem_s_outputs_see_one_pixel_with_all_its_channels():
    """A 4x4 kernel spreads a latent: each output is a sum of 64 products, not 1024."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(500, 1, 1, 64)).astype(np.float32)
    start = keras.initializers.RandomNormal(0.0, 1.0, seed=3)
    layer = EqualizedConv2DTranspose(16, 4, kernel_initializer=start)
    outputs = keras.ops.convert_to_numpy(layer(inputs))
    kernel = keras.ops.convert_to_numpy(layer.kernel)  # (4, 4, 16, 64)
    expected = np.einsum("nc,yxfc->nyxf", inputs[:, 0, 0], kernel) * HE / 8
    np.testing.assert_allclose(outputs, expected, atol=1e-4)
    assert outputs.var() == pytest.approx(2, rel=0.06)


@pytest.mark.parametrize("phase", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_each_phase_of_a_transposed_convolution_has_that_variance(phase):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(16, 20, 20, 64)).astype(np.float32)
    start = keras.initializers.RandomNormal(0.0, 1.0, seed=3)
    layer = EqualizedConv2DTranspose(64, 4, kernel_initializer=start, **DOUBLING)
    outputs = keras.ops.convert_to_numpy(layer(inputs))[:, 4:-4, 4:-4]
    y, x = phase
    assert outputs[:, y::2, x::2].var() == pytest.approx(2, rel=0.06)


@pytest.mark.parametrize(
    "build, knobs, linear",
    [
        (build_generator, {}, {"output_deconv"}),
        (build_generator, {"stem": "deconv"}, {"output_deconv"}),
        (build_generator, {"linear_layer": True}, {"linear", "output_deconv"}),
        (build_generator, GROWING, {"rgb8", "rgb16"}),
        (build_generator, {"upsample": False, "block_convs": 2}, {"output_deconv"}),
        (build_discriminator, {}, {"head_dense"}),
        (build_discriminator, {"head": "conv"}, {"head_conv"}),
        (build_discriminator, {"heads": 2}, {"head1_dense", "head2_dense"}),
        (build_discriminator, {"discriminators": 2}, {"head_dense", "d2_head_dense"}),
        (build_discriminator, GROWING | {"block_convs": 2}, {"head_dense"}),
    ],
)
def test_the_gain_is_1_where_no_activation_follows(build, knobs, linear):
    network = build(Config(**SMALL | knobs))
    gains = {x.name: x.gain for x in network.layers if isinstance(x, Equalized)}
    assert gains == {name: 1.0 if name in linear else HE for name in gains}
    assert linear < set(gains)


@pytest.mark.parametrize("block_convs", [1, 2])
def test_the_gain_is_1_where_the_last_activation_is_left_out(block_convs):
    """Only a ReLU or LeakyReLU halves the power, which the gain makes up for."""
    knobs = {"last_activation": False, "block_convs": block_convs}
    network = build_discriminator(Config(**SMALL | knobs))
    equalized = [x for x in network.layers if isinstance(x, Equalized)]
    last_conv, head = equalized[-2:]
    assert (head.name, head.gain) == ("head_dense", 1.0)
    assert (last_conv.name, last_conv.gain) == (last_conv.name, 1.0)


@pytest.mark.parametrize("knobs", [{}, GROWING, {"upsample": False, "stem": "deconv"}])
@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_all_layers_with_kernels_are_equalized_and_start_at_unit_variance(build, knobs):
    network = build(Config(**SMALL | knobs))
    kernels = kernels_of(network)
    with_kernel = [x.name for x in network.layers if hasattr(x, "kernel")]
    assert list(kernels) == with_kernel and len(kernels) >= 3
    for kernel in kernels.values():
        # Five standard errors of a standard deviation.
        assert kernel.std() == pytest.approx(1, abs=5 / math.sqrt(2 * kernel.size))
    together = np.concatenate([kernel.ravel() for kernel in kernels.values()])
    assert together.std() == pytest.approx(1, rel=0.05)
    assert together.mean() == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("knobs", [{}, GROWING | {"upsample": False}])
def test_a_saved_generator_makes_the_same_pictures(knobs, tmp_path):
    generator = build_generator(Config(**SMALL | knobs))
    rng = np.random.default_rng(0)
    for layer in generator.layers:
        if isinstance(layer, Equalized):
            layer.bias.assign(rng.normal(size=layer.bias.shape))
    latents = rng.normal(size=(3, 8)).astype(np.float32)
    generator.save(tmp_path / "generator.keras")
    again = keras.models.load_model(tmp_path / "generator.keras")
    pictures = generator.predict_on_batch(latents)
    np.testing.assert_array_equal(again.predict_on_batch(latents), pictures)
    assert pictures.std() > 0.1
    gains = [
        [x.gain for x in n.layers if isinstance(x, Equalized)]
        for n in (generator, again)
    ]
    assert gains[0] == gains[1] and set(gains[0]) == {1.0, HE}
