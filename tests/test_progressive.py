"""Growing at the picture's end: what is taken over, and how a block fades in."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from growing import FADING, TINY, Watch, alphas, by_layer, noise, two_stages

import dcgan
from dcgan.config import Config
from dcgan.models.fade import FadeIn
from dcgan.pixels import to_float
from dcgan.training.fitting import fit_stage
from dcgan.training.progressive import grow
from dcgan.training.updates import UPDATES, Judged


def values(network):
    return {v.path: v.numpy().copy() for v in network.variables}


def means_of_squares(pictures):
    n, h, w, c = pictures.shape
    return pictures.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))


@pytest.fixture(
    scope="module",
    params=[
        {"discriminators": 2, "upsample": False, "d_norm_first": True},
        {"d_norm": "instance", "block_convs": 2, "g_norm": "pixel"},
        {"spectral_norm": True, "d_norm": "none", "progressive": [16, 32], "size": 32},
        {"equalized_lr": True, "init": "normal", "minibatch_std": True, "dropout": 0.3},
    ],
    ids=["two-deconv", "instance-convs", "spectral", "equalized"],
)
def faded(request):
    return two_stages(Config(**FADING | request.param))


@pytest.mark.parametrize("name", ["generator", "ema_generator"])
def test_a_grown_generator_shows_the_enlarged_pictures_of_before(faded, name):
    latents = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    small, large = (
        getattr(gan, name)(latents, training=False).numpy()
        for gan in (faded.before, faded.after)
    )
    assert large.shape[1] == 2 * small.shape[1] and small.std() > 1e-3
    enlarged = small.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(large, enlarged, atol=1e-6)


def test_a_grown_discriminator_judges_the_shrunk_pictures_as_before(faded):
    side = faded.stage.size
    rng = np.random.default_rng(1)
    pictures = rng.uniform(-1, 1, (4, side, side, 3)).astype(np.float32)
    before = faded.before.discriminator(means_of_squares(pictures), training=False)
    after = faded.after.discriminator(pictures, training=False)
    np.testing.assert_allclose(after, before, atol=1e-6, rtol=1e-5)
    assert np.ptp(after) > 1e-6  # not the same of any picture


def test_the_average_of_before_is_taken_over_apart_from_the_generator():
    stages = grow(Config(**FADING), 2)
    _, before = next(stages)
    for weight in before.ema_generator.weights:
        weight.assign_add(np.float32(np.ones(weight.shape)))
    _, after = next(stages)
    old, new = (by_layer(gan.ema_generator) for gan in (before, after))
    assert set(old) <= set(new)
    for name, weights in old.items():
        generator_s = after.generator.get_layer(name).get_weights()
        for a, b, c in zip(new[name], weights, generator_s, strict=True):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_allclose(a, c + 1, atol=1e-6)


@pytest.fixture(scope="module")
def hard():
    """Growth at the picture's end without fading."""
    return two_stages(Config(**TINY))


def test_without_fading_the_newest_layers_replace_the_old_output(hard):
    for network in (hard.after.generator, hard.after.discriminator):
        names = {layer.name for layer in network.layers}
        assert not any(isinstance(layer, FadeIn) for layer in network.layers)
        assert not names & {"rgb8", "from8_conv", "from8_activation"}
    assert hard.after.generator.output_shape == (None, 16, 16, 3)
    assert hard.after.discriminator.input_shape == (None, 16, 16, 3)
    assert hard.after.fade == (0, 0)


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_without_fading_all_blocks_of_before_are_taken_over(hard, network):
    old, new = (by_layer(getattr(g, network)) for g in (hard.before, hard.after))
    gone = {"generator": {"rgb8"}, "discriminator": {"from8_conv"}}[network]
    fresh = {
        "generator": {"block2_conv", "block2_norm", "rgb16"},
        "discriminator": {"from16_conv", "block1_conv", "block1_norm"},
    }[network]
    assert set(old) - set(new) == gone
    assert set(new) - set(old) == fresh
    assert hard.after.carried[network] == [name for name in new if name not in fresh]
    for name in set(old) - gone:
        for a, b in zip(new[name], old[name], strict=True):
            np.testing.assert_array_equal(a, b)


