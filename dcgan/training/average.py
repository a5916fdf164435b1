"""The averaged generator (EMA)."""

import tensorflow as tf

RAMP_UP = 0.05  # early on, the half-life is this share of the pictures seen


def update_average(average, network, step, batch_size, half_life):
    """Moves all weights of `average` towards those of `network`.

    Statistics of BatchNorm are averaged like the rest.

    Args:
        average: Keras model of the same layers as `network`.
        network: Keras model.
        step: Steps done, this one included, scalar int64 tensor.
        batch_size: Pictures a step, scalar int tensor.
        half_life: Pictures after which a weight's share has halved.

    Reference:
        Yazici et al. 2019, The Unusual Effectiveness of Averaging in GAN Training;
        Karras et al. 2020, Training Generative Adversarial Networks with Limited Data
        (half-life and ramp-up).
    """
    pictures = tf.cast(step * tf.cast(batch_size, tf.int64), tf.float32)
    half_life = tf.minimum(float(half_life), RAMP_UP * pictures)
    decay = 0.5 ** (tf.cast(batch_size, tf.float32) / half_life)
    for mean, weight in zip(average.weights, network.weights):
        mean.assign(weight + decay * (mean - weight))
