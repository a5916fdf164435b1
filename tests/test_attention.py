"""Self-attention against NumPy, and its place in the networks."""

import keras
import numpy as np
import pytest

from dcgan import build_discriminator, build_generator
from dcgan.config import Config
from dcgan.models.attention import SelfAttention

RNG = np.random.default_rng(0)


def maps(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def with_random_weights(channels, gamma=0.7):
    layer = SelfAttention(seed=3)
    layer.build((None, 4, 5, channels))
    for name in ("query", "key", "value", "back"):
        kernel = getattr(layer, name)
        kernel.assign(RNG.normal(size=kernel.shape))
    layer.gamma.assign(gamma)
    return layer


def by_numpy(layer, inputs):
    query, key, value, back = (
        getattr(layer, name).numpy() for name in ("query", "key", "value", "back")
    )
    outputs = np.empty_like(inputs)
    for n, picture in enumerate(inputs):
        pixels = picture.reshape(-1, picture.shape[-1])
        for i, here in enumerate(pixels):
            scores = np.array([(here @ query) @ (there @ key) for there in pixels])
            weights = np.exp(scores - scores.max())
            weights /= weights.sum()
            seen = sum(w * (there @ value) for w, there in zip(weights, pixels))
            place = np.unravel_index(i, picture.shape[:2])
            outputs[n][place] = here + layer.gamma.numpy() * (seen @ back)
    return outputs


def test_starts_as_the_identity():
    inputs = maps(2, 4, 5, 16)
    layer = SelfAttention()
    np.testing.assert_array_equal(layer(inputs), inputs)
    assert float(layer.gamma) == 0 and layer.gamma.trainable


@pytest.mark.parametrize("channels", [1, 4, 16, 24])
def test_equals_numpy(channels):
    layer, inputs = with_random_weights(channels), maps(2, 4, 5, channels)
    expected = by_numpy(layer, inputs)
    assert np.abs(expected - inputs).max() > 1e-3
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-4, atol=1e-5)


def test_keys_and_queries_have_an_eighth_of_the_channels_and_values_a_half():
    layer = with_random_weights(24)
    shapes = [tuple(weight.shape) for weight in layer.weights]
    assert shapes == [(24, 3), (24, 3), (24, 12), (12, 24), ()]


def test_permuted_pixels_give_permuted_outputs():
    layer, inputs = with_random_weights(8), maps(2, 4, 5, 8)
    order = RNG.permutation(20)
    mixed = inputs.reshape(2, 20, 8)[:, order].reshape(2, 4, 5, 8)
    expected = np.reshape(layer(inputs), (2, 20, 8))[:, order]
    actual = np.reshape(layer(mixed), (2, 20, 8))
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_pictures_do_not_see_each_other():
    layer, inputs = with_random_weights(8), maps(3, 4, 5, 8)
    alone = np.concatenate([layer(inputs[k : k + 1]) for k in range(3)])
    np.testing.assert_allclose(layer(inputs), alone, rtol=1e-4, atol=1e-5)


def test_first_weights_depend_on_the_seed_and_differ_from_each_other():
    same, again, other = (SelfAttention(seed=seed) for seed in (1, 1, 2))
    for layer in (same, again, other):
        layer.build((None, 4, 4, 16))
    np.testing.assert_array_equal(same.query, again.query)
    assert not np.array_equal(same.query, other.query)
    assert not np.array_equal(same.query, same.key)


@pytest.mark.parametrize("size", [16, 32])
def test_stands_once_at_a_quarter_of_the_size_in_both_networks(size):
    knobs = {"g_features": 2, "d_features": 2, "self_attention": True}
    config = Config(size=size, **knobs)
    for model in (build_generator(config), build_discriminator(config)):
        found = [x for x in model.layers if isinstance(x, SelfAttention)]
        sides = [layer.input.shape[1:3] for layer in found]
        assert sides == [(size // 4, size // 4)]


def test_stands_after_the_block_that_makes_its_map():
    config = Config(size=32, g_features=2, d_features=2, self_attention=True)
    before = []
    for model in (build_generator(config), build_discriminator(config)):
        names = [layer.name for layer in model.layers]
        before.append(names[names.index("attention") - 1])
    # G: 4, 8; D: 16, 8.
    assert before == ["block1_activation", "block2_activation"]


def test_stands_at_the_first_map_that_small_with_strides_of_1():
    knobs = {"d_widths": [2, 3, 4, 5], "d_strides": [2, 1, 2, 1]}
    model = build_discriminator(Config(size=16, self_attention=True, **knobs))
    assert model.get_layer("attention").input.shape == (None, 4, 4, 4)


def test_survives_a_keras_file(tmp_path):
    model = keras.Sequential([keras.Input((4, 5, 8)), with_random_weights(8)])
    inputs = maps(2, 4, 5, 8)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.layers[0].seed == 3
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
