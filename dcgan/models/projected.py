"""Discriminators that look at frozen features of a picture instead of its pixels."""

import keras
from keras import ops

from dcgan.bias import TRAINING_EXTRACTOR
from dcgan.models.layers import connect, layer_seed
from dcgan.models.lite import build_lite_maps
from dcgan.models.spectral import SpectralConv2D

WIDTHS = (32, 64, 128, 256)  # of the mixed maps, from the finest to the coarsest
NARROWEST = 32  # of the small discriminators
SLOPE = 0.2
PREFIX = "projected"  # of the names of all layers here


@keras.saving.register_keras_serializable("dcgan")
class FrozenFeatures(keras.layers.Layer):
    """Maps of Lite0 at four scales. Its weights are no weights of the model: they are
    read from their package, not from the model's file.

    Args:
        size: Side to which the pictures are resized, pixels, a multiple of 32: smaller
            ones bilinearly, larger ones by the means of squares.

    Call arguments:
        pictures: (N, H, H, 1, 3 or 4) in [-1, 1]; RGBA is laid over white. H is at most
            `size`, or a multiple of it.

    Returns:
        List of four maps, with sides of 1/4, 1/8, 1/16 and 1/32 of `size`.

    Raises:
        InputError: When it is made, if the weights are missing or altered.
    """

    def __init__(self, size=64, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        network = build_lite_maps(TRAINING_EXTRACTOR, size)
        # In functions Keras does not find it, so no file and no checkpoint holds it.
        self._maps = lambda pictures: network(pictures, training=False)
        self._shapes = lambda: [output.shape[1:] for output in network.outputs]

    def call(self, pictures):
        side = self.size
        pictures = _as_colours(ops.cast(pictures, "float32"))
        if pictures.shape[1] > side:  # antialiased: every pixel has its share
            pictures = ops.average_pool(pictures, pictures.shape[1] // side)
        elif pictures.shape[1] < side:
            pictures = ops.image.resize(pictures, (side, side), "bilinear")
        return self._maps(pictures)

    def compute_output_spec(self, pictures):
        count = pictures.shape[0]
        return [
            keras.KerasTensor((count, *shape), "float32") for shape in self._shapes()
        ]

    def get_config(self):
        return super().get_config() | {"size": self.size}


def projected_logits(make, pictures):
    """Connects four small discriminators, one a scale, to frozen features.

    The features are mixed by fixed random convolutions, across channels and, from the
    coarsest scale on, across scales, so that D cannot attend to a few channels only.
    Each discriminator halves its map until a side has at most 4 pixels, and a
    convolution over all of that makes one logit. Their kernels have spectral norm.

    Args:
        make: The `LayerMaker` of the discriminator; its `projected_size` is the side at
            which the features are taken, pixels.
        pictures: Symbolic (N, H, W, C) in [-1, 1].

    Returns:
        List of four symbolic (N, 1) logits.

    Reference:
        Sauer et al. 2021, Projected GANs Converge Faster, section 3.2; across scales
        they convolve 3x3 pixels and enlarge bilinearly, here 1x1 and the nearest.
    """
    config = make.config
    maps = FrozenFeatures(config.projected_size, name=f"{PREFIX}_lite0")(pictures)
    return [
        connect(mixed, _small_discriminator(make, number, mixed.shape[1], width))
        for number, (mixed, width) in enumerate(zip(_mix(make, maps), WIDTHS), start=1)
    ]


def without_frozen_features(discriminator):
    """Returns a discriminator without the logits of `projected_logits`.

    Args:
        discriminator: Keras model; one without such logits is returned as it is.

    Returns:
        `keras.Model` from pictures to logits, with the same layers.
    """
    kinds = map(type, discriminator.layers)
    if FrozenFeatures not in kinds:
        return discriminator
    of_pixels = [
        logits
        for logits in discriminator.get_layer("logits").input
        if not logits._keras_history.operation.name.startswith(PREFIX)
    ]
    joined = of_pixels[0] if len(of_pixels) == 1 else ops.concatenate(of_pixels, 1)
    return keras.Model(discriminator.inputs, joined)


def _mix(make, maps):
    """Returns the maps, mixed, from the finest to the coarsest."""
    mixed, coarser = [], None
    for number, (scale, width) in reversed(list(enumerate(zip(maps, WIDTHS), start=1))):
        name = f"{PREFIX}{number}"
        scale = _random(make, f"{name}_channels", width)(scale)
        if coarser is not None:
            coarser = _random(make, f"{name}_scales", width)(coarser)
            coarser = keras.layers.UpSampling2D(2, name=f"{name}_up")(coarser)
            scale = keras.layers.Add(name=f"{name}_mixed")([scale, coarser])
        mixed.insert(0, scale)
        coarser = scale
    return mixed


def _random(make, name, width):
    """A fixed 1x1 convolution that keeps the size of the numbers."""
    start = keras.initializers.VarianceScaling(1.0, seed=_seed(make, name))
    options = {"use_bias": False, "kernel_initializer": start, "trainable": False}
    return keras.layers.Conv2D(width, 1, name=name, **options)


def _small_discriminator(make, number, side, width):
    """Returns the block of one scale, from its mixed map to a logit."""
    name, block = f"{PREFIX}{number}", []
    while side > 4:
        side, width = side // 2, max(NARROWEST, width // 2)
        block.append((f"{name}_conv{side}", _conv(make, width, strides=2)))
        block.append((f"{name}_activation{side}", _activation))
    block.append((f"{name}_logit", _conv(make, 1, padding="valid", kernel_size=side)))
    block.append((f"{name}_flatten", lambda name: keras.layers.Flatten(name=name)))
    return block


def _conv(make, width, kernel_size=4, padding="same", **options):
    def layer(name):
        start = make.first_weights(_seed(make, name), False)
        return SpectralConv2D(
            width,
            kernel_size,
            padding=padding,
            kernel_initializer=start,
            name=name,
            **options,
        )

    return layer


def _activation(name):
    return keras.layers.LeakyReLU(negative_slope=SLOPE, name=name)


def _seed(make, name):
    return layer_seed(make.config.seed, "discriminator", name)


def _as_colours(pictures):
    channels = pictures.shape[-1]
    if channels == 1:
        return ops.repeat(pictures, 3, axis=-1)
    if channels == 4:
        opacity = (pictures[..., 3:] + 1) / 2
        return pictures[..., :3] * opacity + (1 - opacity)
    return pictures
