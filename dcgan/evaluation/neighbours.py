"""A set of pictures, ready to find those of it that are next to others."""

from functools import cached_property

import numpy as np

from dcgan.evaluation import memorisation
from dcgan.evaluation.distances import distances
from dcgan.pixels import over_white


class Neighbours:
    """Finds the pictures of a set that are next to others, as they are or mirrored.

    Args:
        images: uint8 (N, H, W, C).
        extractor: An `Extractor`.

    Attributes:
        images: As given.
        features: (N, d) of the pictures.
        mirrored: (N, d) of their mirror images.

    Example:
        >>> neighbours = Neighbours(images, Extractor("lite0"))
        >>> near = neighbours.nearest(neighbours.describe(pictures))
        >>> images[near.index[:, 0]]  # the nearest one of each
    """

    def __init__(self, images, extractor):
        self.images = images
        self._extractor = extractor
        self.features = self.describe(images)
        self.mirrored = self.describe(images[:, :, ::-1])

    def describe(self, pictures):
        """Returns the features (n, d) of uint8 pictures (n, H, W, C)."""
        return self._extractor(over_white(pictures))

    def distances(self, features):
        """Returns (n, N): how far pictures are from each of the set or its mirror
        image."""
        return np.minimum(
            distances(features, self.features), distances(features, self.mirrored)
        )

    def nearest(self, features, k=memorisation.CANDIDATES):
        """Returns the `memorisation.Nearest` of features (n, d)."""
        both = self.features, self.mirrored
        return memorisation.nearest(features, *both, k, self.apart)

    @cached_property
    def apart(self):
        """(N,): how far each picture is from the nearest other one."""
        return memorisation.among(self.features, self.mirrored)

    def repeated(self, pictures, index):
        """Returns (n,): the number of the picture that each repeats, -1 if it is none.

        Args:
            pictures: uint8 (n, H, W, C), as large as those of the set.
            index: (n, k) numbers of the pictures to look at.
        """
        # Over white: the colour of what is transparent is nobody's to see.
        views = over_white(pictures), over_white(self.images)
        return memorisation.near_copies(*views, index)
