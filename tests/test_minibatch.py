"""The layers that compare pictures of a batch, against NumPy loops."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan import build_discriminator
from dcgan.config import Config
from dcgan.models.minibatch import MinibatchDiscrimination, MinibatchStd

RNG = np.random.default_rng(0)
KNOBS = {
    "discrimination": {
        "minibatch_discrimination": True,
        "minibatch_kernels": 3,
        "minibatch_dims": 2,
    },
    "std": {"minibatch_std": True},
}


def draws(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def test_discrimination_is_salimans_formula():
    features = draws(5, 6)
    layer = MinibatchDiscrimination(3, 2)
    outputs = layer(features).numpy()
    tensor = layer.kernel.numpy().reshape(6, 3, 2)
    expected = np.zeros((5, 3))
    for i in range(5):
        for j in range(5):
            for b in range(3):
                difference = (features[i] - features[j]) @ tensor[:, b]
                expected[i, b] += np.exp(-np.abs(difference).sum())
    np.testing.assert_array_equal(outputs[:, :6], features)
    np.testing.assert_allclose(outputs[:, 6:], expected, rtol=1e-4)


@pytest.mark.parametrize("count", [1, 4])
def test_identical_pictures_are_as_close_as_can_be(count):
    features = np.repeat(draws(1, 6), count, axis=0)
    outputs = MinibatchDiscrimination(3, 2)(features).numpy()
    np.testing.assert_allclose(outputs[:, 6:], count, rtol=1e-6)


def test_far_pictures_only_see_themselves():
    features = np.eye(4, dtype=np.float32) * 1000
    # No two rows of it are close: with chance ones, two of the pictures may be.
    kernel = keras.initializers.Constant(np.arange(24, dtype=np.float32).reshape(4, 6))
    outputs = MinibatchDiscrimination(3, 2, kernel)(features).numpy()
    np.testing.assert_allclose(outputs[:, 4:], 1, atol=1e-6)


def test_std_is_one_number_for_the_batch():
    maps = draws(5, 3, 4, 2)
    deviations = [
        np.sqrt(((maps[:, y, x, c] - maps[:, y, x, c].mean()) ** 2).mean() + 0.1)
        for y, x, c in np.ndindex(3, 4, 2)
    ]
    outputs = MinibatchStd(epsilon=0.1)(maps).numpy()
    np.testing.assert_array_equal(outputs[..., :2], maps)
    assert outputs.shape == (5, 3, 4, 3)
    np.testing.assert_allclose(outputs[..., 2], np.mean(deviations), rtol=1e-5)


@pytest.mark.parametrize(
    "layer, shape",
    [(MinibatchDiscrimination(3, 2), (4, 6)), (MinibatchStd(), (4, 2, 2, 3))],
)
def test_gradients_of_identical_pictures_are_finite(layer, shape):
    inputs = tf.constant(np.repeat(draws(1, *shape[1:]), shape[0], axis=0))
    with tf.GradientTape() as outer:
        outer.watch(inputs)
        with tf.GradientTape() as inner:
            inner.watch(inputs)
            loss = tf.reduce_sum(layer(inputs) ** 2)
        gradient = inner.gradient(loss, inputs)
        penalty = tf.reduce_sum(gradient**2)
    # Only the pictures' own features pull: no direction tells equal pictures apart.
    np.testing.assert_allclose(gradient, 2 * inputs, rtol=1e-5)
    assert np.isfinite(outer.gradient(penalty, inputs)).all()


@pytest.mark.parametrize(
    "layer, shape",
    [
        (MinibatchDiscrimination(3, 2, dtype="float64"), (4, 6)),
        (MinibatchStd(dtype="float64"), (4, 2, 2, 3)),
    ],
)
def test_second_derivative_by_differences(layer, shape):
    inputs, direction = tf.constant(RNG.normal(size=shape)), RNG.normal(size=shape)

    def penalty(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x) ** 2)
        return tf.reduce_sum((tape.gradient(loss, x) - 2 * x) ** 2)

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = penalty(inputs)
    by_tape = tf.reduce_sum(tape.gradient(value, inputs) * direction)
    up, down = penalty(inputs + 1e-6 * direction), penalty(inputs - 1e-6 * direction)
    assert float(by_tape) == pytest.approx(float(up - down) / 2e-6, rel=1e-3)


@pytest.mark.parametrize("kind", ["discrimination", "std"])
def test_is_the_features_layer_and_makes_logits_depend_on_the_batch(kind):
    config = Config(size=16, d_features=2, d_norm="layer", init="glorot", **KNOBS[kind])
    discriminator = build_discriminator(config)
    features = discriminator.get_layer("features")
    # Two blocks: 2 and 4 channels, the last map 4 x 4.
    if kind == "std":
        assert type(features) is MinibatchStd
        assert features.output.shape == (None, 4, 4, 5)
    else:
        assert type(features) is MinibatchDiscrimination
        assert (features.kernels, features.dims) == (3, 2)
        assert features.output.shape == (None, 4 * 4 * 4 + 3)
    pictures = draws(3, 16, 16, 3)
    changed = np.concatenate([pictures[:1], draws(2, 16, 16, 3) * 0.1])
    first, other = discriminator(pictures)[0, 0], discriminator(changed)[0, 0]
    assert abs(float(first) - float(other)) > 1e-5
    plain = build_discriminator(Config(size=16, d_features=2, d_norm="layer"))
    first, other = plain(pictures)[0, 0], plain(changed)[0, 0]
    assert abs(float(first) - float(other)) < 1e-6


def test_both_kinds_stand_together():
    config = Config(size=16, d_features=2, **KNOBS["std"], **KNOBS["discrimination"])
    discriminator = build_discriminator(config)
    std = discriminator.get_layer("minibatch_std")
    assert std.output.shape == (None, 4, 4, 5)
    features = discriminator.get_layer("features")
    assert features.output.shape == (None, 4 * 4 * 5 + 3)


@pytest.mark.parametrize("kind", ["discrimination", "std"])
def test_survives_a_keras_file(kind, tmp_path):
    layer, shape = {
        "discrimination": (MinibatchDiscrimination(3, 2), (6,)),
        "std": (MinibatchStd(epsilon=0.1), (2, 2, 3)),
    }[kind]
    model = keras.Sequential([keras.Input(shape), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    inputs = draws(3, *shape)
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
