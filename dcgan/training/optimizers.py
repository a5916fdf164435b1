"""Adam for each network, and the plan of its learning rate."""

import math

import keras
import tensorflow as tf

from dcgan import replicas
from dcgan.errors import InputError

SUMMING = "_all_reduce_sum_gradients"  # of Keras' optimizers, see `leave_sums`


class FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` with one operation a weight instead of a dozen.

    Reference:
        Kingma and Ba 2015, Adam, the formula before section 2.1.
    """

    def update_step(self, gradient, variable, learning_rate):
        index, dtype = self._get_variable_index(variable), variable.dtype
        beta1, beta2 = (tf.cast(b, dtype) for b in (self.beta_1, self.beta_2))
        updates = tf.cast(self.iterations + 1, dtype)
        beta2_power = tf.pow(beta2, updates)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta1, updates),
            beta2_power=beta2_power,
            lr=tf.cast(learning_rate, dtype),
            beta1=beta1,
            beta2=beta2,
            epsilon=self.added_epsilon(beta2_power),
            grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
        )

    def added_epsilon(self, beta2_power):
        """Returns what is added before the bias correction; see Theory.md, section 12.

        Args:
            beta2_power: `beta2` to the power of the number of updates, scalar tensor.
        """
        return tf.cast(self.epsilon, beta2_power.dtype)


class PyTorchAdam(FusedAdam):
    """Adam that adds epsilon after the bias correction, as in the paper's algorithm 1.

    Keras adds it before, so its epsilon acts 1 / sqrt(1 - beta2^t) times as large.

    Reference:
        Kingma and Ba 2015, Adam, algorithm 1.
    """

    def added_epsilon(self, beta2_power):
        return super().added_epsilon(beta2_power) * tf.sqrt(1 - beta2_power)


ADAMS = {"keras": FusedAdam, "pytorch": PyTorchAdam}


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
        name="adam",
    )
    if config.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if config.precision == "float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def apply_gradients(optimizer, tape, loss, network):
    """Updates `network` by the gradient of `loss`, which `tape` has recorded.

    The loss is that of the global batch, on every replica. Their gradients are summed
    before the optimizer clips them, or looks whether they are finite.
    """
    with tape:
        scaled = optimizer.scale_loss(loss)
        if replicas.count() > 1:
            scaled /= replicas.count()
    variables = network.trainable_variables
    gradients = replicas.total(tape.gradient(scaled, variables))
    optimizer.apply(gradients, variables)


def leave_sums(optimizer):
    """Keeps a Keras optimizer from summing gradients, which `apply_gradients` has done.

    Keras sums them after it has clipped them, and looked whether they are finite. There
    is no public way to leave it out; handing Keras the sum's n-th part would exchange
    all gradients twice, and clip them at another norm.

    Raises:
        RuntimeError: If Keras has changed the method, so that it would sum sums.
    """
    for each in (optimizer, getattr(optimizer, "inner_optimizer", optimizer)):
        if not hasattr(each, SUMMING):
            raise RuntimeError(f"this version of Keras has no Optimizer.{SUMMING}")
        setattr(each, SUMMING, list)


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
