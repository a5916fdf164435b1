"""Penalties against hand-computed gradients, and their own gradients by differences."""

import re

import numpy as np
import pytest
import tensorflow as tf

import dcgan
from dcgan.config import Config
from dcgan.randomness import draw_key, uniform
from dcgan.training.gan import GAN
from dcgan.training.judge import Judge, View
from dcgan.training.penalties import (
    PENALTIES,
    Critic,
    squared_gradient,
    weighted_penalties,
)

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(3, 2, 2, 1)).astype(np.float32)
FAKE = RNG.normal(size=(3, 2, 2, 1)).astype(np.float32)
SLOPES = RNG.normal(size=(4, 2)).astype(np.float32)
KEY = draw_key(0, 0, "test")


def flat(images):
    return images.reshape(len(images), 4)


def cubic(seen):
    """Logits w . x^3 for two heads, so that gradients differ from place to place."""
    cubes = tf.reshape(seen, (-1, 4)) ** 3
    return View(tf.matmul(cubes, SLOPES), None)


def cubic_gradient(images):
    """The gradient of the mean of both logits, by hand: 3 x^2 times the mean slope."""
    return 3 * flat(images) ** 2 * SLOPES.mean(axis=1)


def critic(judge=cubic, factor=1.0):
    return Critic(judge, judge, lambda images, kind: factor * images, KEY)


def test_squared_gradient_by_hand():
    expected = (cubic_gradient(REAL) ** 2).sum(axis=1)
    np.testing.assert_allclose(
        squared_gradient(cubic, tf.constant(REAL)), expected, rtol=1e-5
    )


def test_gp_by_hand():
    share = uniform(KEY, (3, 1, 1, 1)).numpy()
    assert len(set(share.ravel())) == 3  # its own for each picture
    norms = np.linalg.norm(cubic_gradient(REAL + share * (FAKE - REAL)), axis=1)
    actual = PENALTIES["gp"](critic(), tf.constant(REAL), tf.constant(FAKE))
    assert float(actual) == pytest.approx(((norms - 1) ** 2).mean(), rel=1e-5)


def test_gp_looks_at_what_the_discriminator_sees():
    share = uniform(KEY, (3, 1, 1, 1)).numpy()
    seen = 2 * (REAL + share * (FAKE - REAL))
    norms = np.linalg.norm(cubic_gradient(seen), axis=1)
    actual = PENALTIES["gp"](critic(factor=2.0), tf.constant(REAL), tf.constant(FAKE))
    assert float(actual) == pytest.approx(((norms - 1) ** 2).mean(), rel=1e-5)


@pytest.mark.parametrize("name, images", [("r1", REAL), ("r2", FAKE)])
def test_r1_and_r2_are_gradients_through_the_augmentation(name, images):
    # The augmentation doubles the picture, so the chain rule doubles the gradient.
    gradients = 2 * cubic_gradient(2 * images)
    expected = (gradients**2).sum(axis=1).mean() / 2
    actual = PENALTIES[name](critic(factor=2.0), tf.constant(REAL), tf.constant(FAKE))
    assert float(actual) == pytest.approx(expected, rel=1e-5)


def test_drift_is_the_mean_squared_logit_of_what_is_seen_of_real_pictures():
    logits = flat(2 * REAL) ** 3 @ SLOPES
    actual = PENALTIES["drift"](
        critic(factor=2.0), tf.constant(REAL), tf.constant(FAKE)
    )
    assert float(actual) == pytest.approx((logits**2).mean(), rel=1e-5)


def test_ct_by_hand():
    logits = iter([RNG.normal(size=(3, 2)) for _ in range(2)])
    features = iter([RNG.normal(size=(3, 5)) for _ in range(2)])
    views = [View(tf.constant(a), tf.constant(b)) for a, b in zip(logits, features)]
    answers = iter(views)
    actual = PENALTIES["ct"](critic(lambda seen: next(answers)), REAL, FAKE)
    (first, one), (second, two) = views
    expected = (np.square(first - second).mean(axis=1)).mean()
    expected += 0.1 * np.square(one - two).mean(axis=1).mean()
    assert float(actual) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["gp", "r1", "r2"])
def test_gradients_of_the_penalty_equal_finite_differences(name):
    """Through a whole discriminator with BatchNorm: a derivative of a derivative.

    Slope 1 makes it smooth: at the kink of a LeakyReLU the penalty jumps.
    """
    knobs = {name: 1.0, "size": 16, "d_features": 2, "init": "glorot", "d_slope": 1.0}
    network = dcgan.build_discriminator(Config(**knobs, d_bias="free"))
    judge = Judge(network)
    rng = np.random.default_rng(1)
    real, fake = (tf.constant(rng.normal(size=(4, 16, 16, 3)), "float32") for _ in "ab")

    def penalty():
        return PENALTIES[name](critic(judge), real, fake)

    with tf.GradientTape() as tape:
        value = penalty()
    kernel = network.get_layer("block2_conv").kernel
    direction = tf.constant(rng.normal(size=kernel.shape), "float32")
    slope = float(tf.reduce_sum(tape.gradient(value, kernel.value) * direction))
    start, step = kernel.numpy(), 2e-3
    ends = []
    for sign in (1, -1):
        kernel.assign(start + sign * step * direction.numpy())
        ends.append(float(penalty()))
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=0.02)


