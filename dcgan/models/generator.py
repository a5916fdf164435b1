"""The generator: latent vectors to pictures."""

from functools import partial

import keras
import numpy as np

from dcgan.models.layers import LayerMaker, connect
from dcgan.pixels import to_uint8

SAMPLE_BATCH = 64


def build_generator(config):
    """Builds the generator as a plain functional Keras model.

    A stem turns the latent into a `min_map` x `min_map` map, each inner block doubles
    the side, and the output layer doubles it once more to pictures through tanh.

    Args:
        config: A `Config`: `latent_dim`, `size`, `channels`, `min_map`, `g_*`, `stem`,
            `upsample`, `linear_layer`, `self_attention`, `init`, `precision`.

    Returns:
        `keras.Model` from latents (N, latent_dim) to pictures (N, size, size,
        channels) in [-1, 1].

    Example:
        >>> build_generator(Config(size=32)).output_shape
        (None, 32, 32, 3)

    Reference:
        Radford et al. 2016, Unsupervised Representation Learning with Deep
        Convolutional Generative Adversarial Networks, section 3.
    """
    make = LayerMaker(config, "generator")
    widths = generator_widths(config)
    block = _linear(make) + _stem(make, widths[0]) + _attention(make, 0)
    for index, width in enumerate(widths[1:], start=1):
        block += _block(make, index, width) + _attention(make, index)
    latents = keras.Input((config.latent_dim,), name="latents")
    pictures = connect(latents, block + _output(make))
    return keras.Model(latents, pictures, name="generator")


def generator_widths(config):
    """Returns the width of each map from the latent outwards, before the output."""
    if config.g_widths is not None:
        return config.g_widths
    count = (config.size // config.min_map).bit_length() - 1
    return [config.g_features * 2**k for k in reversed(range(count))]


def _linear(make):
    """Mixes the latent's numbers before anything else."""
    if not make.config.linear_layer:
        return []
    return [("linear", partial(make.dense, units=make.config.latent_dim, end=True))]


def _stem(make, width):
    config = make.config
    side = config.min_map
    normalised = config.g_norm_first and make.normalised()
    options = {"normalised": normalised, "end": not config.linear_layer}
    if config.stem == "dense":
        first = partial(make.dense, units=side**2 * width, **options)
        block = [
            ("stem_dense", first),
            ("stem_map", _reshape(make, (side, side, width))),
        ]
    else:
        first = partial(
            make.deconv, filters=width, kernel_size=side, padding="valid", **options
        )
        block = [
            ("stem_pixel", _reshape(make, (1, 1, config.latent_dim))),
            ("stem_deconv", first),
        ]
    return block + make.after("stem", norm=config.g_norm_first)


def _block(make, index, width):
    """Returns the layers that double the side of the map."""
    name, options = f"block{index}", {"filters": width, "padding": "same"}
    options["normalised"] = make.normalised()
    if make.config.upsample:
        enlarge = partial(make.plain, layer_class=keras.layers.UpSampling2D)
        block = [
            (f"{name}_upsample", enlarge),
            (f"{name}_conv", partial(make.conv, kernel_size=3, **options)),
        ]
    else:
        kernel = make.config.g_kernel
        deconv = partial(make.deconv, kernel_size=kernel, strides=2, **options)
        block = [(f"{name}_deconv", deconv)]
    return block + make.after(name)


def _attention(make, index):
    """Self-attention after the map whose side is a quarter of the picture's."""
    config = make.config
    if not config.self_attention or config.min_map * 2**index != config.size // 4:
        return []
    return [("attention", make.attention)]


def _output(make):
    config = make.config
    deconv = partial(
        make.deconv,
        filters=config.channels,
        kernel_size=config.g_kernel,
        strides=2,
        padding="same",
        end=True,
        dtype="float32",
    )
    tanh = partial(keras.layers.Activation, "tanh", dtype="float32")
    return [("output_deconv", deconv), ("output_tanh", lambda name: tanh(name=name))]


def _reshape(make, shape):
    return partial(make.plain, layer_class=keras.layers.Reshape, target_shape=shape)


def generate(generator, latents):
    """Makes pictures of `latents` in batches: uint8 (N, H, W, C)."""
    batches = [
        to_uint8(generator(latents[first : first + SAMPLE_BATCH], training=False))
        for first in range(0, len(latents), SAMPLE_BATCH)
    ]
    return np.concatenate(batches)


def generate_in_turn(generators, latents):
    """Makes pictures with an ensemble: latent i goes to generator i modulo their count.

    Args:
        generators: List of Keras models from latents to pictures, such as snapshots of
            one run at several epochs.
        latents: (N, latent_dim).

    Returns:
        uint8 array (N, H, W, C).

    Reference:
        Wang et al. 2016, Ensembles of Generative Adversarial Networks, section 3
        (self-ensemble: one network at several times of its training).
    """
    parts = [
        generate(g, latents[k :: len(generators)])
        for k, g in enumerate(generators)
        if k < len(latents)
    ]
    pictures = np.empty((len(latents), *parts[0].shape[1:]), np.uint8)
    for k, part in enumerate(parts):
        pictures[k :: len(generators)] = part
    return pictures
