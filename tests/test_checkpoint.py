"""Checkpoints hold all that training changes, so a stop leaves no trace."""

import errno
import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan.config import load_config
from dcgan.errors import InputError
from dcgan.run import Run, step_of
from dcgan.training import checkpoint
from dcgan.training.progressive import grow

NARROW = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4}
NARROW |= {"batch_size": 4, "sample_grid": 2}

# What a checkpoint has to hold beyond weights, Adam's moments and counts of steps.
KINDS = {
    "default": {},
    "no average": {"ema_half_life": 0.0},
    "dropout": {"dropout": 0.3, "g_dropout": 0.3},
    "loss scale": {"precision": "float16"},
    "ada": {"ada_target": 0.6},
    "last losses": {"dynamic_frequency": True},
    "spectral norm": {"spectral_norm": True, "d_norm": "none"},
    "fade": {"progressive": [8, 16], "fade_in": 0.5, "d_norm": "none"},
    "frozen": {"progressive": [8, 16], "freeze": True, "grow": "latent"},
}


def last_gan(**knobs):
    """A compiled GAN; that of the last stage if it grows."""
    config = load_config("narrow", **NARROW | knobs, epochs=4)
    return [gan for _, gan in grow(config, steps_per_epoch=3)][-1]


@pytest.fixture(scope="module")
def plain():
    """A GAN whose step tells checkpoints apart."""
    return last_gan()


def everything(gan):
    """All variables by where they are found, without help of the checkpoint's list."""
    found = {f"state {name}": variable for name, variable in gan.state.items()}
    for name in ("generator", "ema_generator", "discriminator"):
        for layer in getattr(gan, name).layers:
            parts = [*layer.weights]
            if getattr(layer, "seed_generator", None) is not None:
                parts.append(layer.seed_generator.state)
            found |= {f"{name} {layer.name} {k}": v for k, v in enumerate(parts)}
    for name in ("g_optimizer", "d_optimizer"):
        optimizer = getattr(gan, name)
        inner = getattr(optimizer, "inner_optimizer", None)
        parts = [*optimizer.variables, *(inner.variables if inner else ())]
        found |= {f"{name} {k}": v for k, v in enumerate(parts)}
    return found


