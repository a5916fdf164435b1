"""Whether generated pictures are copies of training pictures."""

from typing import NamedTuple

import numpy as np

from dcgan.evaluation.distances import ROWS, distances

VIEW = 64  # side in pixels at which copies are looked for at most
SHIFT = 8  # the part of the side by which a copy may be moved, as in DiffAugment
CANDIDATES = 3  # nearest training pictures that are looked at
LEAST_VARIANCE = 1e-3  # of a part of a picture, that it can be recognised by
NEAR_COPY = 0.1  # share of a picture's variance that a near copy does not explain


class Nearest(NamedTuple):
    """What lies next to each of n pictures among the training pictures.

    Attributes:
        index: (n, k) numbers of the nearest training pictures.
        distance: (n, k) their distances.
        ratio: (n,) the first distance over that of the training picture to its own
            nearest other one: below 1 is closer than training pictures are.
    """

    index: np.ndarray
    distance: np.ndarray
    ratio: np.ndarray


def nearest(pictures, train, mirrored, k=CANDIDATES, apart=None):
    """Finds the nearest training pictures; a mirror image is no other picture.

    Args:
        pictures: (n, d) features.
        train: (m, d) features of the training pictures.
        mirrored: (m, d) features of their mirror images.
        k: How many.
        apart: What `among` returns for both; taken here if left out.

    Returns:
        `Nearest`.
    """
    found = np.minimum(distances(pictures, train), distances(pictures, mirrored))
    index = np.argsort(found, axis=1, kind="stable")[:, :k]
    distance = np.take_along_axis(found, index, 1)
    own = among(train, mirrored) if apart is None else apart
    return Nearest(index, distance, distance[:, 0] / own[index[:, 0]])


def among(train, mirrored):
    """Returns (m,): how far each training picture is from the nearest other one.

    Args:
        train: (m, d) features of the training pictures.
        mirrored: (m, d) features of their mirror images.
    """
    found = []
    for first in range(0, len(train), ROWS):  # all at once take gigabytes
        rows = slice(first, first + ROWS)
        some = np.minimum(
            distances(train[rows], train), distances(train[rows], mirrored)
        )
        some = np.minimum(some, distances(mirrored[rows], train))
        some[some == 0] = np.inf  # itself; one that is there twice has another, too
        own = np.arange(len(some))
        some[own, first + own] = np.inf
        found.append(some.min(1))
    return np.concatenate(found)


def authpct(ratio):
    """AuthPct: the share of pictures that are no copies of training pictures.

    Args:
        ratio: (n,) of `Nearest`.

    Returns:
        0 to 1; exact copies have 0.

    Reference:
        Alaa et al. 2022, How Faithful is your Synthetic Data?, authenticity.
    """
    return float(np.mean(ratio > 1))


def ct_score(fake, held_out):
    """The probability that a generated picture is closer to the training pictures than
    a held-out one: 0.5 is right, 1 is copying.

    Args:
        fake: (n,) distances of generated pictures to the nearest training picture.
        held_out: (m,) the same of real pictures that were not trained on.

    Reference:
        Meehan et al. 2020, A Non-Parametric Test to Detect Data-Copying, the rank
        statistic as a share.
    """
    order = np.sort(held_out)
    above = len(order) - np.searchsorted(order, fake, "right")
    equal = len(order) - np.searchsorted(order, fake, "left") - above
    return float(np.mean(above + equal / 2) / len(order))


def near_copies(pictures, train, index):
    """Finds the training pictures that are repeated, as they are, mirrored or moved.

    Args:
        pictures: uint8 (n, H, W, C).
        train: uint8 (m, H, W, C).
        index: (n, k) numbers of the training pictures to look at.

    Returns:
        (n,) array: the number of the training picture of whose variance less than a
        tenth is left unexplained at the best shift, up to an eighth of the side; the
        best one if there are several, -1 if there is none.
    """
    small, views = _small(pictures), _small(train)
    left = [
        np.minimum(*(_unexplained(small, kind) for kind in (one, one[:, :, ::-1])))
        for one in (views[column] for column in index.T)
    ]
    best = np.argmin(left, axis=0)
    rows = np.arange(len(small))
    return np.where(np.min(left, axis=0) < NEAR_COPY, index[rows, best], -1)


def _unexplained(pictures, originals):
    """The share of each original's variance left by its picture at the best shift.

    A shift by d compares picture(x + d) with original(x) where both exist. The sums
    over x that this needs are a correlation, for which the Fourier transform is fast,
    and sums over rectangles.
    """
    side = pictures.shape[1]
    shifts = np.arange(-(side // SHIFT), side // SHIFT + 1)
    products = _correlation(pictures, originals)[:, shifts[:, None], shifts]
    squares = _overlap_sums(pictures**2, shifts).sum(-1)
    own_sums = _overlap_sums(originals, -shifts)
    own_squares = _overlap_sums(originals**2, -shifts).sum(-1)
    overlap = side - np.abs(shifts)
    pixels = overlap[:, None] * overlap
    variance = own_squares - (own_sums**2).sum(-1) / pixels
    rest = squares + own_squares - 2 * products
    # A white part of a picture is explained by any white: too little to go by.
    enough = variance > LEAST_VARIANCE * pixels
    return np.where(enough, rest / np.maximum(variance, 1e-9), np.inf).min(axis=(1, 2))


def _correlation(pictures, originals):
    """Sums over x and channels of picture(x + d) original(x), at d modulo the size."""
    size = [pictures.shape[1] + pictures.shape[1] // SHIFT] * 2
    a, b = (np.fft.rfft2(p, size, axes=(1, 2)) for p in (pictures, originals))
    return np.fft.irfft2((a * b.conj()).sum(-1), size, axes=(1, 2))


def _overlap_sums(pictures, shifts):
    """Sums (n, shifts, shifts, C) over what stays of the pictures when moved."""
    side = pictures.shape[1]
    sums = np.pad(pictures.cumsum(1).cumsum(2), ((0, 0), (1, 0), (1, 0), (0, 0)))
    first, last = np.maximum(0, shifts), side + np.minimum(0, shifts)
    rows = sums[:, last] - sums[:, first]
    return rows[:, :, last] - rows[:, :, first]


def _small(pictures):
    """Floats of 0 to 1, with means over squares if larger than `VIEW`."""
    count, side, _, channels = pictures.shape
    factor = max(1, side // VIEW)
    kept = side // factor * factor
    parts = pictures[:, :kept, :kept].astype(np.float64) / 255
    shape = (count, kept // factor, factor, kept // factor, factor, channels)
    return parts.reshape(shape).mean(axis=(2, 4))


def discriminator_gap(train, held_out, fake):
    """How far the discriminator tells training pictures from held-out ones.

    Args:
        train: (n,) logits of training pictures.
        held_out: (m,) logits of real pictures that it was not trained on.
        fake: (k,) logits of generated pictures.

    Returns:
        0 if it takes both for equally real, 1 if it takes held-out pictures for
        generated ones: it has learnt the training pictures by heart. 0 as well if it
        takes generated pictures for real ones.

    Reference:
        Karras et al. 2020, Training GANs with Limited Data, equation 1 (r_v).
    """
    span = np.mean(train) - np.mean(fake)
    return float((np.mean(train) - np.mean(held_out)) / span) if span > 0 else 0.0
