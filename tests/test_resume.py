"""A run that is started again goes on, and ends as if it had not stopped."""

import os
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import read_rows, write_pictures
from resuming import DROPOUT, NARROW, files_of, finish, moved
from stopping import train_until

import dcgan
from dcgan.config import load_config
from dcgan.errors import Stopped
from dcgan.resume import MAY_CHANGE
from dcgan.run import Run
from dcgan.training import trainer
from dcgan.training.checkpoint import find_damage

pytestmark = pytest.mark.usefixtures("no_curves")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 12, side=16)


@pytest.fixture(scope="module")
def finished(pictures, tmp_path_factory):
    return finish(pictures, tmp_path_factory.mktemp("runs"))


@pytest.fixture
def again(finished, tmp_path):
    return moved(finished, tmp_path)


def weights_of(run):
    networks = [run.load_generator(), run.load_discriminator()]
    networks += [run.load_generator(epoch) for epoch in run.snapshot_epochs()]
    return [weight for network in networks for weight in network.get_weights()]


def assert_equal_runs(run, other):
    assert run.log.read_bytes() == other.log.read_bytes()
    sheets = sorted(path.name for path in run.samples.iterdir())
    assert sheets == sorted(path.name for path in other.samples.iterdir())
    for name in sheets:
        pair = run.samples / name, other.samples / name
        assert pair[0].read_bytes() == pair[1].read_bytes(), name
    assert run.snapshot_epochs() == other.snapshot_epochs()
    for one, two in zip(weights_of(run), weights_of(other), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_stop_in_the_middle_of_an_epoch_leaves_no_trace(pictures, tmp_path):
    """The default recipe, whose augmentation draws anew in each step."""
    knobs = NARROW | {"data": pictures, "epochs": 2, "policy": "translation"}
    whole = dcgan.train(load_config("narrow", **knobs, runs=tmp_path / "whole"))
    config = load_config("narrow", **knobs, runs=tmp_path / "stopped")
    train_until(config, 2, 1)
    assert_equal_runs(dcgan.train(config), whole)


class Signal(keras.callbacks.Callback):
    """Ctrl-C while a batch of an epoch is trained: both from 0."""

    def __init__(self, *when):
        super().__init__()
        self.when = when

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self._epoch, batch) == self.when:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("when", [(1, 0), (1, 1)], ids=["in an epoch", "at its end"])
def test_ctrl_c_keeps_every_step_and_every_mean(
    when, finished, pictures, tmp_path, monkeypatch, capsys
):
    """With dropout; the means in the log go on where the epoch was left."""
    chosen = trainer.run_callbacks
    config = load_config(
        "narrow", **NARROW | DROPOUT | {"data": pictures, "runs": tmp_path}
    )
    with monkeypatch.context() as patch:
        with_signal = lambda *args: [Signal(*when), *chosen(*args)]  # noqa: E731
        patch.setattr(trainer, "run_callbacks", with_signal)
        with pytest.raises(Stopped):
            dcgan.train(config)
    where = "epoch 1 and 1 of 2 steps" if when == (1, 0) else "epoch 2"
    said = f"The same command goes on after {where}"
    assert capsys.readouterr().out.splitlines()[-1] == said
    run = dcgan.train(config)
    assert f"Goes on after {where}" in capsys.readouterr().out.splitlines()
    assert_equal_runs(run, finished)


@pytest.mark.parametrize("file", ["gif", "report"])
def test_what_comes_last_is_made_good(file, again, finished):
    """If the process was killed after the last checkpoint."""
    run, config = again
    path = getattr(run, file)
    content = path.read_bytes()
    os.utime(path, (0, 0))
    path.write_bytes(b"of an earlier epoch")
    os.utime(path, (0, 0))
    dcgan.train(config())
    assert path.read_bytes() == content if file == "gif" else path.stat().st_size > 999
    assert_equal_runs(run, finished)


def events_of(run):
    """Which steps TensorBoard's events have of a loss, in order."""
    found = []
    for file in run.tensorboard.iterdir():
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            if any(value.tag == "g_loss" for value in event.summary.value):
                found.append(event.step)
    return sorted(found)


