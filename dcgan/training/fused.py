"""The same network in fewer operations, on the same weights: for training only.

What is saved, averaged and shown stays the plain Keras model.
"""

from collections import Counter

import keras
import numpy as np
import tensorflow as tf

# Row a of the product with a kernel's three rows is row a of the four that a transposed
# convolution needs: see `upsampling_kernel`.
SHIFTED_SUMS = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], np.float32)


def accelerate(network):
    """Returns a model that computes what `network` does, faster and on its weights.

    Two patterns are replaced: BatchNorm, and a nearest 2x upsampling in front of a 3x3
    convolution. Every other layer is used as it is, the same object. What comes out
    differs by rounding. Do not differentiate twice through it.

    Args:
        network: A Keras model.

    Returns:
        `keras.Model` with the very variables of `network`; or `network` itself, if it
        has none of the patterns, is compiled, no functional or sequential model, or
        uses a layer twice.

    Example:
        >>> fast = accelerate(generator)
        >>> pictures = fast(latents, training=True)  # also moves `generator`'s averages
    """
    if not has_plain_graph(network):
        return network
    faster = _faster_layers(_functional(network))
    return with_layers(network, faster) if faster else network


def with_layers(network, others):
    """Returns a model on the weights of `network` with other layers in some places.

    Args:
        network: A Keras model for which `has_plain_graph` holds.
        others: Dict from the ids of layers, also of those in models inside it, to what
            takes their place.
    """

    def place(layer):
        if isinstance(layer, keras.Model):
            inner = {id(x) for x in layer._flatten_layers()}
            return with_layers(layer, others) if inner & set(others) else layer
        return others.get(id(layer), layer)

    return keras.models.clone_model(_functional(network), clone_function=place)


def has_plain_graph(network):
    """Tells whether a model has a graph, and that is all there is to it."""
    plain = type(network).__name__ in ("Functional", "Sequential")
    # A sequential one has no inputs if Keras cannot tell the shape behind a layer.
    has_graph = network.built and hasattr(network, "inputs")
    return plain and has_graph and not network.compiled


def _functional(network):
    if not isinstance(network, keras.Sequential):
        return network
    return keras.Model(network.inputs[0], network.outputs[0], name=network.name)


class FusedBatchNormalization(keras.layers.Layer):
    """A `keras.layers.BatchNormalization` whose training pass is one operation.

    Args:
        plain: The built layer, for maps (N, H, W, C) in float32. Its weights are used
            and its moving averages move.

    Reference:
        Ioffe and Szegedy 2015, Batch Normalization, algorithm 1.
    """

    def __init__(self, plain):
        super().__init__(name=plain.name, dtype="float32")
        self.plain = plain
        self.supports_masking = True

    def call(self, inputs, training=None, mask=None):
        plain = self.plain
        if mask is not None or not (training and plain.trainable):
            return plain.call(inputs, training=training, mask=mask)
        ones, zeros = tf.ones(inputs.shape[-1:]), tf.zeros(inputs.shape[-1:])
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(plain.gamma if plain.scale else ones),
            offset=tf.convert_to_tensor(plain.beta if plain.center else zeros),
            mean=[],
            variance=[],
            epsilon=plain.epsilon,
            is_training=True,
        )
        # The operation returns the unbiased variance; Keras averages the other one.
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
        statistics = mean, variance * (count - 1) / count
        averages = plain.moving_mean, plain.moving_variance
        for average, value in zip(averages, statistics):
            average.assign(average * plain.momentum + value * (1 - plain.momentum))
        return outputs


