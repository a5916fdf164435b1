"""A run that grows, stopped in any stage, goes on without a trace."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import read_rows, write_pictures
from stopping import train_until

import dcgan
from dcgan.config import load_config
from dcgan.run import Run
from dcgan.training import checkpoint

NARROW = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4}
NARROW |= {"batch_size": 4, "sample_grid": 2}


def assert_equal_runs(one, other):
    for name in ("log.csv", "config.yml"):
        texts = [(run.folder / name).read_text() for run in (one, other)]
        assert texts[0].replace(str(one.folder.parent), "") == texts[1].replace(
            str(other.folder.parent), ""
        )
    for pattern in ("samples/*.png", "**/samples.png", "progress.gif"):
        files = sorted(p.relative_to(one.folder) for p in one.folder.glob(pattern))
        again = sorted(p.relative_to(other.folder) for p in other.folder.glob(pattern))
        assert files == again
        for file in files:
            same = (one.folder / file).read_bytes() == (
                other.folder / file
            ).read_bytes()
            assert same, file
    networks = sorted(p.relative_to(one.folder) for p in one.folder.rglob("*.keras"))
    assert len(networks) >= 2
    for file in networks:
        weights = [Run.open(r.folder) and load(r.folder / file) for r in (one, other)]
        for a, b in zip(*weights, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=str(file))
    assert_equal_checkpoints(one, other)


def load(file):
    return keras.models.load_model(file, compile=False).get_weights()


def assert_equal_checkpoints(one, other):
    """Also the optimizers and all states are what they would have been."""
    folders = [run.checkpoint_folders()[-1] for run in (one, other)]
    assert folders[0].name == folders[1].name
    paths = [str(folder / checkpoint.STATE) for folder in folders]
    names = [[name for name, _ in tf.train.list_variables(path)] for path in paths]
    assert names[0] == names[1] and len(names[0]) > 20
    readers = [tf.train.load_checkpoint(path) for path in paths]
    for name in names[0]:
        a, b = (np.asarray(reader.get_tensor(name)) for reader in readers)
        if a.dtype != object and not name.startswith("_"):
            np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 8, side=16)


@pytest.fixture(scope="module")
def growing(pictures, tmp_path_factory, quickly):
    """The settings of a run of two stages of two epochs, and such a run."""
    knobs = {"data": pictures, "progressive": [8, 16], "epochs": 4, "name": "grown"}
    knobs |= {
        "gradients_every": 0,
        "eval_every": 0,
        "sample_every": 1,
        "checkpoint_every": 1,
    }
    # Without what makes a step slow and leaves no state.
    knobs |= {"loss": "bce", "gp": 0.0, "block_convs": 1, "minibatch_std": False}
    runs = tmp_path_factory.mktemp("whole")
    run = dcgan.train(load_config("progan", **NARROW | knobs, runs=runs))
    return NARROW | knobs, run


@pytest.mark.parametrize(
    "when",
    [(2, 1), (2, None), (4, 0), (4, None)],
    ids=["stage 1", "boundary", "stage 2", "end"],
)
def test_a_stop_in_any_stage_leaves_no_trace(when, growing, tmp_path):
    knobs, whole = growing
    config = load_config("progan", **knobs, runs=tmp_path)
    train_until(config, *when)
    assert_equal_runs(dcgan.train(config), whole)


def test_a_growing_run_has_one_log_whose_counts_never_fall(growing):
    _, whole = growing
    text = whole.log.read_text()
    assert text.count("epoch,") == text.count("g_loss") == 1
    rows = read_rows(whole.log)
    for name, expected in (
        ("epoch", [1, 2, 3, 4]),
        ("step", [2, 4, 6, 8]),
        ("pictures", [8, 16, 24, 32]),
        ("g_updates", [2, 4, 6, 8]),
        ("d_updates", [2, 4, 6, 8]),
    ):
        assert [int(row[name]) for row in rows] == expected
    assert [row["epoch"] for row in read_rows(whole.timing)] == ["1", "2", "3", "4"]


@pytest.mark.usefixtures("quickly")
def test_frozen_blocks_with_dropout_go_on_in_the_second_phase(pictures, tmp_path):
    """The other way to grow: new optimizers, frozen weights, four phases."""
    knobs = {"data": pictures, "progressive": [8, 16], "epochs": 4, "name": "grown"}
    knobs |= {"gradients_every": 0, "checkpoint_every": 1, "jitter": 0.0, "rotate": 0.0}
    # Soft labels are drawn anew from each step's number, and slow.
    knobs |= {"label_noise": 0.0, "label_swap": 0.0, "g_soft_labels": False}
    config = load_config("pokegan-progressive", **NARROW | knobs, runs=tmp_path / "a")
    whole = dcgan.train(config)
    rates = [float(row["g_lr"]) for row in read_rows(whole.log)]
    assert rates == [5e-4, 2e-4, 5e-4, 2e-4]
    other = load_config("pokegan-progressive", **NARROW | knobs, runs=tmp_path / "b")
    train_until(other, 4, 1)
    assert_equal_runs(dcgan.train(other), whole)
