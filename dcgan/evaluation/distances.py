"""Distances between feature vectors."""

import numpy as np

ROWS = 500  # points whose distances are taken at a time


def distances(a, b):
    """Returns the Euclidean distances between all rows of two arrays.

    Args:
        a: (n, d) array.
        b: (m, d) array.

    Returns:
        (n, m) float64 array.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    # In place: of 5000 pictures each of these takes 200 MB.
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)
    products = a @ b.T
    products *= 2
    squares -= products
    # Equal rows come out as a little noise, which would be taken for a distance.
    squares[squares < 1e-10 * (a**2).sum(1).mean()] = 0
    return np.sqrt(squares, out=squares)


def neighbour_distances(points, k=1):
    """Returns the distance of each point to its k-th nearest other point.

    Some rows at a time: of 5000 pictures all distances at once take 200 MB.

    Args:
        points: (n, d) array.
        k: 1 is the nearest.

    Returns:
        (n,) array.
    """
    found = []
    for first in range(0, len(points), ROWS):
        some = distances(points[first : first + ROWS], points)
        own = np.arange(len(some))
        some[own, first + own] = np.inf
        found.append(np.partition(some, k - 1, axis=1)[:, k - 1])
    return np.concatenate(found)


def to_neighbour(square, k=1):
    """Returns the distance of each point to its k-th nearest other point.

    Args:
        square: (n, n) distances within one set.
        k: 1 is the nearest.

    Returns:
        (n,) array.
    """
    others = square.copy()
    np.fill_diagonal(others, np.inf)
    others.partition(k - 1, axis=1)
    return others[:, k - 1]
