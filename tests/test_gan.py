"""The train step: what is updated by what, and what comes of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import compiled_gan

import dcgan
from dcgan.config import Config
from dcgan.pixels import to_float
from dcgan.training.gan import GAN

SMALL = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "batch_size": 4}


def make_gan(**knobs):
    return compiled_gan(Config(**SMALL | knobs))


@pytest.fixture
def batch(noise_images):
    return tf.constant(to_float(noise_images[:4]))


def weights(gan):
    return gan.generator.get_weights() + gan.discriminator.get_weights()


def trainable_weights(gan):
    """Those of G and of D, without BatchNorm's moving statistics."""
    networks = (gan.generator, gan.discriminator)
    return [[v.numpy() for v in n.trainable_variables] for n in networks]


def assert_same(first, second, **tolerance):
    assert len(first) == len(second)
    for a, b in zip(first, second):
        np.testing.assert_allclose(a, b, **tolerance)


class Linear:
    """D(x) = w . x and G(z) = v z as Keras models: small enough for a hand update."""

    def __init__(self):
        latents = keras.Input((2,))
        flat = keras.layers.Dense(4, use_bias=False)(latents)
        self.generator = keras.Model(latents, keras.layers.Reshape((2, 2, 1))(flat))
        pictures = keras.Input((2, 2, 1))
        logit = keras.layers.Dense(1, use_bias=False)
        self.discriminator = keras.Model(
            pictures, logit(keras.layers.Flatten()(pictures))
        )


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def hand_update(update, real, latents, v, w, rate):
    """One step of plain gradient descent, derived by hand. Returns (v, w)."""
    x, fake = real.reshape(len(real), 4), latents @ v
    d_real = (sigmoid(x @ w) - 1) / len(x)
    d_fake = sigmoid(fake @ w) / len(x)
    new_w = w - rate * (x.T @ d_real + fake.T @ d_fake)
    judge = new_w if update == "alternating" else w
    d_generator = (sigmoid(fake @ judge) - 1) / len(x)
    return v - rate * (latents.T @ d_generator @ judge.T), new_w


@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
def test_one_step_equals_the_hand_computed_one(update, monkeypatch):
    rng = np.random.default_rng(0)
    real = rng.normal(size=(5, 2, 2, 1)).astype(np.float32)
    latents = rng.normal(size=(5, 2)).astype(np.float32)
    monkeypatch.setattr("dcgan.training.objectives.normal", lambda key, shape: latents)
    nets = Linear()
    config = Config(update=update, aug_prob=0.0, ema_half_life=0.0)
    gan = GAN(nets.generator, nets.discriminator, config)
    gan.compile(keras.optimizers.SGD(0.5), keras.optimizers.SGD(0.5))
    (v,), (w,) = nets.generator.get_weights(), nets.discriminator.get_weights()
    expected = hand_update(update, real, latents, v, w, rate=0.5)
    gan.train_step(tf.constant(real))
    actual = nets.generator.get_weights() + nets.discriminator.get_weights()
    assert_same(actual, expected, atol=1e-6)


@pytest.mark.parametrize(
    "update, loss", [("alternating", "bce"), ("simultaneous", "hinge")]
)
def test_fit_function_and_eager_steps_agree(update, loss, noise_images):
    """Same weights from `fit`, from a bare tf.function loop and from eager steps."""
    results = []
    dataset = dcgan.make_dataset(noise_images, 4, seed=0)
    for way in ("fit", "function", "eager"):
        gan = make_gan(update=update, loss=loss, aug_prob=0.5)
        if way == "fit":
            gan.fit(dataset, epochs=2, verbose=0)
        else:
            step = tf.function(gan.train_step) if way == "function" else gan.train_step
            for batch in dataset.take(4):
                step(batch)
        assert int(gan.step) == 4
        results.append(weights(gan))
    # Compiled and eager sums round differently; Adam's first steps magnify it.
    assert_same(results[0], results[1], atol=1e-6)
    assert_same(results[0], results[2], atol=2e-4)


def test_the_same_seed_gives_the_same_weights_to_the_bit(batch):
    runs = []
    for seed in (3, 3, 4):
        gan = make_gan(seed=seed)
        step = tf.function(gan.train_step)
        for _ in range(3):
            step(batch)
        runs.append(weights(gan))
    for a, b in zip(runs[0], runs[1]):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(runs[0][0], runs[2][0])


