"""Gradient flow: how strongly each layer is pulled, in both networks."""

from functools import partial
from typing import NamedTuple

import tensorflow as tf

from dcgan.data.shrink import shrink
from dcgan.errors import InputError
from dcgan.figures.gradients import gradient_figure
from dcgan.figures.plots import save_figure
from dcgan.pixels import to_float
from dcgan.training.callbacks import PeriodicCallback
from dcgan.training.updates import discriminator_objective, generator_objective


class LayerFlow(NamedTuple):
    """What a layer's gradients are, over all its weights.

    Attributes:
        mean: Mean absolute gradient; None if the layer is frozen by `freeze`.
        max: Largest absolute gradient, likewise.
        new: Whether the layer was added in this stage of `progressive`.
    """

    mean: float | None
    max: float | None
    new: bool


def gradient_flow(gan, real):
    """Measures the gradients of both losses, without training.

    Args:
        gan: A compiled `GAN`, also one that has not been trained.
        real: (N, H, W, C) float32 pictures in [-1, 1].

    Returns:
        Dict from `"generator"` and `"discriminator"` to a dict from the names of layers
        with weights, in their order, to their `LayerFlow`.

    Raises:
        InputError: If the GAN has not been compiled.

    Example:
        >>> flow = gradient_flow(gan, next(iter(dataset)))
        >>> show_gradient_flow(flow)
    """
    return _summary(gan, layer_gradients(gan, real))


def layer_gradients(gan, real, compute=None):
    """Returns the gradients behind `gradient_flow`.

    Args:
        gan: A `GAN`.
        real: (N, H, W, C) float32 pictures in [-1, 1].
        compute: Function of `real` in place of `gradients_of`, such as a traced one.

    Returns:
        Dict from `"generator"` and `"discriminator"` to a dict from layer names to a
        1-D array of the gradients of all the layer's weights.
    """
    if not hasattr(gan, "optimizers"):
        raise InputError(
            "gradient_flow: the GAN has no loss yet. Received: one before compile. "
            "Allowed: after gan.compile()"
        )
    networks = _networks(gan)
    # A pass in training mode moves statistics, which a look must not.
    everything = (*networks.values(), gan.ema_generator)
    moving = [v for network in everything for v in network.variables]
    kept = [(v, v.numpy()) for v in moving if not v.trainable]
    try:
        gradients = (compute or partial(gradients_of, gan))(real)
    finally:
        for variable, value in kept:
            variable.assign(value)
    return {
        name: _by_layer(network, of_network)
        for (name, network), of_network in zip(networks.items(), gradients)
    }


def gradients_of(gan, real):
    """Returns the gradients of G's and of D's trainable variables: two lists.

    The passes move statistics, which `layer_gradients` puts back.
    """
    real = gan.fade_in(real)
    networks, lists = (gan.generator, gan.discriminator), []
    with tf.GradientTape() as g_tape:
        fake = gan.fakes(real, "latents")
        g_loss = generator_objective(gan, real, fake)
    with tf.GradientTape() as d_tape:
        judged = discriminator_objective(gan, real, fake)
        d_loss = judged.d_loss + judged.penalty
    for tape, loss, network in zip((g_tape, d_tape), (g_loss, d_loss), networks):
        variables = network.trainable_variables
        none = tf.UnconnectedGradients.ZERO
        lists.append(tape.gradient(loss, variables, unconnected_gradients=none))
    return lists


def _networks(gan):
    return {"generator": gan.generator, "discriminator": gan.discriminator}


def _by_layer(network, gradients):
    by_variable = dict(zip(map(id, network.trainable_variables), gradients))
    parts = {
        layer.name: [by_variable[id(v)] for v in layer.trainable_variables]
        for layer in network.layers
    }
    return {
        name: tf.concat([tf.reshape(part, [-1]) for part in found], axis=0).numpy()
        for name, found in parts.items()
        if found
    }


def _summary(gan, gradients):
    """Returns the flow of all layers that have trainable weights, or had them."""
    flow = {}
    for name, network in _networks(gan).items():
        found, carried = gradients[name], gan.carried[name]
        flow[name] = {
            layer.name: _flow(found.get(layer.name), carried, layer.name)
            for layer in network.layers
            if layer.name in found or layer.name in carried
        }
    return flow


def _flow(gradient, carried, name):
    new = bool(carried) and name not in carried
    if gradient is None:
        return LayerFlow(None, None, new)
    size = abs(gradient)
    return LayerFlow(float(size.mean()), float(size.max()), new)


class GradientFlow(PeriodicCallback):
    """Measures the gradient flow after epoch 1, every `every` epochs and the last.

    Args:
        images: uint8 (N, H, W, C), at least one batch: the first ones are looked at.
        path: PNG that is drawn anew each time; None draws nothing.
        every: Epochs between two looks.

    Attributes:
        history: Dict from epoch to what `gradient_flow` returns.
        latest: The newest pair of epoch and gradients by network and layer.

    Example:
        >>> flow = dcgan.GradientFlow(images)
        >>> gan.fit(dataset, epochs=50, callbacks=[flow])
        >>> dcgan.show_gradient_flow(flow.history[50])
    """

    def __init__(self, images, path=None, every=50):
        super().__init__(every)
        self.images = images
        self.path = path
        self.history = {}
        self.latest = (0, None)

    def on_train_begin(self, logs=None):
        first = self.images[: self.model.config.batch_size]
        side = self.model.discriminator.input_shape[1]
        self._real = tf.constant(to_float(shrink(first, side)))
        self._compute = tf.function(partial(gradients_of, self.model))

    def act(self, epoch, logs):
        gradients = layer_gradients(self.model, self._real, self._compute)
        self.latest = (epoch, gradients)
        self.history[epoch] = _summary(self.model, gradients)
        if self.path is not None:
            save_figure(self.path, gradient_figure(self.history[epoch], epoch))
