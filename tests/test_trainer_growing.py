"""A training that grows leaves its stages too, and says where it is."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import keras
import numpy as np
import pytest
from helpers import write_pictures
from PIL import Image

import dcgan
from dcgan.models.generator import generate
from dcgan.training.checkpoint import find_damage


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A run of two stages on noise, and what it said on stdout and stderr."""
    folder = tmp_path_factory.mktemp("grown")
    pictures = write_pictures(folder / "pictures", 8, side=16)
    knobs = {"size": 16, "progressive": [8, 16], "epochs": 4, "sample_every": 4}
    knobs |= {"g_features": 2, "d_features": 2, "latent_dim": 4, "batch_size": 4}
    knobs |= {"block_convs": 1, "loss": "bce", "gp": 0.0, "sample_grid": 2}
    config = dcgan.load_config("progan", data=pictures, runs=folder, name="g", **knobs)
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        run = dcgan.train(config)
    return run, out.getvalue(), err.getvalue()


def test_each_stage_leaves_what_it_has_come_to(grown):
    run, *_ = grown
    for size, epoch in ((8, 2), (16, 4)):
        folder = run.stages / str(size)
        assert {path.name for path in folder.iterdir()} == {
            "samples.png",
            "gradient_flow.png",
            "generator.keras",
            "discriminator.keras",
            "checkpoint",
        }
        assert find_damage(folder / "checkpoint") == ""
        sheet = run.samples / f"epoch_{epoch:04d}.png"
        assert (folder / "samples.png").read_bytes() == sheet.read_bytes()
    assert {path.name for path in run.stages.iterdir()} == {"8", "16"}
    flows = [(run.stages / s / run.gradients.name).read_bytes() for s in ("8", "16")]
    assert flows[0] != flows[1] == run.gradients.read_bytes()


def test_pictures_of_small_stages_are_enlarged_without_smoothing(grown):
    run, *_ = grown
    sheets = {}
    for path in run.samples.iterdir():
        with Image.open(path) as sheet:
            sheets[path.stem] = np.asarray(sheet)
    assert sorted(sheets) == ["epoch_0001", "epoch_0002", "epoch_0004"]
    assert {sheet.shape for sheet in sheets.values()} == {(2 * 18 + 2, 2 * 18 + 2, 3)}
    for name, is_small in (("epoch_0002", True), ("epoch_0004", False)):
        tile = sheets[name][2:18, 2:18]
        corners = tile[::2, ::2].repeat(2, axis=0).repeat(2, axis=1)
        assert np.array_equal(tile, corners) is is_small
    generator = keras.models.load_model(run.stages / "8" / "generator.keras")
    pictures = generate(generator, dcgan.draw_latents(4, 4, seed=0))
    np.testing.assert_array_equal(sheets["epoch_0002"][2:18:2, 2:18:2], pictures[0])


def test_the_gif_of_a_growing_run_has_a_frame_for_each_sheet(grown):
    run, *_ = grown
    with Image.open(run.gif) as gif:
        assert gif.n_frames == 3 and gif.size == (38, 38)


def test_the_networks_of_each_stage_load_after_importing_the_package(grown, tmp_path):
    run, *_ = grown
    code = (
        "import sys, dcgan, keras, numpy\n"
        "for size in (8, 16):\n"
        "    load = lambda name: keras.models.load_model(\n"
        "        f'{sys.argv[1]}/{size}/{name}.keras')\n"
        "    pictures = load('generator')(numpy.zeros((2, 4), 'float32'))\n"
        "    print(*pictures.shape, *load('discriminator')(pictures).shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run.stages)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2 8 8 3 2 1", "2 16 16 3 2 1"]


def test_the_last_stages_networks_are_the_runs(grown):
    run, *_ = grown
    for name in ("generator", "discriminator"):
        stage = keras.models.load_model(run.stages / "16" / f"{name}.keras")
        whole = keras.models.load_model(run.folder / f"{name}.keras")
        for one, two in zip(stage.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_growing_run_says_its_stages_and_the_size_it_is_at(grown):
    _, out, err = grown
    assert "Stages: 8x8 for 2, 16x16 for 2 epochs" in out.splitlines()
    assert out.splitlines()[-1].startswith("Saved after 8 steps: ")
    for epoch, size in ((1, 8), (2, 8), (3, 16), (4, 16)):
        assert f"Epoch {epoch}/4 at {size}x{size} |" in err
    assert err.rpartition(",")[2].strip() == "0 s left"
