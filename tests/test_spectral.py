"""Spectral normalisation against NumPy's singular values, and across processes."""

import math
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan import build_discriminator, build_generator
from dcgan.config import Config
from dcgan.models.spectral import SpectralConv2D, SpectralDense, power_iterations

RNG = np.random.default_rng(0)
SMALL = {"size": 16, "g_features": 3, "d_features": 3, "latent_dim": 4}


def conv():
    layer = SpectralConv2D(5, 3, strides=2, padding="same")
    return with_random_weights(layer, (2, 6, 6, 4))


def dense():
    return with_random_weights(SpectralDense(7), (2, 9))


def with_random_weights(layer, shape):
    layer.build(shape)
    for weight in (layer.kernel, layer.bias):
        weight.assign(RNG.normal(size=weight.shape))
    return layer, RNG.normal(size=shape).astype(np.float32)


def matrix_of(layer):
    kernel = layer.kernel.numpy()
    return kernel.reshape(math.prod(kernel.shape[:-1]), kernel.shape[-1])


def weights_of(layer):
    return [weight.numpy().copy() for weight in layer.weights]


def plain_outputs(layer, inputs, kernel):
    """What the layer computes with `kernel`, in float64 NumPy."""
    if isinstance(layer, SpectralDense):
        return inputs @ kernel + layer.bias.numpy()
    # Stride 2 on even sides: the 3 x 3 window pads one pixel below and to the right.
    padded = np.pad(inputs.astype(float), [(0, 0), (0, 1), (0, 1), (0, 0)])
    outputs = np.empty((len(inputs), 3, 3, kernel.shape[-1]))
    for y, x in np.ndindex(3, 3):
        window = padded[:, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3]
        outputs[:, y, x] = np.tensordot(window, kernel, 3)
    return outputs + layer.bias.numpy()


@pytest.mark.parametrize("make", [conv, dense])
def test_sigma_becomes_the_largest_singular_value(make):
    layer, _ = make()
    for _ in range(100):
        layer.power_iteration()
    largest = np.linalg.svd(matrix_of(layer), compute_uv=False)[0]
    assert float(layer.sigma()) == pytest.approx(largest, rel=1e-5)


