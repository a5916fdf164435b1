"""Scores of one set of pictures against another: functions of features."""

from typing import NamedTuple

import numpy as np

from dcgan.evaluation.distances import distances, neighbour_distances, to_neighbour

SCALE = 1000  # KID is written in thousandths
NEIGHBOURS = 5  # k of precision, recall, density and coverage
SPLITS = 100  # random halves from which the floor of KID is taken
DRAWS = 5  # of real pictures, if there are more than generated ones


class Estimate(NamedTuple):
    """A number and its standard error."""

    value: float
    error: float


def kid(real, fake):
    """Kernel Inception Distance: the unbiased squared maximum mean discrepancy.

    Features are divided by the root mean square of the real ones, so that the number
    does not depend on their unit. It may come out below 0, as an unbiased estimate of 0
    must.

    Args:
        real: (n, d) features of real pictures, n above 2.
        fake: (m, d) features of generated pictures, m above 2.

    Returns:
        `Estimate` times 1000, with the error by the delete-one jackknife over both.

    Reference:
        Binkowski et al. 2018, Demystifying MMD GANs, section 4; Efron and Stein 1981,
        The Jackknife Estimate of Variance.
    """
    real, fake = _in_units_of(real, real), _in_units_of(real, fake)
    return _discrepancy(
        _without_diagonal(_kernel(real, real)),
        _without_diagonal(_kernel(fake, fake)),
        _kernel(real, fake),
    )


def kid_floor(real, seed=0):
    """How large the KID of real pictures is by chance, half of them against the others.

    Args:
        real: (n, d) features of real pictures, n above 5.
        seed: Of the random halves.

    Returns:
        The KID that 95 of 100 pairs of random halves of the real pictures stay below,
        either side of 0.
    """
    real = _in_units_of(real, real)
    kernel = _without_diagonal(_kernel(real, real))
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(SPLITS):
        order = rng.permutation(len(real))
        a, b = order[: len(real) // 2], order[len(real) // 2 :]
        blocks = kernel[np.ix_(a, a)], kernel[np.ix_(b, b)], kernel[np.ix_(a, b)]
        found.append(abs(_discrepancy(*blocks).value))
    return float(np.quantile(found, 0.95))


def _in_units_of(real, features):
    """Divides features by the root mean square of the real ones."""
    return np.asarray(features, np.float64) / np.sqrt(
        np.mean(np.square(real, dtype=float))
    )


def _kernel(a, b):
    kernel = a @ b.T  # changed in place: of 5000 pictures it takes 200 MB
    kernel /= a.shape[1]
    kernel += 1
    kernel **= 3
    return kernel


def _without_diagonal(kernel):
    np.fill_diagonal(kernel, 0)
    return kernel


def _discrepancy(within_a, within_b, between):
    """The estimate from kernels, those within a set with a diagonal of 0."""
    n, m = between.shape
    rows_a, rows_b = within_a.sum(1), within_b.sum(1)
    total_a, total_b, total = rows_a.sum(), rows_b.sum(), between.sum()

    def discrepancy(sum_a, n, sum_b, m, sum_ab):
        return sum_a / (n * (n - 1)) + sum_b / (m * (m - 1)) - 2 * sum_ab / (n * m)

    value = discrepancy(total_a, n, total_b, m, total)
    without_a = discrepancy(
        total_a - 2 * rows_a, n - 1, total_b, m, total - between.sum(1)
    )
    without_b = discrepancy(
        total_a, n, total_b - 2 * rows_b, m - 1, total - between.sum(0)
    )
    variance = (n - 1) * without_a.var() + (m - 1) * without_b.var()
    return Estimate(float(SCALE * value), float(SCALE * np.sqrt(variance)))


def frechet_distance(real, fake):
    """Frechet distance of two Gaussians fitted to the features (FID).

    It depends on the numbers of pictures: never compare it across them.

    Args:
        real: (n, d) features.
        fake: (m, d) features.

    Reference:
        Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule, equation 6.
    """
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    means = real.mean(0), fake.mean(0)
    a = (real - means[0]) / np.sqrt(len(real) - 1)
    b = (fake - means[1]) / np.sqrt(len(fake) - 1)
    # The trace of the root of the product of the covariances a'a and b'b is the sum of
    # the singular values of a b', which is smaller and needs no root of a matrix.
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    gap = np.sum((means[0] - means[1]) ** 2)
    return float(gap + np.sum(a**2) + np.sum(b**2) - 2 * root)


def precision_recall(real, fake, k=NEIGHBOURS):
    """Precision, recall, density and coverage.

    Args:
        real: (n, d) features of real pictures, n above k.
        fake: (m, d) features of generated pictures, m above k.
        k: The neighbour that sets the radius of a ball around each picture.

    Returns:
        Dict of `precision`, the share of generated pictures in a ball of a real one;
        `recall`, that of real pictures in a ball of a generated one; `density`, in how
        many balls of real ones a generated picture lies, over k; `coverage`, the share
        of real pictures in whose ball a generated one lies.

    Reference:
        Kynkaanniemi et al. 2019, Improved Precision and Recall Metric, section 2;
        Naeem et al. 2020, Reliable Fidelity and Diversity Metrics, section 3.
    """
    between = distances(real, fake)
    radii = neighbour_distances(real, k)
    fake_radii = neighbour_distances(fake, k)
    inside = between <= radii[:, None]
    return {
        "precision": float(inside.any(0).mean()),
        "recall": float((between <= fake_radii).any(1).mean()),
        "density": float(inside.sum(0).mean() / k),
        "coverage": float(inside.any(1).mean()),
    }


def variety(real, fake):
    """How far generated pictures are from each other, next to real ones.

    Args:
        real: (n, d) features; if they are more than the others, as many are drawn at
            random, a few times. (Evenly spread ones would miss the neighbours of a
            sorted set, such as the frames of an animation.)
        fake: (m, d) features, of which the first n are taken: they have no order.

    Returns:
        The median distance to the nearest other picture over that of as many real
        ones: about 1 for a varied set, 0 if most pictures come twice.
    """
    fake = fake[: len(real)]
    rng, times = np.random.default_rng(0), DRAWS if len(real) > len(fake) else 1
    draws = (rng.permutation(len(real))[: len(fake)] for _ in range(times))
    apart = np.mean([_spacing(real[np.sort(draw)]) for draw in draws])
    return float(np.median(to_neighbour(distances(fake, fake))) / apart)


def _spacing(real):
    """The median distance to the nearest other picture; of one that is there twice,
    to the nearest that differs."""
    apart = distances(real, real)
    apart[apart == 0] = np.inf
    return np.median(to_neighbour(apart))
