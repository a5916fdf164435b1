"""Pictures that stay on disk, for sets that are too large for the memory."""

import os
from numbers import Integral

import numpy as np


class StoredImages:
    """Pictures that are read when they are asked for, indexed like an array.

    Args:
        read: Function from an int array (n,) of numbers of pictures to uint8
            (n, H, W, C).
        count: How many pictures there are.
        shape: (H, W, C).

    Example:
        >>> images[[3, 1]].shape  # reads two pictures
        (2, 64, 64, 3)
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, read, count, shape):
        self.read = read
        self.shape = (count, *shape)

    @classmethod
    def open(cls, path, count, shape):
        """Opens a file of nothing but pixels, one picture after another."""
        size = int(np.prod(shape))
        file = open(path, "rb", buffering=0)  # closed with the last reference to it

        def read(numbers):
            pixels = np.empty((len(numbers), size), np.uint8)
            # Not mapped into memory, where all that was ever read would count as used.
            for row, number in zip(pixels, numbers):
                if os.preadv(file.fileno(), [row], int(number) * size) != size:
                    raise OSError(f"{path} has become shorter while it was in use")
            return pixels.reshape(-1, *shape)

        return cls(read, count, shape)

    def subset(self, numbers):
        """Returns some of the pictures, which also stay where they are."""
        numbers = np.asarray(numbers)
        return StoredImages(
            lambda places: self.read(numbers[places]), len(numbers), self.shape[1:]
        )

    def changed(self, change, shape):
        """Returns the pictures as `change` makes them of those that were read.

        Args:
            change: Function from uint8 (n, H, W, C) to uint8 (n, *shape).
            shape: What it makes of (H, W, C).
        """
        return StoredImages(lambda n: change(self.read(n)), len(self), shape)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, key):
        if isinstance(key, Integral):
            if not -len(self) <= key < len(self):
                raise IndexError(f"{key} of {len(self)} pictures")
            return self.read(np.array([key % len(self)]))[0]
        return self.read(np.arange(len(self))[key])

    def __array__(self, dtype=None, copy=None):
        return self[:].astype(dtype or self.dtype, copy=False)
