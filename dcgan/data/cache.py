"""Decoded pictures on disk, keyed by the files and the settings they came from."""

import hashlib
import json
import logging
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

VERSION = 1  # to be raised when the same files and settings give other pixels


def cache_folder():
    """Returns `$DCGAN_CACHE`, or `dcgan` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DCGAN_CACHE") or Path(base) / "dcgan")


def cache_file(files, **settings):
    """Returns where the pictures of `files` under `settings` are cached.

    Args:
        files: Paths; a file that grew, shrank or was touched is another file.
        **settings: Values that JSON can hold.
    """
    identity = [[os.fsencode(file).hex(), *_state(file)] for file in files]
    text = json.dumps([VERSION, identity, settings], sort_keys=True)
    return cache_folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"


def _state(file):
    try:
        stat = os.stat(file)
    except OSError:  # such as a link to nowhere, which the decoder will report
        return []
    return [stat.st_size, stat.st_mtime_ns]


def read_cache(path):
    """Returns `(images, notes)` as given to `write_cache`, or None."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["images"], json.loads(str(stored["notes"]))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def write_cache(path, images, notes):
    """Writes the pictures and a JSON value about them; a full disk only warns."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as temporary:
            np.savez(temporary, images=images, notes=json.dumps(notes))
        os.replace(temporary.name, path)
    except OSError as error:
        logging.getLogger("dcgan").warning("pictures are not cached: %s", error)
        if temporary:
            Path(temporary.name).unlink(missing_ok=True)