def test_tensorboard_shows_no_epoch_twice(pictures, tmp_path):
    """Although the last record of the process that was stopped is cut."""
    knobs = NARROW | DROPOUT | {"data": pictures, "runs": tmp_path}
    config = load_config("narrow", **knobs | {"checkpoint_every": 9})
    train_until(config, 3, 1)
    run = Run(tmp_path / "narrow")
    assert events_of(run) == [1, 2]
    (file,) = run.tensorboard.iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    dcgan.train(config)
    assert events_of(run) == [1, 2, 3]


def test_a_finished_run_says_so_and_stays_as_it_is(again, capsys):
    run, config = again
    before = files_of(run.folder)
    assert dcgan.train(config(sample_every=2)).folder == run.folder
    assert capsys.readouterr().out.splitlines()[-1].startswith("All 3 epochs are done")
    assert files_of(run.folder) == before


def test_a_stop_and_more_epochs_then_are_as_if_asked_for_at_once(
    finished, pictures, tmp_path, capsys
):
    """With dropout, whose random numbers have a state."""
    knobs = NARROW | DROPOUT | {"data": pictures, "runs": tmp_path}
    train_until(load_config("narrow", **knobs | {"epochs": 2}), 2, 0)
    assert "goes on after epoch 1" in capsys.readouterr().out.splitlines()[-1]
    run = dcgan.train(load_config("narrow", **knobs))
    assert "Goes on after epoch 1" in capsys.readouterr().out.splitlines()
    assert_equal_runs(run, finished)
    assert run.config.epochs == 3


def test_what_a_run_writes_may_change(again):
    run, config = again
    knobs = {"sample_every": 5, "snapshot_every": 0}
    knobs |= {"checkpoint_every": 4, "gradients_every": 0, "epochs": 4}
    knobs |= {"eval_every": 4, "patience": 9, "on_nan": "rollback"}
    knobs |= {"jit_compile": False}  # as left out, on a CPU
    knobs |= {"distribute": "mirrored", "logical_cpus": 1}  # likewise
    assert set(MAY_CHANGE) <= {*knobs, "overwrite", "runs"}
    dcgan.train(config(**knobs))
    assert {name: getattr(run.config, name) for name in knobs} == knobs
    assert run.config == config(**knobs)
    assert len(read_rows(run.log)) == 4


def test_overwrite_starts_anew(again, pictures):
    run, config = again
    (run.folder / "notes.txt").touch()
    dcgan.train(config(overwrite=True, epochs=1, seed=4, dropout=0.0, g_dropout=0.0))
    assert [row["epoch"] for row in read_rows(run.log)] == ["1"]
    assert [path.name for path in run.samples.iterdir()] == ["epoch_0001.png"]
    assert run.snapshot_epochs() == [1] and run.config.seed == 4
    assert (run.folder / "notes.txt").exists()  # not the run's own


def test_from_the_checkpoint_before_a_damaged_one_all_is_the_same(again, finished):
    run, config = again
    newest = run.checkpoint_folders()[-1]
    next(newest.glob("*.data*")).write_bytes(b"")
    with pytest.warns(UserWarning, match=f"{newest.name} is damaged"):
        dcgan.train(config())
    assert_equal_runs(run, finished)
    assert [find_damage(folder) for folder in run.checkpoint_folders()] == ["", ""]


def test_what_came_after_the_checkpoint_is_forgotten(pictures, tmp_path):
    """Also: Ctrl-C before the first step of a run that goes on does not delete it."""
    knobs = NARROW | DROPOUT | {"checkpoint_every": 9, "data": pictures}
    config = load_config("narrow", **knobs, runs=tmp_path)
    train_until(config, 3, 1)
    run = Run(tmp_path / "narrow")
    assert [row["epoch"] for row in read_rows(run.log)] == ["1", "2"]
    assert run.snapshot_epochs() == [1, 2] and len(list(run.samples.iterdir())) == 2
    train_until(config, 2, 0)
    assert [row["epoch"] for row in read_rows(run.log)] == ["1"]
    assert [row["epoch"] for row in read_rows(run.timing)] == ["1"]
    assert [path.name for path in run.samples.iterdir()] == ["epoch_0001.png"]
    assert run.snapshot_epochs() == [1]
    assert run.has_checkpoint() and run.load_generator() is not None
