"""Checks of the knobs: ranges, choices, and combinations that make no sense."""

import re
from dataclasses import fields, replace
from numbers import Integral, Real
from types import UnionType
from typing import Literal, get_args, get_origin

from dcgan.combinations import check_combinations
from dcgan.errors import InputError, invalid
from dcgan.parsing import type_in_words
from dcgan.shapes import discriminator_strides, map_count
from dcgan.stages import stage_rules

POLICIES = ("color", "translation", "cutout")
EXTRACTORS = ("lite0", "lite1", "inception")
# Of samples: first what the discriminator takes to be the most real, what is closest
# to a training picture, or what is furthest from all of them.
RANKS = ("discriminator", "near", "far")

WIDEST = 2**16
MANY = 10**9  # "or more" ends here: more pictures or epochs than anybody has

NUMBERS = {float: Real, int: Integral}

# knob: (lowest, highest)
RANGES = {
    "latent_dim": (1, WIDEST),
    "g_features": (1, WIDEST),
    "d_features": (1, WIDEST),
    "g_kernel": (1, 64),
    "d_kernel": (1, 64),
    "block_convs": (1, 16),
    "bn_momentum": (0, 1),
    "bn_epsilon": (0, 1),
    "gamma_std": (0, 1),
    "g_slope": (0, 1),
    "d_slope": (0, 1),
    "dropout": (0, 0.95),
    "g_dropout": (0, 0.95),
    "rotate": (0, 180),
    "holdout": (0, 0.5),
    "gamma_mean": (-MANY, MANY),
    "minibatch_kernels": (1, WIDEST),
    "minibatch_dims": (1, WIDEST),
    "discriminators": (1, 64),
    "heads": (1, 1024),
    "critic_steps": (1, 100),
    "gp": (0, MANY),
    "r1": (0, MANY),
    "r2": (0, MANY),
    "ct": (0, MANY),
    "drift": (0, MANY),
    "penalty_every": (1, MANY),
    "weight_clip": (0, MANY),
    "feature_matching": (0, MANY),
    "label_smoothing": (0, 1),
    "label_noise": (0, 2),
    "label_swap": (0, 1),
    "d_loss_weight": (0, MANY),
    "batch_size": (2, MANY),
    "epochs": (1, MANY),
    "minutes": (0, 100_000),
    "g_lr": (0, 1),
    "d_lr": (0, 1),
    "beta1": (0, 0.9999),
    "beta2": (0, 0.999999),
    "epsilon": (0, 1),
    "weight_decay": (0, MANY),
    "clip_norm": (0, MANY),
    "warmup": (0, MANY),
    "ema_half_life": (0, MANY),
    "ada_target": (0, 1),
    "ada_pictures": (1, MANY),
    "aug_prob": (0, 1),
    "seed": (0, 2**31 - 1),
    "logical_cpus": (0, 64),
    "sample_every": (1, MANY),
    "sample_grid": (1, 32),
    "snapshot_every": (0, MANY),
    "checkpoint_every": (1, MANY),
    "gradients_every": (0, MANY),
    "eval_every": (0, MANY),
    "patience": (0, MANY),
    "fade_in": (0, 1),
}


def check_config(config):
    """Raises `InputError` on the first knob of `config` that is out of bounds."""
    for knob in fields(config):
        _check_type(knob.name, getattr(config, knob.name), knob.type)
    for knob, (low, high) in RANGES.items():
        _check_range(knob, getattr(config, knob), low, high)
    for value_is_right, knob, allowed in _rules(config):
        if not value_is_right:
            raise invalid(knob, getattr(config, knob), allowed)
    check_colour(config.background)
    check_combinations(config)


def allows(config, **knobs):
    """Tells whether a config may have other values of some knobs."""
    try:
        replace(config, **knobs)
    except InputError:
        return False
    return True


