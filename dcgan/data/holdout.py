"""Real pictures that are set aside, to see whether the others are learnt by heart."""

from typing import NamedTuple

import numpy as np

from dcgan.data.folder import load_images
from dcgan.data.shrink import shrink
from dcgan.data.stored import StoredImages

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
    count = number_aside(len(images), share)
    order = np.random.default_rng([seed, PURPOSE]).permutation(len(images))
    stored = isinstance(images, StoredImages)
    take = images.subset if stored else images.__getitem__
    train = take(np.sort(order[count:])) if count else images  # which may be large
    return train, take(np.sort(order[:count]))


def number_aside(count, share):
    """Returns how many of `count` pictures `set_aside` sets aside."""
    return max(1, round(share * count)) if share else 0


def load_split(config, side=None, data=None):
    """Loads the pictures of a training, split as it split them.

    Args:
        config: The `Config` of the run.
        side: Of the pictures, pixels: smaller than `config.size` in a run that grows
            and is not finished; `config.size` if left out.
        data: Another folder than the run's; of others none count as held out.

    Returns:
        `(train, held_out)`, uint8 (N, side, side, channels) each.

    Raises:
        InputError: If there is no such folder, or no picture in it.
    """
    settings = config.size, config.channels, config.fit, config.background
    images = shrink(load_images(data or config.data, *settings), side or config.size)
    return set_aside(images, 0 if data else config.holdout, config.seed)
