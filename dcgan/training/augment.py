"""DiffAugment: differentiable augmentation of real and generated pictures alike.

The formulas are functions of the pictures and of the drawn numbers; the draws are
apart, so that each formula can be checked against fixed numbers.
"""

from functools import partial
from numbers import Real

import numpy as np
import tensorflow as tf

from dcgan.errors import check_choice
from dcgan.randomness import draw_key, integers, split_key, uniform
from dcgan.replicas import drawn

TRANSLATION = 0.125  # largest shift, as a share of the side
CUTOUT = 0.5  # side of the square that is cut out, as a share of the side


def diff_augment(images, policy="color,translation,cutout", seed=0):
    """Augments each picture by its own draws; gradients flow through.

    Args:
        images: (N, H, W, C) floats in [-1, 1], C = 1, 3 or 4.
        policy: Comma list of `color`, `translation` and `cutout`, applied in the order
            of the list.
        seed: int, or a key of shape (2,) from `dcgan.randomness`.

    Returns:
        (N, H, W, C) pictures; colours may leave [-1, 1], as in the paper's code. With
        four channels colour touches RGB only, and what is shifted or cut out becomes
        transparent (alpha -1).

    Raises:
        InputError: If `policy` names an unknown operation.

    Example:
        >>> diff_augment(tf.zeros((1, 8, 8, 3)), "cutout", seed=0).shape
        TensorShape([1, 8, 8, 3])

    Reference:
        Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN Training,
        section 4 and appendix A.
    """
    images = tf.cast(images, tf.float32)
    key = draw_key(seed, 0, "diff_augment") if np.ndim(seed) == 0 else seed
    for name in policy.split(","):
        check_choice("policy", name.strip(), POLICIES)
        for operation, draw in POLICIES[name.strip()]:
            images = operation(images, draw(split_key(key, operation.__name__), images))
    return images


def maybe_augment(images, key, decision_key, policy, aug_prob, aug_per_sample):
    """Augments with probability `aug_prob`.

    Args:
        images: (N, H, W, C) floats in [-1, 1].
        key: Key of shape (2,) of the draws of the operations.
        decision_key: Key of the decision. Real and generated pictures share it, so
            that one iteration augments both or none.
        policy: As for `diff_augment`.
        aug_prob: Probability in [0, 1], a number or a scalar tensor. At the number 0
            the pictures come back untouched.
        aug_per_sample: Decide for each picture instead of for the whole batch.
    """
    fixed = isinstance(aug_prob, Real)  # not a variable, as ADA's
    if fixed and aug_prob == 0:
        return images
    augmented = diff_augment(images, policy, key)
    if fixed and aug_prob == 1:
        return augmented
    if aug_per_sample:
        draws = _draw_uniform(0.0, 1.0)(decision_key, images)
    else:
        draws = uniform(decision_key, (1, 1, 1, 1))
    return tf.where(draws < aug_prob, augmented, images)


def brightness(images, shift):
    """Adds `shift` (N, 1, 1, 1), in [-0.5, 0.5), to the colours."""
    return _on_colours(lambda colours: colours + shift, images)


def saturation(images, factor):
    """Scales by `factor`, in [0, 2), the distance of each pixel from its own grey."""
    return _on_colours(lambda colours: _stretch(colours, factor, [3]), images)


def contrast(images, factor):
    """Scales by `factor`, in [0.5, 1.5), the distance from the picture's mean."""
    return _on_colours(lambda colours: _stretch(colours, factor, [1, 2, 3]), images)


def translation(images, shift):
    """Moves pictures by `shift` (N, 2) whole pixels: down and right where positive."""
    moved = _moved(images, shift)
    if images.shape[3] < 4:
        return moved  # what comes in from outside is 0, the empty pixel
    outside = 1 - _moved(tf.ones_like(images[..., :1]), shift)
    return moved + outside * _empty_pixel(images)


@tf.custom_gradient
def _moved(images, shift):
    """Moves pictures by `shift`; what comes in from outside is 0.

    The gradient of a move is the move back, which is cheaper than the scatter that
    TensorFlow makes of a gather's. It can be differentiated again.
    """

    def gradient(upstream):
        return _moved(upstream, -shift), None

    height, width, channels = images.shape[1:]
    # A border of one empty pixel stands for all that is outside.
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    rows = tf.clip_by_value(tf.range(height) + 1 - shift[:, :1], 0, height + 1)
    columns = tf.clip_by_value(tf.range(width) + 1 - shift[:, 1:], 0, width + 1)
    places = rows[:, :, None] * (width + 2) + columns[:, None]
    pixels = tf.reshape(padded, (-1, (height + 2) * (width + 2), channels))
    return tf.gather(pixels, places, batch_dims=1), gradient


def cutout(images, centre):
    """Empties a square of half the side around `centre` (N, 2), in pixels."""
    height, width = images.shape[1:3]
    rows = _covered(tf.range(height), centre[:, :1], _cutout_size(height))
    columns = _covered(tf.range(width), centre[:, 1:], _cutout_size(width))
    cut = tf.cast(rows[:, :, None] & columns[:, None], images.dtype)[..., None]
    return images * (1 - cut) + cut * _empty_pixel(images)


def draw_shift(key, images):
    """Draws (N, 2) shifts, uniform over whole pixels up to an eighth of the side."""
    return _draw_pixels(key, images, lambda side: int(side * TRANSLATION + 0.5), -1)


def draw_centre(key, images):
    """Draws (N, 2) centres of the cut-out square, uniform over the picture."""
    return _draw_pixels(key, images, lambda side: side - _cutout_size(side) % 2, 0)


def _draw_pixels(key, images, reach, sign):
    """Draws one number an axis, uniform over sign * reach(side) .. reach(side)."""
    axes = []
    for name, side in zip(("vertical", "horizontal"), images.shape[1:3]):
        low, high = sign * reach(side), reach(side)
        draw = partial(integers, split_key(key, name), low=low, high=high)
        axes.append(drawn(draw, tf.shape(images)[:1]))
    return tf.stack(axes, axis=1)


def _draw_uniform(low, high):
    def draw(key, images):
        return drawn(
            lambda count: uniform(key, (count, 1, 1, 1), low, high), tf.shape(images)[0]
        )

    return draw


def _cutout_size(side):
    return int(side * CUTOUT + 0.5)


def _covered(positions, centre, size):
    first = centre - size // 2
    return (positions >= first) & (positions < first + size)


def _stretch(colours, factor, axes):
    mean = tf.reduce_mean(colours, axes, keepdims=True)
    return (colours - mean) * factor + mean


def _on_colours(operation, images):
    colours, alpha = images[..., :3], images[..., 3:]
    return tf.concat([operation(colours), alpha], axis=3)


def _empty_pixel(images):
    """Grey (0) as in the paper's code; transparent if there is an alpha channel."""
    pixel = [0.0, 0.0, 0.0, -1.0] if images.shape[3] == 4 else [0.0]
    return tf.constant(pixel, images.dtype)


# name: the operations, in order, each with the draw of its numbers.
POLICIES = {
    "color": [
        (brightness, _draw_uniform(-0.5, 0.5)),
        (saturation, _draw_uniform(0.0, 2.0)),
        (contrast, _draw_uniform(0.5, 1.5)),
    ],
    "translation": [(translation, draw_shift)],
    "cutout": [(cutout, draw_centre)],
}
