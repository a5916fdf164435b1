"""Where a run comes from: its recipe, what differs from it, and the command."""

import shlex
from dataclasses import fields
from itertools import chain

import yaml

from dcgan.config import load_config


def differences_from_recipe(config):
    """Returns the knobs that differ from the recipe's: dict to (value, recipe's).

    Args:
        config: A `Config`.

    Example:
        >>> differences_from_recipe(load_config("diffaugment", aug_prob=0.3))
        {'aug_prob': (0.3, 1.0)}
    """
    base = load_config(config.recipe)
    pairs = {
        knob.name: (getattr(config, knob.name), getattr(base, knob.name))
        for knob in fields(config)
        if knob.name != "recipe"  # the base itself
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def command_of(config):
    """Returns the command that trains this config, ready to be pasted in a shell.

    It says the recipe, the pictures and the name even where they are the defaults.

    Args:
        config: A `Config`.

    Example:
        >>> command_of(load_config("diffaugment", aug_prob=0.3))
        'python -m dcgan.train --recipe diffaugment --data openmoji ... --aug_prob 0.3'
    """
    values = {"recipe": config.recipe, "data": config.data, "name": config.name}
    differences = differences_from_recipe(config)
    values |= {name: value for name, (value, _) in differences.items()}
    if config.minutes:  # they are found anew
        values.pop("epochs", None)
    flags = chain.from_iterable(_flag(*pair) for pair in values.items())
    return shlex.join(["python", "-m", "dcgan.train", *flags])


def _flag(name, value):
    """Returns the words that give a knob its value."""
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no_{name}"]
    text = value if isinstance(value, str) else _in_yaml(value)
    if text.startswith("-"):  # apart, it would be taken for a flag itself
        return [f"--{name}={text}"]
    return [f"--{name}", text]


def _in_yaml(value):
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...")
