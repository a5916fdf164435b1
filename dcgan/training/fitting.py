"""One stage of a training, by `fit`."""

import re

import tensorflow as tf

from dcgan.data.pipeline import epoch_steps, make_dataset
from dcgan.data.shrink import shrink
from dcgan.data.stored import StoredImages
from dcgan.errors import InputError, in_a_line
from dcgan.training.going_on import KeepMeans, spans


def fit_stage(gan, stage, images, callbacks=()):
    """Trains one stage, or what is left to do of it.

    Args:
        gan: The compiled `GAN` of the stage.
        stage: The `Stage`.
        images: uint8 array (N, size, size, channels), or `StoredImages`, in full size.
        callbacks: Keras callbacks.

    Returns:
        Dict of lists with a number for each epoch.

    Raises:
        InputError: If pictures that stay on the disk cannot be read any more.
    """
    config = gan.config
    images = shrink(images, stage.size)
    steps = epoch_steps(images, config.batch_size)
    gan.total_steps = gan.total_steps or steps * config.epochs
    history = {}
    for first, last, count in spans(stage, gan.steps_done, steps):
        dataset = make_dataset(
            images,
            config.batch_size,
            config.seed,
            start_step=gan.steps_done,
            flip=config.flip,
            jitter=config.jitter,
            rotate=config.rotate,
        )
        kept = [KeepMeans(gan)] if count < steps else []
        try:
            done = gan.fit(
                dataset,
                initial_epoch=first,
                epochs=last,
                steps_per_epoch=count,
                verbose=0,
                callbacks=[*kept, *callbacks],
            )
        except tf.errors.UnknownError as error:  # the pipeline's, among others
            if not isinstance(images, StoredImages):
                raise
            raise InputError(
                "data: the cached pictures cannot be read any more. "
                f"Received: {_reason(error)}. Allowed: the same command again"
            ) from error
        for name, values in done.history.items():
            history.setdefault(name, []).extend(values)
        if gan.stop_training:
            break
    return history


def _reason(error):
    """Returns the Python error that made the pipeline fail, in a line."""
    found = re.findall(r"^\w*Error: .+$", str(error), re.MULTILINE)
    return in_a_line(found[-1] if found else error)
