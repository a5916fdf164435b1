"""The discriminator: pictures to logits."""

from functools import partial

import keras

from dcgan.models.layers import LayerMaker, connect

FEATURES = "features"  # the last layer before the head; with a prefix if there are more


def build_discriminator(config):
    """Builds the discriminator as a plain functional Keras model.

    Each block is a convolution (stride 2 unless `d_strides` says otherwise), the norm
    (not in the first block), LeakyReLU and dropout. The head is one dense layer or one
    convolution over the whole last map. It returns logits: the sigmoid belongs to the
    loss. The last layer before the head is named `features`.

    Args:
        config: A `Config`: `size`, `channels`, `min_map`, `d_*`, `head`, `heads`,
            `discriminators`, `dropout`, `last_activation`, `self_attention`,
            `minibatch_*`, `spectral_norm`, `init`, `precision`.

    Returns:
        `keras.Model` from pictures (N, size, size, channels) to logits (N, L), where L
        is `discriminators` times `heads`, 1 by default.

    Example:
        >>> build_discriminator(Config(size=32)).output_shape
        (None, 1)

    Reference:
        Radford et al. 2016, Unsupervised Representation Learning with Deep
        Convolutional Generative Adversarial Networks, section 3. Several
        discriminators: Durugkar et al. 2017, Generative Multi-Adversarial Networks.
    """
    make = LayerMaker(config, "discriminator")
    pictures = keras.Input((config.size, config.size, config.channels), name="pictures")
    logits = []
    for number in range(1, config.discriminators + 1):
        prefix = "" if number == 1 else f"d{number}_"
        maps = connect(pictures, _prefixed(prefix, _trunk(make)))
        for head in _heads(make, side=maps.shape[1]):
            logits.append(connect(maps, _prefixed(prefix, head)))
    if len(logits) > 1:
        logits = [keras.layers.Concatenate(name="logits", dtype="float32")(logits)]
    return keras.Model(pictures, logits[0], name="discriminator")


def discriminator_widths(config):
    """Returns the width of each block's map, from the picture inwards."""
    if config.d_widths is not None:
        return config.d_widths
    count = (config.size // config.min_map).bit_length() - 1
    return [config.d_features * 2**k for k in range(count)]


def feature_layers(discriminator):
    """Returns the last layer before the head, one for each of several discriminators.

    Raises:
        ValueError: If no layer is named `features`.
    """
    found = [layer for layer in discriminator.layers if layer.name.endswith(FEATURES)]
    if not found:
        raise ValueError(
            "discriminator: feature_matching and ct read the layer before the head. "
            f"Received: no layer named {FEATURES!r}. Allowed: a model that has one"
        )
    return found


def _prefixed(prefix, block):
    return [(prefix + name, make) for name, make in block]


def _trunk(make):
    config = make.config
    widths = discriminator_widths(config)
    strides = [2] * len(widths) if config.d_strides is None else config.d_strides
    block, side, attention = [], config.size, config.self_attention
    for index, (width, stride) in enumerate(zip(widths, strides), start=1):
        block += _block(make, index, width, stride, last=index == len(widths))
        side = -(-side // stride)
        if attention and side <= config.size // 4:
            block.append(("attention", make.attention))
            attention = False
    if config.minibatch_std:
        block.append(("minibatch_std", make.minibatch_std))
    if config.minibatch_discrimination:
        block.append(("flat", _flatten(make)))
        block.append(("minibatch_discrimination", make.minibatch_discrimination))
    _, last_make = block[-1]
    return block[:-1] + [(FEATURES, last_make)]


def _block(make, index, width, stride, last):
    config, name = make.config, f"block{index}"
    norm = make.normalised() and (index > 1 or config.d_norm_first)
    convolution = partial(
        make.conv,
        filters=width,
        kernel_size=config.d_kernel,
        strides=stride,
        padding="same",
        normalised=norm,
        end=index == 1,
    )
    activation = not last or config.last_activation
    return [(f"{name}_conv", convolution), *make.after(name, norm, activation)]


def _heads(make, side):
    """Returns the block of each head, from the features to a logit."""
    config = make.config
    logit = {"end": True, "dtype": "float32"}
    flatten = ("head_flatten", _flatten(make, dtype="float32"))
    if config.head == "conv":
        whole_map = partial(
            make.conv, filters=1, kernel_size=side, padding="valid", **logit
        )
        return [[("head_conv", whole_map), flatten]]
    dense = partial(make.dense, units=1, **logit)
    if config.heads == 1:
        return [[flatten, ("head_dense", dense)]]
    # A hidden layer each: linear heads on the same features would all become one.
    hidden = partial(make.dense, units=discriminator_widths(config)[-1])
    return [
        [
            (f"head{number}_flatten", _flatten(make)),
            (f"head{number}_hidden", hidden),
            (f"head{number}_activation", make.activation),
            (f"head{number}_dense", dense),
        ]
        for number in range(1, config.heads + 1)
    ]


def _flatten(make, **options):
    return partial(make.plain, layer_class=keras.layers.Flatten, **options)