@pytest.mark.parametrize("make", [conv, dense])
def test_outputs_are_those_of_the_kernel_over_sigma(make):
    layer, inputs = make()
    sigma = layer.left.numpy().T @ matrix_of(layer) @ layer.right.numpy()
    expected = plain_outputs(layer, inputs, layer.kernel.numpy() / sigma.item())
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [conv, dense])
def test_gradients_flow_through_sigma(make):
    layer, inputs = make()
    direction = RNG.normal(size=layer.kernel.shape)
    left, right = layer.left.numpy(), layer.right.numpy()

    def loss(kernel):
        matrix = kernel.reshape(len(left), len(right))
        sigma = (left.T @ matrix @ right).item()
        return (plain_outputs(layer, inputs, kernel / sigma) ** 2).sum()

    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(inputs) ** 2)
    gradient = tape.gradient(value, layer.kernel.value)
    kernel, step = layer.kernel.numpy().astype(float), 1e-5
    slope = loss(kernel + step * direction) - loss(kernel - step * direction)
    expected = slope / (2 * step)
    assert abs(expected) > 0.1
    assert float(np.sum(gradient * direction)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("make", [conv, dense])
def test_calls_in_training_mode_change_nothing(make):
    layer, inputs = make()
    before = weights_of(layer)
    for _ in range(3):
        layer(inputs, training=True)
    for a, b in zip(before, weights_of(layer)):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", [conv, dense])
def test_one_power_iteration_by_hand(make):
    layer, _ = make()
    matrix, kernel = matrix_of(layer), layer.kernel.numpy()
    left = matrix @ layer.right.numpy()
    left /= np.sqrt((left**2).sum())
    right = matrix.T @ left
    right /= np.sqrt((right**2).sum())
    layer.power_iteration()
    np.testing.assert_allclose(layer.left, left, atol=1e-6)
    np.testing.assert_allclose(layer.right, right, atol=1e-6)
    np.testing.assert_array_equal(layer.kernel, kernel)


def test_left_and_right_do_not_train():
    layer, _ = conv()
    names = [weight.name for weight in layer.trainable_weights]
    assert names == ["kernel", "bias"]
    assert layer.left.shape == (36, 1) and layer.right.shape == (5, 1)


def test_sigma_is_nearly_right_from_the_start():
    layer = SpectralConv2D(32, 4)
    layer.build((None, 8, 8, 16))
    largest = np.linalg.svd(matrix_of(layer), compute_uv=False)[0]
    assert 0.95 * largest < float(layer.sigma()) <= largest * (1 + 1e-6)


@pytest.mark.parametrize("discriminators, heads", [(1, 1), (2, 2)])
def test_every_kernel_of_d_is_spectral_and_none_of_g(discriminators, heads):
    knobs = {"discriminators": discriminators, "heads": heads, "linear_layer": True}
    networks = build_generator, build_discriminator
    on = Config(**SMALL, **knobs, spectral_norm=True)
    classes = [
        {type(x).__name__ for x in build(on).layers if hasattr(x, "kernel")}
        for build in networks
    ]
    assert classes[0] == {"Dense", "Conv2D", "Conv2DTranspose"}
    assert classes[1] == {"SpectralConv2D", "SpectralDense"}
    off = build_discriminator(Config(**SMALL, **knobs))
    assert not any("Spectral" in type(layer).__name__ for layer in off.layers)


def test_power_iterations_reach_every_layer_of_a_network():
    discriminator = build_discriminator(Config(**SMALL, spectral_norm=True, heads=2))
    spectral = [x for x in discriminator.layers if hasattr(x, "kernel")]
    assert len(spectral) == 6  # two blocks, two heads of two layers
    for layer in spectral:
        layer.kernel.assign(RNG.normal(size=layer.kernel.shape))
    before = [layer.right.numpy() for layer in spectral]
    power_iterations(discriminator)
    for layer, right in zip(spectral, before):
        assert len(right) == 1 or not np.array_equal(layer.right, right)
        left = matrix_of(layer) @ right
        np.testing.assert_allclose(layer.left, left / np.linalg.norm(left), atol=1e-6)


def layer_models():
    """One layer of each kind with odd vectors, and a whole discriminator."""
    knobs = {"spectral_norm": True, "d_bias": "free", "d_norm": "layer"}
    knobs |= {"self_attention": True, "minibatch_std": True}
    return {
        "conv": keras.Sequential([keras.Input((6, 6, 4)), conv()[0]]),
        "dense": keras.Sequential([keras.Input((9,)), dense()[0]]),
        "whole": build_discriminator(Config(**SMALL, **knobs)),
    }


@pytest.mark.parametrize("name", ["conv", "dense", "whole"])
def test_a_keras_file_keeps_left_and_right(name, tmp_path):
    model = layer_models()[name]
    power_iterations(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert [w.path for w in loaded.weights] == [w.path for w in model.weights]
    for a, b in zip(model.get_weights(), loaded.get_weights()):
        np.testing.assert_array_equal(a, b)
    inputs = RNG.normal(size=(2, *model.input_shape[1:])).astype(np.float32)
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


LOAD = """
import sys
import dcgan
import keras
import numpy as np

for folder in sys.argv[1:]:
    model = keras.models.load_model(folder + "/discriminator.keras")
    data = np.load(folder + "/data.npz")
    np.testing.assert_allclose(model(data["inputs"]), data["outputs"], atol=1e-5)
    for number, weight in enumerate(model.get_weights()):
        np.testing.assert_array_equal(weight, data[f"weight{number}"])
"""


def test_a_keras_file_loads_in_a_fresh_process_after_import_dcgan(tmp_path):
    for name, model in layer_models().items():
        (tmp_path / name).mkdir()
        model.save(tmp_path / name / "discriminator.keras")
        inputs = RNG.normal(size=(2, *model.input_shape[1:])).astype(np.float32)
        arrays = {f"weight{k}": w for k, w in enumerate(model.get_weights())}
        outputs = np.asarray(model(inputs))
        np.savez(tmp_path / name / "data", inputs=inputs, outputs=outputs, **arrays)
    folders = [str(folder) for folder in tmp_path.iterdir()]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *folders],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    assert done.returncode == 0, done.stderr
