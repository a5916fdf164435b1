"""Checkpoints: everything that a training needs to go on as if it had not stopped."""

import hashlib
import json
import os
import shutil
import warnings

import tensorflow as tf

from dcgan.errors import InputError, in_a_line
from dcgan.files import copy_file, read_json, remove_folder, whole_folder
from dcgan.run import STEP, step_of
from dcgan.training.callbacks import PeriodicCallback
from dcgan.training.disk import disk_errors

KEPT = 2  # newest checkpoints of a run
STATE = "state"  # what the names of its files begin with
SUMS = "sha256.json"


def save_checkpoint(gan, run):
    """Saves all that changes in training, and deletes all but the two newest.

    Args:
        gan: The `GAN`.
        run: The `Run`.

    Raises:
        OSError: Such as a full disk; the checkpoints before are kept.
    """
    folder = run.checkpoints / f"{STEP}{gan.steps_done}"
    if find_damage(folder):  # or it is missing
        write_state(gan, folder, run.best_files)
    for old in run.checkpoint_folders()[:-KEPT]:
        remove_folder(old)


def write_state(gan, folder, beside=()):
    """Writes a checkpoint as a folder, which is there when all of it is written.

    Args:
        gan: The `GAN`.
        folder: The folder to make.
        beside: Further files to keep in it, where they exist.
    """
    with whole_folder(folder) as temporary:
        with disk_errors(folder):
            _checkpoint(gan).write(str(temporary / STATE))
        for file in beside:
            if file.is_file():
                _link(file, temporary / file.name)
        (temporary / SUMS).write_text(json.dumps(_sums(temporary)), encoding="utf-8")


def newest_checkpoint(run):
    """Returns the folder of the newest checkpoint that can be read, None without any.

    Those that are damaged are named in a warning.

    Raises:
        InputError: If all are damaged.
    """
    found, damaged = run.checkpoint_folders(), []
    for folder in reversed(found):
        if not (problem := find_damage(folder)):
            for other, reason in damaged:
                warnings.warn(
                    f"the checkpoint {other} is damaged ({reason}): going on from "
                    f"{folder.name}",
                    stacklevel=2,
                )
            return folder
        damaged.append((folder, problem))
    if damaged:
        raise _unreadable(*damaged[0])
    return None


def find_damage(folder):
    """Returns what is wrong with the files of a checkpoint, the empty text if nothing.

    TensorFlow's own checksums leave out some bytes.
    """
    expected = read_json(folder / SUMS)
    if not expected:
        return f"{SUMS} is missing or damaged"
    sums = _sums(folder)
    wrong = sorted(n for n in {*expected, *sums} if sums.get(n) != expected.get(n))
    return f"{wrong[0]} is not as it was written" if wrong else ""


def restore_checkpoint(gan, folder):
    """Gives `gan` the state of a checkpoint.

    Args:
        gan: A `GAN` of the same config and stage.
        folder: That of the checkpoint.

    Raises:
        InputError: If it is damaged, or of another GAN.
    """
    try:
        _checkpoint(gan).read(str(folder / STATE)).assert_consumed()
    except (IndexError, AssertionError, ValueError, tf.errors.OpError) as error:
        raise _unreadable(folder, in_a_line(error)) from error


def forget_later(run, folder):
    """Deletes what came after a checkpoint: others, which are damaged, and the best
    generator, if it was of a later epoch.
    """
    for file in run.best_files:
        if (folder / file.name).is_file():
            copy_file(folder / file.name, file)
        else:
            file.unlink(missing_ok=True)
    for later in run.checkpoint_folders():
        if step_of(later) > step_of(folder):
            remove_folder(later)


def _link(source, target):
    """Copies a file that is never written to again, only replaced."""
    try:
        os.link(source, target)
    except OSError:  # not on every disk
        shutil.copyfile(source, target)


def _sums(folder):
    """Returns a dict from the names of a checkpoint's files to their SHA-256."""
    found = {}
    for path in folder.iterdir():
        if path.name == SUMS:
            continue
        with open(path, "rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _unreadable(folder, reason):
    return InputError(
        f"name: the checkpoint cannot be read ({reason}). Received: {folder}. "
        "Allowed: another --name, or --overwrite to start again"
    )


def _checkpoint(gan):
    return tf.train.Checkpoint(**training_variables(gan))


def training_variables(gan):
    """Returns all that changes in training: a dict of lists of `tf.Variable`s.

    Those of the networks include the statistics of BatchNorm, the shares of blocks that
    fade in and the states of dropout's random numbers. The means are those of an epoch
    that may not be over.
    """
    parts = {"generator": gan.generator, "discriminator": gan.discriminator}
    if gan.ema_generator is not gan.generator:
        parts["ema_generator"] = gan.ema_generator
    parts |= {"g_optimizer": gan.g_optimizer, "d_optimizer": gan.d_optimizer}
    variables = {name: part.variables for name, part in parts.items()}
    variables["state"] = list(gan.state.values())
    variables["means"] = [v for mean in gan.metrics for v in mean.variables]
    return {name: [v.value for v in found] for name, found in variables.items()}


class SaveCheckpoint(PeriodicCallback):
    """Saves a checkpoint after epoch 1, every `every` epochs and each stage's last."""

    def __init__(self, run, every):
        super().__init__(every)
        self.run = run

    def act(self, epoch, logs):
        save_checkpoint(self.model, self.run)
