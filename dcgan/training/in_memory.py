"""A training in memory, for notebooks."""

import time

from dcgan.data.holdout import set_aside
from dcgan.data.pipeline import epoch_steps
from dcgan.errors import InputError
from dcgan.training.duration import IN_MEMORY
from dcgan.training.fitting import fit_stage
from dcgan.training.strategy import make_strategy
from dcgan.training.timing import plan_minutes
from dcgan.training.workers import Workers


def fit(config, images, callbacks=()):
    """Trains as `config` says: no run folder, no bars, no checkpoints to go back to.

    Args:
        config: A `Config`.
        images: uint8 array (N, size, size, channels), or `StoredImages`.
        callbacks: Keras callbacks, such as `SampleGrid`; `minutes` are planned without
            their time.

    Returns:
        `(gan, history)`: the trained `GAN`, and a dict of lists with a number for each
        epoch, such as `plot_losses` takes.

    Raises:
        InputError: If `distribute` is multiworker.

    Example:
        >>> gan, history = dcgan.fit(config, images)
    """
    if config.distribute == "multiworker":
        raise InputError(
            "distribute: fit is for one process. Received: multiworker. "
            "Allowed: dcgan.train, none or mirrored"
        )
    deadline = time.monotonic() + 60 * config.minutes
    workers = Workers(strategy=make_strategy(config))
    images, _ = set_aside(images, config.holdout, config.seed)
    if config.minutes:
        config, length = plan_minutes(config, images, deadline, IN_MEMORY, workers)
        callbacks = [length.stop, *callbacks]
    history = {}
    for stage, gan in workers.grow(config, epoch_steps(images, config.batch_size)):
        for name, values in fit_stage(gan, stage, images, callbacks).items():
            history.setdefault(name, []).extend(values)
    return gan, history
