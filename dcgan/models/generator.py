"""The generator: latent vectors to pictures."""

import keras

from dcgan.models.layers import NORMS, activation, connect, weighted


def build_generator(config):
    """Builds the generator as a plain functional Keras model.

    A stem turns the latent into a `min_map` x `min_map` map, each inner block doubles
    the side, and the output layer doubles it once more to pictures through tanh.

    Args:
        config: A `Config`: `latent_dim`, `size`, `channels`, `min_map`, `g_*`, `stem`,
            `upsample`, `init`.

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
    widths = generator_widths(config)
    latents = keras.Input((config.latent_dim,), name="latents")
    maps = connect(latents, _stem(config, widths[0]))
    for index, width in enumerate(widths[1:], start=1):
        maps = connect(maps, _block(config, index, width))
    pictures = connect(maps, _output(config))
    return keras.Model(latents, pictures, name="generator")


def generator_widths(config):
    """Returns the width of each map from the latent outwards, before the output."""
    if config.g_widths is not None:
        return config.g_widths
    count = (config.size // config.min_map).bit_length() - 1
    return [config.g_features * 2**k for k in reversed(range(count))]


def _stem(config, width):
    side, bias = config.min_map, _bias(config)
    if config.stem == "dense":
        layers = [
            (
                "stem_dense",
                _weighted(keras.layers.Dense, config, bias, units=side**2 * width),
            ),
            (
                "stem_map",
                lambda name: keras.layers.Reshape((side, side, width), name=name),
            ),
        ]
    else:
        pixel = (1, 1, config.latent_dim)
        deconv = _transposed(
            config, width, kernel=side, strides=1, padding="valid", bias=bias
        )
        layers = [
            ("stem_pixel", lambda name: keras.layers.Reshape(pixel, name=name)),
            ("stem_deconv", deconv),
        ]
    return layers + _norm_and_activation(config, "stem")


def _block(config, index, width):
    """Returns the layers that double the side of the map."""
    name = f"block{index}"
    if config.upsample:
        convolution = _weighted(
            keras.layers.Conv2D,
            config,
            _bias(config),
            filters=width,
            kernel_size=3,
            padding="same",
        )
        layers = [
            (f"{name}_upsample", lambda name: keras.layers.UpSampling2D(name=name)),
            (f"{name}_conv", convolution),
        ]
    else:
        deconv = _transposed(config, width, config.g_kernel, bias=_bias(config))
        layers = [(f"{name}_deconv", deconv)]
    return layers + _norm_and_activation(config, name)


def _output(config):
    deconv = _transposed(config, config.channels, config.g_kernel, bias=config.g_bias)
    return [
        ("output_deconv", deconv),
        ("output_tanh", lambda name: keras.layers.Activation("tanh", name=name)),
    ]


def _bias(config):
    """A normalised layer has no bias: the norm's own shift does its work."""
    return config.g_bias and config.g_norm == "none"


def _weighted(layer_class, config, bias, **options):
    return weighted(layer_class, config, "generator", bias, **options)


def _transposed(config, width, kernel, strides=2, padding="same", bias=False):
    return _weighted(
        keras.layers.Conv2DTranspose,
        config,
        bias,
        filters=width,
        kernel_size=kernel,
        strides=strides,
        padding=padding,
    )


def _norm_and_activation(config, name):
    layers = []
    if config.g_norm in NORMS:
        layers.append((f"{name}_norm", NORMS[config.g_norm](config, "generator")))
    return layers + [(f"{name}_activation", activation(config.g_slope))]
