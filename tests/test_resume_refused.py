"""A run that is started again with other settings or pictures is refused."""

import shutil

import numpy as np
import pytest
from helpers import command, write_pictures
from resuming import files_of, finish, moved

import dcgan
from dcgan.config import load_config
from dcgan.data.folder import load_named
from dcgan.errors import InputError
from dcgan.resume import check_resume, differences
from dcgan.run import Run
from dcgan.training import trainer

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 12, side=16)


@pytest.fixture(scope="module")
def finished(pictures, tmp_path_factory):
    return finish(pictures, tmp_path_factory.mktemp("runs"))


@pytest.fixture
def again(finished, tmp_path):
    return moved(finished, tmp_path)


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
