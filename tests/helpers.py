"""Trainings that several test files look at."""

import contextlib
import csv
import io
import os
import signal
import subprocess
import sys
import warnings
from importlib import import_module

import numpy as np
import pytest
from PIL import Image

from dcgan.cli import run_command

TINY = (
    "--recipe narrow --size 16 --g_features 2 --d_features 2 --latent_dim 4 "
    "--batch_size 4 --epochs 3 "
    "--sample_every 2 --sample_grid 3 --snapshot_every 2 --eval_every 0 --aug_prob 0"
).split()

SMALL = {"size": 16, "g_features": 4, "d_features": 4, "latent_dim": 8}


def command(name, *arguments):
    """Runs what `python -m dcgan.NAME` runs, in this process, which has TensorFlow.

    Returns:
        `subprocess.CompletedProcess`, with all that was printed.
    """
    main, texts = import_module(f"dcgan.{name}").main, (io.StringIO(), io.StringIO())
    code, caught = 0, signal.getsignal(signal.SIGTERM)
    with (
        contextlib.redirect_stdout(texts[0]),
        contextlib.redirect_stderr(texts[1]),
        warnings.catch_warnings(),
    ):
        try:
            run_command(main, [str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code or 0
        finally:
            signal.signal(signal.SIGTERM, caught)
    output = [text.getvalue() for text in texts]
    return subprocess.CompletedProcess([name, *arguments], code, *output)


def python(*arguments, **options):
    """Runs Python with arguments in another process."""
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    line = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        line, capture_output=True, text=True, env=environment, **options
    )


def write_pictures(folder, count=12, side=20):
    """Writes noise pictures to a folder and returns it."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for index in range(count):
        pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    return folder


@contextlib.contextmanager
def without_curves():
    """Runs draw no curves: they take most of the time, and other tests look at them."""
    from dcgan.figures import overview
    from dcgan.training import gradients, logs

    with pytest.MonkeyPatch.context() as patch:
        for module in (overview, logs, gradients):
            patch.setattr(module, "save_figure", lambda *args: None)
        yield


@contextlib.contextmanager
def without_graphs():
    """Trains without graphs, whose building takes longest."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*run_functions_eagerly.*tf.data")
        yield
    tf.config.run_functions_eagerly(False)


def lively_generator(**knobs):
    """An untrained generator with pictures that are not grey; every weight counts."""
    import dcgan
    from dcgan.config import load_config

    generator = dcgan.build_generator(load_config(**SMALL | knobs))
    rng = np.random.default_rng(1)
    for weight in generator.weights:
        name = weight.path.rsplit("/")[-1]
        value = np.asarray(weight)
        if name == "kernel" and value.std() < 0.1:  # not the equalised ones
            weight.assign(value * 15)
        elif name in ("alpha", "gamma") and value.shape == ():
            weight.assign(0.3)
        elif name in ("moving_mean", "bias", "beta"):
            weight.assign(rng.normal(size=value.shape) / 10)
    return generator


def networks_of(config):
    import dcgan

    return dcgan.build_generator(config), dcgan.build_discriminator(config)


def compiled_gan(config):
    from dcgan.training.gan import GAN

    gan = GAN(*networks_of(config), config)
    gan.compile()
    return gan


def of_kind(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


def replace_package(monkeypatch, package):
    """Lets Lite0's weights be looked for in another package."""
    from dcgan.models.lite import LITES

    monkeypatch.setitem(LITES, "lite0", LITES["lite0"]._replace(package=package))


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def draw_pictures(rng, count=5, side=16, channels=3):
    """Noise pictures as a training has them, in [-1, 1]."""
    return rng.uniform(-1, 1, (count, side, side, channels)).astype(np.float32)


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def pixels_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def saved_config(config, folder):
    from dcgan.config import save_config

    path = folder.parent / "saved.yml"
    save_config(config, path)
    return path
