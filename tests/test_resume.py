"""A run that is started again goes on, and ends as if it had not stopped."""

import os
import shutil
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import command, read_rows, without_curves, write_pictures
from stopping import train_until

import dcgan
from dcgan.config import load_config
from dcgan.data.folder import load_named
from dcgan.errors import InputError, Stopped
from dcgan.lock import LOCK
from dcgan.resume import MAY_CHANGE, check_resume, differences
from dcgan.run import Run
from dcgan.training import trainer
from dcgan.training.checkpoint import find_damage

NARROW = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4}
NARROW |= {"batch_size": 6, "epochs": 3, "sample_grid": 2, "name": "narrow"}
NARROW |= {"checkpoint_every": 1, "sample_every": 1, "snapshot_every": 1}
NARROW |= {"gradients_every": 0, "eval_every": 0}
DROPOUT = {"dropout": 0.3, "g_dropout": 0.3, "aug_prob": 0.0}


@pytest.fixture(scope="module", autouse=True)
def no_curves():
    with without_curves():
        yield


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 12, side=16)


@pytest.fixture(scope="module")
def finished(pictures, tmp_path_factory):
    """A run with dropout that never stopped."""
    knobs = {"data": pictures, "runs": tmp_path_factory.mktemp("runs")}
    return dcgan.train(load_config("narrow", **NARROW | DROPOUT | knobs))


@pytest.fixture
def again(finished, tmp_path):
    """A copy of that run, which has moved, and how to make its config."""
    run = Run(tmp_path / finished.folder.name)
    shutil.copytree(finished.folder, run.folder)

    def config(**knobs):
        return load_config(finished.config_file, **{"runs": tmp_path} | knobs)

    return run, config


def files_of(folder):
    """What is in a folder: bytes and times of all files."""
    files = (path for path in folder.rglob("*") if path.is_file())
    files = sorted(path for path in files if path.name != LOCK)
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


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


CHANGED = {"seed": 1, "batch_size": 4, "g_lr": 1e-3, "loss": "hinge", "flip": False}
CHANGED |= {"data": "elsewhere", "g_widths": [4, 4], "schedule": "cosine"}
CHANGED |= {"precision": "bfloat16", "ema_half_life": 0.0}
CHANGED |= {"sync_batchnorm": False}
CHANGED |= {"sample_grid": 3}  # sheets of one size only make a GIF


@pytest.mark.parametrize("knob", CHANGED)
def test_a_changed_knob_is_refused_and_nothing_is_written(knob, again):
    run, config = again
    before, old, new = files_of(run.folder), getattr(run.config, knob), CHANGED[knob]
    with pytest.raises(InputError) as refused:
        dcgan.train(config(**{knob: new}))
    message = str(refused.value)
    assert f"Received: {knob} {new} instead of {old} in {run.folder}." in message
    assert message.startswith("name: the run exists with other settings. ")
    assert files_of(run.folder) == before


def test_all_that_changed_is_named_at_once():
    one, two = load_config("default"), load_config("keras-dcgan", batch_size=99)
    found = dict(text.split(maxsplit=1) for text in differences(one, two))
    changed = {k for k, v in vars(one).items() if v != getattr(two, k)}
    free = {"sample_every", "epochs"}  # there are more epochs
    assert set(found) == changed - free and free <= changed
    assert found["batch_size"] == "99 instead of 32"
    assert list(differences(one, one)) == []


def test_the_command_refuses_in_one_line(again, tmp_path):
    run, _ = again
    flags = ["--config", run.config_file, "--runs", tmp_path, "--seed", 7]
    done = command("train", *flags)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "seed 7 instead of 0" in line and "--overwrite" in line


def started(tmp_path, **knobs):
    """The folder of a run that could go on, as far as can be seen without TensorFlow.

    Returns:
        The `Run`, and a function from knobs to the config of another start.
    """
    knobs = {"runs": tmp_path, "data": tmp_path / "none", "epochs": 8} | knobs
    run = Run.create(load_config("narrow", **knobs))
    (run.checkpoints / "step-9").mkdir(parents=True)
    return run, lambda **more: load_config("narrow", **knobs | more)


