"""Equalised learning rate: kernels of unit variance, scaled when they are used."""

import math

import keras

GAIN = math.sqrt(2)  # He's, where an activation that halves the power follows


class Equalized:
    """Adds to a Keras layer with a kernel the factor `gain / sqrt(fan_in)`.

    Adam moves every weight by about the learning rate, whatever its size. With all
    kernels drawn from N(0, 1) that is the same relative speed in all layers. The inputs
    are scaled instead of the kernel, which gives the same sums.

    Args:
        gain: Of the layer's outputs; 1 where no activation follows.
        **options: Those of the Keras layer.

    Reference:
        Karras et al. 2018, Progressive Growing of GANs, section 4.1; He et al. 2015,
        Delving Deep into Rectifiers, equation 10.
    """

    def __init__(self, *args, gain=GAIN, **options):
        super().__init__(*args, **options)
        self.gain = gain

    def build(self, input_shape):
        super().build(input_shape)
        self.scale = self.gain / math.sqrt(self.fan_in(input_shape))

    def fan_in(self, input_shape):
        """Returns how many products are summed to one output, edges aside."""
        return input_shape[-1] * math.prod(getattr(self, "kernel_size", ()))

    def call(self, inputs):
        return super().call(inputs * self.scale)

    def get_config(self):
        return super().get_config() | {"gain": self.gain}


@keras.saving.register_keras_serializable("dcgan")
class EqualizedConv2D(Equalized, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with equalised learning rate."""


@keras.saving.register_keras_serializable("dcgan")
class EqualizedDense(Equalized, keras.layers.Dense):
    """`keras.layers.Dense` with equalised learning rate."""


@keras.saving.register_keras_serializable("dcgan")
class EqualizedConv2DTranspose(Equalized, keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose` with equalised learning rate."""

    def fan_in(self, input_shape):
        # An output meets a share of the kernel, and no more than there are inputs.
        _, height, width, channels = input_shape
        sides = zip(self.kernel_size, self.strides, (height, width))
        met = [min(kernel / stride, side) for kernel, stride, side in sides]
        return channels * math.prod(met)
