"""How many pictures a score takes."""

import numpy as np

from dcgan.errors import InputError, invalid
from dcgan.figures.gifs import thin_out

FEWEST = 10  # pictures of a set
MOST = 5000  # the same; more would take gigabytes and say nothing more


def at_most(pictures, what):
    """Returns the pictures, thinned out evenly if there are too many to compare.

    Args:
        pictures: (N, ...) array.
        what: What they are, in the plural, for the error.

    Raises:
        InputError: If there are too few.
    """
    check_enough(pictures, what)
    return evenly(pictures, MOST)


def check_enough(pictures, what):
    """Raises `InputError` if there are too few pictures for a score; see `at_most`."""
    if len(pictures) < FEWEST:
        raise InputError(
            f"too few {what} for a score. Received: {len(pictures)}. "
            f"Allowed: {FEWEST} or more"
        )


def evenly(values, most):
    """Returns at most `most` rows, evenly spread: real pictures come sorted by name.

    Args:
        values: (N, ...) array, or `StoredImages`.
        most: 1 or more.
    """
    if len(values) <= most:
        return np.asarray(values)
    return values[np.array(thin_out(range(len(values)), most))]


def check_count(count):
    """Refuses a number of samples that is too small or too large to score."""
    if not FEWEST <= count <= MOST:
        raise invalid("-n", count, f"{FEWEST} to {MOST}")
