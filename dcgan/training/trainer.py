"""A whole training: from the pictures to a finished run folder."""

import os
from pathlib import Path

import tensorflow as tf

from dcgan.data.pipeline import make_dataset
from dcgan.errors import InputError
from dcgan.figures.gifs import progress_gif
from dcgan.figures.plots import plot_losses, read_log, save_figure
from dcgan.models.discriminator import build_discriminator
from dcgan.models.generator import build_generator
from dcgan.run import Run
from dcgan.training import logs
from dcgan.training.callbacks import (
    Diverged,
    Progress,
    SampleGrid,
    SaveNetworks,
    Snapshots,
    StopOnNaN,
)
from dcgan.training.gan import GAN

CHANNELS = {1: "grey", 3: "RGB", 4: "RGBA"}


def train(config, images):
    """Trains as `config` says and leaves a run folder.

    Args:
        config: A `Config`.
        images: uint8 array (N, size, size, channels).

    Returns:
        The `Run`.

    Raises:
        InputError: If the run exists already; nothing has been written then.
        Diverged: If a loss became NaN; the networks saved before are kept.
        KeyboardInterrupt: After Ctrl-C; what was learnt until then has been saved.
    """
    gan, dataset = _prepare(config, images)
    _announce(config, len(images), dataset.steps_per_epoch)
    run = Run.create(config)
    progress = Progress()
    chosen = [progress, *_callbacks(config, run)]
    try:
        gan.fit(dataset, epochs=config.epochs, verbose=0, callbacks=chosen)
    except Diverged:
        progress_gif(run.samples, run.gif)
        raise
    except KeyboardInterrupt:
        progress.close()
        _save(run, gan)
        raise
    _save(run, gan)
    return run


def fit(config, images, callbacks=()):
    """Trains as `config` says in memory, for notebooks: no run folder, no bars.

    Args:
        config: A `Config`.
        images: uint8 array (N, size, size, channels).
        callbacks: Keras callbacks, such as `SampleGrid`.

    Returns:
        `(gan, history)`: the trained `GAN`, and a dict of lists with a number for each
        epoch, such as `plot_losses` takes.

    Example:
        >>> gan, history = dcgan.fit(config, images)
    """
    gan, dataset = _prepare(config, images)
    history = gan.fit(
        dataset, epochs=config.epochs, verbose=0, callbacks=list(callbacks)
    )
    return gan, history.history


def _prepare(config, images):
    """Returns a compiled `GAN` and its data set."""
    dataset = make_dataset(
        images,
        config.batch_size,
        config.seed,
        flip=config.flip,
        jitter=config.jitter,
        rotate=config.rotate,
    )
    gan = GAN(*_networks(config), config)
    gan.compile()
    return gan, dataset


def _networks(config):
    """Builds both networks, with the weights of the run in `init_from`."""
    generator, discriminator = build_generator(config), build_discriminator(config)
    if config.init_from:
        other = Run.open(config.init_from)
        try:
            generator.set_weights(other.load_generator().get_weights())
            discriminator.set_weights(other.load_discriminator().get_weights())
        except ValueError as error:  # Keras': a number or shape of weights
            raise InputError(
                "init_from: the saved weights do not fit the run's own config. "
                f"Received: {other.folder}. Allowed: a run as training left it"
            ) from error
    return generator, discriminator


def _callbacks(config, run):
    """Returns the callbacks in their order: the log before what is made of it."""
    every = config.sample_every
    samples = SampleGrid(
        run.samples, every, count=config.sample_grid**2, seed=config.seed
    )
    chosen = [
        logs.CSVLog(run.log, run.timing),
        StopOnNaN(),
        samples,
        logs.TensorBoardLog(run.tensorboard, samples),
        logs.LossPlot(run.log, run.losses, every),
        SaveNetworks(run, every),
    ]
    if config.snapshot_every:
        chosen.append(Snapshots(run, config.snapshot_every))
    return chosen


def _announce(config, count, steps):
    folder = Run(Path(config.runs) / config.name).folder
    mode = CHANNELS[config.channels]
    print(f"{count} pictures of {config.size}x{config.size} {mode} from {config.data}")
    print(f"{config.epochs} epochs of {steps} steps on {_device()}")
    print(f"Samples, curves and networks: {folder}{os.sep}")
    print(f"In a browser: tensorboard --logdir {folder}", flush=True)


def _device():
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU: {details.get('device_name', gpus[0].name)}"
    return f"the CPU ({os.cpu_count()} cores)"


def _save(run, gan):
    """Saves what there is, at the end or in the middle of an epoch."""
    steps = int(gan.step.numpy())
    if steps == 0:
        run.delete()
        print("Stopped before the first step, so there is no run.", flush=True)
        return
    run.save_networks(gan)
    progress_gif(run.samples, run.gif)
    if len(read_log(run.log)) > 0:
        save_figure(run.losses, plot_losses(run.log))
    print(f"Saved after {steps} steps: {run.folder}{os.sep}", flush=True)
