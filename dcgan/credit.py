"""Whose pictures a run is made of, as its model card and its web page say it."""

from pathlib import Path

from dcgan.data.openmoji import SOURCE


def is_openmoji(config):
    """Tells whether a run is made of the built-in pictures and of no others."""
    return config.data == "openmoji" and config.init_from is None


def last_part(path):
    """Returns the name of a folder, without the path, which is private."""
    return Path(path).resolve().name or "pictures"


def started_from(name):
    """Returns what is said of a run that another one's networks began, in a line."""
    return f"Training started from the weights of {name}, and so from its pictures."


def page_credit(config):
    """Returns what a web page says of the pictures, plain text.

    It says nothing of a folder of the user, as it cannot know whose they are.
    """
    said = [f"Trained on {SOURCE}."] if config.data == "openmoji" else []
    said += [started_from(last_part(config.init_from))] if config.init_from else []
    return " ".join(said)