def scramble(variables):
    rng = np.random.default_rng(0)
    for variable in variables.values():
        shape, dtype = tuple(variable.shape), keras.backend.standardize_dtype
        variable.assign(rng.integers(1, 1000, shape).astype(dtype(variable.dtype)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_gan_gets_every_variable_back(kind, tmp_path):
    gan, fresh = last_gan(**KINDS[kind]), last_gan(**KINDS[kind])
    before = everything(gan)
    scramble(before)
    checkpoint.write_state(gan, tmp_path / "a")
    checkpoint.restore_checkpoint(fresh, tmp_path / "a")
    after = everything(fresh)
    assert list(before) == list(after)
    for name, variable in before.items():
        expected, found = np.asarray(variable), np.asarray(after[name])
        np.testing.assert_array_equal(found, expected, err_msg=name)


def test_the_kinds_have_the_variables_they_are_named_for():
    kinds = ("default", "dropout", "loss scale", "ada", "last losses")
    plain, *others = ({*everything(last_gan(**KINDS[kind]))} for kind in kinds)
    dropout, scale, ada, losses = (sorted(names - plain) for names in others)
    assert ada == ["state aug_p", "state signs"] and losses == ["state last_losses"]
    assert {name.split()[0] for name in dropout} >= {"generator", "discriminator"}
    assert {name.split()[0] for name in scale} == {"g_optimizer", "d_optimizer"}


def test_another_network_is_not_restored_in_part(tmp_path):
    checkpoint.write_state(last_gan(), tmp_path / "a")
    for knobs in ({"g_features": 3}, {"ema_half_life": 0.0}):
        with pytest.raises(InputError, match="cannot be read"):
            checkpoint.restore_checkpoint(last_gan(**knobs), tmp_path / "a")


def save_at(gan, run, *steps):
    for step in steps:
        gan.step.assign(step)
        checkpoint.save_checkpoint(gan, run)


def test_the_two_newest_are_kept_and_the_newest_counts(plain, tmp_path):
    run = Run(tmp_path)
    assert checkpoint.newest_checkpoint(run) is None
    save_at(plain, run, 1, 9, 10, 100)
    assert [step_of(f) for f in run.checkpoint_folders()] == [10, 100]
    assert sorted(p.name for p in run.checkpoints.iterdir()) == ["step-10", "step-100"]
    assert step_of(checkpoint.newest_checkpoint(run)) == 100
    plain.step.assign(0)
    checkpoint.restore_checkpoint(plain, checkpoint.newest_checkpoint(run))
    assert int(plain.step) == 100


@pytest.mark.parametrize("name", ["a b", "what?", "ä*", "a-5", "a{1,2}"])
def test_a_folder_may_have_an_odd_name_and_move(name, plain, tmp_path):
    save_at(plain, Run(tmp_path / "old"), 1, 2, 7)
    (tmp_path / "old").rename(tmp_path / name)
    run = Run(tmp_path / name)
    plain.step.assign(0)
    checkpoint.restore_checkpoint(plain, checkpoint.newest_checkpoint(run))
    assert int(plain.step) == 7 and len(run.checkpoint_folders()) == 2


def damage(file, how):
    content = bytearray(file.read_bytes())
    if how == "cut":
        del content[len(content) // 2 :]
    elif how == "empty":
        content.clear()
    else:
        content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("how", ["a bit", "cut", "empty", "gone"])
@pytest.mark.parametrize("pattern", ["*.index", "*.data*", "*.json"])
def test_a_damaged_checkpoint_is_passed_over(how, pattern, plain, tmp_path):
    run = Run(tmp_path)
    save_at(plain, run, 4, 8)
    (file,) = run.checkpoint_folders()[-1].glob(pattern)
    file.unlink() if how == "gone" else damage(file, how)
    name = r".+" if pattern == "*.json" else re.escape(file.name)  # sums of all
    match = rf"step-8 is damaged \({name}.+\): going on from step-4"
    with pytest.warns(UserWarning, match=match):
        assert step_of(checkpoint.newest_checkpoint(run)) == 4
    for other in run.checkpoint_folders()[0].iterdir():
        damage(other, "empty")
    match = rf"cannot be read \({name}.*step-8.*--overwrite"
    with pytest.raises(InputError, match=match):
        checkpoint.newest_checkpoint(run)


def test_every_damaged_byte_is_found(plain, tmp_path):
    """Fifty places in each file of a checkpoint."""
    checkpoint.write_state(plain, tmp_path / "a")
    assert checkpoint.find_damage(tmp_path / "a") == ""
    for file in (tmp_path / "a").iterdir():
        whole = file.read_bytes()
        for place in np.linspace(0, len(whole) - 1, 50, dtype=int):
            content = bytearray(whole)
            content[place] ^= 0x55
            file.write_bytes(content)
            assert checkpoint.find_damage(tmp_path / "a"), (file.name, place)
        file.write_bytes(whole)


def test_a_full_disk_names_the_folder_and_leaves_the_checkpoints(plain, tmp_path):
    run, full = Run(tmp_path), tf.errors.ResourceExhaustedError(None, None, "full")
    save_at(plain, run, 4, 8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.train.Checkpoint, "write", raise_(full))
        with pytest.raises(OSError) as raised:
            save_at(plain, run, 12)
    assert raised.value.errno == errno.ENOSPC
    assert raised.value.filename == str(run.checkpoints / "step-12")
    assert sorted(p.name for p in run.checkpoints.iterdir()) == ["step-4", "step-8"]


def raise_(error):
    def function(*args):
        raise error

    return function


def test_saved_after_the_first_every_nth_and_the_last_epoch(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(checkpoint, "save_checkpoint", lambda gan, _: saved.append(gan))
    callback = checkpoint.SaveCheckpoint(Run(tmp_path), every=3)
    callback.set_params({"epochs": 8})
    callback.set_model(SimpleNamespace(stop_training=False, plan=[]))
    counts = []
    for epoch in range(8):
        callback.on_epoch_end(epoch, {})
        counts.append(len(saved))
    assert counts == [1, 1, 2, 2, 2, 3, 3, 4]
