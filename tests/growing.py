"""What the tests of growing share."""

from types import SimpleNamespace

import keras
import numpy as np

from dcgan.models.fade import FadeIn
from dcgan.training.fitting import fit_stage
from dcgan.training.progressive import grow

TINY = {"g_features": 2, "d_features": 2, "latent_dim": 4, "batch_size": 4}
TINY |= {"size": 16, "progressive": [8, 16], "epochs": 2, "seed": 3, "aug_prob": 0.0}
TINY |= {"init": "glorot", "g_lr": 0.01, "d_lr": 0.01}  # so that one step is seen
FADING = TINY | {"fade_in": 0.5}
LATENT = TINY | {"grow": "latent"}


def noise(count, side):
    shape = (count, side, side, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def by_layer(network):
    return {x.name: x.get_weights() for x in network.layers if x.weights}


def train_eagerly(gan, stage, images, **kwargs):
    """Without a graph, whose tracing takes longer than a few steps."""
    gan.run_eagerly = True
    return fit_stage(gan, stage, images, **kwargs)


def two_stages(config):
    """Returns the first stage's GAN after a step, and the second's right after growing.

    Nothing of the first changes any more.
    """
    images = noise(4, config.size)
    stages = grow(config, 1)
    stage, before = next(stages)
    train_eagerly(before, stage, images)
    assert int(before.step) == 1
    stage, after = next(stages)
    return SimpleNamespace(before=before, after=after, stage=stage)


def alphas(gan):
    networks = gan.generator, gan.discriminator, gan.ema_generator
    return [
        float(layer.alpha)
        for network in networks
        for layer in network.layers
        if isinstance(layer, FadeIn)
    ]


class Watch(keras.callbacks.Callback):
    """Keeps the shares after each step, and the learning rates of each epoch."""

    def __init__(self):
        super().__init__()
        self.alphas, self.rates = [], []

    def on_epoch_begin(self, epoch, logs=None):
        rates = [float(o.learning_rate) for o in self.model.optimizers]
        self.rates.append((epoch, *rates))

    def on_train_batch_end(self, batch, logs=None):
        self.alphas.append(alphas(self.model))
