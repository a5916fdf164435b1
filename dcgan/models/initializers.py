"""First weights of kernels, found by the name of the knob `init`."""

import keras


def _normal(seed, dense):
    return keras.initializers.RandomNormal(0.0, 0.02, seed=seed)


def _glorot(seed, dense):
    return keras.initializers.GlorotUniform(seed=seed)


def _kaiming(seed, dense):
    """PyTorch's: `kaiming_normal_(mode="fan_out")` for convolutions.

    Keras' fan_out of a transposed convolution is the kernel's area times the channels
    it reads, and so is PyTorch's. Dense layers get what PyTorch gives them by default.
    """
    scale, mode, distribution = (
        (1 / 3, "fan_in", "uniform") if dense else (2, "fan_out", "untruncated_normal")
    )
    return keras.initializers.VarianceScaling(scale, mode, distribution, seed=seed)


def unit_normal(seed, dense):
    """N(0, 1), for `equalized_lr`."""
    return keras.initializers.RandomNormal(0.0, 1.0, seed=seed)


INITIALIZERS = {"normal": _normal, "glorot": _glorot, "kaiming": _kaiming}
