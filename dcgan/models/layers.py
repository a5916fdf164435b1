"""The layers that both networks are made of, set up from the knobs.

A block is a list of (name, make) pairs, where `make(name)` returns a Keras layer. The
name also keys the layer's first weights, so equal configs start from equal weights.
"""

import keras

from dcgan.randomness import purpose_id

INITIALIZERS = {
    "normal": lambda seed: keras.initializers.RandomNormal(0.0, 0.02, seed=seed),
    "glorot": lambda seed: keras.initializers.GlorotUniform(seed=seed),
}


def connect(inputs, block):
    """Applies the layers of `block` to `inputs`, one after the other."""
    outputs = inputs
    for name, make in block:
        outputs = make(name)(outputs)
    return outputs


def weighted(layer_class, config, network, bias, **options):
    """Returns `make(name)` for a layer with a kernel, initialised by the knobs.

    Args:
        layer_class: `keras.layers.Conv2D`, `Conv2DTranspose` or `Dense`.
        config: The `Config`.
        network: `"generator"` or `"discriminator"`, part of the key of the weights.
        bias: Whether the layer has a bias.
        **options: Further arguments of `layer_class`.
    """

    def make(name):
        seed = layer_seed(config.seed, network, name)
        initializer = INITIALIZERS[config.init](seed)
        return layer_class(
            use_bias=bias, kernel_initializer=initializer, name=name, **options
        )

    return make


def batch_norm(config, network):
    """Returns `make(name)` for BatchNorm with gammas drawn around 1."""

    def make(name):
        seed = layer_seed(config.seed, network, name)
        gammas = keras.initializers.RandomNormal(1.0, config.gamma_std, seed=seed)
        return keras.layers.BatchNormalization(
            momentum=config.bn_momentum,
            epsilon=config.bn_epsilon,
            gamma_initializer=gammas if config.gamma_std else "ones",
            name=name,
        )

    return make


def activation(slope):
    """Returns `make(name)` for LeakyReLU, or for ReLU if `slope` is 0."""
    if slope == 0:
        return lambda name: keras.layers.ReLU(name=name)
    return lambda name: keras.layers.LeakyReLU(negative_slope=slope, name=name)


def dropout(config, network):
    """Returns `make(name)` for Dropout at the rate of the knob."""
    return lambda name: keras.layers.Dropout(
        config.dropout, seed=layer_seed(config.seed, network, name), name=name
    )


def layer_seed(seed, network, name):
    """Returns the seed of a layer's first weights, independent of other layers'."""
    return purpose_id(f"{seed}/{network}/{name}")


NORMS = {"batch": batch_norm}
