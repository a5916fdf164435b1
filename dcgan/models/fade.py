"""Blending in the newest block of a network that grows at the picture's end."""

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable("dcgan")
class FadeIn(keras.layers.Layer):
    """Blends two inputs of one shape: `(1 - alpha) * before + alpha * new`.

    `alpha` is a weight that no optimizer touches, 1 at first: a network that stands
    alone shows its newest block only.

    Reference:
        Karras et al. 2018, Progressive Growing of GANs, figure 2.
    """

    def build(self, input_shape):
        self.alpha = self.add_weight(
            name="alpha", shape=(), initializer="ones", trainable=False
        )

    def call(self, inputs):
        before, new = inputs
        alpha = ops.cast(ops.convert_to_tensor(self.alpha), new.dtype)
        return (1 - alpha) * before + alpha * new


def set_alpha(network, alpha):
    """Sets the share of the newest block in `network`, a scalar from 0 to 1."""
    for layer in network.layers:
        if isinstance(layer, FadeIn):
            layer.alpha.assign(alpha)


def fade_pictures(pictures, alpha):
    """Blends pictures with the same at half the size, as the networks do.

    Args:
        pictures: (N, H, W, C), H and W even.
        alpha: Share of the full size, scalar.

    Returns:
        (N, H, W, C).

    Reference:
        Karras et al. 2018, Progressive Growing of GANs, figure 2: real pictures are
        interpolated during a transition like generated ones.
    """
    half = tf.nn.avg_pool2d(pictures, 2, 2, "VALID")
    before = tf.repeat(tf.repeat(half, 2, axis=1), 2, axis=2)
    return (1 - alpha) * before + alpha * pictures


def fade_share(step, first, steps):
    """Returns alpha of a step: above 0 in the first one, 1 in the last.

    Args:
        step: Steps done before, scalar integer tensor.
        first: Steps done before the stage.
        steps: Steps that the blending takes, above 0.

    Returns:
        Scalar float32 tensor from 0 to 1.
    """
    return tf.clip_by_value(tf.cast(step - first + 1, tf.float32) / steps, 0.0, 1.0)
