"""Warns of settings that work but may not be what was meant."""

import warnings

import keras

from dcgan.combinations import GRADIENT_PENALTIES
from dcgan.models.minibatch import MinibatchDiscrimination, MinibatchStd

MIXING = {
    keras.layers.BatchNormalization: "BatchNorm",
    MinibatchDiscrimination: "minibatch discrimination",
    MinibatchStd: "minibatch standard deviation",
}


def warn(config, discriminator):
    """Warns of everything in this file."""
    warn_of_batch_layers(config, discriminator)
    warn_of_steep_critic(config)


def warn_of_steep_critic(config):
    """Warns if nothing keeps the critic of the W-loss from becoming ever steeper.

    Reference:
        Arjovsky et al. 2017, Wasserstein GAN, section 3 (Lipschitz functions).
    """
    limits = ("gp", "spectral_norm", "weight_clip")
    if config.loss == "wgan" and not any(getattr(config, knob) for knob in limits):
        warnings.warn(
            "wgan: nothing limits how steep the discriminator becomes, so its loss has "
            f"no bound. The papers use one of {', '.join(limits)}",
            stacklevel=4,
        )


def warn_of_batch_layers(config, discriminator):
    """Warns if a per-sample penalty meets layers that mix the pictures of a batch.

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, section 4 (no
        critic batch normalization).
    """
    penalties = [name for name in GRADIENT_PENALTIES if getattr(config, name)]
    found = [
        text
        for kind, text in MIXING.items()
        if any(isinstance(layer, kind) for layer in discriminator.layers)
    ]
    if penalties and found:
        warnings.warn(
            f"{', '.join(penalties)}: the penalty takes each picture on its own, but "
            f"{' and '.join(found)} in the discriminator mixes those of a batch. "
            "The papers use d_norm layer, instance or none",
            stacklevel=4,
        )
