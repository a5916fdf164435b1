"""Random changes to real pictures only, in the pipeline: they leak into what G makes.

Each takes float batches (N, H, W, C) in [-1, 1] and a key, and draws for each picture;
`share` is the `Share` of the global batch that they are, all of it if left out. Alpha
stays with its pixel; colours change in RGB only.
"""

import math

import tensorflow as tf

from dcgan.randomness import split_key, uniform
from dcgan.replicas import Share

WHOLE = Share()
GREY = (0.299, 0.587, 0.114)  # shares of red, green and blue in brightness (ITU-R 601)


def mirror(images, key, share=WHOLE):
    """Mirrors each picture left to right with probability 1/2."""
    draw = share.drawn(lambda count: uniform(key, (count, 1)), tf.shape(images)[0])
    mirrored = draw < 0.5
    columns = tf.range(images.shape[2])
    # One gather: to mirror all pictures and then choose takes several times as long.
    places = tf.where(mirrored, columns[::-1], columns)
    return tf.gather(images, places, axis=2, batch_dims=1)


def jitter(images, key, strengths, share=WHOLE):
    """Changes brightness, contrast and saturation by factors around 1.

    Args:
        images: (N, H, W, C).
        key: Key of shape (2,).
        strengths: Three numbers s from 0 to 1; the factors are U(1 - s, 1 + s).
        share: The `Share`.

    Returns:
        (N, H, W, C) in [-1, 1].
    """
    colours, alpha = (images[..., :3] + 1) / 2, images[..., 3:]
    for operation, strength in zip((_brighten, _contrast, _saturate), strengths):
        part = split_key(key, operation.__name__)
        factor = _factors(images, part, share, strength)
        colours = tf.clip_by_value(operation(colours, factor), 0.0, 1.0)
    return tf.concat([colours * 2 - 1, alpha], axis=3)


def rotate(images, key, degrees, share=WHOLE):
    """Turns each picture around its centre by U(-degrees, degrees), bilinearly.

    What comes in from outside repeats the border. With four channels colours are
    weighted by alpha, so that no dark rims appear.
    """
    angles = share.drawn(
        lambda count: uniform(key, (count,), -degrees, degrees), tf.shape(images)[0]
    )
    angles *= math.pi / 180
    if images.shape[3] < 4:
        return turn(images, angles)
    colours, alpha = (images[..., :3] + 1) / 2, (images[..., 3:] + 1) / 2
    turned = turn(tf.concat([colours * alpha, alpha], axis=3), angles)
    colours, alpha = turned[..., :3], turned[..., 3:]
    colours = tf.math.divide_no_nan(colours, alpha)
    return tf.clip_by_value(tf.concat([colours, alpha], axis=3) * 2 - 1, -1.0, 1.0)


def turn(images, angles):
    """Turns pictures by `angles` (N,) in radians, counter-clockwise."""
    height, width = images.shape[1:3]
    x, y = (width - 1) / 2, (height - 1) / 2
    cos, sin, zero = tf.cos(angles), tf.sin(angles), tf.zeros_like(angles)
    # Each output pixel (column, row) takes the input pixel turned back.
    matrix = [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([*matrix, zero, zero], axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def _factors(images, key, share, strength):
    return share.drawn(
        lambda count: uniform(key, (count, 1, 1, 1), 1 - strength, 1 + strength),
        tf.shape(images)[0],
    )


def _brighten(colours, factor):
    return colours * factor


def _contrast(colours, factor):
    mean = tf.reduce_mean(_grey(colours), axis=[1, 2, 3], keepdims=True)
    return factor * colours + (1 - factor) * mean


def _saturate(colours, factor):
    return factor * colours + (1 - factor) * _grey(colours)


def _grey(colours):
    if colours.shape[3] == 1:
        return colours
    return tf.reduce_sum(colours * tf.constant(GREY), axis=3, keepdims=True)
