"""The two scales of a picture: uint8 0 to 255 on disk, float -1 to 1 in training."""

import numpy as np


def to_uint8(pictures):
    """Converts floats in [-1, 1] to uint8, rounding to the nearest level.

    Args:
        pictures: Float array or tensor of any shape; what is beyond is clipped.

    Returns:
        uint8 array of that shape.
    """
    levels = np.asarray(pictures, np.float32) * 127.5 + 127.5
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def to_float(pictures):
    """Converts uint8 pictures to float32 in [-1, 1].

    Args:
        pictures: uint8 array or tensor of any shape.

    Returns:
        An array of an array, a tensor of a tensor.
    """
    if isinstance(pictures, np.ndarray):
        return pictures.astype(np.float32) / 127.5 - 1
    import tensorflow as tf

    return tf.cast(pictures, tf.float32) / 127.5 - 1


def as_seen(pictures):
    """Lets colours count as far as they are opaque, for distances between pictures.

    Args:
        pictures: Float array or tensor (N, H, W, C) in [-1, 1].

    Returns:
        The same for C = 1 or 3; for C = 4 colours times opacity, and twice the opacity,
        which is from 0 to 1.
    """
    if pictures.shape[-1] != 4:
        return pictures
    alpha = (pictures[..., 3:] + 1) / 2
    parts = [pictures[..., :3] * alpha, 2 * alpha]
    if isinstance(pictures, np.ndarray):
        return np.concatenate(parts, axis=-1)
    import tensorflow as tf

    return tf.concat(parts, axis=-1)


def over_white(pictures):
    """Puts uint8 pictures (N, H, W, 4) over white; other channels stay as they are."""
    if pictures.shape[-1] != 4:
        return pictures
    alpha = pictures[..., 3:].astype(np.float32) / 255
    blended = pictures[..., :3] * alpha + 255 * (1 - alpha)
    return np.rint(blended).astype(np.uint8)
