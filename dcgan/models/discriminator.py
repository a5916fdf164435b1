"""The discriminator: pictures to logits."""

from functools import partial

import keras
import numpy as np

from dcgan.models.layers import LayerMaker, connect
from dcgan.models.projected import projected_logits
from dcgan.pixels import to_float
from dcgan.shapes import (
    discriminator_strides,
    discriminator_widths,
    fades,
    grows_at_latent,
    grows_at_picture,
    stage_part,
)

BATCH = 64  # pictures that are judged at a time, unless told otherwise
FEATURES = "features"  # the last layer before the head; with a prefix if there are more


def build_discriminator(config, size=None):
    """Builds the discriminator as a plain functional Keras model.

    Each block is a convolution (stride 2 unless `d_strides` says otherwise), the norm
    (not in the first block), LeakyReLU and dropout. The head is one dense layer or one
    convolution over the whole last map. It returns logits: the sigmoid belongs to the
    loss. The last layer before the head is named `features`. One that grows at the
    picture's end starts with a 1x1 convolution.

    Args:
        config: A `Config`: `size`, `channels`, `min_map`, `d_*`, `head`, `heads`,
            `discriminators`, `dropout`, `last_activation`, `self_attention`,
            `block_convs`, `minibatch_*`, `spectral_norm`, `equalized_lr`, `init`,
            `precision`, `progressive`, `grow`, `fade_in`, `projected`,
            `projected_size`.
        size: Side of the pictures of a stage of `progressive`; the config's if left
            out.

    Returns:
        `keras.Model` from pictures (N, size, size, channels) to logits (N, L), where L
        is `discriminators` times `heads`, 1 by default, and 4 more if `projected`.

    Example:
        >>> build_discriminator(Config(size=32)).output_shape
        (None, 1)

    Reference:
        Radford et al. 2016, Unsupervised Representation Learning with Deep
        Convolutional Generative Adversarial Networks, section 3. Several
        discriminators: Durugkar et al. 2017, Generative Multi-Adversarial Networks.
        Growing: Karras et al. 2018, Progressive Growing of GANs, section 2.
    """
    make = LayerMaker(config, "discriminator")
    size = size or config.size
    pictures = keras.Input((size, size, config.channels), name="pictures")
    # Blocks that are added at the deep end need new heads in every stage.
    mark = f"_{size}" if grows_at_latent(config) else ""
    logits = []
    for number in range(1, config.discriminators + 1):
        prefix = "" if number == 1 else f"d{number}_"
        features = _features(make, pictures, size, mark, prefix)
        for head in _heads(make, features.shape[1], mark):
            logits.append(connect(features, _prefixed(prefix, head)))
    if config.projected:
        logits += projected_logits(make, pictures)
    if len(logits) > 1:
        logits = [keras.layers.Concatenate(name="logits", dtype="float32")(logits)]
    return keras.Model(pictures, logits[0], name="discriminator")


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


def _features(make, pictures, size, mark, prefix):
    """Connects everything before the heads."""
    config, maps = make.config, pictures
    blocks = _blocks(make, size)
    if grows_at_picture(config):
        maps = _growing_input(make, pictures, size, blocks.pop(0), prefix)
    layers = sum(blocks, []) + _comparisons(make, mark)
    if config.progressive is None:
        _, last_make = layers.pop()
        layers.append((FEATURES, last_make))
    else:  # a layer that is carried over to other stages keeps its name
        linear = {"layer_class": keras.layers.Activation, "activation": "linear"}
        layers.append((FEATURES, partial(make.plain, **linear)))
    return connect(maps, _prefixed(prefix, layers))


