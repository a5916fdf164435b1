"""Real pictures that are set aside, to see whether the others are learnt by heart."""

import numpy as np

PURPOSE = 0x401D  # keeps this draw apart from others with the same seed


def set_aside(images, share, seed):
    """Splits the pictures at random, the same way for the same seed.

    Args:
        images: (N, ...) array.
        share: Share to set aside, 0 to 0.5; above 0, at least one picture is.
        seed: int of 0 or more.

    Returns:
        `(train, held_out)`, each in the order of `images`; without a share everything
        and nothing.
    """
    count = max(1, round(share * len(images))) if share else 0
    order = np.random.default_rng([seed, PURPOSE]).permutation(len(images))
    return images[np.sort(order[count:])], images[np.sort(order[:count])]
