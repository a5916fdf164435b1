"""Techniques inside a step: who is updated on what, and how often."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dcgan
from dcgan.config import Config
from dcgan.errors import InputError
from dcgan.models.spectral import SpectralConv2D, SpectralNormalized
from dcgan.training.gan import GAN
from dcgan.training.judge import feature_distance

SMALL = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "batch_size": 4}
BATCH = tf.random.stateless_uniform((4, 16, 16, 3), (0, 0), -1, 1)


def make_gan(**knobs):
    config = Config(**SMALL | knobs)
    gan = GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)
    gan.compile()
    return gan


def seen_by_the_discriminator(gan, monkeypatch):
    """Does a step and returns (purpose, turn, pictures) of what D was shown."""
    seen, view = [], gan.view

    def record(images, purpose, turn=0):
        seen.append((purpose, turn, images.numpy()))
        return view(images, purpose, turn)

    monkeypatch.setattr(gan, "view", record)
    gan.train_step(BATCH)
    return seen


def test_critic_steps_keep_the_real_batch_and_draw_new_latents(monkeypatch):
    gan = make_gan(critic_steps=3, loss="wgan", gp=10.0, d_norm="none")
    seen = seen_by_the_discriminator(gan, monkeypatch)
    assert [name for name, _, _ in seen] == ["real", "fake"] * 3 + ["generator"]
    for _, _, images in seen[0:6:2]:
        np.testing.assert_array_equal(images, BATCH)
    fakes = [images for name, _, images in seen if name == "fake"]
    assert not np.array_equal(fakes[0], fakes[1])
    assert not np.array_equal(fakes[1], fakes[2])
    np.testing.assert_array_equal(seen[-1][2], fakes[-1])  # G's update, on the last
    assert int(gan.d_optimizer.iterations) == 3
    assert int(gan.g_optimizer.iterations) == 1


def test_no_two_draws_of_a_step_share_a_key(monkeypatch):
    """Three turns: latents, labels, penalty and augmentation all differ."""
    knobs = {"label_noise": 0.1, "gp": 1.0, "d_norm": "none", "aug_prob": 0.5}
    gan, drawn = make_gan(critic_steps=3, **knobs), {}
    key = gan.key

    def record(purpose, turn=0):
        drawn[purpose, turn] = tuple(key(purpose, turn).numpy())
        return key(purpose, turn)

    monkeypatch.setattr(gan, "key", record)
    gan.train_step(BATCH)
    every_turn = ("latents", "labels", "penalty", "augment real", "augment fake")
    for purpose in (*every_turn, "augment or not"):
        assert {turn for name, turn in drawn if name == purpose} == {0, 1, 2}, purpose
    assert len(set(drawn.values())) == len(drawn)


def test_fresh_latents_give_the_generator_pictures_that_d_has_not_seen(monkeypatch):
    seen = seen_by_the_discriminator(make_gan(fresh_latents=True), monkeypatch)
    (_, _, _), (_, _, fake), (name, _, generated) = seen
    assert name == "generator" and not np.array_equal(fake, generated)


@pytest.mark.parametrize("loss, shown", [("bce", 3), ("rgan", 4), ("ragan", 4)])
def test_relativistic_losses_judge_the_real_batch_anew(loss, shown, monkeypatch):
    seen = seen_by_the_discriminator(make_gan(loss=loss), monkeypatch)
    assert len(seen) == shown


def test_one_power_iteration_a_step_however_often_d_is_called():
    gan = make_gan(spectral_norm=True, critic_steps=3, d_lr=0.0, r1=1.0, d_norm="none")
    layers = [x for x in gan.discriminator.layers if isinstance(x, SpectralNormalized)]
    assert len(layers) == 3
    matrices, rights = [], []
    for layer in layers:
        layer.right.assign(np.ones(layer.right.shape) / np.sqrt(layer.right.shape[0]))
        kernel = layer.kernel.numpy()
        matrices.append(kernel.reshape(-1, kernel.shape[-1]))
        rights.append(layer.right.numpy())
    gan.train_step(BATCH)
    for layer, matrix, right in zip(layers, matrices, rights):
        left = matrix @ right / np.linalg.norm(matrix @ right)
        right = matrix.T @ left / np.linalg.norm(matrix.T @ left)
        np.testing.assert_allclose(layer.left.numpy(), left, atol=1e-5)
        np.testing.assert_allclose(layer.right.numpy(), right, atol=1e-5)


def test_feature_distance_by_hand():
    real = np.array([[1.0, 2.0], [3.0, 4.0]])  # mean 2, 3
    fake = np.array([[0.0, 0.0], [0.0, 2.0], [0.0, 1.0]])  # mean 0, 1
    assert float(feature_distance(real, fake)) == pytest.approx((4 + 4) / 2)


def test_feature_matching_adds_its_distance_to_the_generators_loss():
    plain, matching = make_gan(), make_gan(feature_matching=3.0)
    fake = plain.fakes(BATCH, "latents")
    views = [
        [gan.view(BATCH, "real"), gan.view(fake, "fake")] for gan in (plain, matching)
    ]
    distance = float(feature_distance(*[view.features for view in views[1]]))
    losses = [
        float(gan.generator_loss(*pair)) for gan, pair in zip((plain, matching), views)
    ]
    assert distance > 0
    assert losses[1] == pytest.approx(losses[0] + 3 * distance, rel=1e-4)


def test_soft_labels_reach_d_and_reach_g_only_if_asked():
    knobs = {"label_smoothing": 0.1, "two_sided": True, "label_noise": 0.2}
    seen = []

    def loss(real_logits, fake_logits, real_targets, fake_targets):
        seen.append((np.array(real_targets), np.array(fake_targets)))
        return tf.reduce_mean(fake_logits), tf.reduce_mean(real_logits)

    for soft in (False, True):
        gan = make_gan(**knobs, g_soft_labels=soft)
        gan.compile(loss=loss)
        gan.train_step(BATCH)
        (d_real, d_fake), (g_real, g_fake) = seen[-2:]
        assert d_real.shape == d_fake.shape == (4, 1)
        assert len(set(d_real.ravel())) == 4 and abs(d_real - 0.9).max() <= 0.1
        assert abs(d_fake - 0.1).max() <= 0.1
        if soft:
            np.testing.assert_array_equal(g_real, d_real)  # the same noisy targets
        else:
            assert (g_real, g_fake) == (1.0, 0.0)


def test_every_discriminator_and_head_learns():
    gan = make_gan(discriminators=2, heads=2)
    before = {w.path: w.numpy() for w in gan.discriminator.trainable_variables}
    gan.train_step(BATCH)
    for weight in gan.discriminator.trainable_variables:
        assert not np.array_equal(weight.numpy(), before[weight.path]), weight.path
    assert gan.discriminator.output_shape == (None, 4)


def test_layers_of_a_model_inside_the_discriminator_are_found():
    """Spectral norm iterates there, and warnings see them."""
    inner = keras.Sequential(
        [
            SpectralConv2D(2, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
        ]
    )
    nested = keras.Sequential([keras.Input((16, 16, 3)), inner, keras.layers.Dense(1)])
    config = Config(**SMALL, r1=1.0)
    with pytest.warns(UserWarning, match="BatchNorm"):
        gan = GAN(dcgan.build_generator(config), nested, config)
    gan.compile()
    right = inner.layers[0].right
    right.assign([[1.0], [0.0]])
    gan.train_step(BATCH)
    assert not np.array_equal(right.numpy(), [[1.0], [0.0]])


def test_networks_and_optimizers_that_cannot_work_are_refused():
    config = Config(**SMALL)
    generator = dcgan.build_generator(config)
    flat = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    one = keras.Sequential([flat, keras.layers.Dense(1), keras.layers.Reshape(())])
    one.build((None, 16, 16, 3))
    with pytest.raises(InputError, match=r"output is not logits.*\(N, L\)"):
        GAN(generator, one, config)
    plain = keras.Sequential([flat, keras.layers.Dense(1)])
    plain.build((None, 16, 16, 3))
    with pytest.raises(InputError, match="ct compares.*without a Dropout layer"):
        GAN(generator, plain, Config(**SMALL, ct=2.0, dropout=0.3))
    optimizer = keras.optimizers.SGD(0.1)
    with pytest.raises(InputError, match="must be two objects"):
        GAN(generator, plain, config).compile(optimizer, optimizer)
