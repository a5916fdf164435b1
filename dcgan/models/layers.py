"""The layers that both networks are made of, set up from the knobs.

A block is a list of (name, make) pairs, where `make(name)` returns a Keras layer. The
name also keys the layer's first weights, so equal configs start from equal weights.
"""

from functools import partial

import keras

from dcgan.combinations import GRADIENT_PENALTIES
from dcgan.models.attention import SelfAttention
from dcgan.models.equalized import (
    EqualizedConv2D,
    EqualizedConv2DTranspose,
    EqualizedDense,
)
from dcgan.models.fade import FadeIn
from dcgan.models.initializers import INITIALIZERS, unit_normal
from dcgan.models.minibatch import MinibatchDiscrimination, MinibatchStd
from dcgan.models.norms import (
    LocalResponseNormalization,
    PixelNormalization,
    SampleNormalization,
    TwiceBatchNormalization,
)
from dcgan.models.spectral import SpectralConv2D, SpectralDense
from dcgan.randomness import purpose_id

# What the knobs of each network are called: norm, slope, biases, dropout.
KNOBS = {
    "generator": ("g_norm", "g_slope", "g_bias", "g_dropout"),
    "discriminator": ("d_norm", "d_slope", "d_bias", "dropout"),
}


def connect(inputs, block):
    """Applies the layers of `block` to `inputs`, one after the other."""
    outputs = inputs
    for name, make in block:
        outputs = make(name)(outputs)
    return outputs


class LayerMaker:
    """Makes the layers of one network.

    Each method takes the layer's name first, so that `functools.partial` with the rest
    makes one half of a (name, make) pair.

    Args:
        config: The `Config`.
        network: `"generator"` or `"discriminator"`.
    """

    def __init__(self, config, network):
        self.config = config
        self.network = network
        self.norm_kind, self.slope, self.bias_kind, self.dropout_rate = (
            getattr(config, knob) for knob in KNOBS[network]
        )
        self.dtype = PRECISIONS[config.precision]
        spectral = config.spectral_norm and network == "discriminator"
        kind = "equalized" if config.equalized_lr else "spectral" if spectral else None
        start = INITIALIZERS[config.init]
        self.first_weights = unit_normal if config.equalized_lr else start
        self.conv_class, self.deconv_class, self.dense_class = CLASSES[kind]

    def conv(self, name, **options):
        return self._weighted(self.conv_class, name, **options)

    def deconv(self, name, **options):
        return self._weighted(self.deconv_class, name, **options)

    def dense(self, name, **options):
        return self._weighted(self.dense_class, name, **options)

    def _weighted(
        self, layer_class, name, normalised=False, end=False, linear=False, **options
    ):
        """A layer with a kernel.

        Args:
            layer_class: The Keras class.
            name: The layer's name.
            normalised: Whether a norm follows.
            end: Whether it is the network's first or last layer with a kernel.
            linear: Whether no activation follows.
            **options: Further arguments of `layer_class`.
        """
        dense = issubclass(layer_class, keras.layers.Dense)
        seed = self._seed(name)
        options = {"dtype": self.dtype} | options
        if self.config.equalized_lr and linear:
            options["gain"] = 1.0
        return layer_class(
            use_bias=BIASES[self.bias_kind](dense, normalised, end),
            kernel_initializer=self.first_weights(seed, dense),
            name=name,
            **options,
        )

    def norm(self, name):
        return NORMS[self.norm_kind](self, name)

    def activation(self, name):
        """LeakyReLU, or ReLU if the slope is 0."""
        if self.slope == 0:
            return keras.layers.ReLU(name=name, dtype=self.dtype)
        options = {"negative_slope": self.slope, "dtype": self.dtype}
        return keras.layers.LeakyReLU(name=name, **options)

    def dropout(self, name):
        options = {"seed": self._seed(name), "dtype": self.dtype}
        return keras.layers.Dropout(self.dropout_rate, name=name, **options)

    def attention(self, name):
        return SelfAttention(seed=self._seed(name), name=name, dtype=self.dtype)

    def minibatch_discrimination(self, name):
        config, seed = self.config, self._seed(name)
        return MinibatchDiscrimination(
            config.minibatch_kernels,
            config.minibatch_dims,
            kernel_initializer=INITIALIZERS[config.init](seed, True),
            name=name,
        )

    def minibatch_std(self, name):
        return MinibatchStd(name=name)

    def fade_in(self, name):
        return FadeIn(name=name, dtype=self.dtype)

    def plain(self, name, layer_class, **options):
        """A layer without weights."""
        return layer_class(name=name, **{"dtype": self.dtype} | options)

    def normalised(self):
        """Tells whether the network has norms at all."""
        return self.norm_kind in NORMS

    def after(self, name, norm=True, activation=True):
        """Returns the block that follows a layer with a kernel: norm, activation and
        dropout, as far as the knobs and the arguments want them."""
        norms = [(f"{name}_norm", self.norm)] if norm and self.normalised() else []
        if not activation:
            return norms
        block = [(f"{name}_activation", self.activation)]
        last = self.norm_kind in AFTER_ACTIVATION
        block = block + norms if last else norms + block
        if self.dropout_rate:
            block.append((f"{name}_dropout", self.dropout))
        return block

    def block(self, name, first, width, norm=True, activation=True):
        """Returns a block: `first`, a (name, make) pair, what follows it, and the
        further convolutions, which keep size and width.

        `norm` says whether a norm follows `first`, and `activation` whether the block
        ends with one.
        """
        options = {"filters": width, "kernel_size": 3, "padding": "same"}
        conv = partial(self.conv, normalised=self.normalised(), **options)
        count = self.config.block_convs
        block = [first, *self.after(name, norm, activation or count > 1)]
        for number in range(2, count + 1):
            more, goes_on = f"{name}_{number}", activation or number < count
            block.append((f"{more}_conv", partial(conv, linear=not goes_on)))
            block += self.after(more, activation=goes_on)
        return block

    def _seed(self, name):
        return layer_seed(self.config.seed, self.network, name)

    def gammas(self, name):
        """The first gammas of a norm: drawn around `gamma_mean`."""
        mean, std = self.config.gamma_mean, self.config.gamma_std
        if std == 0:
            return keras.initializers.Constant(mean)
        return keras.initializers.RandomNormal(mean, std, seed=self._seed(name))