def _rules(config):
    """Yields (is right, knob, what is allowed) for everything beyond ranges."""
    size, min_map = config.size, config.min_map
    yield size in (16, 32, 64, 128, 256), "size", "16, 32, 64, 128 or 256"
    yield config.channels in (1, 3, 4), "channels", "1, 3 or 4"
    yield config.projected_size in (64, 128, 256), "projected_size", "64, 128 or 256"
    powers = [2**k for k in range(1, 9) if 2**k < size]
    yield min_map in powers, "min_map", f"{powers[0]} to {powers[-1]}, a power of two"
    yield from stage_rules(config)
    maps = map_count(config)
    yield (
        config.g_widths is None or _positive(config.g_widths, maps),
        "g_widths",
        f"{maps} numbers from 1 to {WIDEST} (from min_map={min_map} to size={size})",
    )
    layers = len(config.d_widths) if config.d_widths is not None else maps
    yield layers > 0, "d_widths", "at least one positive number"
    widths = config.d_widths or [1] * layers
    yield _positive(widths, layers), "d_widths", f"numbers from 1 to {WIDEST}"
    growing = config.progressive is not None
    yield layers == maps or not growing, "d_widths", f"{maps} numbers, as it grows"
    strides = discriminator_strides(config)
    yield (
        growing or len(strides) == layers and set(strides) <= {1, 2},
        "d_strides",
        f"{layers} numbers, each 1 or 2, one for each discriminator layer",
    )
    last = size // 2 ** strides.count(2)
    yield last >= 1, "d_strides", f"at most {size.bit_length() - 1} strides of 2"
    policy = {name.strip() for name in config.policy.split(",")}
    yield policy <= set(POLICIES), "policy", f"a comma list of {','.join(POLICIES)}"
    yield (
        re.fullmatch(r"\w[\w.-]{0,99}", config.name),
        "name",
        "letters, digits, - _ and ., not first",
    )
    yield "[" not in config.runs, "runs", "a path without [, which TensorFlow expands"
    for knob in ("data", "runs", "init_from"):
        path = getattr(config, knob)
        right = path is None or path.strip() and "\0" not in path
        yield right, knob, "a folder's path"
    strengths = jitter_strengths(config.jitter)
    yield (
        len(strengths) == 3 and all(0 <= strength <= 1 for strength in strengths),
        "jitter",
        "0 to 1, or three such numbers for brightness, contrast and saturation",
    )


def jitter_strengths(jitter):
    """Returns the strengths of brightness, contrast and saturation."""
    return jitter if isinstance(jitter, list | tuple) else [jitter] * 3


def _positive(numbers, count):
    return len(numbers) == count and all(0 < number <= WIDEST for number in numbers)


def _check_type(knob, value, kind):
    """Checks a value that did not come through `parse_values`."""
    if not _has_type(value, kind):
        raise invalid(knob, value, type_in_words(kind))


def _has_type(value, kind):
    if kind in NUMBERS:
        return isinstance(value, NUMBERS[kind]) and not isinstance(value, bool)
    if get_origin(kind) is list:
        (member,) = get_args(kind)
        return isinstance(value, list | tuple) and all(
            _has_type(element, member) for element in value
        )
    if get_origin(kind) is dict:
        _, member = get_args(kind)
        return isinstance(value, dict) and all(
            isinstance(key, str) and _has_type(element, member)
            for key, element in value.items()
        )
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if isinstance(kind, UnionType):
        return any(_has_type(value, option) for option in get_args(kind))
    return isinstance(value, kind)


def _check_range(knob, value, low, high):
    if not low <= value <= high:
        allowed = f"{low} to {high}" if high < MANY else f"{low} or more"
        raise invalid(knob, value, allowed)


def check_colour(colour):
    """Raises `InputError` if `colour` is no colour for `background`."""
    from PIL import ImageColor

    try:
        ImageColor.getrgb(colour)
    except (ValueError, AttributeError):
        raise invalid("background", colour, "a colour name or #rrggbb") from None


def check_share(batch_size, replicas):
    """Raises `InputError` if a batch cannot be divided among replicas."""
    if batch_size % replicas:
        raise InputError(
            "batch_size: it is the global batch, of which each replica gets an equal "
            f"share. Received: {batch_size} for {replicas} replicas. "
            f"Allowed: a multiple of {replicas}"
        )
