"""Decoded pictures on disk, keyed by the files and the settings they came from."""

import hashlib
import json
import logging
import os
from pathlib import Path

import numpy as np

from dcgan.files import whole_file

VERSION = 1  # to be raised when the same files and settings give other pixels


def cache_folder():
    """Returns `$DCGAN_CACHE`, or `dcgan` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DCGAN_CACHE") or Path(base) / "dcgan")


def cache_file(files, **settings):
    """Returns where the pictures of `files` under `settings` are cached.

    Args:
        files: Paths; a file that was changed, replaced or touched is another file.
        **settings: Values that JSON can hold.
    """
    identity = [[os.fsencode(os.path.realpath(f)).hex(), *_state(f)] for f in files]
    text = json.dumps([VERSION, identity, settings], sort_keys=True)
    return cache_folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"


def read_cache(path, shape):
    """Returns `(images, notes)` as given to `write_cache`, or None.

    Args:
        path: From `cache_file`.
        shape: What the shape of one picture must be.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            images, notes = stored["images"], json.loads(str(stored["notes"]))
    except Exception:  # a damaged file can raise anything, and is made anew
        return None
    whole = images.dtype == np.uint8 and images.shape[1:] == shape
    return (images, notes) if whole else None


def write_cache(path, images, notes):
    """Writes the pictures and a JSON value about them; a full disk only warns."""
    try:
        with whole_file(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, images=images, notes=json.dumps(notes))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        logging.getLogger("dcgan").warning("pictures are not cached: %s", error)


def _state(file):
    try:
        stat = os.stat(file)
    except OSError:  # such as a link to nowhere, which the decoder will report
        return []
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
