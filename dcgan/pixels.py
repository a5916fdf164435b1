"""The two scales of a picture: uint8 0 to 255 on disk, float -1 to 1 in training."""

import numpy as np


def to_uint8(pictures):
    """Converts floats in [-1, 1] to uint8, rounding to the nearest level."""
    levels = np.asarray(pictures, np.float32) * 127.5 + 127.5
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def to_float(pictures):
    """Converts uint8 arrays or tensors to float32 in [-1, 1]."""
    if isinstance(pictures, np.ndarray):
        return pictures.astype(np.float32) / 127.5 - 1
    import tensorflow as tf

    return tf.cast(pictures, tf.float32) / 127.5 - 1


def over_white(pictures):
    """Puts uint8 pictures (N, H, W, 4) over white; other channels stay as they are."""
    if pictures.shape[-1] != 4:
        return pictures
    alpha = pictures[..., 3:].astype(np.float32) / 255
    blended = pictures[..., :3] * alpha + 255 * (1 - alpha)
    return np.rint(blended).astype(np.uint8)
