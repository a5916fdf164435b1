"""What the discriminator makes of a batch: logits and, where asked for, features."""

from typing import NamedTuple

import keras
import tensorflow as tf

from dcgan.models.discriminator import feature_layers
from dcgan.training.fused import accelerate
from dcgan.training.synchronised import synchronise


class View(NamedTuple):
    """Logits (N, L), and features (N, F) or None."""

    logits: tf.Tensor
    features: tf.Tensor | None


class Judge:
    """Calls the discriminator in training mode and returns `View`s.

    Args:
        discriminator: Keras model from pictures to logits (N, L).
        with_features: Whether views have features: the layers named `features`.
        fused: Whether to compute with fewer operations; not for second derivatives.
        sync_batchnorm: Whether BatchNorm is over the replicas; see `synchronise`.
    """

    def __init__(
        self, discriminator, with_features=False, fused=False, sync_batchnorm=True
    ):
        self.network = discriminator
        self.with_features = with_features
        if with_features:
            features = [layer.output for layer in feature_layers(discriminator)]
            outputs = [*discriminator.outputs, *features]
            self.network = keras.Model(discriminator.inputs, outputs)
        self.network = synchronise(self.network, sync_batchnorm)
        if fused:
            self.network = accelerate(self.network)

    def __call__(self, seen):
        if not self.with_features:
            return View(self.network(seen, training=True), None)
        logits, *features = self.network(seen, training=True)
        flat = [tf.reshape(f, (tf.shape(f)[0], -1)) for f in features]
        return View(logits, tf.cast(tf.concat(flat, axis=1), tf.float32))


def feature_distance(real_features, fake_features):
    """Returns the mean squared difference of the mean features, a scalar.

    Args:
        real_features: (N, F).
        fake_features: (M, F).

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.1; the
        mean over the features, where the formula sums, is from their released code.
    """
    difference = tf.reduce_mean(real_features, 0) - tf.reduce_mean(fake_features, 0)
    return tf.reduce_mean(tf.square(difference))