def test_weights_add_up_and_lazy_penalties_come_every_nth_step():
    values = {
        name: float(PENALTIES[name](critic(), tf.constant(REAL), tf.constant(FAKE)))
        for name in ("gp", "r1", "r2")
    }
    expected = 10 * values["gp"] + 2 * values["r1"] + 3 * values["r2"]

    def total(step, **knobs):
        config = Config(**knobs)
        arguments = critic(), tf.constant(REAL), tf.constant(FAKE)
        return float(weighted_penalties(config, *arguments, tf.constant(step)))

    knobs = {"gp": 10.0, "r1": 2.0, "r2": 3.0}
    assert total(1, **knobs) == pytest.approx(expected, rel=1e-5)
    assert total(0) == 0
    lazy = [total(step, **knobs, penalty_every=4) for step in range(6)]
    assert lazy == pytest.approx([4 * expected, 0, 0, 0, 4 * expected, 0], rel=1e-5)


@pytest.mark.parametrize(
    "how",
    [{}, {"penalty_every": 3}, {"update": "simultaneous"}, {"dynamic_frequency": True}],
)
def test_a_penalty_makes_the_discriminator_flatter(how, noise_images):
    """Thirty steps with a heavy R1 leave smaller gradients than thirty without."""
    flatness = []
    for weight in (0.0, 1000.0):
        knobs = {"size": 16, "g_features": 2, "d_features": 4, "batch_size": 4}
        knobs |= {"r1": weight, "d_norm": "none", "init": "glorot", "aug_prob": 0.0}
        knobs["d_lr"] = 2e-3
        knobs |= how if weight else {k: v for k, v in how.items() if k[0] != "p"}
        config = Config(**knobs)
        networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
        gan = GAN(*networks, config)
        gan.compile()
        dataset = dcgan.make_dataset(noise_images, 4)
        gan.fit(dataset, epochs=15, verbose=0)
        batch = next(iter(dataset))
        flatness.append(float(tf.reduce_mean(squared_gradient(gan.judge, batch))))
    assert flatness[1] < flatness[0] / 2, flatness


@pytest.mark.parametrize(
    "knobs, words",
    [
        ({"gp": 10.0}, "gp: .*BatchNorm"),
        ({"r1": 1.0, "minibatch_std": True}, "r1: .* but BatchNorm in the"),
        (
            {"r2": 1.0, "minibatch_discrimination": True},
            "r2: .*BatchNorm and minibatch discrimination",
        ),
    ],
)
def test_layers_that_mix_the_batch_get_a_warning(knobs, words):
    config = Config(size=16, g_features=2, d_features=2, **knobs)
    networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
    with pytest.warns(UserWarning, match=words):
        GAN(*networks, config)


@pytest.mark.parametrize(
    "knobs, words",
    [
        ({"weight_clip": 0.1, "spectral_norm": True}, "weight_clip with spectral_norm"),
        ({"weight_clip": 0.1, "equalized_lr": True}, "weight_clip with equalized_lr"),
        ({"dynamic_frequency": True, "label_swap": 0.1}, "above 0.65, so D never"),
        ({"dynamic_frequency": True, "label_smoothing": 0.1}, None),
    ],
)
def test_knobs_that_undo_each_other_get_a_warning(knobs, words, recwarn):
    """No refusal: runs that have them can still be opened."""
    config = Config(size=16, g_features=2, d_features=2, **knobs)
    GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)
    warned = [str(w.message) for w in recwarn if w.category is UserWarning]
    assert len(warned) == bool(words)
    assert all(re.search(words, text) for text in warned)


@pytest.mark.parametrize("limit", ["gp", "spectral_norm", "weight_clip", None])
def test_a_w_loss_without_a_limit_gets_a_warning(limit, recwarn):
    knobs = {"size": 16, "g_features": 2, "d_features": 2, "d_norm": "none"}
    knobs |= {limit: True if limit == "spectral_norm" else 0.1} if limit else {}
    config = Config(loss="wgan", **knobs)
    GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)
    warned = [
        str(w.message) for w in recwarn if "wgan: nothing limits" in str(w.message)
    ]
    assert len(warned) == (limit is None)


def test_weights_are_clipped(noise_images):
    config = Config(size=16, g_features=2, d_features=2, weight_clip=0.01, loss="wgan")
    gan = GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)
    gan.compile()
    gan.train_step(tf.zeros((4, 16, 16, 3)))
    weights = [w.numpy() for w in gan.discriminator.trainable_variables]
    assert max(np.abs(w).max() for w in weights) == np.float32(0.01)
    assert max(np.abs(w).max() for w in gan.generator.get_weights()) > 0.5
