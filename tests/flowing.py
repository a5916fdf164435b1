"""GANs whose gradients are looked at."""

import numpy as np

import dcgan
from dcgan.config import Config
from dcgan.training.gan import GAN
from dcgan.training.progressive import grow

TINY = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "batch_size": 4}
TINY |= {"aug_prob": 0.0, "init": "glorot"}
GROWING = {"progressive": [8, 16], "epochs": 2}
RANDOM = {"dropout": 0.3, "g_dropout": 0.2, "d_norm_first": True}


def noise(count=4, side=16):
    shape = (count, side, side, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def make_gan(**knobs):
    config = Config(**TINY | knobs)
    gan = GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)
    gan.compile()
    return gan


def second_stage(**knobs):
    *_, (_, gan) = grow(Config(**TINY | GROWING | knobs), 2)
    return gan
