"""Features of pictures, in which their sets are compared: the networks to choose."""

from functools import partial
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dcgan.errors import InputError, check_choice, in_a_line
from dcgan.graphs import keep_graphs_steady
from dcgan.models.lite import LITES, build_lite

BATCH = 64  # pictures at a time


def build_inception(size):
    """Builds InceptionV3 with its ImageNet weights, which Keras downloads once.

    Raises:
        InputError: If they cannot be had.
    """
    try:
        return keras.applications.InceptionV3(
            include_top=False, pooling="avg", input_shape=(size, size, 3)
        )
    except Exception as error:  # whatever the network or the file raises
        reason = in_a_line(error)
        raise InputError(
            "extractor: the weights of inception cannot be downloaded. "
            f"Received: {reason}. Allowed: --extractor lite0, which needs no network"
        ) from error


class Kind(NamedTuple):
    """An extractor: how it is built, and the side of its pictures in pixels."""

    build: callable
    input_size: int


EXTRACTORS = {name: Kind(partial(build_lite, name), 128) for name in LITES} | {
    "inception": Kind(build_inception, 299)
}


class Extractor:
    """Turns pictures to feature vectors.

    Args:
        name: `lite0` or `lite1`, whose weights come with packages, or `inception`,
            which is downloaded once.

    Attributes:
        name: As given.
        input_size: Side in pixels to which pictures are resized.

    Raises:
        InputError: If there is no such extractor, or its weights cannot be had.

    Example:
        >>> Extractor("lite0")(np.zeros((2, 64, 64, 3), np.uint8)).shape
        (2, 1280)
    """

    def __init__(self, name="lite0"):
        check_choice("extractor", name, EXTRACTORS)
        keep_graphs_steady()
        self.name = name
        build, self.input_size = EXTRACTORS[name]
        self._network = build(self.input_size)
        self._network.trainable = False
        self._extract = tf.function(self._extract, reduce_retracing=True)

    def __call__(self, images):
        """Returns float32 (N, features) of uint8 pictures (N, H, W, 1 or 3)."""
        images = np.broadcast_to(images, (*np.shape(images)[:3], 3))
        batches = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
        return np.concatenate([self._extract(tf.constant(b)).numpy() for b in batches])

    def _extract(self, images):
        pictures = tf.cast(images, tf.float32) / 127.5 - 1
        side = self.input_size
        pictures = tf.image.resize(pictures, (side, side), "bicubic", antialias=True)
        pictures = tf.clip_by_value(pictures, -1, 1)
        return self._network(pictures, training=False)
