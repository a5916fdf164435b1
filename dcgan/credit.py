"""Whose pictures a run is made of, as its model card and its web page say it."""

from pathlib import Path

from dcgan.data.openmoji import SOURCE
from dcgan.errors import InputError
from dcgan.run import Run


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

    It says nothing of a folder of the user, as it cannot know whose they are. The runs
    that this one began from are asked as well, while they are there.
    """
    trained = [f"Trained on {SOURCE}."] if config.data == "openmoji" else []
    began = [started_from(last_part(config.init_from))] if config.init_from else []
    if not trained and any(before.data == "openmoji" for before in _began(config)):
        began += [f"Before that it was trained on {SOURCE}."]
    return " ".join(trained + began)


def _began(config):
    """Yields the configs of the runs that a run began from, if they are still there."""
    seen = set()
    while config.init_from and config.init_from not in seen:
        seen.add(config.init_from)
        try:
            config = Run.open(config.init_from).config
        except InputError:
            return
        yield config
