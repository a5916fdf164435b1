"""Blending in the newest block: in the networks and in the real pictures."""

import keras
import numpy as np
import pytest

from dcgan.config import Config
from dcgan.models.discriminator import build_discriminator
from dcgan.models.fade import FadeIn, fade_pictures, fade_share, set_alpha
from dcgan.models.generator import build_generator

GROWING = {"progressive": [8, 16], "fade_in": 0.5, "size": 16, "latent_dim": 4}
GROWING |= {"g_features": 2, "d_features": 2, "discriminators": 2}


def pair():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(2, 4, 4, 3)).astype(np.float32) for _ in range(2)]


def fading_model():
    inputs = [keras.Input((4, 4, 3)) for _ in range(2)]
    return keras.Model(inputs, FadeIn(name="fade")(inputs))


def fade_layers(network):
    return [layer for layer in network.layers if isinstance(layer, FadeIn)]


@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
def test_the_output_blends_before_and_new(alpha):
    before, new = pair()
    layer = FadeIn()
    layer.build([before.shape, new.shape])
    layer.alpha.assign(alpha)
    expected = (1 - alpha) * before + alpha * new
    np.testing.assert_allclose(layer([before, new]), expected, atol=1e-6)


def test_at_first_only_the_newest_is_seen():
    before, new = pair()
    layer = FadeIn()
    np.testing.assert_array_equal(layer([before, new]), new)
    assert float(layer.alpha) == 1


def test_no_optimizer_touches_alpha():
    layer = FadeIn()
    layer(pair())
    assert layer.trainable_variables == []
    assert [v.path.split("/")[-1] for v in layer.weights] == ["alpha"]


def test_half_precision_stays_half():
    before, new = (x.astype(np.float16) for x in pair())
    layer = FadeIn(dtype="mixed_float16")
    layer.build([before.shape, new.shape])
    layer.alpha.assign(0.25)
    blended = keras.ops.convert_to_numpy(layer([before, new]))
    assert blended.dtype == np.float16
    np.testing.assert_allclose(blended, 0.75 * before + 0.25 * new, atol=5e-3)


def test_a_saved_network_keeps_its_alpha(tmp_path):
    model = fading_model()
    set_alpha(model, 0.25)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert float(again.get_layer("fade").alpha) == 0.25
    np.testing.assert_array_equal(again(pair()), model(pair()))


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_real_pictures_blend_with_the_same_at_half_the_size(alpha, channels):
    rng = np.random.default_rng(0)
    pictures = rng.uniform(-1, 1, (2, 8, 8, channels)).astype(np.float32)
    expected = np.empty_like(pictures)
    for n, y, x, c in np.ndindex(pictures.shape):
        top, left = y - y % 2, x - x % 2
        mean = pictures[n, top : top + 2, left : left + 2, c].mean()
        expected[n, y, x, c] = (1 - alpha) * mean + alpha * pictures[n, y, x, c]
    np.testing.assert_allclose(fade_pictures(pictures, alpha), expected, atol=1e-6)


def test_the_share_rises_evenly_to_1_in_the_last_step():
    shares = [float(fade_share(step, 10, 4)) for step in range(10, 14)]
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_after_the_last_step_the_share_stays_1():
    assert [float(fade_share(step, 10, 4)) for step in (14, 15, 1000)] == [1, 1, 1]


@pytest.mark.parametrize("steps", [1, 3, 7, 49, 1000])
def test_the_last_step_is_exactly_1_and_none_before(steps):
    assert float(fade_share(5 + steps - 1, 5, steps)) == 1
    assert float(fade_share(5, 5, steps)) == np.float32(1) / np.float32(steps)
    if steps > 1:
        assert float(fade_share(5 + steps - 2, 5, steps)) < 1


@pytest.mark.parametrize(
    "build, count", [(build_generator, 1), (build_discriminator, 2)]
)
def test_alpha_reaches_all_that_fades_in_a_network(build, count):
    network = build(Config(**GROWING))
    set_alpha(network, 0.375)
    assert [float(layer.alpha) for layer in fade_layers(network)] == [0.375] * count


def test_the_first_stage_has_nothing_to_fade():
    config = Config(**GROWING)
    for build in (build_generator, build_discriminator):
        assert fade_layers(build(config, 8)) == []
        assert len(fade_layers(build(config, 16))) > 0
