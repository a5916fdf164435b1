"""The recipe `diffaugment` against PyTorch (see fixtures/make_diffaugment.py)."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dcgan import GAN, build_discriminator, build_generator, load_config
from dcgan.pixels import to_float

FIXTURE = Path(__file__).parent / "fixtures" / "diffaugment.npz"
LEARNING_RATE = 2e-4


@pytest.fixture(scope="module")
def torch_step():
    with np.load(FIXTURE) as stored:
        return dict(stored)


@pytest.fixture
def gan(torch_step, monkeypatch):
    config = load_config(
        "diffaugment", g_features=4, d_features=4, latent_dim=8, aug_prob=0.0
    )
    gan = GAN(build_generator(config), build_discriminator(config), config)
    gan.generator.set_weights(_weights(torch_step, "g"))
    gan.discriminator.set_weights(_weights(torch_step, "d"))
    gan.compile()
    latents = tf.constant(torch_step["latents"])
    monkeypatch.setattr("dcgan.training.gan.normal", lambda key, shape: latents)
    return gan


def test_forward_passes_equal_pytorch(gan, torch_step):
    real = to_float(torch_step["real_levels"])
    fake = gan.generator(torch_step["latents"], training=True).numpy()
    np.testing.assert_allclose(fake[:2], torch_step["first_fakes"], atol=1e-5)
    for pictures, expected in ((real, "real_logits"), (fake, "fake_logits")):
        logits = gan.discriminator(pictures, training=True).numpy()[:, 0]
        np.testing.assert_allclose(logits, torch_step[expected], atol=1e-5)


def test_all_weights_equal_pytorch_after_one_update(gan, torch_step):
    logs = gan.train_step(tf.constant(to_float(torch_step["real_levels"])))
    assert float(logs["g_loss"]) == pytest.approx(torch_step["g_loss"], abs=1e-5)
    for network, prefix in ((gan.generator, "g"), (gan.discriminator, "d")):
        before = _weights(torch_step, prefix)
        after = _weights(torch_step, prefix, "_after")
        ours = network.get_weights()
        assert len(ours) == len(after)
        for weight, old, expected in zip(network.weights, before, after):
            assert np.abs(expected - old).max() > LEARNING_RATE / 10, weight.path
        for weight, mine, expected in zip(network.weights, ours, after):
            np.testing.assert_allclose(mine, expected, atol=1e-4, err_msg=weight.path)
            # Adam's first step is as long as the learning rate wherever a gradient is,
            # so 1e-4 would let half a step pass: ask for far less of most weights.
            # PyTorch's running variance is the unbiased one, n / (n - 1) times Keras'.
            if not weight.path.endswith("moving_variance"):
                typical = np.median(np.abs(mine - expected))
                assert typical < LEARNING_RATE / 1000, weight.path


def _weights(stored, prefix, suffix=""):
    count = sum(name.startswith(prefix) and name.endswith("_after") for name in stored)
    return [stored[f"{prefix}{index}{suffix}"] for index in range(count)]