def layer_seed(seed, network, name):
    """Returns the seed of a layer's first weights, independent of other layers'."""
    return purpose_id(f"{seed}/{network}/{name}")


def _batch_norm(maker, name):
    # Keras' own wherever nothing is differentiated twice: it is the one people know.
    twice = maker.network == "discriminator" and any(
        getattr(maker.config, penalty) for penalty in GRADIENT_PENALTIES
    )
    layer_class = TwiceBatchNormalization if twice else keras.layers.BatchNormalization
    return layer_class(
        momentum=maker.config.bn_momentum,
        epsilon=maker.config.bn_epsilon,
        gamma_initializer=maker.gammas(name),
        name=name,
        dtype=maker.dtype,
    )


def _sample_norm(maker, name, per_channel):
    return SampleNormalization(
        per_channel,
        epsilon=maker.config.bn_epsilon,
        gamma_initializer=maker.gammas(name),
        name=name,
        dtype=maker.dtype,
    )


NORMS = {
    "batch": _batch_norm,
    "instance": partial(_sample_norm, per_channel=True),
    "layer": partial(_sample_norm, per_channel=False),
    "local_response": partial(LayerMaker.plain, layer_class=LocalResponseNormalization),
    "pixel": partial(LayerMaker.plain, layer_class=PixelNormalization),
}
AFTER_ACTIVATION = ("pixel",)  # as in ProGAN; the others come before

# Of convolutions, transposed ones and dense layers.
CLASSES = {
    None: (
        keras.layers.Conv2D,
        keras.layers.Conv2DTranspose,
        keras.layers.Dense,
    ),
    "spectral": (SpectralConv2D, keras.layers.Conv2DTranspose, SpectralDense),
    "equalized": (EqualizedConv2D, EqualizedConv2DTranspose, EqualizedDense),
}


# Which layers have a bias, of (is dense, a norm follows, first or last).
BIASES = {
    "none": lambda dense, normalised, end: False,
    "free": lambda dense, normalised, end: not normalised,
    "ends": lambda dense, normalised, end: end,
    "dense": lambda dense, normalised, end: dense,
    "all": lambda dense, normalised, end: True,
}

# Weights stay in float32 with each of them; this is what is computed in.
PRECISIONS = {
    "float32": "float32",
    "float16": "mixed_float16",
    "bfloat16": "mixed_bfloat16",
}
