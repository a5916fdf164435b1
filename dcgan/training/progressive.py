"""Progressive growing: a GAN for each stage, grown from the one before."""

import math
from contextlib import nullcontext

from dcgan.models.discriminator import build_discriminator
from dcgan.models.fade import set_alpha
from dcgan.models.generator import build_generator
from dcgan.shapes import fades
from dcgan.stages import plan_stages
from dcgan.start import give_start, load_start
from dcgan.training.gan import GAN


def grow(config, steps_per_epoch, first=0, scope=nullcontext):
    """Builds the GANs of a training stage by stage; a plain training has one.

    Each is grown when it is asked for, from what the one before has learnt until then.

    Args:
        config: A `Config`.
        steps_per_epoch: Batches in one pass over the pictures.
        first: Number of the first stage to yield; those before are built and skipped,
            for a training that goes on from a checkpoint.
        scope: Function that returns the context to build each in, such as the `scope`
            of a `tf.distribute.Strategy`.

    Yields:
        Pairs of a `Stage` and its compiled `GAN`.

    Raises:
        InputError: If the run in `init_from` does not fit.

    Example:
        >>> for stage, gan in grow(config, len(images) // config.batch_size):
        ...     history = fit_stage(gan, stage, images)

    Reference:
        Karras et al. 2018, Progressive Growing of GANs, section 2.
    """
    gan, plan = None, plan_stages(config)
    start = load_start(config.init_from) if config.init_from else None
    for number, stage in enumerate(plan):
        with scope():
            gan = grown_gan(config, stage, steps_per_epoch, gan, start)
        gan.plan = plan
        if number >= first:
            yield stage, gan


def grown_gan(config, stage, steps_per_epoch, before=None, start=None):
    """Returns the compiled `GAN` of a stage.

    Layers of the stage before keep their weights, found by name; with `freeze` for
    good. Both optimizers are new.

    Args:
        config: A `Config`.
        stage: The `Stage`.
        steps_per_epoch: Batches in one pass over the pictures.
        before: The `GAN` of the stage before; None for the first.
        start: From `load_start`, if the networks start from those of another run.
    """
    generator = build_generator(config, stage.size)
    discriminator = build_discriminator(config, stage.size)
    if start:
        give_start(config, generator, discriminator, start)
    carried = {}
    if before is not None:
        pairs = (before.generator, generator), (before.discriminator, discriminator)
        carried = {new.name: carry_over(old, new) for old, new in pairs}
        if config.freeze:
            freeze(generator, carried["generator"])
            freeze(discriminator, carried["discriminator"])
    gan = GAN(generator, discriminator, config)
    if before is not None:
        gan.carried = carried
        if config.ema_half_life:
            carry_over(before.ema_generator, gan.ema_generator)
        for name, variable in before.state.items():
            gan.state[name].assign(variable)
        if fades(config, stage.size):
            _start_fading(gan, stage, steps_per_epoch)
    gan.compile()
    for optimizer in gan.optimizers:  # of a training that had to be slowed down
        optimizer.learning_rate = optimizer.learning_rate * gan.slowness
    return gan


def carry_over(old, new):
    """Copies the variables of all layers of `old` that `new` has under the same name.

    Returns:
        List of the names of those that have weights, in the order of `new`.
    """
    names = {layer.name for layer in old.layers}
    carried = [layer for layer in new.layers if layer.name in names]
    for layer in carried:
        pairs = zip(layer.variables, old.get_layer(layer.name).variables, strict=True)
        for variable, value in pairs:
            variable.assign(value)
    return [layer.name for layer in carried if layer.weights]


def freeze(network, names):
    """Takes the weights of some layers out of training.

    BatchNorm goes on using and updating the statistics of the batch: only a layer whose
    own `trainable` is False would switch to its moving averages.
    """
    for name in names:
        for weight in network.get_layer(name).weights:
            weight.trainable = False


def _start_fading(gan, stage, steps_per_epoch):
    steps = gan.config.fade_in * (stage.last - stage.first) * steps_per_epoch
    # Rounded first: 0.1 * 30 is more than 3 in floating-point numbers.
    gan.fade = (stage.first * steps_per_epoch, math.ceil(round(steps, 6)))
    for network in (gan.generator, gan.discriminator, gan.ema_generator):
        set_alpha(network, 0.0)
