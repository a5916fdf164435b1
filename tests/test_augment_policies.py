"""Whole policies of DiffAugment: gradients, seeds, order and probability."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from helpers import draw_pictures

from dcgan.errors import InputError
from dcgan.randomness import draw_key
from dcgan.training import augment

POLICY = "color,translation,cutout"
pictures = partial(draw_pictures, np.random.default_rng(0))


@pytest.mark.parametrize("policy", ["color", "translation", "cutout", POLICY])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_gradients_equal_finite_differences(policy, channels):
    images = tf.constant(pictures(count=2, side=8, channels=channels))
    weights = tf.constant(pictures(count=2, side=8, channels=channels))
    direction = tf.constant(pictures(count=2, side=8, channels=channels))

    def value(x):
        return tf.reduce_sum(weights * augment.diff_augment(x, policy, seed=3))

    with tf.GradientTape() as tape:
        tape.watch(images)
        result = value(images)
    slope = tf.reduce_sum(tape.gradient(result, images) * direction)
    step = 1e-2  # the operations are linear, so a large step costs no accuracy
    difference = value(images + step * direction) - value(images - step * direction)
    np.testing.assert_allclose(slope, difference / (2 * step), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("channels", [3, 4])
def test_eager_graph_and_xla_agree(channels):
    images = tf.constant(pictures(channels=channels))
    key = draw_key(7, 11, "test")

    def augmented(x):
        return augment.diff_augment(x, POLICY, key)

    eager = augmented(images).numpy()
    assert not np.array_equal(eager, images.numpy())
    for jit in (False, True):
        graph = tf.function(augmented, jit_compile=jit)
        np.testing.assert_allclose(graph(images), eager, atol=1e-6)


def test_the_seed_decides():
    images = pictures()
    first, again, other = (
        augment.diff_augment(images, POLICY, seed).numpy() for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_each_picture_has_its_own_draws():
    same = np.repeat(pictures(count=1), 6, axis=0)
    augmented = augment.diff_augment(same, "color", 0).numpy()
    assert len(np.unique(augmented[:, 0, 0, 0])) == 6


def test_the_order_of_the_policy_is_kept():
    images = pictures()
    coloured = augment.diff_augment(images, "color", 5)
    expected = augment.diff_augment(coloured, "cutout", 5)
    actual = augment.diff_augment(images, "color,cutout", 5)
    np.testing.assert_array_equal(actual, expected)


def maybe(images, step, aug_prob, per_sample=False):
    key, decision = draw_key(0, step, "real"), draw_key(0, step, "decision")
    return augment.maybe_augment(images, key, decision, POLICY, aug_prob, per_sample)


def test_probability_0_gives_back_the_very_pictures():
    images = tf.constant(pictures())
    assert maybe(images, 0, 0) is images
    assert maybe(images, 0, 0.0) is images


def test_probability_1_always_augments():
    images = tf.constant(pictures())
    key = draw_key(0, 4, "real")
    np.testing.assert_array_equal(
        maybe(images, 4, 1.0), augment.diff_augment(images, POLICY, key)
    )


def test_probability_is_the_share_of_iterations():
    images = tf.constant(pictures(count=2, side=4))
    step_is_augmented = tf.function(
        lambda step: tf.reduce_any(maybe(images, step, 0.3) != images, axis=[1, 2, 3])
    )
    flags = np.array([step_is_augmented(tf.constant(k)) for k in range(2000)])
    np.testing.assert_array_equal(flags[:, 0], flags[:, 1])  # both pictures or none
    # Three standard deviations of a share of 0.3 in 2,000 draws are 0.031.
    assert abs(flags[:, 0].mean() - 0.3) < 0.031


def test_probability_can_be_drawn_for_each_picture():
    images = tf.constant(pictures(count=2000, side=4))
    changed = tf.reduce_any(maybe(images, 0, 0.3, True) != images, axis=[1, 2, 3])
    assert abs(changed.numpy().mean() - 0.3) < 0.031


def test_unknown_policy_is_refused():
    with pytest.raises(InputError, match="policy is not valid.*'blur'"):
        augment.diff_augment(pictures(), "color,blur", 0)
