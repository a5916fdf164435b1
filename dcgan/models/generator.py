"""The generator: latent vectors to pictures."""

from functools import partial

import keras
import numpy as np

from dcgan.models.fade import FadeIn
from dcgan.models.layers import LayerMaker, connect
from dcgan.pixels import to_uint8
from dcgan.shapes import fades, grows_at_latent, grows_at_picture, stage_part

SAMPLE_BATCH = 64


def build_generator(config, size=None):
    """Builds the generator as a plain functional Keras model.

    A stem turns the latent into a `min_map` x `min_map` map, each inner block doubles
    the side, and the output layer doubles it once more to pictures through tanh. One
    that grows at the picture's end has a 1x1 convolution for its output instead.

    Args:
        config: A `Config`: `latent_dim`, `size`, `channels`, `min_map`, `g_*`, `stem`,
            `block_convs`, `upsample`, `linear_layer`, `self_attention`, `init`,
            `precision`, `equalized_lr`, `progressive`, `grow`, `fade_in`.
        size: Side of the pictures of a stage of `progressive`; the config's if left
            out.

    Returns:
        `keras.Model` from latents (N, latent_dim) to pictures (N, size, size,
        channels) in [-1, 1].

    Example:
        >>> build_generator(Config(size=32)).output_shape
        (None, 32, 32, 3)

    Reference:
        Radford et al. 2016, Unsupervised Representation Learning with Deep
        Convolutional Generative Adversarial Networks, section 3; Karras et al. 2018,
        Progressive Growing of GANs, section 2.
    """
    make = LayerMaker(config, "generator")
    size = size or config.size
    (width, *widths), skipped = stage_part(config, "generator", size)
    latents = keras.Input((config.latent_dim,), name="latents")
    # Blocks that are added at the latent's end need a new stem in every stage.
    mark = f"_{size}" if grows_at_latent(config) else ""
    stem = _linear(make, f"linear{mark}") + _stem(make, f"stem{mark}", width)
    maps = [connect(latents, stem + _attention(make, 0))]
    for index, width in enumerate(widths, start=1 + skipped):
        block = _block(make, index, width) + _attention(make, index)
        maps.append(connect(maps[-1], block))
    if grows_at_picture(config):
        pictures = _growing_output(make, maps, size)
    else:
        pictures = connect(maps[-1], _output(make))
    return keras.Model(latents, pictures, name="generator")


def _linear(make, name):
    """Mixes the latent's numbers before anything else."""
    if not make.config.linear_layer:
        return []
    options = {"units": make.config.latent_dim, "end": True, "linear": True}
    return [(name, partial(make.dense, **options))]


def _stem(make, name, width):
    config = make.config
    side = config.min_map
    normalised = config.g_norm_first and make.normalised()
    options = {"normalised": normalised, "end": not config.linear_layer}
    if config.stem == "dense":
        dense = partial(make.dense, units=side**2 * width, **options)
        before = (f"{name}_dense", dense)
        first = (f"{name}_map", _reshape(make, (side, side, width)))
    else:
        before = (f"{name}_pixel", _reshape(make, (1, 1, config.latent_dim)))
        options |= {"filters": width, "kernel_size": side, "padding": "valid"}
        first = (f"{name}_deconv", partial(make.deconv, **options))
    return [before, *make.block(name, first, width, norm=config.g_norm_first)]


def _block(make, index, width):
    """Returns the layers that double the side of the map."""
    name, options = f"block{index}", {"filters": width, "padding": "same"}
    options["normalised"] = make.normalised()
    if make.config.upsample:
        enlarge = partial(make.plain, layer_class=keras.layers.UpSampling2D)
        conv = (f"{name}_conv", partial(make.conv, kernel_size=3, **options))
        return [(f"{name}_upsample", enlarge), *make.block(name, conv, width)]
    kernel = make.config.g_kernel
    deconv = partial(make.deconv, kernel_size=kernel, strides=2, **options)
    return make.block(name, (f"{name}_deconv", deconv), width)


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
        linear=True,
        dtype="float32",
    )
    return [("output_deconv", deconv), _tanh(make)]


def _tanh(make):
    options = {"layer_class": keras.layers.Activation, "activation": "tanh"}
    return ("output_tanh", partial(make.plain, dtype="float32", **options))


def _growing_output(make, maps, size):
    """The newest map to a picture, blended with the enlarged one of the map before."""
    picture = connect(maps[-1], [_to_picture(make, size)])
    if fades(make.config, size):
        name, enlarge = f"rgb{size // 2}_upsample", keras.layers.UpSampling2D
        enlarge = partial(make.plain, layer_class=enlarge, dtype="float32")
        before = [_to_picture(make, size // 2), (name, enlarge)]
        before = connect(maps[-2], before)
        picture = FadeIn(name=f"fade{size}", dtype="float32")([before, picture])
    return connect(picture, [_tanh(make)])


def _to_picture(make, size):
    options = {"filters": make.config.channels, "kernel_size": 1, "dtype": "float32"}
    return (f"rgb{size}", partial(make.conv, end=True, linear=True, **options))


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

    Yields:
        uint8 arrays (n, H, W, C), a batch of each generator at a time (64 for each), so
        that memory does not limit N.

    Reference:
        Wang et al. 2016, Ensembles of Generative Adversarial Networks, section 3
        (self-ensemble: one network at several times of its training).
    """
    turns = len(generators)
    for first in range(0, len(latents), SAMPLE_BATCH * turns):
        batch = latents[first : first + SAMPLE_BATCH * turns]
        parts = [
            generate(g, batch[k::turns]) for k, g in enumerate(generators[: len(batch)])
        ]
        pictures = np.empty((len(batch), *parts[0].shape[1:]), np.uint8)
        for k, part in enumerate(parts):
            pictures[k::turns] = part
        yield pictures
