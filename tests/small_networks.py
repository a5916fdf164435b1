"""Networks whose layers are counted and worked out by hand."""

from helpers import networks_of

from dcgan.config import Config

SMALL = {"size": 16, "g_features": 3, "d_features": 3, "latent_dim": 6}


def networks(**knobs):
    return networks_of(Config(**SMALL | knobs))
