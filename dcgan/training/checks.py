"""Looks at the networks before training: refuses and warns."""

import math
import warnings

import keras

from dcgan.combinations import D_TARGET, GRADIENT_PENALTIES, mean_targets
from dcgan.errors import InputError
from dcgan.models.minibatch import MinibatchDiscrimination

# Not the minibatch standard deviation: its paper, ProGAN's, has it beside a penalty.
MIXING = {
    keras.layers.BatchNormalization: "BatchNorm",
    MinibatchDiscrimination: "minibatch discrimination",
}


def check_networks(config, discriminator):
    """Checks a discriminator, the package's or the user's own, against the config.

    Raises:
        InputError: If it cannot be trained as the config says.
    """
    shape = getattr(discriminator, "output_shape", (None, 1))
    if len(shape) != 2:
        raise InputError(
            "discriminator: its output is not logits. "
            f"Received: shape {shape}. Allowed: (N, L)"
        )
    layers = inner_layers(discriminator)
    if config.ct and not any(isinstance(x, keras.layers.Dropout) for x in layers):
        raise InputError(
            "ct compares two random dropouts of one picture. Received: a discriminator "
            "without a Dropout layer. Allowed: one with, or ct 0"
        )
    _warn_of_batch_layers(config, layers)
    _warn_of_steep_critic(config)
    _warn_of_vain_clipping(config)
    _warn_of_soft_labels(config)


def inner_layers(network):
    """Returns all layers of a model, also those of models inside it."""
    return list(network._flatten_layers(include_self=False))


def _warn_of_steep_critic(config):
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


def _warn_of_vain_clipping(config):
    """Warns where the range of the weights says nothing of the slope of D."""
    reasons = {
        "equalized_lr": "its kernels start as N(0, 1) and are scaled in use, so the "
        "logits fall to nothing",
        "spectral_norm": "it divides the scale of the weights away, so they limit "
        "nothing",
    }
    for knob, reason in reasons.items():
        if config.weight_clip and getattr(config, knob):
            warnings.warn(f"weight_clip with {knob}: {reason}", stacklevel=4)


def _warn_of_soft_labels(config):
    """Warns if D's loss, a cross-entropy, cannot fall below what it is to wait at."""
    lowest = sum(
        -p * math.log(p) - (1 - p) * math.log(1 - p)
        for p in mean_targets(config)
        if 0 < p < 1
    )
    if config.dynamic_frequency and lowest >= D_TARGET:
        warnings.warn(
            f"dynamic_frequency: with labels so soft d_loss stays above {lowest:.2f}, "
            f"so D never waits, which it does below {D_TARGET}",
            stacklevel=4,
        )


def _warn_of_batch_layers(config, layers):
    """Warns if a per-sample penalty meets layers that mix the pictures of a batch.

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, section 4 (no
        critic batch normalization).
    """
    penalties = [name for name in GRADIENT_PENALTIES if getattr(config, name)]
    found = [
        text
        for kind, text in MIXING.items()
        if any(isinstance(layer, kind) for layer in layers)
    ]
    if penalties and found:
        warnings.warn(
            f"{', '.join(penalties)}: the penalty takes each picture on its own, but "
            f"{' and '.join(found)} in the discriminator mixes those of a batch. "
            "The papers use d_norm layer, instance or none",
            stacklevel=4,
        )
