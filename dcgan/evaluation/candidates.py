"""Choosing among generated pictures: the best first, and none twice."""

from typing import NamedTuple

import numpy as np

from dcgan.errors import InputError, check_choice
from dcgan.evaluation.features import Extractor
from dcgan.evaluation.limits import MOST, evenly
from dcgan.evaluation.memorisation import CANDIDATES, near_copies
from dcgan.evaluation.neighbours import Neighbours
from dcgan.models.discriminator import BATCH, mean_logits
from dcgan.pixels import over_white
from dcgan.validation import RANKS


class Choice(NamedTuple):
    """What `choose` found.

    Attributes:
        order: Numbers of the pictures that are left, the best first.
        copies: How many were left out as near copies of training pictures.
        alike: How many were left out as near copies of better ones.
    """

    order: np.ndarray
    copies: int
    alike: int


def choose(
    pictures,
    rank=None,
    discriminator=None,
    train=None,
    copies=True,
    alike=True,
    batch=BATCH,
):
    """Ranks pictures, and leaves out those that are there twice.

    Args:
        pictures: uint8 (n, H, W, C).
        rank: One of `dcgan.validation.RANKS`; None keeps the order.
        discriminator: `keras.Model` that `discriminator` ranks with.
        train: uint8 (N, H, W, C), the training pictures, for `near`, `far`, `copies`.
        copies: Whether to leave out near copies of training pictures.
        alike: Whether to leave out near copies of better pictures.
        batch: Pictures that the discriminator was trained on at a time.

    Returns:
        `Choice`.

    Raises:
        InputError: If the discriminator takes pictures of another shape.
    """
    check_choice("rank", rank, (None, *RANKS))
    order, copied = np.arange(len(pictures)), np.zeros(len(pictures), bool)
    if rank == "discriminator":
        order = np.argsort(-_realness(discriminator, pictures, batch), kind="stable")
    if alike or train is not None:
        extractor = Extractor()
    if train is not None:
        neighbours = Neighbours(evenly(train, MOST), extractor)
        near = neighbours.nearest(neighbours.describe(pictures))
        sign = {"near": 1, "far": -1}.get(rank, 0)
        order = order[np.argsort(sign * near.distance[order, 0], kind="stable")]
        if copies:
            copied = neighbours.repeated(pictures, near.index) >= 0
    left = order[~copied[order]]
    kept = without_alike(Neighbours(pictures, extractor), left) if alike else left
    return Choice(kept, int(copied.sum()), len(left) - len(kept))


def without_alike(neighbours, order):
    """Leaves out pictures that repeat an earlier one, as it is, mirrored or moved.

    Args:
        neighbours: `Neighbours` of the pictures among each other.
        order: Numbers of pictures, the best first.

    Returns:
        Those of `order` that stay.
    """
    apart = neighbours.distances(neighbours.features)
    seen = over_white(neighbours.images)
    kept = np.array([], int)
    for number in order:
        closest = kept[np.argsort(apart[number, kept], kind="stable")[:CANDIDATES]]
        places = np.arange(len(closest))[None]
        one = seen[number : number + 1]
        if len(closest) == 0 or near_copies(one, seen[closest], places)[0] < 0:
            kept = np.append(kept, number)
    return kept


def _realness(discriminator, pictures, batch):
    if discriminator.input_shape[1:] != pictures.shape[1:]:
        raise InputError(
            "--rank discriminator takes pictures of the discriminator's own shape. "
            f"Received: {pictures.shape[1:]}. "
            f"Allowed: {discriminator.input_shape[1:]}, as the newest generator's"
        )
    return mean_logits(discriminator, pictures, batch)
