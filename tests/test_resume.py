"""A run that is started again goes on, and ends as if it had not stopped."""

import shutil

import keras
import numpy as np
import pytest
from helpers import command, read_rows, write_pictures

import dcgan
from dcgan.config import load_config
from dcgan.errors import InputError
from dcgan.resume import MAY_CHANGE, check_resume, differences
from dcgan.run import Run
from dcgan.training import logs, trainer

NARROW = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4}
NARROW |= {"batch_size": 6, "epochs": 3, "sample_grid": 2, "name": "narrow"}
NARROW |= {"checkpoint_every": 1, "sample_every": 1, "snapshot_every": 1}
NARROW |= {"gradients_every": 0, "eval_every": 0}
DROPOUT = {"dropout": 0.3, "g_dropout": 0.3, "aug_prob": 0.0}


@pytest.fixture(scope="module", autouse=True)
def no_curves():
    """They take most of the time, and other tests look at them."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (trainer, logs):
            patch.setattr(module, "save_figure", lambda *args: None)
        yield


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 12, side=16)


@pytest.fixture(scope="module")
def finished(pictures, tmp_path_factory):
    """A run with dropout that never stopped."""
    knobs = {"data": pictures, "runs": tmp_path_factory.mktemp("runs")}
    return dcgan.train(load_config(**NARROW | DROPOUT | knobs))


@pytest.fixture
def again(finished, tmp_path):
    """A copy of that run, which has moved, and how to make its config."""
    run = Run(tmp_path / finished.folder.name)
    shutil.copytree(finished.folder, run.folder)

    def config(**knobs):
        return load_config(finished.config_file, **{"runs": tmp_path} | knobs)

    return run, config


class Stop(keras.callbacks.Callback):
    """Ctrl-C before a batch of an epoch: the epoch from 1, the batch from 0."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.when = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_train_batch_begin(self, batch, logs=None):
        if (self._epoch, batch) == self.when:
            raise KeyboardInterrupt


def train_until(config, *when):
    chosen = trainer.run_callbacks

    def with_stop(*args):
        return [*chosen(*args), Stop(*when)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "run_callbacks", with_stop)
        with pytest.raises(KeyboardInterrupt):
            dcgan.train(config)


def files_of(folder):
    """What is in a folder: bytes and times of all files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
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
    whole = dcgan.train(load_config(**knobs, runs=tmp_path / "whole"))
    config = load_config(**knobs, runs=tmp_path / "stopped")
    train_until(config, 2, 1)
    assert_equal_runs(dcgan.train(config), whole)


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
    train_until(load_config(**knobs | {"epochs": 2}), 2, 0)
    assert "goes on after epoch 1" in capsys.readouterr().out.splitlines()[-1]
    run = dcgan.train(load_config(**knobs))
    assert "Goes on after epoch 1" in capsys.readouterr().out.splitlines()
    assert_equal_runs(run, finished)
    assert run.config.epochs == 3


def test_what_a_run_writes_may_change(again):
    run, config = again
    knobs = {"sample_every": 5, "snapshot_every": 0}
    knobs |= {"checkpoint_every": 4, "gradients_every": 0, "epochs": 4}
    knobs |= {"eval_every": 4, "patience": 9}
    assert set(MAY_CHANGE) <= {*knobs, "overwrite", "runs"}
    dcgan.train(config(**knobs))
    assert {name: getattr(run.config, name) for name in knobs} == knobs
    assert run.config == config(**knobs)
    assert len(read_rows(run.log)) == 4


CHANGED = {"seed": 1, "batch_size": 4, "g_lr": 1e-3, "loss": "hinge", "flip": False}
CHANGED |= {"data": "elsewhere", "g_widths": [4, 4], "schedule": "cosine"}
CHANGED |= {"precision": "bfloat16", "ema_half_life": 0.0}
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
    run = Run.create(load_config(**knobs))
    run.checkpoints.mkdir()
    (run.checkpoints / "checkpoint").touch()
    return run, lambda **more: load_config(**knobs | more)


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


def test_another_number_of_pictures_is_refused(again):
    run, config = again
    before = files_of(run.folder)
    with pytest.raises(InputError, match="data: .*another number of pictures"):
        trainer.train(config(epochs=4), np.zeros((6, 16, 16, 3), np.uint8))
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
    for file in run.checkpoints.glob("epoch-*"):
        file.unlink()
    before = files_of(run.folder)
    with pytest.raises(InputError, match="the checkpoint cannot be read"):
        dcgan.train(config(epochs=4))
    assert files_of(run.folder) == before


def test_what_came_after_the_checkpoint_is_forgotten(pictures, tmp_path):
    """Also: Ctrl-C before the first step of a run that goes on does not delete it."""
    knobs = NARROW | DROPOUT | {"checkpoint_every": 9, "data": pictures}
    config = load_config(**knobs, runs=tmp_path)
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
