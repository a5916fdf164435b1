"""Flags and YAML values to the types of the knobs, by jsonargparse."""

import difflib
import re
import sys
from dataclasses import fields
from functools import cache, partial
from typing import get_args

import jsonargparse

from dcgan.errors import InputError, invalid

Phases = list[dict[str, int | float]]
Cycle = Phases | list[Phases] | None
IN_WORDS = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    str | None: "a text",
    float | list[float]: "a number, or a list such as [0.3,0.2,0.1]",
    bool: "true or false",
    bool | None: "true or false",
    Cycle: "phases, such as [{lr: 5e-4, epochs: 100}, {lr: 2e-4, epochs: 200}], with "
    "a space after each colon",
}
SWITCHES = (bool, bool | None)
LIST_IN_WORDS = "a list of whole numbers, such as [16,32,64]"


def parse_flags(config_class, help_texts, shown, argv=None, **kwargs):
    """Parses command-line flags, one a knob, and `--config`.

    Args:
        config_class: The dataclass of the knobs.
        help_texts: Dict from a knob's name to its text in `--help`.
        shown: Dict from a knob's name to the default in `--help`, where that is not
            the one of `config_class`.
        argv: List of arguments; those of the process if left out.
        **kwargs: Passed on to the parser, such as `description`.

    Returns:
        Dict of the flags that were given, without defaults.

    Raises:
        InputError: If a flag is unknown or has a value of the wrong type.
    """
    parser = _knob_parser(config_class, help_texts, shown, **kwargs)
    parser.add_argument("--config", type=str, help="YAML file of knobs; flags win")
    try:
        return parser.parse_args(argv, defaults=False).as_dict()
    except jsonargparse.ArgumentError as error:
        received = partial(_flag_value, argv)
        raise _explain(error, config_class, received) from None


def parse_values(config_class, values):
    """Converts a dict of values, such as a YAML file gives, to the knobs' types.

    Raises:
        InputError: If a key is no knob or a value has the wrong type.
    """
    known = {knob.name: knob for knob in fields(config_class)}
    for key, value in values.items():
        if key not in known:
            raise _unknown(str(key), known)
        kind = known[key].type
        if kind in SWITCHES and not isinstance(value, kind):
            raise invalid(key, value, "true or false")
    try:
        parsed = _value_parser(config_class).parse_object(values, defaults=False)
    except jsonargparse.ArgumentError as error:
        raise _explain(error, config_class, values.get) from None
    return parsed.as_dict()


@cache  # it takes longer to make than to use
def _value_parser(config_class):
    return _knob_parser(config_class, {}, {})


def _knob_parser(config_class, help_texts, shown, **kwargs):
    parser = jsonargparse.ArgumentParser(
        exit_on_error=False,
        allow_abbrev=False,
        formatter_class=_HelpFormatter,
        **kwargs,
    )
    for knob in fields(config_class):
        default = shown.get(knob.name, knob.default)
        options = {"default": default, "help": help_texts.get(knob.name)}
        if knob.type in SWITCHES:
            options["action"] = jsonargparse.ActionYesNo(no_prefix="no_")
        else:
            options["type"] = knob.type
        parser.add_argument(f"--{knob.name}", **options)
    return parser


class _HelpFormatter(jsonargparse.DefaultHelpFormatter):
    def _fill_text(self, text, width, indent):
        return text if "\n" in text else super()._fill_text(text, width, indent)


def _explain(error, config_class, received):
    """Returns jsonargparse's error as one line in the style of the package.

    The library has no field for the key, so it is read off its text; where that does
    not fit, the text is passed on as it is. `received` is a function from a key to
    the value that was given for it.
    """
    known = {knob.name: knob for knob in fields(config_class)}
    message = " ".join(str(error).split())
    wrong = re.search(r'key "(\w+)"', message)
    if wrong and wrong[1] in known:
        allowed = type_in_words(known[wrong[1]].type)
        return invalid(wrong[1], received(wrong[1]), allowed)
    stray = re.search(r"unrecognized arguments: (\S+)", message)
    if stray and not stray[1].startswith("-"):
        return InputError(
            f"value without a knob. Received: {stray[1]}. Allowed: --KNOB VALUE; "
            "switches such as --flip and --no_flip stand alone"
        )
    return _unknown(stray[1].lstrip("-"), known) if stray else InputError(message)


def _flag_value(argv, key):
    """Returns the text given for a flag, as `--key text` or `--key=text`."""
    words = list(sys.argv[1:] if argv is None else argv)
    for word, following in zip(words, [*words[1:], ""]):
        if word == f"--{key}":
            return following
        if word.startswith(f"--{key}="):
            return word.partition("=")[2]
    return None


def _unknown(name, known):
    close = difflib.get_close_matches(name, known, n=3)
    allowed = " or ".join(close) + "?" if close else "the knobs in --help"
    return InputError(f"unknown knob. Received: {name}. Allowed: {allowed}")


def type_in_words(kind):
    """Returns what values a type allows: `float` is "a number"."""
    choices = get_args(kind)
    if choices and all(isinstance(choice, str) for choice in choices):
        return ", ".join(choices)
    return IN_WORDS.get(kind, LIST_IN_WORDS)