def test_aug_prob_0_is_bit_identical_to_no_augmentation(batch, monkeypatch):
    gan = make_gan(aug_prob=0.0)
    plain = make_gan()
    monkeypatch.setattr(plain, "augment", lambda images, purpose, turn: images)
    for each in (gan, plain):
        each.train_step(batch)
    for a, b in zip(weights(gan), weights(plain)):
        np.testing.assert_array_equal(a, b)


def test_real_and_fake_are_augmented_in_both_updates(batch, monkeypatch):
    seen = []

    def record(images, key, decision_key, policy, aug_prob, aug_per_sample):
        seen.append((tuple(key.numpy()), tuple(decision_key.numpy())))
        return images

    monkeypatch.setattr("dcgan.training.objectives.maybe_augment", record)
    gan = make_gan(update="alternating")
    gan.train_step(batch)
    gan.train_step(batch)
    keys, decisions = zip(*seen)
    assert len(set(keys)) == 6  # real, fake and fake again, each with its own draws
    assert len(set(decisions)) == 2  # but augmented or not together, step by step


def test_each_optimizer_moves_its_own_network_only(batch):
    for still in ("g_lr", "d_lr"):
        gan = make_gan(**{still: 0.0})
        before = trainable_weights(gan)
        gan.train_step(batch)
        after = trainable_weights(gan)
        moved = [
            any(not np.array_equal(x, y) for x, y in zip(b, a))
            for b, a in zip(before, after)
        ]
        assert moved == ([False, True] if still == "g_lr" else [True, False])


def test_logs_are_means_of_the_epoch(batch):
    gan = make_gan()
    logs = [gan.train_step(batch) for _ in range(3)]
    assert set(logs[-1]) == {"g_loss", "d_loss", "real_score", "fake_score"}
    assert 0 < float(logs[-1]["real_score"]) < 1
    single = []
    gan = make_gan()
    for _ in range(3):
        for metric in gan.metrics:
            metric.reset_state()
        single.append(float(gan.train_step(batch)["g_loss"]))
    assert float(logs[-1]["g_loss"]) == pytest.approx(np.mean(single), rel=1e-5)


def test_the_average_follows_the_formula(batch):
    gan = make_gan(ema_half_life=6.0)
    average = [w.numpy() for w in gan.generator.weights]
    for step in (1, 2, 40):
        gan.step.assign(step - 1)
        gan.train_step(batch)
        decay = 0.5 ** (4 / min(6.0, 0.05 * 4 * step))
        average = [
            decay * old + (1 - decay) * weight.numpy()
            for old, weight in zip(average, gan.generator.weights)
        ]
        assert_same(gan.ema_generator.get_weights(), average, atol=1e-6)
    assert any("moving_mean" in w.path for w in gan.ema_generator.weights)


def test_without_half_life_the_generator_itself_makes_the_samples():
    gan = make_gan(ema_half_life=0.0)
    assert gan.ema_generator is gan.generator


def test_samples_depend_on_the_seed_only():
    gan = make_gan()
    samples = gan.sample(70, seed=3)
    assert samples.shape == (70, 16, 16, 3) and samples.dtype == np.uint8
    np.testing.assert_array_equal(samples, gan.sample(70, seed=3))
    assert not np.array_equal(samples, gan.sample(70, seed=4))


def test_own_models_optimizers_and_loss_are_used(batch):
    nets = Linear()
    gan = GAN(nets.generator, nets.discriminator)
    called = []

    def loss(real_logits, fake_logits, real_targets, fake_targets):
        called.append((real_targets, fake_targets))
        return tf.reduce_mean(fake_logits), tf.reduce_mean(real_logits)

    g_optimizer = keras.optimizers.SGD(0.1)
    gan.compile(g_optimizer=g_optimizer, loss=loss)
    gan.train_step(tf.ones((4, 2, 2, 1)))
    assert called[0] == (1.0, 0.0)
    assert gan.g_optimizer is g_optimizer
    assert gan.sample(3).shape == (3, 2, 2, 1)
