"""Pictures of a folder, or of OpenMoji, as one uint8 array."""

import logging
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from dcgan.data.cache import cache_file, read_cache, write_cache
from dcgan.data.openmoji import ATTRIBUTION, render_openmoji
from dcgan.data.pictures import (
    FITS,
    MODES,
    UnreadablePicture,
    picture_endings,
    read_picture,
    to_square,
)
from dcgan.errors import InputError, check_choice, invalid
from dcgan.validation import check_colour

NAMED = 5  # skipped files that the warning names
MAC_LEFTOVERS = "__MACOSX"  # what zip files from a Mac bring along
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
        uint8 array (N, size, size, channels), in the order of the files' paths.

    Raises:
        InputError: If the folder does not exist or holds no readable picture, or if a
            setting is not one of those named above.

    Example:
        >>> load_images("openmoji", 64).shape
        (958, 64, 64, 3)
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
        return np.stack([to_square(picture, **settings) for picture in pictures])
    files = find_pictures(source)
    cache = cache_file(files, **settings)
    images, skipped = read_cache(cache, (size, size, channels)) or (None, None)
    if images is None:
        images, skipped = _decode(files, settings)
        if all(os.access(path, os.R_OK) for path, _ in skipped):  # else it may pass
            write_cache(cache, images, skipped)
    if len(images) == 0:
        raise InputError(
            f"data: no file in the folder is a readable picture. Received: {source}. "
            f"The first: {_in_words(skipped[0])}"
        )
    if skipped:
        _warn_about(skipped, len(files))
    return images


def check_enough(images, batch_size):
    """Raises `InputError` if there are fewer pictures than one batch."""
    if len(images) < batch_size:
        raise InputError(
            f"too few pictures for a batch. Received: {len(images)} pictures and "
            f"batch_size={batch_size}. Allowed: at least as many pictures as batch_size"
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
        is_run = {"config.yml", "log.csv"} <= set(names)
        if place in entered or is_run:
            folders.clear()
            continue
        entered.add(place)
        folders[:] = sorted(n for n in folders if n[0] != "." and n != MAC_LEFTOVERS)
        for name in names:
            path = Path(parent, name)
            hidden = name.startswith(".") or name == CONTACT_SHEET
            # A pipe or a device would never end; a dead link is named by the decoder.
            if not hidden and (path.is_file() or path.is_symlink()):
                yield path


def printable(path):
    """Returns a path without line breaks, escapes or broken characters."""
    return repr(os.fsencode(path).decode("utf-8", "backslashreplace"))[1:-1]


def decode_all(files, decode):
    """Decodes files in threads, with a progress bar.

    Args:
        files: Paths.
        decode: Function from a path to any value, which may raise
            `UnreadablePicture`.

    Returns:
        `(values, skipped)`: the values in the order of the files, and a list of
        [path, reason] of those that could not be read.
    """

    def attempt(file):
        try:
            return decode(file), None
        except UnreadablePicture as error:
            return None, str(error)

    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.filterwarnings("ignore", module="PIL")
        # A small file that claims to hold a huge picture is an attack or a mistake.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        results = pool.map(attempt, files)
        bar = tqdm(results, "Reading pictures", len(files), leave=False, delay=0.5)
        outcomes = list(bar)
    values = [value for value, reason in outcomes if reason is None]
    reasons = [(file, reason) for file, (_, reason) in zip(files, outcomes)]
    return values, [[str(file), reason] for file, reason in reasons if reason]


def _decode(files, settings):
    shape = (0, settings["size"], settings["size"], settings["channels"])
    images, skipped = decode_all(
        files, lambda file: to_square(read_picture(file), **settings)
    )
    return (np.stack(images) if images else np.zeros(shape, np.uint8)), skipped


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
