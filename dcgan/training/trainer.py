"""A whole training: from the pictures to a finished run folder."""

import os

import tensorflow as tf

from dcgan.data.pipeline import make_dataset
from dcgan.figures.gifs import progress_gif
from dcgan.models.discriminator import build_discriminator
from dcgan.models.generator import build_generator
from dcgan.run import Run
from dcgan.training import callbacks
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
        KeyboardInterrupt: After Ctrl-C; what was learnt until then has been saved.
    """
    dataset = make_dataset(images, config.batch_size, config.seed, flip=config.flip)
    gan = GAN(build_generator(config), build_discriminator(config), config)
    gan.compile()
    run = Run.create(config)
    _announce(config, run, len(images), dataset.steps_per_epoch)
    try:
        gan.fit(dataset, epochs=config.epochs, verbose=0, callbacks=_callbacks(run))
    finally:  # also after Ctrl-C in the middle of an epoch
        _save(run, gan)
    return run


def _callbacks(run):
    config = run.config
    every = config.sample_every
    samples = callbacks.SampleGrid(
        run.samples, every, count=config.sample_grid**2, seed=config.seed
    )
    chosen = [
        callbacks.CSVLog(run.log, run.timing),
        samples,
        callbacks.TensorBoardLog(run.tensorboard, samples),
        callbacks.LossPlot(run.log, run.losses, every),
        callbacks.SaveNetworks(run, every),
        callbacks.Progress(),
    ]
    if config.snapshot_every:
        chosen.append(callbacks.Snapshots(run, config.snapshot_every))
    return chosen


def _announce(config, run, count, steps):
    mode = CHANNELS[config.channels]
    print(f"{count} pictures of {config.size}x{config.size} {mode} from {config.data}")
    print(f"{config.epochs} epochs of {steps} steps on {_device()}")
    print(f"Samples, curves and networks: {run.folder}{os.sep}")
    print(f"In a browser: tensorboard --logdir {run.folder}", flush=True)


def _device():
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU: {details.get('device_name', gpus[0].name)}"
    return f"the CPU ({os.cpu_count()} cores)"


def _save(run, gan):
    steps = int(gan.step.numpy())
    callbacks.save_network(gan.ema_generator, run.generator_file)
    callbacks.save_network(gan.discriminator, run.discriminator_file)
    progress_gif(run.samples, run.gif)
    print(f"Saved after {steps} steps: {run.folder}{os.sep}", flush=True)
