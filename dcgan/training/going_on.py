"""Going on with a training that was stopped, also in the middle of an epoch."""

import keras

from dcgan.epochs import delete_after
from dcgan.errors import InputError
from dcgan.evaluation.selection import out_of_patience
from dcgan.stages import plan_stages
from dcgan.tables import read_rows
from dcgan.training import logs
from dcgan.training.checkpoint import (
    forget_later,
    restore_checkpoint,
)
from dcgan.training.messages import ended_in_time, forget_stop_in_time
from dcgan.training.stage_files import stage_checkpoint


def is_over(config, run, done):
    """Tells whether no epoch is left to train: all are done, or patience or the time
    has ended.

    Args:
        config: The `Config`.
        run: The `Run`.
        done: Epochs done by the newest checkpoint.
    """
    rows = [row for row in read_rows(run.scores) if row["epoch"] <= done]
    last_stage = plan_stages(config)[-1]
    return (
        done >= config.epochs
        or out_of_patience(rows, config.patience, last_stage.first)
        or (config.minutes > 0 and ended_in_time(run, done))
    )


def is_saved(config, run):
    """Tells whether all that comes after the last checkpoint has been written."""
    files = [run.gif, run.report, run.generator_file, run.discriminator_file]
    stages = [stage_checkpoint(run, config.size)] if config.progressive else []
    if not all(path.exists() for path in files + stages):
        return False
    # The last that are made anew at the end: they may be of an earlier epoch.
    last = run.checkpoint_folders()[-1].stat().st_mtime
    return all(file.stat().st_mtime >= last for file in (run.gif, run.report))


def check_steps(run, steps_per_epoch):
    """Raises `InputError` if the log was written with other epochs.

    Args:
        run: The `Run`.
        steps_per_epoch: Batches in one pass over the pictures.
    """
    for row in read_rows(run.log)[:1]:
        before = row.get("step", 0) / row["epoch"]
        if before != steps_per_epoch:
            raise InputError(
                "data: the run began with another number of pictures. Received: "
                f"{steps_per_epoch} steps an epoch instead of {before:g}. "
                "Allowed: the same pictures, another --name, or --overwrite"
            )


def go_on(run, gan, folder, steps_per_epoch):
    """Restores a checkpoint and forgets what was written after it.

    Args:
        run: The `Run`.
        gan: The `GAN` of the stage that the run is in.
        folder: That of the checkpoint.
        steps_per_epoch: Batches in one pass over the pictures.
    """
    restore_checkpoint(gan, folder)
    forget_later(run, folder)
    done = gan.steps_done // steps_per_epoch
    logs.forget_epochs(run, done)
    if not gan.config.minutes:  # it has other epochs now, and as long as they take
        forget_stop_in_time(run)
    for folder in (run.samples, run.snapshots):
        delete_after(folder, done)


def spans(stage, step, steps_per_epoch):
    """Yields what is left to do of a stage.

    Args:
        stage: The `Stage`.
        step: Steps done.
        steps_per_epoch: Batches in one pass over the pictures.

    Yields:
        `(first, last, steps)`: epochs done before and after, and the steps of each
        epoch: first the rest of one that was stopped, then all others.

    Example:
        >>> list(spans(Stage(64, 0, 9), step=25, steps_per_epoch=10))
        [(2, 3, 5), (3, 9, 10)]
    """
    done, over = divmod(step, steps_per_epoch)
    first = max(done, stage.first)
    if over:
        yield first, first + 1, steps_per_epoch - over
        first += 1
    if first < stage.last:
        yield first, stage.last, steps_per_epoch


class KeepMeans(keras.callbacks.Callback):
    """Goes on with the means of the epoch that was stopped, which `fit` sets to 0.

    Args:
        gan: The `GAN` with those means.
    """

    def __init__(self, gan):
        super().__init__()
        self.variables = [v for mean in gan.metrics for v in mean.variables]
        self.values = [v.numpy() for v in self.variables]

    def on_epoch_begin(self, epoch, logs=None):
        for variable, value in zip(self.variables, self.values):
            variable.assign(value)