def test_more_epochs_are_allowed_at_constant_rates_only(tmp_path):
    run, config = started(tmp_path, warmup=5)
    check_resume(run, config(epochs=9))
    with pytest.raises(InputError, match="epochs 7 instead of 8"):
        check_resume(run, config(epochs=7))


@pytest.mark.parametrize(
    "planned",
    [
        {"schedule": "cosine"},
        {"progressive": [32, 64]},
        {"cycle": [{"lr": 1e-3, "epochs": 8}]},
    ],
)
@pytest.mark.parametrize("epochs", [6, 10])
def test_a_plan_for_other_epochs_is_another_run(planned, epochs, tmp_path):
    run, config = started(tmp_path, **planned)
    check_resume(run, config())
    changed = {"epochs": epochs}
    if "cycle" in planned:
        changed["cycle"] = [{"lr": 1e-3, "epochs": epochs}]
    with pytest.raises(InputError, match=f"epochs {epochs} instead of 8"):
        check_resume(run, config(**changed))


def test_overwrite_starts_anew(again, pictures):
    run, config = again
    (run.folder / "notes.txt").touch()
    dcgan.train(config(overwrite=True, epochs=1, seed=4, dropout=0.0, g_dropout=0.0))
    assert [row["epoch"] for row in read_rows(run.log)] == ["1"]
    assert [path.name for path in run.samples.iterdir()] == ["epoch_0001.png"]
    assert run.snapshot_epochs() == [1] and run.config.seed == 4
    assert (run.folder / "notes.txt").exists()  # not the run's own


def test_a_trained_run_without_a_checkpoint_is_refused(again):
    run, config = again
    shutil.rmtree(run.checkpoints)
    before = files_of(run.folder)
    with pytest.raises(
        InputError, match="has no checkpoint to go on from.*--overwrite"
    ):
        dcgan.train(config(epochs=4))
    assert files_of(run.folder) == before


def test_without_a_record_other_numbers_of_pictures_are_refused(again):
    run, config = again
    run.origin.unlink()
    with pytest.warns(UserWarning, match="origin.json is missing"):
        with pytest.raises(InputError, match="data: .*another number of pictures"):
            trainer.train(config(epochs=4), np.zeros((6, 16, 16, 3), np.uint8))


def test_settings_are_compared_once_more_when_the_run_is_locked(again):
    """Another process may have begun it while this one read its pictures."""
    _, config = again
    images = np.zeros((12, 16, 16, 3), np.uint8)
    with pytest.raises(InputError, match="exists with other settings"):
        trainer.train(config(g_lr=0.1), images)


def test_changed_pictures_are_refused_and_named(again, pictures, tmp_path):
    run, config = again
    folder = shutil.copytree(pictures, tmp_path / "others")
    shutil.copy(folder / "00.png", folder / "new.png")
    shutil.copy(folder / "01.png", folder / "02.png")
    (folder / "03.png").unlink()
    before = files_of(run.folder)
    images, names = load_named(folder, 16)
    with pytest.raises(InputError) as refused:
        trainer.train(config(epochs=4), images, names)
    message = str(refused.value)
    assert message.startswith("data: the pictures have changed since the run began. ")
    assert "1 added (new.png); 1 removed (03.png); 1 altered (02.png)" in message
    assert files_of(run.folder) == before


def test_a_folder_that_is_no_run_is_refused(again):
    run, config = again
    shutil.rmtree(run.samples)
    before = files_of(run.folder)
    for overwrite in (False, True):
        with pytest.raises(InputError, match="exists and is no run"):
            dcgan.train(config(overwrite=overwrite))
    assert files_of(run.folder) == before


def test_a_checkpoint_that_is_damaged_is_refused(again):
    run, config = again
    for file in run.checkpoints.rglob("*.index"):
        file.unlink()
    before = files_of(run.folder)
    with pytest.raises(InputError, match="the checkpoint cannot be read"):
        dcgan.train(config(epochs=4))
    assert files_of(run.folder) == before


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
