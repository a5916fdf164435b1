"""Targets of the discriminator: smoothed, noisy, swapped."""

import tensorflow as tf

from dcgan.randomness import split_key, uniform


def draw_targets(key, count, smoothing, two_sided, noise, swap):
    """Draws the targets of one update.

    Args:
        key: Key of shape (2,) of the draws.
        count: Pictures of each kind, N.
        smoothing: Real targets are 1 minus this.
        two_sided: Whether fake targets are `smoothing` instead of 0.
        noise: Each target moves by this times U(-0.5, 0.5).
        swap: Probability that a picture gets a target of the other kind, for each
            real and each generated picture on its own.

    Returns:
        `(real_targets, fake_targets)`, (N, 1) each; 1.0 and 0.0 if nothing is on.

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.4
        (one-sided smoothing); Chintala et al. 2016, How to Train a GAN?, item 6 (noisy
        and swapped labels).
    """
    real, fake = 1.0 - smoothing, smoothing if two_sided else 0.0
    if not (noise or swap):
        return real, fake
    return tuple(
        _disturbed(split_key(key, kind), count, own, other, noise, swap)
        for kind, own, other in (("real", real, fake), ("fake", fake, real))
    )


def _disturbed(key, count, own, other, noise, swap):
    swapped = uniform(split_key(key, "swap"), (count, 1)) < swap
    moved = noise * uniform(split_key(key, "noise"), (count, 1), -0.5, 0.5)
    return tf.where(swapped, other, own) + moved
