"""Spectral normalisation: kernels divided by their largest singular value."""

import math

import keras
from keras import ops

FIRST_ITERATIONS = 15  # so that the first step starts from a sigma that is nearly right


class SpectralNormalized:
    """Adds to a Keras layer with a kernel W the division by sigma(W).

    The kernel that trains is W itself. The layer computes with W / sigma, and gradients
    flow through sigma = left' W right. The vectors `left` and `right` are constants to
    the gradient; `power_iteration` brings them closer to the singular vectors. The GAN
    calls it once a step, however often the discriminator is used in that step.

    Reference:
        Miyato et al. 2018, Spectral Normalization for Generative Adversarial Networks,
        equation 8 and algorithm 1.
    """

    def build(self, input_shape):
        super().build(input_shape)
        rows, columns = math.prod(self.kernel.shape[:-1]), self.kernel.shape[-1]
        for name, length in (("left", rows), ("right", columns)):
            start = keras.initializers.RandomNormal(seed=length)
            vector = self.add_weight(
                name=name, shape=(length, 1), initializer=start, trainable=False
            )
            setattr(self, name, vector)
        for _ in range(FIRST_ITERATIONS):
            self.power_iteration()

    def power_iteration(self):
        """Moves `left` and `right` one step towards the first singular vectors."""
        matrix = self._matrix(self.kernel)
        left = ops.normalize(matrix @ ops.convert_to_tensor(self.right), axis=0)
        self.left.assign(left)
        self.right.assign(ops.normalize(ops.transpose(matrix) @ left, axis=0))

    def sigma(self):
        """Returns the estimate of the largest singular value, a scalar."""
        left, right = (ops.convert_to_tensor(x) for x in (self.left, self.right))
        return ops.sum(left * (self._matrix(self.kernel) @ right))

    def normalised_kernel(self):
        return ops.convert_to_tensor(self.kernel) / self.sigma()

    @staticmethod
    def _matrix(kernel):
        return ops.reshape(ops.convert_to_tensor(kernel), (-1, kernel.shape[-1]))

    # Keras' own versions save the kernel and the bias only.
    def save_own_variables(self, store):
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        keras.layers.Layer.load_own_variables(self, store)


@keras.saving.register_keras_serializable("dcgan")
class SpectralConv2D(SpectralNormalized, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with spectral normalisation."""

    def call(self, inputs):
        outputs = self.convolution_op(inputs, self.normalised_kernel())
        return self.activation(outputs + self.bias if self.use_bias else outputs)


@keras.saving.register_keras_serializable("dcgan")
class SpectralDense(SpectralNormalized, keras.layers.Dense):
    """`keras.layers.Dense` with spectral normalisation."""

    def call(self, inputs):
        outputs = ops.matmul(inputs, self.normalised_kernel())
        return self.activation(outputs + self.bias if self.use_bias else outputs)


def power_iterations(network):
    """Does one power iteration in every layer of `network` that has one."""
    for layer in network._flatten_layers(include_self=False):  # also of inner models
        if isinstance(layer, SpectralNormalized):
            layer.power_iteration()
