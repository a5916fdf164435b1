"""Pictures as vectors whose distances are those that people see."""

import math
from typing import NamedTuple

import tensorflow as tf

from dcgan.models.projected import FrozenFeatures
from dcgan.pixels import as_seen

SIDES = (64, 128)  # pixels, at which Lite0 looks: pictures in between as they are
EPSILON = 1e-8  # of squared lengths: a map may be 0 everywhere


class Vectors(NamedTuple):
    """What N pictures are compared by; squared distances are means over a picture.

    Attributes:
        pixels: float32 (N, H * W * C) tensor, over the root of that number.
        features: float32 (N, d) tensor of Lite0's maps.
    """

    pixels: tf.Tensor
    features: tf.Tensor

    def squared_distances(self, others):
        """Returns `(pixels, features)`, (N,) tensors of squared distances, row by row.

        Args:
            others: `Vectors` of N pictures, or of one.
        """
        pairs = zip(self, others)
        return tuple(tf.reduce_sum((a - b) ** 2, axis=1) for a, b in pairs)


class Embedding:
    """Turns pictures to `Vectors`.

    The features are Lite0's maps at four scales. In each place of a map the vector of
    its channels gets length 1, so no scale outweighs another, and the squares are
    averaged over the places: what is compared is what is seen where.

    Args:
        side: Of the pictures in pixels, a power of two.

    Raises:
        InputError: If Lite0's weights are missing or altered.

    Example:
        >>> a, b = embedding(pictures), embedding(others)
        >>> pixels, features = a.squared_distances(b)

    Reference:
        Zhang et al. 2018, The Unreasonable Effectiveness of Deep Features as a
        Perceptual Metric, equation 1, with all channels weighted alike.
    """

    def __init__(self, side):
        self._maps = FrozenFeatures(min(max(side, SIDES[0]), SIDES[1]))

    def __call__(self, pictures):
        """Returns the `Vectors` of a tensor (N, H, W, C) in [-1, 1]."""
        parts = [_directions(each) for each in self._maps(pictures)]
        features = tf.concat(parts, axis=1) / math.sqrt(len(parts))
        return Vectors(_flat(as_seen(pictures)), features)


def _directions(maps):
    lengths = tf.reduce_sum(maps**2, axis=-1, keepdims=True)
    return _flat(maps * tf.math.rsqrt(lengths + EPSILON), maps.shape[1] * maps.shape[2])


def _flat(values, count=None):
    """Rows whose squared distances are means over `count` numbers; all if left out."""
    length = math.prod(values.shape[1:])
    return tf.reshape(values, (-1, length)) / math.sqrt(count or length)
