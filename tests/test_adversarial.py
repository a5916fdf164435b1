"""`fit` of a GAN: it learns, follows the phases of a cycle, and knows one size."""

import keras
import numpy as np
import pytest
from helpers import compiled_gan

import dcgan
from dcgan.config import Config
from dcgan.errors import InputError

SMALL = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "batch_size": 4}


def make_gan(**knobs):
    return compiled_gan(Config(**SMALL | knobs))


def test_it_learns_a_plain_colour():
    """Two hundred steps turn noise to the one colour that the pictures have."""
    red = np.tile(np.array([255, 0, 0], np.uint8), (16, 16, 16, 1))
    gan = make_gan(g_lr=5e-3, d_lr=5e-3, ema_half_life=100.0, batch_size=16)
    before = np.abs(gan.sample(16).astype(int) - red).mean()
    gan.fit(dcgan.make_dataset(red, 16), epochs=200, verbose=0)
    after = np.abs(gan.sample(16).astype(int) - red).mean()
    assert after < before / 3, (before, after)


def test_fit_follows_the_phases_of_a_cycle(noise_images):
    cycle = [{"lr": 5e-4, "epochs": 1}, {"lr": 2e-4, "epochs": 2}]
    gan = make_gan(cycle=cycle, epochs=3, g_lr=5e-4, d_lr=5e-4)
    rates = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rates.append([float(o.learning_rate) for o in gan.optimizers])

    dataset = dcgan.make_dataset(noise_images, 4)
    gan.fit(dataset, epochs=3, verbose=0, callbacks=[Look()])
    np.testing.assert_allclose(rates, [[5e-4] * 2, [2e-4] * 2, [2e-4] * 2])


def test_fit_refuses_a_config_of_several_stages(noise_images):
    gan = make_gan(progressive=[8, 16])
    with pytest.raises(InputError, match="progressive: a GAN of its own has one size"):
        gan.fit(dcgan.make_dataset(noise_images, 4), verbose=0)
