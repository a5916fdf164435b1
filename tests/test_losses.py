"""Losses against NumPy, at chosen points and by their gradients."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan.combinations import WITHOUT_TARGETS
from dcgan.training.losses import LOSSES, RELATIVISTIC, scores

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(6, 2)).astype(np.float32)
FAKE = RNG.normal(size=(6, 2)).astype(np.float32)


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def cross_entropy(target, logits):
    p = sigmoid(logits)
    return -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))


def numpy_bce(real, fake, t, f):
    return cross_entropy(t, fake), cross_entropy(t, real) + cross_entropy(f, fake)


def numpy_lsgan(real, fake, t, f):
    g_loss = ((fake - t) ** 2).mean() / 2
    return g_loss, ((real - t) ** 2).mean() / 2 + ((fake - f) ** 2).mean() / 2


def numpy_hinge(real, fake, t, f):
    d_loss = np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()
    return -fake.mean(), d_loss


def numpy_wgan(real, fake, t, f):
    return -fake.mean(), fake.mean() - real.mean()


def numpy_rgan(real, fake, t, f):
    return cross_entropy(t, fake - real), cross_entropy(t, real - fake)


def numpy_ragan(real, fake, t, f):
    real_margin, fake_margin = real - fake.mean(axis=0), fake - real.mean(axis=0)
    d_loss = cross_entropy(t, real_margin) + cross_entropy(f, fake_margin)
    return cross_entropy(t, fake_margin) + cross_entropy(f, real_margin), d_loss


NUMPY = {
    "bce": numpy_bce,
    "lsgan": numpy_lsgan,
    "hinge": numpy_hinge,
    "wgan": numpy_wgan,
    "rgan": numpy_rgan,
    "ragan": numpy_ragan,
}


def test_every_loss_has_a_reference():
    assert set(NUMPY) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("targets", [(1.0, 0.0), (0.9, 0.1)])
def test_losses_equal_numpy(name, targets):
    expected = NUMPY[name](REAL, FAKE, *targets)
    np.testing.assert_allclose(LOSSES[name](REAL, FAKE, *targets), expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["bce", "lsgan", "rgan", "ragan"])
def test_targets_may_differ_for_each_picture(name):
    real_targets = RNG.uniform(0.8, 1, (6, 1)).astype(np.float32)
    fake_targets = RNG.uniform(0, 0.2, (6, 1)).astype(np.float32)
    expected = NUMPY[name](REAL, FAKE, real_targets, fake_targets)
    actual = LOSSES[name](REAL, FAKE, real_targets, fake_targets)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.parametrize("name", WITHOUT_TARGETS)
def test_losses_without_targets_ignore_them(name):
    hard = LOSSES[name](REAL, FAKE, 1.0, 0.0)
    np.testing.assert_array_equal(LOSSES[name](REAL, FAKE, 0.3, 0.6), hard)


@pytest.mark.parametrize("name", RELATIVISTIC)
def test_relativistic_losses_do_not_change_with_a_common_shift(name):
    plain = LOSSES[name](REAL, FAKE, 0.9, 0.1)
    shifted = LOSSES[name](REAL + 3, FAKE + 3, 0.9, 0.1)
    np.testing.assert_allclose(plain, shifted, rtol=1e-5)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("lsgan", (1 / 2, 1 / 2)),
        ("wgan", (0, 0)),
        ("rgan", (np.log(2), np.log(2))),
        ("ragan", (2 * np.log(2), 2 * np.log(2))),
    ],
)
def test_losses_where_all_logits_are_zero(name, expected):
    zero = tf.zeros((4, 1))
    np.testing.assert_allclose(LOSSES[name](zero, zero, 1.0, 0.0), expected, atol=1e-6)


def test_scores_are_means_of_probabilities_and_the_sign_of_real_ones():
    real, fake = np.array([[2.0], [-1.0], [3.0]]), np.array([[0.0], [-2.0], [1.0]])
    expected = sigmoid(real).mean(), sigmoid(fake).mean(), 1 / 3
    np.testing.assert_allclose(scores("bce", real, fake), expected, rtol=1e-6)
    expected = 2 / 3, 1 / 3, 1 / 3  # cut to 0 and 1
    np.testing.assert_allclose(scores("lsgan", real, fake), expected, rtol=1e-6)


def test_bce_where_the_discriminator_cannot_tell():
    zero = tf.zeros((4, 1))
    g_loss, d_loss = LOSSES["bce"](zero, zero, 1.0, 0.0)
    assert float(g_loss) == pytest.approx(np.log(2))
    assert float(d_loss) == pytest.approx(2 * np.log(2))


def test_bce_takes_logits_and_stays_finite():
    far = tf.fill((4, 1), 500.0)
    g_loss, d_loss = LOSSES["bce"](-far, far, 1.0, 0.0)
    assert float(g_loss) == pytest.approx(0)
    assert float(d_loss) == pytest.approx(1000)


def test_bce_generator_loss_does_not_saturate():
    fake = tf.constant([[-20.0]])
    with tf.GradientTape() as tape:
        tape.watch(fake)
        g_loss, _ = LOSSES["bce"](fake, fake, 1.0, 0.0)
    assert float(tape.gradient(g_loss, fake)[0, 0]) == pytest.approx(-1)
