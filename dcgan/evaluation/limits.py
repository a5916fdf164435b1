"""How many pictures a score takes."""

import numpy as np

from dcgan.errors import InputError
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
    if len(pictures) < FEWEST:
        raise InputError(
            f"too few {what} for a score. Received: {len(pictures)}. "
            f"Allowed: {FEWEST} or more"
        )
    places = thin_out(range(len(pictures)), min(len(pictures), MOST))
    return np.asarray(pictures)[places]
