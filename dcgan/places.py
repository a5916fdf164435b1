"""Where results go: looked at before the work, not after it."""

import os
from pathlib import Path

from dcgan.errors import invalid


def is_writable(path):
    """Tells whether a file or folder can be made at a path, or written to if it exists.

    What decides is the path itself, or else the closest of its parents that exists.
    """
    path = Path(path).absolute()
    place = next(place for place in (path, *path.parents) if place.exists())
    return (place == path or place.is_dir()) and os.access(place, os.W_OK)


def check_file(flag, path):
    """Raises `InputError` if no file can be written at a path."""
    if Path(path).is_dir():
        raise invalid(flag, str(path), "a file, not a folder")
    if not is_writable(path):
        raise invalid(flag, str(path), "a file in a folder that can be written to")


def check_folder(flag, path):
    """Raises `InputError` if no files can be written in the folder at a path."""
    if not str(path).strip() or Path(path).exists() and not Path(path).is_dir():
        raise invalid(flag, str(path), "a folder, not a file")
    if not is_writable(path):
        raise invalid(flag, str(path), "a folder that can be written to")
