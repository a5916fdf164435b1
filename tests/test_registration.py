"""Saved networks load after `import dcgan` only, whatever was imported in between."""

import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import command
from PIL import Image

import dcgan

pytestmark = pytest.mark.usefixtures("no_curves")

LOAD = """
import dcgan
import tensorflow
import keras
print(keras.models.load_model({file!r}).output_shape)
"""


@pytest.fixture
def file(tmp_path):
    """A saved generator with layers of the package."""
    knobs = {"progressive": [8, 16], "size": 16, "g_features": 2, "latent_dim": 4}
    config = dcgan.load_config("progan", **knobs)
    dcgan.build_generator(config).save(tmp_path / "generator.keras")
    return str(tmp_path / "generator.keras")


def test_a_network_loads_after_tensorflow_has_looked_for_keras(file):
    code = LOAD.format(file=file)
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "(None, 16, 16, 3)", done.stderr


@pytest.mark.usefixtures("eagerly")
def test_sample_opens_a_run_that_grew(tmp_path, picture_folder):
    knobs = "--progressive [8,16] --size 16 --epochs 2 --g_features 2 --d_features 2 "
    knobs += "--latent_dim 4 --batch_size 4 --sample_grid 2 --snapshot_every 1 "
    knobs += "--loss bce --gp 0 --drift 0 --gradients_every 0 --eval_every 0"
    places = ["--data", picture_folder, "--runs", tmp_path, "--name", "grown"]
    done = command("train", "--recipe", "progan", *places, *knobs.split())
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    for epoch in ((), ("--epoch", "ensemble")):  # of the last stage's generators
        done = command("sample", tmp_path / "grown", "-n", 3, "--out", out, *epoch)
        assert done.returncode == 0, done.stderr
        assert np.asarray(Image.open(out / "0002.png")).shape == (16, 16, 3)
