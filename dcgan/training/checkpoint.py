"""Checkpoints: everything that a training needs to go on as if it had not stopped."""

from pathlib import Path

import tensorflow as tf

from dcgan.errors import InputError
from dcgan.evaluation.selection import out_of_patience
from dcgan.files import copy_file, epoch_file
from dcgan.stages import plan_stages
from dcgan.tables import read_rows
from dcgan.training import logs
from dcgan.training.callbacks import PeriodicCallback

KEPT = 2  # newest checkpoints of a run
NAME = "epoch"


def latest_epoch(folder):
    """Returns the epoch of the newest checkpoint in a folder, 0 if there is none.

    Raises:
        InputError: If there should be one, and it is not there.
    """
    if not (Path(folder) / "checkpoint").exists():
        return 0
    path = _newest(folder)
    number = path.rpartition("-")[2]
    if not number.isdecimal() or not Path(f"{path}.index").is_file():
        raise _unreadable(path or folder, "its file is missing")
    return int(number)


def save_checkpoint(gan, folder, epoch):
    """Saves all that changes in training; an older checkpoint stays until it is whole.

    Args:
        gan: The `GAN`.
        folder: Where the two newest checkpoints of the run are.
        epoch: Epochs done.
    """
    _manager(gan, folder).save(checkpoint_number=epoch)


def restore_checkpoint(gan, folder):
    """Gives `gan` the state of the newest checkpoint in a folder.

    Args:
        gan: A `GAN` of the same config and stage.
        folder: As in `save_checkpoint`.

    Raises:
        InputError: If the file is damaged.
    """
    path = _newest(folder)
    try:
        _checkpoint(gan).restore(path).assert_consumed()
    except (IndexError, AssertionError, ValueError, tf.errors.OpError) as error:
        raise _unreadable(path, " ".join(str(error).split())[:200]) from error


def keep_checkpoint(gan, path):
    """Writes a checkpoint to `path` that no later one replaces."""
    _checkpoint(gan).write(str(path))


def is_finished(config, run, done):
    """Tells whether all is done, what comes after the last checkpoint included.

    Args:
        config: The `Config`.
        run: The `Run`.
        done: Epochs done by the newest checkpoint.
    """
    files = [run.gif, run.generator_file, run.discriminator_file]
    if config.progressive:
        files.append(_mark_of(run, config.size))
    rows = [row for row in read_rows(run.scores) if row["epoch"] <= done]
    last_stage = plan_stages(config)[-1]
    stopped = out_of_patience(rows, config.patience, last_stage.first)
    reached = done >= config.epochs or stopped
    if not reached or not all(file.is_file() for file in files):
        return False
    return run.gif.stat().st_mtime >= run.checkpoint_file.stat().st_mtime


def go_on(run, gan, done, steps_per_epoch):
    """Restores the newest checkpoint and forgets what was written after it.

    Args:
        run: The `Run`.
        gan: The `GAN` of the stage that the run is in.
        done: Epochs done by the newest checkpoint.
        steps_per_epoch: Batches in one pass over the pictures.

    Raises:
        InputError: If the pictures are more or fewer than before.
    """
    restore_checkpoint(gan, run.checkpoints)
    if int(gan.step) != done * steps_per_epoch:
        raise InputError(
            "data: the run began with another number of pictures. Received: "
            f"{steps_per_epoch} steps an epoch instead of {int(gan.step) / done:g}. "
            "Allowed: the same pictures, another --name, or --overwrite"
        )
    logs.forget_epochs(run, done)
    run.forget_after(done)


def keep_stage(run, stage, gan):
    """Leaves in `stages/SIZE/` what a stage has come to, unless it is there."""
    mark = _mark_of(run, stage.size)
    if mark.is_file():
        return
    kept = {"samples.png": epoch_file(run.samples, stage.last, ".png")}
    if gan.config.gradients_every:
        kept[run.gradients.name] = run.gradients
    for name, source in kept.items():
        if source.is_file():
            copy_file(source, mark.with_name(name))
    run.save_networks(gan, mark.parent)
    keep_checkpoint(gan, mark.with_suffix(""))


def _mark_of(run, size):
    """Returns the file that is written last when a stage is kept."""
    return run.stages / str(size) / "checkpoint.index"


def _newest(folder):
    """Returns the path of the newest checkpoint, without ending."""
    state = tf.train.get_checkpoint_state(str(folder))
    return state.model_checkpoint_path if state else ""


def _unreadable(path, reason):
    return InputError(
        f"name: the checkpoint cannot be read ({reason}). Received: {path}. "
        "Allowed: another --name, or --overwrite to start again"
    )


def _manager(gan, folder):
    names = {"directory": str(folder), "checkpoint_name": NAME, "max_to_keep": KEPT}
    return tf.train.CheckpointManager(_checkpoint(gan), **names)


def _checkpoint(gan):
    """Returns a `tf.train.Checkpoint` of flat lists of variables.

    Those of the networks include the statistics of BatchNorm, the shares of blocks that
    fade in and the states of dropout's random numbers.
    """
    parts = {"generator": gan.generator, "discriminator": gan.discriminator}
    if gan.ema_generator is not gan.generator:
        parts["ema_generator"] = gan.ema_generator
    parts |= {"g_optimizer": gan.g_optimizer, "d_optimizer": gan.d_optimizer}
    variables = {name: part.variables for name, part in parts.items()}
    variables["state"] = list(gan.state.values())
    return tf.train.Checkpoint(
        **{name: [v.value for v in found] for name, found in variables.items()}
    )


class SaveCheckpoint(PeriodicCallback):
    """Saves a checkpoint after epoch 1, every `every` epochs and each stage's last."""

    def __init__(self, folder, every):
        super().__init__(every)
        self.folder = folder

    def act(self, epoch, logs):
        save_checkpoint(self.model, self.folder, epoch)
