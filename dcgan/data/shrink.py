"""Pictures of a stage: the same pictures, smaller."""

import numpy as np

from dcgan.data.stored import StoredImages


def shrink(images, size):
    """Shrinks pictures by a whole factor, antialiased: each pixel is a square's mean.

    Args:
        images: uint8 array (N, H, H, C), or `StoredImages`; H is a multiple of `size`.
            With four channels transparent pixels have no say in the colour.
        size: Side of the result in pixels.

    Returns:
        uint8 array (N, size, size, C); `images` itself if they have that size.

    Raises:
        ValueError: If H is no multiple of `size`.

    Example:
        >>> shrink(images, 16).shape  # of (958, 64, 64, 3)
        (958, 16, 16, 3)
    """
    count, side, _, channels = images.shape
    if side == size:
        return images
    if side % size:
        raise ValueError(f"size must divide the side. Received: {size} and {side}")
    if isinstance(images, StoredImages):
        shape = (size, size, channels)
        return images.changed(lambda some: shrink(some, size), shape)
    small = np.empty((count, size, size, channels), np.uint8)
    for index, picture in enumerate(images):  # one by one, for the memory's sake
        small[index] = np.rint(_means(picture.astype(np.float64), side // size))
    return small


def _means(picture, factor):
    """Means over squares of `factor` x `factor` pixels; alpha weighs the colours."""
    if picture.shape[-1] != 4:
        return _squares(picture, factor).mean(axis=(1, 3))
    alpha = _squares(picture[..., 3:], factor)
    weighted = _squares(picture[..., :3], factor) * alpha
    total = alpha.sum(axis=(1, 3))
    colour = weighted.sum(axis=(1, 3)) / np.maximum(total, 1)
    return np.concatenate([colour, total / factor**2], axis=-1)


def _squares(picture, factor):
    rows, columns, channels = picture.shape
    return picture.reshape(rows // factor, factor, columns // factor, factor, channels)
