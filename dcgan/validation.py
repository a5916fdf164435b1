"""Checks of the knobs: ranges, choices, and combinations that make no sense."""

import re
from dataclasses import fields
from typing import get_args

from dcgan.errors import invalid

POLICIES = ("color", "translation", "cutout")

MOST = 10**12  # what "or more" ends at: infinity is no setting

# knob: (lowest, highest); None is no limit.
RANGES = {
    "latent_dim": (1, None),
    "g_features": (1, None),
    "d_features": (1, None),
    "g_kernel": (1, None),
    "d_kernel": (1, None),
    "bn_momentum": (0, 1),
    "bn_epsilon": (0, None),
    "gamma_std": (0, None),
    "g_slope": (0, 1),
    "d_slope": (0, 1),
    "dropout": (0, 0.95),
    "batch_size": (2, None),
    "epochs": (1, None),
    "g_lr": (0, None),
    "d_lr": (0, None),
    "beta1": (0, 0.9999),
    "beta2": (0, 0.999999),
    "epsilon": (0, None),
    "ema_half_life": (0, None),
    "aug_prob": (0, 1),
    "seed": (0, 2**31 - 1),
    "sample_every": (1, None),
    "sample_grid": (1, 32),
    "snapshot_every": (0, None),
}


def check_config(config):
    """Raises `InputError` on the first knob of `config` that is out of bounds."""
    for knob in fields(config):
        _check_choice(knob.name, getattr(config, knob.name), get_args(knob.type))
    for knob, (low, high) in RANGES.items():
        _check_range(knob, getattr(config, knob), low, high)
    for value_is_right, knob, allowed in _rules(config):
        if not value_is_right:
            raise invalid(knob, getattr(config, knob), allowed)
    _check_colour(config.background)


def _rules(config):
    """Yields (is right, knob, what is allowed) for everything beyond ranges."""
    size, min_map = config.size, config.min_map
    yield size in (16, 32, 64, 128, 256), "size", "16, 32, 64, 128 or 256"
    yield config.channels in (1, 3, 4), "channels", "1, 3 or 4"
    powers = [2**k for k in range(1, 9) if 2**k < size]
    yield min_map in powers, "min_map", f"a power of two below size={size}"
    halvings = (size // min_map).bit_length() - 1
    yield (
        config.g_widths is None or _positive(config.g_widths, halvings),
        "g_widths",
        f"{halvings} positive numbers (from min_map={min_map} to size={size})",
    )
    layers = len(config.d_widths) if config.d_widths is not None else halvings
    yield layers > 0, "d_widths", "at least one positive number"
    yield _positive(config.d_widths or [1] * layers, layers), "d_widths", "above 0"
    strides = config.d_strides or [2] * layers
    yield (
        len(strides) == layers and set(strides) <= {1, 2},
        "d_strides",
        f"{layers} numbers, each 1 or 2, one for each discriminator layer",
    )
    last = size // 2 ** strides.count(2)
    yield last >= 1, "d_strides", f"at most {size.bit_length() - 1} strides of 2"
    policy = config.policy.split(",")
    yield set(policy) <= set(
        POLICIES
    ), "policy", "a comma list of color,translation,cutout"
    yield (
        re.fullmatch(r"\w[\w.-]{0,99}", config.name),
        "name",
        "letters, digits, - _ and ., not first",
    )
    yield config.runs.strip(), "runs", "a folder's path"


def _positive(numbers, count):
    return len(numbers) == count and all(number > 0 for number in numbers)


def _check_choice(knob, value, choices):
    if choices and all(isinstance(choice, str) for choice in choices):
        if value not in choices:
            raise invalid(knob, value, ", ".join(choices))


def _check_range(knob, value, low, high):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= (MOST if high is None else high):
        raise invalid(
            knob, value, f"{low} " + ("or more" if high is None else f"to {high}")
        )


def _check_colour(colour):
    from PIL import ImageColor

    try:
        ImageColor.getrgb(colour)
    except (ValueError, AttributeError):
        raise invalid("background", colour, "a colour name or #rrggbb") from None
