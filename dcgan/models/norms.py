"""Normalisations with second derivatives, for gradient penalties.

TensorFlow's `moments`, which Keras' layers use, hold the mean constant in the gradient
of the variance. That is right for the first derivative and wrong for the second.

All compute in float32 inside: squares overflow and vanish in float16.
"""

import keras
from keras import ops


def moments(inputs, axes):
    """Returns mean and variance of `inputs` over `axes`, kept with length 1."""
    mean = ops.mean(inputs, axis=axes, keepdims=True)
    return mean, ops.mean(ops.square(inputs - mean), axis=axes, keepdims=True)


@keras.saving.register_keras_serializable("dcgan")
class TwiceBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` that can be differentiated twice.

    Reference:
        Ioffe and Szegedy 2015, Batch Normalization, algorithm 1.
    """

    def _moments(self, inputs, mask):
        mean, variance = moments(inputs, tuple(self._reduction_axes))
        return ops.reshape(mean, (-1,)), ops.reshape(variance, (-1,))


@keras.saving.register_keras_serializable("dcgan")
class SampleNormalization(keras.layers.Layer):
    """Normalises each picture on its own, then scales and shifts each channel.

    Args:
        per_channel: Whether each channel has its own mean and variance (instance
            norm), or all share one (layer norm).
        epsilon: Added to the variance.
        gamma_initializer: Of the scales.
        **options: Those of `keras.layers.Layer`.

    Reference:
        Ulyanov et al. 2016, Instance Normalization; Ba et al. 2016, Layer
        Normalization, over height, width and channels.
    """

    def __init__(self, per_channel, epsilon=1e-5, gamma_initializer="ones", **options):
        super().__init__(**options)
        self.per_channel, self.epsilon = per_channel, epsilon
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        shape = (input_shape[-1],)
        start = self.gamma_initializer
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer=start)
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")

    def call(self, inputs):
        wide = ops.cast(inputs, "float32")
        last = len(inputs.shape) - self.per_channel
        mean, variance = moments(wide, tuple(range(1, last)))
        normalised = (wide - mean) * ops.rsqrt(variance + self.epsilon)
        return ops.cast(normalised, inputs.dtype) * self.gamma + self.beta

    def get_config(self):
        start = keras.initializers.serialize(self.gamma_initializer)
        own = {"per_channel": self.per_channel, "epsilon": self.epsilon}
        return super().get_config() | own | {"gamma_initializer": start}


@keras.saving.register_keras_serializable("dcgan")
class PixelNormalization(keras.layers.Layer):
    """Divides the channels of each pixel by their root mean square.

    Args:
        epsilon: Added to the mean square.
        **options: Those of `keras.layers.Layer`.

    Example:
        >>> PixelNormalization()(np.full((1, 1, 1, 2), 3.0))  # all ones

    Reference:
        Karras et al. 2018, Progressive Growing of GANs, section 4.2.
    """

    def __init__(self, epsilon=1e-8, **options):
        super().__init__(**options)
        self.epsilon = epsilon

    def call(self, inputs):
        wide = ops.cast(inputs, "float32")
        power = ops.mean(ops.square(wide), axis=-1, keepdims=True)
        return ops.cast(wide * ops.rsqrt(power + self.epsilon), inputs.dtype)

    def get_config(self):
        return super().get_config() | {"epsilon": self.epsilon}


@keras.saving.register_keras_serializable("dcgan")
class LocalResponseNormalization(keras.layers.Layer):
    """Damps a channel by the power of its neighbours.

    `y_c = x_c / (bias + alpha * sum of x_j^2)^beta`, over the `size` channels around c.

    Args:
        size: Channels of a neighbourhood, odd.
        bias: As in the formula.
        alpha: As in the formula.
        beta: As in the formula.
        **options: Those of `keras.layers.Layer`.

    Reference:
        Krizhevsky et al. 2012, ImageNet Classification with Deep Convolutional Neural
        Networks, section 3.3, with its constants.
    """

    def __init__(self, size=5, bias=2.0, alpha=1e-4, beta=0.75, **options):
        super().__init__(**options)
        self.size, self.bias, self.alpha, self.beta = size, bias, alpha, beta

    def call(self, inputs):
        channels, reach = inputs.shape[-1], self.size // 2
        edges = [(0, 0)] * (len(inputs.shape) - 1) + [(reach, reach)]
        wide = ops.cast(inputs, "float32")
        squares = ops.pad(ops.square(wide), edges)
        power = sum(squares[..., k : k + channels] for k in range(self.size))
        damped = wide / (self.bias + self.alpha * power) ** self.beta
        return ops.cast(damped, inputs.dtype)

    def get_config(self):
        own = {"size": self.size, "bias": self.bias}
        return super().get_config() | own | {"alpha": self.alpha, "beta": self.beta}
