"""Layers that let the discriminator compare the pictures of a batch.

A generator that collapses makes alike pictures; no picture alone gives that away. The
batch is that of all replicas.
"""

import keras
from keras import ops

from dcgan.models.norms import moments
from dcgan.replicas import combine, count, gather


@keras.saving.register_keras_serializable("dcgan")
class MinibatchDiscrimination(keras.layers.Layer):
    """Appends to each picture's features how close it is to the rest of the batch.

    `M_i = f_i T` is a matrix of `kernels` rows for each picture, and the number
    appended for row b is the sum over j of `exp(-|M_ib - M_jb|_1)`.

    Args:
        kernels: Rows B, the numbers appended.
        dims: Length C of a row.
        kernel_initializer: Of T.
        **options: Those of `keras.layers.Layer`.

    Input shape: (N, F). Output shape: (N, F + kernels).

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.2.
    """

    def __init__(self, kernels, dims, kernel_initializer="glorot_uniform", **options):
        super().__init__(**options)
        self.kernels, self.dims = kernels, dims
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.kernels * self.dims),
            initializer=self.kernel_initializer,
        )

    def call(self, inputs):
        rows = ops.reshape(inputs @ self.kernel, (-1, self.kernels, self.dims))
        distances = ops.sum(ops.abs(rows[:, None] - gather(rows)[None]), axis=3)
        return ops.concatenate([inputs, ops.sum(ops.exp(-distances), axis=1)], axis=1)

    def get_config(self):
        start = keras.initializers.serialize(self.kernel_initializer)
        own = {"kernels": self.kernels, "dims": self.dims, "kernel_initializer": start}
        return super().get_config() | own


@keras.saving.register_keras_serializable("dcgan")
class MinibatchStd(keras.layers.Layer):
    """Appends a channel that holds how much the pictures of the batch differ.

    It is one number for the whole batch: the standard deviation over the batch, for
    each channel and pixel, averaged over them.

    Args:
        epsilon: Added to the variance, for its root's gradient.
        **options: Those of `keras.layers.Layer`.

    Input shape: (N, H, W, C). Output shape: (N, H, W, C + 1).

    Reference:
        Karras et al. 2018, Progressive Growing of GANs, section 3.
    """

    def __init__(self, epsilon=1e-8, **options):
        super().__init__(**options)
        self.epsilon = epsilon

    def call(self, inputs):
        deviation = ops.mean(ops.sqrt(_variance(inputs) + self.epsilon))
        channel = ops.zeros_like(inputs[..., :1]) + deviation
        return ops.concatenate([inputs, channel], axis=-1)

    def get_config(self):
        return super().get_config() | {"epsilon": self.epsilon}


def _variance(inputs):
    """Returns the variance over the batch of all replicas, (H, W, C)."""
    if count() == 1:
        return ops.var(inputs, axis=0)
    _, variance = combine(*moments(inputs, 0))  # far fewer numbers than the pictures
    return variance
