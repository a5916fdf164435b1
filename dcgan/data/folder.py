"""Pictures of a folder, or of OpenMoji, as one uint8 array."""

import logging
import os
from numbers import Integral
from pathlib import Path

import numpy as np

from dcgan.data.decode import read_cached
from dcgan.data.openmoji import ATTRIBUTION, code_points, render_openmoji
from dcgan.data.pictures import (
    FITS,
    MODES,
    picture_endings,
    read_picture,
    to_square,
)
from dcgan.errors import InputError, check_choice, invalid
from dcgan.validation import check_colour

NAMED = 5  # skipped files that the warning names
MAC_LEFTOVERS = "__MACOSX"  # what zip files from a Mac bring along
RUN_FILES = {"config.yml", "log.csv"}  # in the folder of a run
CONTACT_SHEET = "contact_sheet.png"  # our own, of `check` and `sample`: no picture


def load_images(source, size, channels=3, fit="pad", background="white"):
    """Loads all pictures of a folder (searched recursively) or of OpenMoji.

    Files are decoded once and cached; see `dcgan.data.cache`. Files that cannot be
    read are skipped and named in one warning.

    Args:
        source: A folder's path, or `"openmoji"`.
        size: Side of the pictures in pixels.
        channels: 3 is RGB, 1 grey, 4 RGBA.
        fit: How pictures become square: `pad`, `crop` or `stretch`.
        background: Colour behind alpha and padding, a name or #rrggbb.

    Returns:
        uint8 array (N, size, size, channels), in the order of the files' paths; of
        more than 512 MB, `dcgan.data.stored.StoredImages`, which stay on the disk.

    Raises:
        InputError: If the folder does not exist or holds no readable picture, or if a
            setting is not one of those named above.

    Example:
        >>> load_images("openmoji", 64).shape
        (958, 64, 64, 3)
    """
    return load_named(source, size, channels, fit, background)[0]


def load_named(source, size, channels=3, fit="pad", background="white"):
    """Loads pictures as `load_images` does, and their names.

    Returns:
        `(images, names)`: the names are paths below the folder, without line breaks.
    """
    if not isinstance(size, Integral) or size < 1:
        raise invalid("size", size, "a whole number above 0")
    size = int(size)
    check_choice("channels", channels, MODES)
    check_colour(background)
    check_choice("fit", fit, FITS)
    settings = {"size": size, "channels": channels}
    settings |= {"fit": fit, "background": background}
    if os.fspath(source) == "openmoji":
        print(ATTRIBUTION)  # its licence asks for that
        pictures = render_openmoji()
        images = np.stack([to_square(picture, **settings) for picture in pictures])
        return images, [f"U+{point:X}" for point in code_points()]
    files = find_pictures(source)
    images, skipped = read_cached(
        files,
        lambda file: to_square(read_picture(file), **settings),
        (size, size, channels),
        settings,
    )
    entries = [[files[index], reason] for index, reason in skipped]
    if len(images) == 0:
        raise InputError(
            f"data: no file in the folder is a readable picture. Received: {source}, "
            f"of which the first: {_in_words(entries[0])}. Allowed: PNG, JPEG, WebP, "
            "GIF, BMP, TIFF and more"
        )
    if skipped:
        _warn_about(entries, len(files))
    left_out = dict(skipped)
    loaded = [file for k, file in enumerate(files) if k not in left_out]
    return images, [printable(file.relative_to(source)) for file in loaded]


def check_enough(images, batch_size):
    """Raises `InputError` if there are fewer pictures than one batch."""
    if len(images) < batch_size:
        raise InputError(
            f"batch_size: too few pictures for a batch. Received: {batch_size}, and "
            f"{len(images)} pictures. Allowed: at most as many as there are pictures"
        )


def find_pictures(folder):
    """Returns the picture files below `folder`, sorted.

    Links are followed. Hidden files, the contact sheets of `check` and `sample`, and
    the folders of runs are left out.

    Raises:
        InputError: If there is no such folder, or no picture file in it.
    """
    if not os.fspath(folder).strip() or not Path(folder).is_dir():
        problem = "is a file" if Path(folder).is_file() else "does not exist"
        raise InputError(
            f"data: folder {problem}. Received: {folder}. "
            "Allowed: a folder of pictures, or openmoji"
        )
    endings = picture_endings()
    files = list(_walk(folder))
    pictures = sorted(file for file in files if file.suffix.lower() in endings)
    if not pictures:
        raise InputError(
            f"data: folder holds no pictures. Received: {folder} with {len(files)} "
            "other files. Allowed: PNG, JPEG, WebP, GIF, BMP, TIFF and more"
        )
    return pictures


def _walk(folder):
    """Yields the visible files below `folder`, each folder once."""
    entered = set()
    for parent, folders, names in os.walk(folder, onerror=_warn, followlinks=True):
        place = os.path.realpath(parent)
        if place in entered or set(names) >= RUN_FILES:
            folders.clear()
            continue
        entered.add(place)
        folders[:] = sorted(name for name in folders if _is_entered(name))
        for name in names:
            path = Path(parent, name)
            hidden = name.startswith(".") or name == CONTACT_SHEET
            # A pipe or a device would never end; a dead link is named by the decoder.
            if not hidden and (path.is_file() or path.is_symlink()):
                yield path


def _is_entered(name):
    return not name.startswith(".") and name != MAC_LEFTOVERS


def is_read_with(folder, pictures):
    """Tells whether `find_pictures` would find what is put into a folder.

    Args:
        folder: Path; it may not exist yet.
        pictures: Path of a folder of pictures.
    """
    folder, pictures = Path(folder).resolve(), Path(pictures).resolve()
    if not folder.is_relative_to(pictures):
        return False
    below = [p for p in (folder, *folder.parents) if pictures in p.parents]
    return all(
        _is_entered(place.name)
        and not all((place / name).is_file() for name in RUN_FILES)
        for place in below
    )


def printable(path):
    """Returns a path without line breaks, escapes or broken characters."""
    return repr(os.fsencode(path).decode("utf-8", "backslashreplace"))[1:-1]


def _warn_about(skipped, total):
    names = "; ".join(_in_words(entry) for entry in skipped[:NAMED])
    more = f"; and {len(skipped) - NAMED} more" if len(skipped) > NAMED else ""
    logging.getLogger("dcgan").warning(
        "skipped %d of %d files: %s%s", len(skipped), total, names, more
    )


def _warn(error):
    reason = f"'{printable(error.filename)}' ({error.strerror})"
    logging.getLogger("dcgan").warning("a folder cannot be read: %s", reason)


def _in_words(entry):
    path, reason = entry
    return f"'{printable(path)}' ({reason})"
