"""Files to pictures: in threads, through the cache, and in parts of bounded size."""

import logging
import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image
from tqdm import tqdm

from dcgan.data.cache import IN_MEMORY, Cache
from dcgan.data.pictures import AGAIN, UnreadablePicture
from dcgan.errors import InputError

PART = 1000  # files that are decoded, and then cached, together


def decoded(files, decode, done=0):
    """Decodes files in threads, with a progress bar, not far ahead of what is taken.

    Args:
        files: Paths.
        decode: Function from a path to any value, which may raise
            `UnreadablePicture`.
        done: Files before these that have been decoded already.

    Yields:
        `(value, reason)` in the order of the files; one of the two is None.
    """

    def attempt(file):
        try:
            return decode(file), None
        except UnreadablePicture as error:
            return None, str(error)

    total = done + len(files)
    options = {"total": total, "initial": done, "leave": False, "delay": 0.5}
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.filterwarnings("ignore", module="PIL")
        # A small file that claims to hold a huge picture is an attack or a mistake.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with tqdm(desc="Reading pictures", **options) as bar:
            for start in range(0, len(files), PART):
                for outcome in pool.map(attempt, files[start : start + PART]):
                    bar.update()
                    yield outcome


def decode_all(files, decode):
    """Decodes files as `decoded` does.

    Returns:
        `(values, skipped)`: the values in the order of the files, and a list of
        [path, reason] of those that could not be read.
    """
    outcomes = list(decoded(files, decode))
    values = [value for value, reason in outcomes if reason is None]
    reasons = [(file, reason) for file, (_, reason) in zip(files, outcomes)]
    return values, [[str(file), reason] for file, reason in reasons if reason]


def read_cached(files, decode, shape, settings):
    """Decodes files, or takes what the cache has of them.

    Args:
        files: Paths.
        decode: Function from a path to uint8 (H, W, C).
        shape: (H, W, C).
        settings: Dict of all that `decode` depends on.

    Returns:
        `(images, skipped)`: uint8 (N, H, W, C), or `StoredImages` of a large set; and
        a list of [number of the file, reason] of those that could not be read.
    """
    cache = Cache(files, shape, **settings)
    try:
        with cache.lock():
            for _ in range(2):  # the second time after damage on the disk
                progress = _fill(cache, files, decode)
                images = cache.open(progress)
                if images is not None:
                    break
            else:
                raise OSError(f"{cache.pixels} cannot be read back")
            skipped = progress["skipped"]
            if any(reason.endswith(AGAIN) for _, reason in skipped):
                cache.delete()
            return images, skipped
    except OSError as error:  # such as a full disk
        if len(files) * int(np.prod(shape)) > IN_MEMORY:
            raise InputError(
                "data: so many pictures have to be cached on a disk, and cannot be. "
                f"Received: {error}. Allowed: another folder in DCGAN_CACHE"
            ) from error
        logging.getLogger("dcgan").warning("pictures are not cached: %s", error)
    outcomes = list(decoded(files, decode))
    return _stack(outcomes, shape), _skipped(outcomes)


def _fill(cache, files, decode):
    """Decodes what the cache does not have, part by part."""
    progress = cache.progress()
    done, part = progress["files"], []
    for outcome in decoded(files[done:], decode, done):
        part.append(outcome)
        if len(part) == PART or done + len(part) == len(files):
            skipped = _skipped(part, done)
            progress = cache.append(
                progress, len(part), _stack(part, cache.shape), skipped
            )
            done, part = progress["files"], []
    return progress


def _stack(outcomes, shape):
    images = [value for value, _ in outcomes if value is not None]
    return np.stack(images) if images else np.zeros((0, *shape), np.uint8)


def _skipped(outcomes, first=0):
    numbered = enumerate(outcomes, first)
    return [[number, reason] for number, (_, reason) in numbered if reason is not None]
