"""Draws: their distribution, their keys, and eager = graph = XLA."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan.randomness import (
    draw_key,
    integers,
    normal,
    permutation,
    split_key,
    uniform,
)

DRAWS = {
    "uniform": lambda key: uniform(key, (1000,), -2.0, 3.0),
    "normal": lambda key: normal(key, (1000,)),
    "integers": lambda key: integers(key, (1000,), -2, 2),
    "permutation": lambda key: permutation(key, 1000),
    "split": lambda key: split_key(key, "part"),
}


@pytest.mark.parametrize("name", DRAWS)
def test_eager_graph_and_xla_agree(name):
    def draw(step):  # the step is an argument, else the graph folds it to a constant
        return DRAWS[name](draw_key(7, step, "test"))

    eager = draw(tf.constant(5))
    for jit in (False, True):
        compiled = tf.function(draw, jit_compile=jit)(tf.constant(5))
        np.testing.assert_allclose(compiled, eager, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("jit", [False, True])
def test_the_numbers_are_those_of_tensorflows_philox(jit):
    def ours(key):
        bits = permutation(key, 9)
        return split_key(key, 5), integers(key, (9,), 0, 99), uniform(key, (9,)), bits

    key, philox = tf.constant([-7, 2**31 - 1]), {"alg": "philox"}
    bits = tf.random.stateless_uniform((9,), key, None, None, tf.uint32, **philox)
    order = tf.random.stateless_uniform((9,), key, None, None, tf.int32, **philox)
    expected = (
        tf.random.experimental.stateless_fold_in(key, 5, **philox),
        tf.random.stateless_uniform((9,), key, 0, 100, tf.int32, **philox),
        (bits.numpy() >> 9) / 2**23,
        np.argsort(order, kind="stable"),
    )
    for one, two in zip(tf.function(ours, jit_compile=jit)(key), expected):
        np.testing.assert_array_equal(one, two)


def test_uniform_is_uniform():
    values = np.sort(uniform(draw_key(0, 0, "test"), (20000,), -2.0, 3.0).numpy())
    expected = np.linspace(-2, 3, 20000)
    # Kolmogorov and Smirnov: larger than 1.63 / sqrt(n) in one of a hundred tries.
    assert np.abs(values - expected).max() / 5 < 1.63 / np.sqrt(20000)
    assert values[0] >= -2 and values[-1] < 3


def test_normal_is_normal():
    values = normal(draw_key(0, 0, "test"), (20000,)).numpy()
    assert abs(values.mean()) < 0.03
    assert abs(values.std() - 1) < 0.02
    assert abs((values**4).mean() - 3) < 0.2
    shares = [(np.abs(values) < k).mean() for k in (1, 2, 3)]
    np.testing.assert_allclose(shares, [0.6827, 0.9545, 0.9973], atol=0.01)


def test_permutations_are_uniform():
    orders = [permutation(draw_key(0, k, "test"), 3).numpy() for k in range(3000)]
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 6
    np.testing.assert_allclose(counts / 3000, 1 / 6, atol=0.03)


def test_seed_step_and_purpose_each_give_other_numbers():
    keys = [
        draw_key(0, 0, "a"),
        draw_key(1, 0, "a"),
        draw_key(0, 1, "a"),
        draw_key(0, 0, "b"),
        split_key(draw_key(0, 0, "a"), "a"),
    ]
    draws = np.array([normal(key, (2000,)) for key in keys])
    correlations = np.corrcoef(draws)[np.triu_indices(5, 1)]
    assert np.abs(correlations).max() < 0.1


def test_neighbouring_steps_are_independent():
    draws = np.array([uniform(draw_key(0, k, "a"), ()) for k in range(1000)])
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.1
    assert abs(draws.mean() - 0.5) < 0.03
