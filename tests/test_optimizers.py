"""Adam, clipping, decay, learning rates and precision against hand-computed steps."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dcgan
from dcgan.config import Config
from dcgan.errors import InputError
from dcgan.training import optimizers
from dcgan.training.gan import GAN
from dcgan.training.optimizers import (
    FusedAdam,
    adam,
    apply_gradients,
    learning_rate_factor,
)

GRADIENTS = [np.array([3.0, -1e-5]), np.array([-1.0, 2e-5]), np.array([0.5, 1e-6])]
START = np.array([1.0, -2.0])


def steps(config, learning_rate=0.1, name="kernel"):
    """Applies the gradients and returns the variable after each."""
    variable = keras.Variable(START, dtype="float32", name=name)
    optimizer = adam(config, learning_rate)
    optimizer.build([variable])
    values = []
    for gradient in GRADIENTS:
        optimizer.apply([tf.constant(gradient, tf.float32)], [variable])
        values.append(variable.numpy())
    return values


def adam_by_hand(beta1=0.5, beta2=0.999, epsilon=1e-4, kind="keras", decay=0.0, clip=0):
    value, m, v, values = START.copy(), 0.0, 0.0, []
    for t, gradient in enumerate(GRADIENTS, start=1):
        if clip:
            gradient = gradient * min(1, clip / np.linalg.norm(gradient))
        m = beta1 * m + (1 - beta1) * gradient
        v = beta2 * v + (1 - beta2) * gradient**2
        value = value - 0.1 * decay * value
        root = np.sqrt(1 - beta2**t)
        added = epsilon if kind == "pytorch" else epsilon / root
        value = value - 0.1 * m / (1 - beta1**t) / (np.sqrt(v) / root + added)
        values.append(value)
    return values


@pytest.mark.parametrize("kind", ["keras", "pytorch"])
def test_adam_adds_epsilon_where_the_knob_says(kind):
    expected = adam_by_hand(kind=kind)
    actual = steps(Config(adam=kind, epsilon=1e-4))
    np.testing.assert_allclose(actual, expected, rtol=1e-4)
    assert abs(actual[0][1] - START[1]) < 0.05  # epsilon counts for so small a gradient


def test_weight_decay_shrinks_kernels_only():
    config = Config(weight_decay=0.5, epsilon=1e-4)
    np.testing.assert_allclose(
        steps(config), adam_by_hand(decay=0.5), rtol=1e-4, atol=1e-6
    )
    for name in ("bias", "gamma", "beta"):
        np.testing.assert_allclose(steps(config, name=name), adam_by_hand(), rtol=1e-4)


def test_clip_norm_bounds_the_gradient_of_the_whole_network():
    config = Config(clip_norm=0.7, epsilon=1e-4)
    np.testing.assert_allclose(steps(config), adam_by_hand(clip=0.7), rtol=1e-4)
    variables = [keras.Variable(np.zeros(2), dtype="float32") for _ in "ab"]
    optimizer = adam(Config(clip_norm=1.0, beta1=0.0, epsilon=1.0), 1.0)
    optimizer.build(variables)
    optimizer.apply([tf.constant([3.0, 0.0]), tf.constant([0.0, 4.0])], variables)
    # Together the gradient has norm 5, so its parts become 0.6 and 0.8.
    root = np.sqrt(1 - 0.999)
    expected = [-g * root / (root * g + 1) for g in (0.6, 0.8)]
    moved = variables[0].numpy()[0], variables[1].numpy()[1]
    np.testing.assert_allclose(moved, expected, rtol=1e-4)


def minimised(optimizer, jit=False):
    """Applies gradients in a loop of a graph, as `dynamic_frequency` does.

    Returns all variables of the network and of the optimizer, in their order.
    """
    shapes = {"kernel": (3, 4), "bias": (4,)}
    variables = [
        keras.Variable(np.full(shape, 0.5), dtype="float32", name=name)
        for name, shape in shapes.items()
    ]
    gradients = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    optimizer.build(variables)

    @tf.function(jit_compile=jit)
    def loop(count):
        rows = tf.constant(gradients)

        def update(turn):
            row = rows[turn] * optimizer.scale_loss(1.0)
            optimizer.apply([tf.stack([row, 2 * row, -row]), row], variables)
            return [turn + 1]

        tf.while_loop(lambda turn: turn < count, update, [0])

    loop(3)
    optimizer.learning_rate = 0.02
    loop(5)
    return [v.numpy() for v in [*variables, *optimizer.variables]]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"weight_decay": 0.1}, {"global_clipnorm": 0.5}, {"scaled": True}]
)
def test_one_operation_a_weight_does_what_keras_adam_does(options, jit):
    """With the same variables, so that checkpoints of both fit each other."""
    options = {"learning_rate": 0.1, "beta_1": 0.5, "epsilon": 1e-3} | options
    scaled = options.pop("scaled", False)
    optimizers = [make(**options) for make in (FusedAdam, keras.optimizers.Adam)]
    if scaled:
        optimizers = [keras.optimizers.LossScaleOptimizer(o) for o in optimizers]
    actual, expected = (minimised(optimizer, jit) for optimizer in optimizers)
    assert len(actual) == len(expected)
    for mine, theirs in zip(actual, expected):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    assert np.abs(actual[0] - 0.5).max() > 0.1


def test_the_optimizers_variables_are_named_as_keras_adam_names_them():
    variable = keras.Variable(START, dtype="float32", name="kernel")
    theirs = keras.optimizers.Adam(name="adam")
    theirs.build([variable])
    for kind in ("keras", "pytorch"):
        mine = adam(Config(adam=kind), 0.1)
        mine.build([variable])
        assert [v.path for v in mine.variables] == [v.path for v in theirs.variables]


def test_a_sparse_gradient_counts_like_a_dense_one():
    values, results = np.array([[3.0, -1.0]], np.float32), []
    dense = tf.constant(np.pad(values, [[1, 1], [0, 0]]))
    for gradient in (dense, tf.IndexedSlices(tf.constant(values), [1], (3, 2))):
        variable = keras.Variable(np.ones((3, 2)), dtype="float32")
        optimizer = FusedAdam(0.1)
        optimizer.build([variable])
        optimizer.apply([gradient], [variable])
        results.append(variable.numpy())
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(
    "step, schedule, warmup, expected",
    [
        (0, "constant", 0, 1.0),
        (0, "constant", 4, 0.25),
        (3, "constant", 4, 1.0),
        (9, "constant", 4, 1.0),
        (0, "cosine", 0, 1.0),
        (5, "cosine", 0, 0.5),
        (10, "cosine", 0, 0.0),
        (12, "cosine", 0, 0.0),
        (1, "cosine", 4, 0.5 * (1 + np.cos(0.1 * np.pi)) / 2),
    ],
)
def test_learning_rate_factors_by_hand(step, schedule, warmup, expected):
    factor = learning_rate_factor(step, schedule, warmup, 10)
    assert float(factor) == pytest.approx(expected, abs=1e-6)


def make_gan(**knobs):
    small = {"size": 16, "g_features": 2, "d_features": 2, "batch_size": 4}
    config = Config(**small | knobs)
    return GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)


def test_fit_anneals_both_rates_to_the_end(noise_images):
    gan = make_gan(schedule="cosine", epochs=5, g_lr=1e-3, d_lr=2e-3)
    gan.compile()
    seen = []

    class Record(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            optimizers = self.model.g_optimizer, self.model.d_optimizer
            seen.append([float(o.learning_rate) for o in optimizers])

    dataset = dcgan.make_dataset(noise_images, 4)
    gan.fit(dataset, epochs=5, verbose=0, callbacks=[Record()])
    factors = (1 + np.cos(np.pi * np.arange(10) / 10)) / 2
    np.testing.assert_allclose(np.array(seen)[:, 0], 1e-3 * factors, rtol=1e-5)
    np.testing.assert_allclose(np.array(seen)[:, 1], 2e-3 * factors, rtol=1e-5)


def test_cosine_without_a_number_of_steps_is_refused():
    gan = make_gan(schedule="cosine")
    gan.compile()
    with pytest.raises(InputError, match=r"schedule cosine.*compile\(total_steps"):
        gan.train_step(tf.zeros((4, 16, 16, 3)))


def test_float16_scales_the_loss_and_keeps_small_gradients():
    """A gradient of 1e-9 is 0 in float16 unless the loss is scaled."""
    inputs = keras.Input((1,))
    options = {"use_bias": False, "kernel_initializer": "ones"}
    outputs = keras.layers.Dense(1, dtype="mixed_float16", **options)(inputs)
    network = keras.Model(inputs, outputs)
    optimizer = adam(
        Config(precision="float16", beta1=0.0, epsilon=1e-12, adam="pytorch"), 0.5
    )
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    optimizer.build(network.trainable_variables)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.cast(network(tf.ones((1, 1))), tf.float32)) * 1e-9
    apply_gradients(optimizer, tape, loss, network)
    # Adam's first step is as long as the learning rate, however small the gradient.
    assert float(network.get_weights()[0][0, 0]) == pytest.approx(0.5, abs=1e-2)


def test_float16_skips_a_step_that_overflows_and_halves_the_scale():
    gan = make_gan(precision="float16", aug_prob=0.0)
    gan.compile()
    before = gan.discriminator.get_weights()[0]
    scale = float(gan.d_optimizer.dynamic_scale)
    gan.train_step(tf.fill((4, 16, 16, 3), np.float32(1e30)))
    np.testing.assert_array_equal(gan.discriminator.get_weights()[0], before)
    assert float(gan.d_optimizer.dynamic_scale) == scale / 2
    assert int(gan.d_optimizer.iterations) == 0


def test_optimizers_that_sum_in_another_way_are_refused(monkeypatch):
    """Else a new version of Keras would sum gradients that are sums already."""
    optimizer = keras.optimizers.SGD(1.0)
    optimizers.leave_sums(optimizer)
    monkeypatch.setattr(optimizers, "SUMMING", "_sum_gradients")
    with pytest.raises(RuntimeError, match="no Optimizer._sum_gradients"):
        optimizers.leave_sums(optimizer)
