"""Real pictures that are set aside, to see whether the others are learnt by heart."""

import logging
from typing import NamedTuple

import numpy as np

from dcgan.data.folder import load_named
from dcgan.data.shrink import shrink
from dcgan.data.stored import StoredImages
from dcgan.errors import InputError
from dcgan.origin import describe_pictures, picture_changes, read_origin

PURPOSE = 0x401D  # keeps this draw apart from others with the same seed


class Pictures(NamedTuple):
    """What a run is made of.

    Attributes:
        train: uint8 (N, size, size, channels), those to train on.
        held_out: The same of those that are set aside.
        digests: Dict from the names of all to digests of their pixels.
    """

    train: np.ndarray
    held_out: np.ndarray
    digests: dict


class Split(NamedTuple):
    """The pictures of a training, or others that it is compared with.

    Attributes:
        train: uint8 (N, side, side, channels), those that it was trained on.
        held_out: The same of those that were set aside.
        is_of_run: Whether they are those of the run.
    """

    train: np.ndarray
    held_out: np.ndarray
    is_of_run: bool = True


def set_aside(images, share, seed):
    """Splits the pictures at random, the same way for the same seed.

    Args:
        images: (N, ...) array, or `StoredImages`.
        share: Share to set aside, 0 to 0.5; above 0, at least one picture is.
        seed: int of 0 or more.

    Returns:
        `(train, held_out)`, each in the order of `images`; without a share `images`
        itself and nothing.
    """
    train, held_out = _split(len(images), share, seed)
    # Without a share not even a copy is made: there may be many.
    return _take(images, train) if share else images, _take(images, held_out)


def number_aside(count, share):
    """Returns how many of `count` pictures `set_aside` sets aside."""
    return max(1, round(share * count)) if share else 0


def load_split(run, side=None, data=None):
    """Loads the pictures of a training, split as it split them.

    If some have changed since the run began, it warns, and only the others count.

    Args:
        run: The `Run`.
        side: Of the pictures, pixels: smaller than the run's `size` in one that grows
            and is not finished; `size` if left out.
        data: Another folder: where the pictures are now, or others, of which none
            count as held out. The run's if left out.

    Returns:
        The `Split`.

    Raises:
        InputError: If there is no such folder, no picture in it, or none of the run's.
    """
    config, source = run.config, data or run.config.data
    settings = config.size, config.channels, config.fit, config.background
    images, names = load_named(source, *settings)
    now = describe_pictures(images, names)
    before = (read_origin(run) or {}).get("pictures")
    images = shrink(images, side or config.size)
    if data and (before is None or not _are_related(before, now)):
        return Split(images, images[:0], is_of_run=False)
    if before is None or list(before.values()) == list(now.values()):
        return Split(*set_aside(images, config.holdout, config.seed))
    if _are_repainted(before, now):
        _warn("all pixels are others, as another version of Pillow makes them", source)
        return Split(*set_aside(images, config.holdout, config.seed))
    left = [name for name in before if now.get(name) == before[name]]
    if not left:
        raise InputError(
            f"data: the pictures have changed since the run began. Received: {source}, "
            "with none of them. Allowed: where they are now, as --data"
        )
    changes = "; ".join(picture_changes(before, now))
    _warn(f"{changes}. Only the {len(left)} that are as they were count", source)
    place, kept = {name: k for k, name in enumerate(names)}, set(left)
    listed = list(before)
    train, held_out = (
        [place[listed[k]] for k in part if listed[k] in kept]
        for part in _split(len(listed), config.holdout, config.seed)
    )
    return Split(_take(images, train), _take(images, held_out))


def _are_related(before, now):
    """Tells whether pictures are those of before, or most of these are among them."""
    left = sum(now.get(name) == digest for name, digest in before.items())
    same = list(before.values()) == list(now.values())  # a run may know no names
    return same or 2 * left >= len(before)


def _are_repainted(before, now):
    """Tells whether all names are as before, and no picture is."""
    return set(before) == set(now) and all(before[n] != now[n] for n in now)


def _warn(what, source):
    logging.getLogger("dcgan").warning(
        "the pictures in %s have changed since the run began: %s", source, what
    )


def _split(count, share, seed):
    """Returns the numbers of the pictures to train on and to set aside, sorted."""
    aside = number_aside(count, share)
    order = np.random.default_rng([seed, PURPOSE]).permutation(count)
    return np.sort(order[aside:]), np.sort(order[:aside])


def _take(images, numbers):
    stored = isinstance(images, StoredImages)
    numbers = np.asarray(numbers, int)
    return images.subset(numbers) if stored else images[numbers]