class UpsampledConv2D(keras.layers.Layer):
    """Nearest 2x upsampling and a 3x3 convolution, as one transposed convolution.

    Args:
        plain: The built `keras.layers.Conv2D`, whose weights are used.

    Input shape: (N, H, W, C), before the upsampling. Output shape: (N, 2H, 2W, F).

    Reference:
        Odena et al. 2016, Deconvolution and Checkerboard Artifacts: a convolution after
        an upsampling ties the weights of a deconvolution.
    """

    def __init__(self, plain):
        super().__init__(name=plain.name, dtype="float32")
        self.plain = plain

    def call(self, inputs):
        plain = self.plain
        count, height, width = tf.unstack(tf.shape(inputs)[:3])
        outputs = tf.nn.conv2d_transpose(
            inputs,
            upsampling_kernel(tf.convert_to_tensor(plain.kernel)),
            (count, 2 * height, 2 * width, plain.filters),
            strides=2,
        )
        outputs = tf.ensure_shape(outputs, self.compute_output_shape(inputs.shape))
        if plain.use_bias:
            outputs = tf.nn.bias_add(outputs, tf.convert_to_tensor(plain.bias))
        return plain.activation(outputs)

    def compute_output_shape(self, input_shape):
        doubled = [side and 2 * side for side in input_shape[1:3]]
        return (input_shape[0], *doubled, self.plain.filters)


def upsampling_kernel(kernel):
    """Returns the kernel of the transposed convolution, from that after an upsampling.

    Of the three taps along an axis two always meet copies of the same pixel: the even
    outputs see `x[i - 1] k0 + x[i] (k1 + k2)`, the odd ones `x[i] (k0 + k1) + x[i + 1]
    k2`. So pixel i reaches the outputs 2i - 1 to 2i + 2 by `k2, k1 + k2, k0 + k1, k0`.

    Args:
        kernel: (3, 3, C, F).

    Returns:
        (4, 4, F, C).
    """
    channels, filters = kernel.shape[2:]
    sums = np.kron(SHIFTED_SUMS, SHIFTED_SUMS)  # (16, 9): both axes at once
    taps = tf.matmul(sums, tf.reshape(kernel, (9, channels * filters)))
    return tf.transpose(tf.reshape(taps, (4, 4, channels, filters)), (0, 1, 3, 2))


def _faster_layers(functional):
    """Returns a dict from the ids of layers to what takes their place."""
    # A layer may have nodes in other models too, so look at those of this one only.
    levels = functional._nodes_by_depth.values()
    nodes = [node for level in levels for node in level if not node.is_input]
    uses = Counter(id(x) for node in nodes for x in _with_layers_inside(node.operation))
    if max(uses.values(), default=0) > 1:
        return {}
    read = Counter(id(x) for node in nodes for x in node.input_tensors)
    read.update(id(x) for x in functional.outputs)
    made_by = {id(x): node.operation for node in nodes for x in node.outputs}
    faster = {}
    for node in nodes:
        layer, inputs = node.operation, node.input_tensors
        before = made_by.get(id(inputs[0]))
        if _is_batch_norm(layer, inputs):
            faster[id(layer)] = FusedBatchNormalization(layer)
        elif _is_conv(layer) and _doubles(before) and read[id(inputs[0])] == 1:
            same = keras.layers.Identity(name=before.name, dtype="float32")
            faster[id(before)] = same
            faster[id(layer)] = UpsampledConv2D(layer)
    return faster


def _with_layers_inside(operation):
    if not isinstance(operation, keras.layers.Layer):
        return [operation]
    return operation._flatten_layers()  # itself as well


def _is_batch_norm(layer, inputs):
    return (
        type(layer) is keras.layers.BatchNormalization
        and _is_float32(layer)
        and len(inputs[0].shape) == 4
        and layer.axis in (-1, 3)
        and not (layer.synchronized or getattr(layer, "renorm", False))
    )


def _is_conv(layer):
    return (
        type(layer) is keras.layers.Conv2D
        and _is_float32(layer)
        and (layer.kernel_size, layer.strides, layer.dilation_rate)
        == ((3, 3), (1, 1), (1, 1))
        and (layer.padding, layer.groups, layer.data_format)
        == ("same", 1, "channels_last")
    )


def _doubles(layer):
    return (
        type(layer) is keras.layers.UpSampling2D
        and _is_float32(layer)
        and (layer.size, layer.interpolation, layer.data_format)
        == ((2, 2), "nearest", "channels_last")
    )


def _is_float32(layer):
    return layer.compute_dtype == layer.variable_dtype == "float32"
