"""The same network on several replicas, on the same weights: for training only.

What is saved, averaged and shown stays the plain Keras model.
"""

import keras
import tensorflow as tf

from dcgan import replicas
from dcgan.errors import InputError
from dcgan.models.norms import moments
from dcgan.training.fused import has_plain_graph, with_layers


def synchronise(network, sync_batchnorm=True):
    """Returns a model that computes of a global batch what `network` does of a batch.

    BatchNorm takes the statistics of the global batch, and dropout draws for it. Every
    other layer is used as it is, the same object.

    Args:
        network: A Keras model.
        sync_batchnorm: Whether BatchNorm does so. If not, each replica normalises with
            the statistics of its share, and the moving averages take the mean of all.

    Returns:
        `keras.Model` with the very variables of `network`; or `network` itself, if it
        has no such layers or was made for one replica.

    Raises:
        InputError: If there are such layers in a model without a graph or inside of
            another layer, or BatchNorm is not over the last axis.
    """
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return network
    layers = [x for x in network._flatten_layers() if isinstance(x, tuple(REPLACED))]
    if not layers:
        return network
    if not has_plain_graph(network):
        raise _cannot_be_taken_apart(layers[0], "model", network)
    for holder, layer in _hidden(network, layers):
        raise _cannot_be_taken_apart(layer, "layer", holder)
    for layer in filter(_is_over_another_axis, layers):
        raise InputError(
            f"distribute: {layer.name} normalises another axis than the last. "
            f"Received: axis={layer.axis}. Allowed: -1, or no strategy"
        )
    replacements = {id(x): _replacement(x, sync_batchnorm) for x in layers}
    return with_layers(network, replacements)


class GlobalBatchNormalization(keras.layers.Layer):
    """A `keras.layers.BatchNormalization` over the replicas.

    It takes one exchange and can be differentiated twice.

    Args:
        plain: The built layer, with channels last. Its weights are used and its moving
            averages move.
        sync_batchnorm: See `synchronise`.

    Reference:
        Ioffe and Szegedy 2015, Batch Normalization, algorithm 1.
    """

    def __init__(self, plain, sync_batchnorm=True):
        super().__init__(name=plain.name, dtype=plain.dtype_policy)
        self.plain = plain
        self.sync_batchnorm = sync_batchnorm
        self.supports_masking = True

    def call(self, inputs, training=None, mask=None):
        plain = self.plain
        if mask is not None or not (training and plain.trainable):
            return plain.call(inputs, training=training, mask=mask)
        wide = tf.cast(inputs, tf.float32)
        own = moments(wide, tuple(range(len(inputs.shape) - 1)))
        whole = replicas.combine(*(tf.reshape(value, (1, -1)) for value in own))
        averages = plain.moving_mean, plain.moving_variance
        for average, value in zip(averages, whole):
            average.assign(average * plain.momentum + value * (1 - plain.momentum))
        mean, variance = whole if self.sync_batchnorm else own
        outputs = (wide - mean) * tf.math.rsqrt(variance + plain.epsilon)
        if plain.scale:
            outputs *= tf.convert_to_tensor(plain.gamma)
        if plain.center:
            outputs += tf.convert_to_tensor(plain.beta)
        return tf.cast(outputs, inputs.dtype)


class GlobalDropout(keras.layers.Layer):
    """A `keras.layers.Dropout` whose draws are those of one device.

    Args:
        plain: The layer, whose random numbers are used.
    """

    def __init__(self, plain):
        super().__init__(name=plain.name, dtype=plain.dtype_policy)
        self.plain = plain
        self.supports_masking = True

    def call(self, inputs, training=None):
        if replicas.count() == 1 or not training:
            return self.plain.call(inputs, training=training)

        def draw(count):
            ones = tf.ones((count, *inputs.shape[1:]), inputs.dtype)
            return self.plain.call(ones, training=True)

        return inputs * replicas.drawn(draw, tf.shape(inputs)[0])


def _hidden(network, layers):
    """Returns pairs of a layer in the graph and one of `layers` inside of it."""
    wanted, found = {id(x) for x in layers}, []
    for layer in network.layers:
        if isinstance(layer, keras.Model) and has_plain_graph(layer):
            found += _hidden(layer, layers)
        else:
            inside = layer._flatten_layers(include_self=False)
            found += [(layer, x) for x in inside if id(x) in wanted]
    return found


def _cannot_be_taken_apart(layer, kind, holder):
    return InputError(
        f"distribute: {layer.name} is in a {kind} that cannot be taken apart. "
        f"Received: {type(holder).__name__}. Allowed: functional and sequential "
        "models, or no strategy"
    )


def _is_over_another_axis(layer):
    if not isinstance(layer, keras.layers.BatchNormalization):
        return False
    return layer.axis not in (-1, layer.input_spec.ndim - 1)


REPLACED = {
    keras.layers.BatchNormalization: GlobalBatchNormalization,
    keras.layers.Dropout: lambda plain, sync_batchnorm: GlobalDropout(plain),
}


def _replacement(layer, sync_batchnorm):
    for kind, make in REPLACED.items():
        if isinstance(layer, kind):
            return make(layer, sync_batchnorm)
