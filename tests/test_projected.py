"""Discriminators on frozen features."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan import GAN, build_discriminator, build_generator, fit, load_config
from dcgan.models.lite import build_lite_maps
from dcgan.models.projected import FrozenFeatures
from dcgan.models.spectral import SpectralNormalized, power_iterations

SMALL = {"size": 16, "g_features": 4, "d_features": 4, "batch_size": 4}
SMALL |= {"projected": True, "projected_size": 64, "aug_prob": 0.0}


def pictures(channels=3, count=4, side=16):
    shape = (count, side, side, channels)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


@pytest.fixture(scope="module")
def maps():
    return build_lite_maps("lite0", 64)


def enlarged(colours):
    """Keras' own bilinear layer."""
    return keras.layers.Resizing(64, 64, interpolation="bilinear")(colours)


def check_features(given, colours, maps):
    found = FrozenFeatures(64)(given)
    for ours, expected in zip(found, maps(enlarged(colours)), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_features_of_colours_are_lite0_s(maps):
    check_features(pictures(), pictures(), maps)


def test_features_of_grey_are_those_of_equal_colours(maps):
    grey = pictures(1)
    check_features(grey, np.concatenate([grey] * 3, axis=3), maps)


def test_features_of_rgba_are_those_over_white(maps):
    given = pictures(4)
    colours, opacity = given[..., :3], (given[..., 3:] + 1) / 2
    check_features(given, 1 + (colours - 1) * opacity, maps)
    given[..., 3] = -1  # transparent: no colour is to be seen
    check_features(given, np.ones_like(colours), maps)


def test_four_more_logits_and_only_the_small_discriminators_train():
    config = load_config("narrow", **SMALL)
    alone = build_discriminator(load_config("narrow", **SMALL | {"projected": False}))
    network = build_discriminator(config)
    assert network.output_shape == (None, 5)
    names = {w.path for w in network.trainable_variables}
    added = names - {w.path for w in alone.trainable_variables}
    parts = {path.split("/")[0] for path in added}
    # At 64 pixels the maps have sides 16, 8, 4 and 2.
    convs = {"projected1_conv8", "projected1_conv4", "projected2_conv4"}
    assert parts == convs | {f"projected{i}_logit" for i in (1, 2, 3, 4)}
    fixed = [x for x in network.layers if x.name.endswith(("_channels", "_scales"))]
    assert len(fixed) == 7 and not any(x.trainable_variables for x in fixed)


def test_maps_are_mixed_across_channels_and_then_across_scales(maps):
    network = build_discriminator(load_config("narrow", **SMALL))

    def mixing(name):
        return network.get_layer(f"projected{name}").kernel.numpy()[0, 0]

    scales = [scale.numpy() for scale in maps(enlarged(pictures()))]
    expected = scales[3] @ mixing("4_channels")
    for number in (3, 2, 1):
        coarser = (expected @ mixing(f"{number}_scales")).repeat(2, 1).repeat(2, 2)
        expected = scales[number - 1] @ mixing(f"{number}_channels") + coarser
        mixed = network.get_layer(f"projected{number}_mixed").output
        found = keras.Model(network.input, mixed)(pictures())
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_the_first_logit_is_the_pixel_discriminator_s():
    alone = build_discriminator(load_config("narrow", **SMALL | {"projected": False}))
    both = build_discriminator(load_config("narrow", **SMALL))
    logits = alone(pictures(), training=False), both(pictures(), training=False)
    np.testing.assert_allclose(logits[0][:, 0], logits[1][:, 0], atol=1e-5)


@pytest.mark.parametrize("name", ["gp", "r1", "r2"])
def test_gradient_penalties_are_those_of_the_pixel_discriminator(name):
    knobs = SMALL | {name: 1.0, "d_norm": "none", "discriminators": 2}
    found = []
    for projected in (False, True):
        config = load_config("narrow", **knobs | {"projected": projected})
        gan = GAN(build_generator(config), build_discriminator(config), config)
        real, fake = tf.constant(pictures()), tf.constant(pictures()[::-1])
        found.append(float(gan.penalty(real, fake)))
    assert found[0] == pytest.approx(found[1], rel=1e-5) and found[0] > 0
    seen = gan.of_pixels.network.layers  # Lite0 twice would be slow
    assert not any(isinstance(layer, FrozenFeatures) for layer in seen)


def test_small_discriminators_keep_their_spectral_norm():
    network = build_discriminator(load_config("narrow", **SMALL))
    layers = [x for x in network.layers if isinstance(x, SpectralNormalized)]
    assert len(layers) == 7
    for _ in range(100):
        power_iterations(network)
    for layer in layers:
        kernel = layer.normalised_kernel().numpy()
        values = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)
        assert values[0] == pytest.approx(1, abs=1e-2)