def _blocks(make, size):
    """Returns the blocks of a stage, from the picture inwards."""
    config = make.config
    widths, skipped = stage_part(config, "discriminator", size)
    if grows_at_picture(config):
        widths = widths[1:]  # the first is that of the 1x1 convolution before them
    strides = discriminator_strides(config)  # those of a stage are all 2
    blocks, side, attention = [], size, config.self_attention
    for index, (width, stride) in enumerate(zip(widths, strides), start=1):
        last = index == len(widths)
        blocks.append(_block(make, index + skipped, width, stride, last))
        side = -(-side // stride)
        if attention and side <= size // 4:
            blocks[-1].append(("attention", make.attention))
            attention = False
    return blocks


def _growing_input(make, pictures, size, block, prefix):
    """A picture through the newest block, blended with half the picture."""
    widths, _ = stage_part(make.config, "discriminator", size)
    first = _from_picture(make, size, widths[0])
    maps = connect(pictures, _prefixed(prefix, first + block))
    if not fades(make.config, size):
        return maps
    half = size // 2
    pooling = {"layer_class": keras.layers.AveragePooling2D, "pool_size": 2}
    before = [
        (f"from{half}_half", partial(make.plain, **pooling)),
        *_from_picture(make, half, widths[1]),
    ]
    before = connect(pictures, _prefixed(prefix, before))
    return make.fade_in(f"{prefix}fade{size}")([before, maps])


def _from_picture(make, size, width):
    name, norm = f"from{size}", make.config.d_norm_first
    options = {"filters": width, "kernel_size": 1, "end": True}
    options["normalised"] = norm and make.normalised()
    return [(f"{name}_conv", partial(make.conv, **options)), *make.after(name, norm)]


def _comparisons(make, mark):
    """Returns the layers that compare the pictures of a batch."""
    config, block = make.config, []
    if config.minibatch_std:
        block.append(("minibatch_std", make.minibatch_std))
    if config.minibatch_discrimination:
        name = f"minibatch_discrimination{mark}"
        block += [("flat", _flatten(make)), (name, make.minibatch_discrimination)]
    return block


def _block(make, index, width, stride, last):
    config, name = make.config, f"block{index}"
    first = index == 1 and not grows_at_picture(config)
    norm = make.normalised() and (not first or config.d_norm_first)
    activation = not last or config.last_activation
    convolution = partial(
        make.conv,
        filters=width,
        kernel_size=config.d_kernel,
        strides=stride,
        padding="same",
        normalised=norm,
        end=first,
        linear=not activation and config.block_convs == 1,
    )
    return make.block(name, (f"{name}_conv", convolution), width, norm, activation)


def _heads(make, side, mark):
    """Returns the block of each head, from the features to a logit."""
    config = make.config
    logit = {"end": True, "linear": True, "dtype": "float32"}
    flatten = (f"head{mark}_flatten", _flatten(make, dtype="float32"))
    if config.head == "conv":
        whole_map = partial(
            make.conv, filters=1, kernel_size=side, padding="valid", **logit
        )
        return [[(f"head{mark}_conv", whole_map), flatten]]
    dense = partial(make.dense, units=1, **logit)
    if config.heads == 1:
        return [[flatten, (f"head{mark}_dense", dense)]]
    # A hidden layer each: linear heads on the same features would all become one.
    hidden = partial(make.dense, units=discriminator_widths(config)[-1])
    return [
        [
            (f"head{number}{mark}_flatten", _flatten(make)),
            (f"head{number}{mark}_hidden", hidden),
            (f"head{number}{mark}_activation", make.activation),
            (f"head{number}{mark}_dense", dense),
        ]
        for number in range(1, config.heads + 1)
    ]


def _flatten(make, **options):
    return partial(make.plain, layer_class=keras.layers.Flatten, **options)


def mean_logits(discriminator, images, batch=BATCH):
    """Returns (N,): how real a discriminator takes pictures to be, over all its logits.

    All batches are full, as in training, the last one with pictures from the beginning:
    a discriminator that compares the pictures of a batch judges by how many there are.

    Args:
        discriminator: `keras.Model` from pictures in [-1, 1] to logits (N, L).
        images: uint8 (N, H, W, C).
        batch: Pictures of a batch, those of the training if they are known.
    """
    count, logits = len(images), []
    for first in range(0, count, batch):
        rows = np.arange(first, first + batch) % count
        judged = discriminator(to_float(images[rows]), training=False)
        logits.append(np.mean(judged, axis=-1))
    return np.concatenate(logits)[:count]
