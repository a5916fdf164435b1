"""Adam for each network, and the plan of its learning rate."""

import math

import keras
import tensorflow as tf
from keras import ops

from dcgan.errors import InputError


class PyTorchAdam(keras.optimizers.Adam):
    """Adam that adds epsilon after the bias correction, as in the paper's algorithm 1.

    Keras adds it before, so its epsilon acts 1 / sqrt(1 - beta2^t) times as large.

    Reference:
        Kingma and Ba 2015, Adam, algorithm 1.
    """

    def update_step(self, gradient, variable, learning_rate):
        updates = ops.cast(self.iterations + 1, "float32")
        given = self.epsilon  # Keras' step reads it; this undoes its bias correction
        self.epsilon = given * ops.sqrt(1 - self.beta_2**updates)
        super().update_step(gradient, variable, learning_rate)
        self.epsilon = given


ADAMS = {"keras": keras.optimizers.Adam, "pytorch": PyTorchAdam}


def adam(config, learning_rate):
    """Returns Adam with the knobs of the config, for one network.

    Weight decay (AdamW's) leaves out biases and the gammas and betas of norms. The
    gradient is clipped by its norm over the whole network. For `precision` float16 the
    loss is scaled, so that small gradients do not vanish.

    Reference:
        Kingma and Ba 2015, Adam; Loshchilov and Hutter 2019, Decoupled Weight Decay
        Regularization; Micikevicius et al. 2018, Mixed Precision Training.
    """
    optimizer = ADAMS[config.adam](
        learning_rate,
        config.beta1,
        config.beta2,
        config.epsilon,
        weight_decay=config.weight_decay or None,
        global_clipnorm=config.clip_norm or None,
    )
    if config.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if config.precision == "float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def apply_gradients(optimizer, tape, loss, network):
    """Updates `network` by the gradient of `loss`, which `tape` has recorded."""
    with tape:
        scaled = optimizer.scale_loss(loss)
    variables = network.trainable_variables
    optimizer.apply(tape.gradient(scaled, variables), variables)


def clip_weights(network, limit):
    """Cuts every trainable weight of `network` to [-limit, limit].

    Reference:
        Arjovsky et al. 2017, Wasserstein GAN, algorithm 1.
    """
    for weight in network.trainable_variables:
        weight.assign(tf.clip_by_value(weight.value, -limit, limit))


def set_learning_rates(gan):
    """Sets the learning rates of a step of a `GAN`, if its config plans them."""
    schedule, warmup = gan.config.schedule, gan.config.warmup
    if schedule == "constant" and warmup == 0:
        return
    factor = learning_rate_factor(gan.step, schedule, warmup, gan.total_steps)
    for optimizer, rate in gan.rates:
        optimizer.learning_rate = rate * factor * gan.slowness


def learning_rate_factor(step, schedule, warmup, total_steps):
    """Returns what the learning rates are multiplied by in a step.

    Args:
        step: Steps done before, int or scalar integer tensor.
        schedule: A name in `SCHEDULES`.
        warmup: Steps over which the factor rises from 0; 0 is none.
        total_steps: Steps of the whole training; only `cosine` needs it.

    Returns:
        Scalar float32 tensor from 0 to 1.

    Raises:
        InputError: If the schedule needs `total_steps` and it is None.

    Reference:
        Loshchilov and Hutter 2017, SGDR, equation 5 (cosine annealing, one period).
    """
    step = tf.cast(step, tf.float32)
    factor = SCHEDULES[schedule](step, total_steps)
    return factor * tf.minimum(1.0, (step + 1) / warmup) if warmup else factor


def _constant(step, total_steps):
    return tf.constant(1.0)


def _cosine(step, total_steps):
    if total_steps is None:
        raise InputError(
            "schedule cosine has to know how many steps there are. Received: none. "
            "Allowed: fit, which counts them, or gan.compile(total_steps=...)"
        )
    return (1 + tf.cos(math.pi * tf.minimum(1.0, step / total_steps))) / 2


SCHEDULES = {"constant": _constant, "cosine": _cosine}


class LearningRates(keras.callbacks.Callback):
    """Sets the learning rate of the phase of a `cycle` at the start of each epoch.

    Args:
        stages: List of `Stage`s, of the whole training.
    """

    def __init__(self, stages):
        super().__init__()
        self.stages = stages

    def on_epoch_begin(self, epoch, logs=None):
        rates = [s.learning_rate(epoch) for s in self.stages if epoch < s.last]
        if rates and rates[0] is not None:
            for optimizer in self.model.optimizers:
                optimizer.learning_rate = rates[0] * self.model.slowness
