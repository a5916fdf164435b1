"""The discriminator: pictures to logits."""

import keras

from dcgan.models.layers import NORMS, activation, connect, dropout, weighted


def build_discriminator(config):
    """Builds the discriminator as a plain functional Keras model.

    Each block is a convolution (stride 2 unless `d_strides` says otherwise), the norm
    (not in the first block), LeakyReLU and dropout. The head is one dense layer or one
    convolution over the whole last map. It returns logits: the sigmoid belongs to the
    loss. The last layer before the head is named `features`.

    Args:
        config: A `Config`: `size`, `channels`, `min_map`, `d_*`, `head`, `dropout`,
            `last_activation`, `init`.

    Returns:
        `keras.Model` from pictures (N, size, size, channels) to logits (N, 1).

    Example:
        >>> build_discriminator(Config(size=32)).output_shape
        (None, 1)

    Reference:
        Radford et al. 2016, Unsupervised Representation Learning with Deep
        Convolutional Generative Adversarial Networks, section 3.
    """
    pictures = keras.Input((config.size, config.size, config.channels), name="pictures")
    maps = connect(pictures, _trunk(config))
    logits = connect(maps, _head(config, side=maps.shape[1]))
    return keras.Model(pictures, logits, name="discriminator")


def discriminator_widths(config):
    """Returns the width of each block's map, from the picture inwards."""
    if config.d_widths is not None:
        return config.d_widths
    count = (config.size // config.min_map).bit_length() - 1
    return [config.d_features * 2**k for k in range(count)]


def _trunk(config):
    widths = discriminator_widths(config)
    strides = [2] * len(widths) if config.d_strides is None else config.d_strides
    layers = []
    for index, (width, stride) in enumerate(zip(widths, strides), start=1):
        layers += _block(config, index, width, stride, last=index == len(widths))
    _, last_make = layers[-1]
    return layers[:-1] + [("features", last_make)]


def _block(config, index, width, stride, last):
    name = f"block{index}"
    normalised = config.d_norm in NORMS and index > 1
    convolution = _weighted(
        keras.layers.Conv2D,
        config,
        bias=config.d_bias and not normalised,
        filters=width,
        kernel_size=config.d_kernel,
        strides=stride,
        padding="same",
    )
    layers = [(f"{name}_conv", convolution)]
    if normalised:
        make = NORMS[config.d_norm](config, "discriminator")
        layers.append((f"{name}_norm", make))
    if not last or config.last_activation:
        layers.append((f"{name}_activation", activation(config.d_slope)))
        if config.dropout:
            layers.append((f"{name}_dropout", dropout(config, "discriminator")))
    return layers


def _head(config, side):
    flatten = ("head_flatten", lambda name: keras.layers.Flatten(name=name))
    if config.head == "dense":
        dense = _weighted(keras.layers.Dense, config, bias=config.d_bias, units=1)
        return [flatten, ("head_dense", dense)]
    whole_map = _weighted(
        keras.layers.Conv2D,
        config,
        bias=config.d_bias,
        filters=1,
        kernel_size=side,
        padding="valid",
    )
    return [("head_conv", whole_map), flatten]


def _weighted(layer_class, config, bias, **options):
    return weighted(layer_class, config, "discriminator", bias, **options)
