"""The gradient flow: the right numbers, layer by layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from flowing import make_gan, noise, second_stage

import dcgan
from dcgan.config import Config
from dcgan.errors import InputError
from dcgan.pixels import to_float
from dcgan.randomness import normal, uniform
from dcgan.training.gan import GAN
from dcgan.training.gradients import gradient_flow


@pytest.fixture
def batch():
    return tf.constant(to_float(noise()))


def softplus(x):
    return tf.math.log(1 + tf.exp(x))


def by_hand(gan, real, g_loss, d_loss):
    """Gradients by variable path, of losses of two batches of logits."""
    latents = normal(gan.key("latents"), (len(real), gan.latent_dim))
    with tf.GradientTape(persistent=True) as tape:
        fake = gan.generator(latents, training=True)
        logits = [gan.discriminator(x, training=True) for x in (real, fake)]
        losses = g_loss(*logits), d_loss(*logits, fake)
    networks = gan.generator, gan.discriminator
    return {
        network.name: dict(
            zip(
                [v.path for v in network.trainable_variables],
                tape.gradient(loss, network.trainable_variables),
            )
        )
        for network, loss in zip(networks, losses)
    }


def assert_flow_is(flow, gradients):
    """All the weights of a layer are one heap of numbers."""
    for network, found in gradients.items():
        heaps = {}
        for path, gradient in found.items():
            heap = heaps.setdefault(path.rpartition("/")[0].split("/")[-1], [])
            heap.extend(np.abs(gradient.numpy()).ravel())
        assert set(flow[network]) == set(heaps)
        for name, heap in heaps.items():
            mean, largest, new = flow[network][name]
            assert mean == pytest.approx(np.mean(heap), rel=1e-3, abs=1e-9)
            assert largest == pytest.approx(np.max(heap), rel=1e-3, abs=1e-9)
            assert not new


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"g_bias": "all", "d_bias": "all", "upsample": False},
        {"fresh_latents": True},
    ],
)
def test_the_flow_is_that_of_the_bce_losses(knobs, batch):
    gan = make_gan(**knobs)
    gan.step.assign(7)
    flow = gradient_flow(gan, batch)
    gradients = by_hand(
        gan,
        batch,
        lambda real, fake: tf.reduce_mean(softplus(-fake)),
        lambda real, fake, _: tf.reduce_mean(softplus(-real))
        + tf.reduce_mean(softplus(fake)),
    )
    assert_flow_is(flow, gradients)


def test_the_flow_of_a_critic_has_its_gradient_penalty(batch):
    gan = make_gan(loss="wgan", gp=10.0, d_norm="none")
    flow = gradient_flow(gan, batch)
    share = uniform(gan.key("penalty"), (4, 1, 1, 1))

    def d_loss(real_logits, fake_logits, fake):
        between = batch + share * (fake - batch)
        with tf.GradientTape() as tape:
            tape.watch(between)
            total = tf.reduce_sum(gan.discriminator(between, training=True))
        squares = tf.reduce_sum(tape.gradient(total, between) ** 2, axis=[1, 2, 3])
        penalty = tf.reduce_mean((tf.sqrt(squares) - 1) ** 2)
        return tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits) + 10 * penalty

    def g_loss(real_logits, fake_logits):
        return -tf.reduce_mean(fake_logits)

    assert_flow_is(flow, by_hand(gan, batch, g_loss, d_loss))


def test_layers_come_in_order_and_only_those_with_weights(batch):
    flow = gradient_flow(make_gan(), batch)
    assert list(flow) == ["generator", "discriminator"]
    generator = "stem_dense stem_norm block1_conv block1_norm output_deconv"
    assert list(flow["generator"]) == generator.split()
    discriminator = "block1_conv block2_conv block2_norm head_dense"
    assert list(flow["discriminator"]) == discriminator.split()


def test_networks_of_one_s_own_have_a_flow_too():
    latents, pictures = keras.Input((3,)), keras.Input((2, 2, 1))
    flat = keras.layers.Dense(4, name="to_picture")(latents)
    generator = keras.Model(latents, keras.layers.Reshape((2, 2, 1))(flat))
    logit = keras.layers.Dense(1, name="to_logit")
    discriminator = keras.Model(pictures, logit(keras.layers.Flatten()(pictures)))
    gan = GAN(generator, discriminator, Config(aug_prob=0.0))
    gan.compile()
    flow = gradient_flow(gan, tf.ones((4, 2, 2, 1)))
    assert {network: list(layers) for network, layers in flow.items()} == {
        "generator": ["to_picture"],
        "discriminator": ["to_logit"],
    }


def test_a_plain_training_has_no_new_layers(batch):
    flow = gradient_flow(make_gan(), batch)
    assert not any(x.new for layers in flow.values() for x in layers.values())


@pytest.mark.parametrize("knobs", [{"grow": "latent"}, {"grow": "image"}])
def test_frozen_layers_have_no_flow_and_added_ones_are_new(knobs, batch):
    gan = second_stage(freeze=True, **knobs)
    flow = gradient_flow(gan, batch)
    for network in (gan.generator, gan.discriminator):
        layers, carried = flow[network.name], gan.carried[network.name]
        assert list(layers) == [x.name for x in network.layers if x.weights]
        assert 0 < len(carried) < len(layers)
        for name, (mean, largest, new) in layers.items():
            assert new == (name not in carried)
            assert (mean is None) == (largest is None) == (name in carried)
            assert mean is None or 0 <= mean <= largest


def test_in_a_stage_without_freezing_all_layers_have_a_flow(batch):
    gan = second_stage(fade_in=1.0)
    gan.step.assign(2)  # the first one of the stage: alpha is 1/2
    flow = gradient_flow(gan, batch)
    assert all(x.max > 0 for layers in flow.values() for x in layers.values())
    new = {n: [k for k, x in layers.items() if x.new] for n, layers in flow.items()}
    assert new["generator"] == ["block2_conv", "block2_norm", "rgb16"]
    first = ["from16_conv", "block1_conv", "block1_norm"]
    assert sorted(new["discriminator"]) == sorted(first)


def test_a_gan_that_is_not_compiled_is_refused():
    config = Config(size=16, g_features=2, d_features=2)
    gan = GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)
    with pytest.raises(InputError, match="the GAN has no loss yet"):
        gradient_flow(gan, dcgan.to_float(noise()))
