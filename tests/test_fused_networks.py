"""The faster networks against the plain ones: outputs and whole trainings."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import networks_of, of_kind

import dcgan
from dcgan.config import Config
from dcgan.training import gan as gan_module
from dcgan.training import judge as judge_module
from dcgan.training.fused import (
    FusedBatchNormalization,
    UpsampledConv2D,
    accelerate,
)
from dcgan.training.gan import GAN

RNG = np.random.default_rng(0)
SMALL = {
    "size": 16,
    "g_features": 4,
    "d_features": 4,
    "latent_dim": 8,
    "batch_size": 4,
    "g_lr": 1e-2,
    "d_lr": 1e-2,
    "epsilon": 1e-3,  # else Adam's first steps blow up the rounding of tiny gradients
}
BATCHES = RNG.uniform(-1, 1, (3, 4, 16, 16, 3)).astype(np.float32)
LATENTS = RNG.normal(size=(4, 8)).astype(np.float32)


def three_steps(config, fast, monkeypatch):
    """Returns the weights of both networks before and after, by name."""
    if not fast:
        for module in (gan_module, judge_module):
            monkeypatch.setattr(module, "accelerate", lambda network: network)
    networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
    gan = GAN(*networks, config)
    assert fast or gan.paint.func is gan.generator
    if config.fade_in:
        gan.fade = (0, 4)
    gan.compile(total_steps=3)
    before = [network.get_weights() for network in networks]
    for batch in BATCHES:
        gan.train_step(tf.constant(batch))
    monkeypatch.undo()
    after = [network.get_weights() for network in networks]
    return dict(zip(("generator", "discriminator"), zip(before, after)))


def furthest(some, others):
    return max(np.abs(a - b).max() for a, b in zip(some, others))


GROWING = {"progressive": [8, 16], "grow": "image", "fade_in": 0.5, "block_convs": 2}


@pytest.mark.filterwarnings("ignore:.*mixes those of a batch")
@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"upsample": False},
        {"d_norm": "none", "loss": "rgan", "r1": 1.0, "r2": 1.0},
        {"gp": 10.0, "loss": "wgan"},
        {"spectral_norm": True, "loss": "hinge"},
        {"self_attention": True},
        {"minibatch_std": True},
        {"minibatch_discrimination": True, "minibatch_kernels": 3},
        GROWING,
        GROWING | {"equalized_lr": True, "g_norm": "pixel", "g_bias": "all"},
        {"feature_matching": 1.0, "update": "simultaneous"},
        {"dropout": 0.3, "g_dropout": 0.3, "ct": 2.0},
        {"dynamic_frequency": True, "block_convs": 2, "g_bias": "all"},
        {"discriminators": 2, "heads": 2, "weight_decay": 0.1, "clip_norm": 1.0},
    ],
    ids=str,
)
def test_three_steps_lead_to_the_same_weights(knobs, monkeypatch):
    config = Config(**SMALL | knobs)
    plain = three_steps(config, False, monkeypatch)
    fast = three_steps(config, True, monkeypatch)
    for name in plain:
        before, after = plain[name]
        moved, apart = furthest(before, after), furthest(after, fast[name][1])
        assert apart < 1e-5, (name, apart, moved)
        assert moved > 1000 * max(apart, 1e-6), (name, apart, moved)


def test_the_narrow_networks_use_both_and_share_every_variable():
    generator = dcgan.build_generator(Config(**SMALL))
    fast = accelerate(generator)
    norms = of_kind(generator, keras.layers.BatchNormalization)
    assert len(of_kind(fast, FusedBatchNormalization)) == len(norms) > 1
    doublings = of_kind(generator, keras.layers.UpSampling2D)
    assert len(of_kind(fast, UpsampledConv2D)) == len(doublings) > 0
    assert not of_kind(fast, (keras.layers.UpSampling2D, keras.layers.Conv2D))
    assert {id(v) for v in fast.variables} == {id(v) for v in generator.variables}
    fast(LATENTS, training=True)
    for training in (True, False):
        expected = generator(LATENTS, training=training)
        np.testing.assert_allclose(
            fast(LATENTS, training=training), expected, atol=1e-6
        )


def test_the_plain_generator_can_still_be_saved_and_cloned(tmp_path):
    gan = GAN(*networks_of(Config(**SMALL)), Config(**SMALL))
    gan.generator.save(tmp_path / "g.keras")
    again = keras.models.load_model(tmp_path / "g.keras")
    clone = keras.models.clone_model(gan.generator)
    clone.set_weights(gan.generator.get_weights())
    for network in (again, clone):
        assert [x.name for x in network.layers] == [
            x.name for x in gan.generator.layers
        ]
        np.testing.assert_array_equal(network(LATENTS), gan.generator(LATENTS))


def test_second_derivatives_never_go_through_the_fused_discriminator():
    plain = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    for knobs in ({"gp": 1.0}, {"r1": 1.0}, {"r2": 1.0}):
        config = Config(**SMALL, **knobs)
        with pytest.warns(UserWarning, match="mixes those of a batch"):
            gan = GAN(dcgan.build_generator(config), plain, config)
        assert gan.of_pixels.network is plain
    assert len(of_kind(gan.judge.network, FusedBatchNormalization)) == 1
    assert of_kind(gan.paint.func, FusedBatchNormalization)


def test_half_precision_trains_on_the_plain_networks():
    for precision in ("bfloat16", "float16"):
        for network in networks_of(Config(**SMALL, precision=precision)):
            assert accelerate(network) is network


def test_xla_agrees():
    fast = accelerate(dcgan.build_generator(Config(**SMALL)))
    results = [
        tf.function(lambda z: fast(z, training=True), jit_compile=jit)(LATENTS)
        for jit in (False, True)
    ]
    np.testing.assert_allclose(*results, atol=1e-5)


@pytest.mark.parametrize("jit, kept", [(None, False), (True, True), (False, False)])
def test_the_knob_decides_on_xla(jit, kept):
    config = Config(**SMALL, jit_compile=jit)
    gan = GAN(*networks_of(config), config)
    gan.compile()
    on_a_gpu = bool(tf.config.list_physical_devices("GPU"))
    assert gan.jit_compile == (on_a_gpu if jit is None else kept)
    gan.compile(jit_compile=False)  # the call wins
    assert gan.jit_compile is False