def test_training_moves_every_weight_of_g_and_leaves_lite0():
    config = load_config("narrow", **SMALL, loss="hinge")
    gan = GAN(build_generator(config), build_discriminator(config), config)
    gan.compile()
    frozen = gan.discriminator.get_layer("projected_lite0")
    before = [m.numpy() for m in frozen(pictures())]
    weights = [w.numpy() for w in gan.generator.trainable_variables]
    real = tf.constant(pictures())
    for _ in range(2):
        logs = gan.train_step(real)
    assert np.isfinite([float(x) for x in logs.values()]).all()
    after = gan.generator.trainable_variables
    assert all(np.abs(w - v.numpy()).max() > 0 for w, v in zip(weights, after))
    for one, other in zip(before, frozen(pictures())):
        np.testing.assert_array_equal(one, other)


def test_a_saved_one_holds_no_lite0_and_answers_the_same(tmp_path):
    network = build_discriminator(load_config("narrow", **SMALL))
    network.save(tmp_path / "d.keras")
    # Lite0's maps alone have 3.0 million numbers, 12 MB.
    assert (tmp_path / "d.keras").stat().st_size < 4 * network.count_params() + 300_000
    assert not any("efficientnet" in w.path for w in network.weights)
    again = keras.models.load_model(tmp_path / "d.keras")
    logits = network(pictures()).numpy(), again(pictures()).numpy()
    np.testing.assert_allclose(*logits, atol=1e-6)


def test_equal_seeds_give_equal_mixing_and_others_do_not():
    def logits(seed):
        network = build_discriminator(load_config("narrow", **SMALL, seed=seed))
        return network(pictures()).numpy()[:, 1:]

    np.testing.assert_array_equal(logits(1), logits(1))
    assert np.abs(logits(1) - logits(2)).max() > 1e-3


@pytest.mark.parametrize(
    "knobs",
    [
        {"d_norm": "none", "r1": 1.0},
        {"update": "simultaneous"},
        {"feature_matching": 1.0},
        {"precision": "bfloat16"},
        {"channels": 4, "discriminators": 2},
    ],
    ids=str,
)
def test_it_goes_with_other_techniques(knobs):
    config = load_config("narrow", **SMALL, **knobs)
    gan = GAN(build_generator(config), build_discriminator(config), config)
    gan.compile()
    logs = gan.train_step(tf.constant(pictures(config.channels)))
    assert np.isfinite([float(x) for x in logs.values()]).all()


@pytest.mark.usefixtures("eagerly")
def test_it_grows_with_the_pictures():
    knobs = SMALL | {"progressive": [8, 16], "epochs": 2, "min_map": 4, "latent_dim": 4}
    noise = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)
    gan, history = fit(load_config("progan", **knobs), noise)
    assert gan.discriminator.output_shape == (None, 5)
    assert np.isfinite(history["d_loss"]).all()


def test_every_pixel_of_a_larger_picture_is_seen():
    given = tf.constant(pictures(count=1, side=256))
    with tf.GradientTape() as tape:
        tape.watch(given)
        found = FrozenFeatures(64)(given)
        total = sum(tf.reduce_sum(tf.square(maps)) for maps in found)
    gradient = np.abs(tape.gradient(total, given))
    assert gradient.max(axis=-1).min() > 0


def test_larger_pictures_count_as_the_means_of_squares(maps):
    given = pictures(side=128)
    means = given.reshape(4, 64, 2, 64, 2, 3).mean(axis=(2, 4))
    for ours, expected in zip(FrozenFeatures(64)(given), maps(means), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-4)
