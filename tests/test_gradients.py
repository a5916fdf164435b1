"""The gradient flow: the right numbers, from a look that changes nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import dcgan
from dcgan.config import Config
from dcgan.errors import InputError
from dcgan.models.fade import FadeIn
from dcgan.pixels import to_float
from dcgan.randomness import normal, uniform
from dcgan.training.fitting import fit_stage
from dcgan.training.gan import GAN
from dcgan.training.gradients import GradientFlow, gradient_flow
from dcgan.training.progressive import grow

TINY = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "batch_size": 4}
TINY |= {"aug_prob": 0.0, "init": "glorot"}
GROWING = {"progressive": [8, 16], "epochs": 2}
RANDOM = {"dropout": 0.3, "g_dropout": 0.2, "d_norm_first": True}


def noise(count=4, side=16):
    shape = (count, side, side, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def batch():
    return tf.constant(to_float(noise()))


def make_gan(**knobs):
    config = Config(**TINY | knobs)
    gan = GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)
    gan.compile()
    return gan


def second_stage(**knobs):
    *_, (_, gan) = grow(Config(**TINY | GROWING | knobs), 2)
    return gan


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


# ------------------------------------------------------ a look changes nothing


def everything(gan):
    networks = gan.generator, gan.discriminator, gan.ema_generator
    owners = (*networks, *gan.optimizers, *gan.metrics)
    variables = [v for owner in owners for v in owner.variables]
    return [v.numpy().copy() for v in [*variables, *gan.state.values()]]


def assert_same_bits(first, second):
    assert len(first) == len(second) > 0
    for a, b in zip(first, second):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "make, knobs",
    [
        (make_gan, RANDOM | {"ada_target": 0.6, "aug_prob": 0.5, "policy": "color"}),
        (make_gan, {"spectral_norm": True, "dynamic_frequency": True}),
        (second_stage, RANDOM | {"fade_in": 0.5}),
    ],
)
def test_a_look_leaves_every_variable_as_it_was(make, knobs, batch):
    gan = make(**knobs)
    gan.train_step(batch)
    before = everything(gan)
    gradient_flow(gan, batch)
    assert_same_bits(everything(gan), before)
    gan.train_step(batch)  # the check is not blind: this changes most of them
    changed = [not np.array_equal(a, b) for a, b in zip(everything(gan), before)]
    assert np.mean(changed) > 0.5


def test_a_look_that_fails_leaves_everything_as_it_was_too(batch, monkeypatch):
    gan = make_gan(**RANDOM)
    before = everything(gan)
    monkeypatch.setattr(gan, "discriminator_loss", lambda *views: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        gradient_flow(gan, batch)
    assert_same_bits(everything(gan), before)


def test_a_look_in_a_fading_stage_is_at_the_share_of_the_next_step(batch, monkeypatch):
    gan, seen = second_stage(fade_in=1.0), []
    fakes = gan.fakes

    def spy(real, purpose):
        seen.extend(float(x.alpha) for x in gan.generator.layers if type(x) is FadeIn)
        return fakes(real, purpose)

    monkeypatch.setattr(gan, "fakes", spy)
    gan.step.assign(2)  # the first of the second stage's two
    gradient_flow(gan, batch)
    assert seen == [0.5]


def test_training_with_looks_gives_the_same_weights_to_the_bit():
    knobs = TINY | GROWING | RANDOM | {"fade_in": 1.0, "epochs": 4}
    images, results = noise(4), []
    for callbacks in ([], [GradientFlow(images, every=1)]):
        *_, (stage, gan) = grow(Config(**knobs), 1)
        gan.step.assign(stage.first)
        gan.run_eagerly = True
        fit_stage(gan, stage, images, callbacks)
        results.append(everything(gan))
    assert int(gan.step) == 4 and list(callbacks[0].history) == [3, 4]
    assert_same_bits(*results)


# ----------------------------------------------------------------- the callback


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Seven epochs of a step, looked at after every third."""
    path = tmp_path_factory.mktemp("flow") / "gradients.png"
    gan, images = make_gan(), noise(6)
    callback = GradientFlow(images, path, every=3)
    gan.run_eagerly = True  # tracing a graph takes longer than seven steps
    gan.fit(dcgan.make_dataset(images, 4), epochs=7, verbose=0, callbacks=[callback])
    return gan, callback, path


def test_the_history_has_the_first_every_third_and_the_last_epoch(watched):
    _, callback, _ = watched
    assert list(callback.history) == [1, 3, 6, 7]
    assert callback.latest[0] == 7
    assert callback.history[1] != callback.history[7]


def test_the_last_look_is_that_of_the_trained_gan_on_the_first_pictures(watched):
    gan, callback, _ = watched
    now = gradient_flow(gan, tf.constant(to_float(noise(6)[:4])))
    for network, layers in callback.history[7].items():
        assert list(layers) == list(now[network])
        for name, (mean, largest, _) in layers.items():
            # The callback's look is compiled.
            assert mean == pytest.approx(now[network][name].mean, rel=1e-2)
            assert largest == pytest.approx(now[network][name].max, rel=1e-2)


def test_the_latest_gradients_are_those_behind_the_history(watched):
    _, callback, _ = watched
    for network, layers in callback.latest[1].items():
        for name, gradient in layers.items():
            mean, largest, _ = callback.history[7][network][name]
            assert mean == pytest.approx(np.abs(gradient).mean(), rel=1e-5)
            assert largest == pytest.approx(np.abs(gradient).max(), rel=1e-5)


def test_the_figure_is_written(watched):
    with Image.open(watched[2]) as picture:
        assert picture.format == "PNG"
        assert np.asarray(picture.convert("L")).std() > 10


def test_a_gan_that_is_not_compiled_is_refused():
    config = Config(size=16, g_features=2, d_features=2)
    gan = GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)
    with pytest.raises(InputError, match="the GAN has no loss yet"):
        gradient_flow(gan, dcgan.to_float(noise()))