def test_without_fading_the_maps_below_the_newest_block_are_those_of_before(hard):
    latents = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    maps = []
    for gan in (hard.before, hard.after):
        inner = gan.generator.get_layer("block1_activation").output
        maps.append(keras.Model(gan.generator.input, inner)(latents, training=False))
    np.testing.assert_array_equal(*maps)


def test_new_layers_start_as_they_would_without_a_stage_before(hard):
    config = hard.after.config
    for build, network in (
        (dcgan.build_generator, hard.after.generator),
        (dcgan.build_discriminator, hard.after.discriminator),
    ):
        fresh, grown = by_layer(build(config, 16)), by_layer(network)
        new = set(grown) - set(hard.after.carried[network.name])
        assert new
        for name in new:
            for a, b in zip(grown[name], fresh[name], strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("fade_in, ramp", [(0.5, 4), (0.3, 3), (1.0, 8), (0.01, 1)])
def test_alpha_rises_over_its_share_of_the_stage(fade_in, ramp):
    """Eight steps: four epochs of two batches."""
    config = Config(**FADING | {"fade_in": fade_in, "epochs": 8})
    stages = grow(config, 2)
    _, first = next(stages)
    assert alphas(first) == []
    first.step.assign(8)  # as after the first stage's four epochs
    stage, gan = next(stages)
    assert alphas(gan) == [0, 0, 0]
    seen = []
    for _ in range(8):
        gan.fade_in(tf.zeros((1, 16, 16, 3)))
        gan.step.assign_add(1)
        seen.append(alphas(gan))
    expected = [min(1, k / ramp) for k in range(1, 9)]
    np.testing.assert_allclose(seen, np.tile(np.array(expected)[:, None], 3), rtol=1e-6)
    assert seen[ramp - 1] == [1, 1, 1]


@pytest.fixture(scope="module")
def ramp():
    """Five steps of a stage that fades in, in a graph as users train."""
    config = Config(**FADING | {"epochs": 10})
    stages, watch = grow(config, 1), Watch()
    _, first = next(stages)
    first.step.assign(5)
    stage, gan = next(stages)
    start = {n.name: values(n) for n in (gan.generator, gan.discriminator)}
    fit_stage(gan, stage, noise(4, 16), [watch])
    end = {n.name: values(n) for n in (gan.generator, gan.discriminator)}
    return SimpleNamespace(gan=gan, watch=watch, start=start, end=end)


def test_alpha_is_the_same_in_all_networks_while_they_train(ramp):
    expected = np.repeat(np.array([[1 / 3, 2 / 3, 1, 1, 1]]).T, 3, axis=1)
    np.testing.assert_allclose(ramp.watch.alphas, expected, rtol=1e-6)
    assert all(len(set(row)) == 1 for row in ramp.watch.alphas)


def test_while_a_block_fades_in_all_weights_go_on_training(ramp):
    for name, start in ramp.start.items():
        still = [k for k, v in ramp.end[name].items() if np.array_equal(v, start[k])]
        assert still == []
        assert ramp.gan.carried[name]


def test_real_pictures_fade_in_as_the_networks_do(monkeypatch):
    seen = []

    def spy(gan, real):
        seen.append((real.numpy(), set(alphas(gan))))
        return tf.constant(0.0), Judged(*[tf.constant(0.0)] * 5)

    monkeypatch.setitem(UPDATES, "alternating", spy)
    config = Config(**FADING | {"epochs": 8})  # alpha 1/4 in the first of eight steps
    stages = grow(config, 2)
    next(stages)[1].step.assign(8)
    _, gan = next(stages)
    batch = to_float(noise(4, 16))
    for _ in range(5):
        gan.train_step(tf.constant(batch))
    half = means_of_squares(batch).repeat(2, axis=1).repeat(2, axis=2)
    for (real, shown), alpha in zip(seen, [0.25, 0.5, 0.75, 1, 1], strict=True):
        assert shown == {alpha}
        np.testing.assert_allclose(real, (1 - alpha) * half + alpha * batch, atol=1e-6)


def test_real_pictures_stay_as_they_are_without_fading(hard):
    batch = tf.constant(to_float(noise(4, 16)))
    assert hard.after.fade_in(batch) is batch
