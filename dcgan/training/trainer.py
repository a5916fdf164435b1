"""A whole training: from the pictures to a finished run folder."""

import os
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from dcgan.data.holdout import Pictures, set_aside
from dcgan.data.pipeline import epoch_steps
from dcgan.errors import Stopped
from dcgan.figures.overview import draw_overview
from dcgan.origin import (
    check_pictures,
    describe_machine,
    describe_pictures,
    record_origin,
)
from dcgan.resume import check_resume
from dcgan.run import Run, step_of
from dcgan.stages import plan_stages, stage_of
from dcgan.team import Team
from dcgan.training import going_on, logs
from dcgan.training.callbacks import Progress
from dcgan.training.checkpoint import newest_checkpoint, save_checkpoint
from dcgan.training.divergence import Diverged, find_nan
from dcgan.training.fitting import fit_stage
from dcgan.training.messages import (
    announce,
    device_in_words,
    say_how_to_go_on,
    tell_rollback,
)
from dcgan.training.run_callbacks import run_callbacks
from dcgan.training.signals import StopBetweenSteps
from dcgan.training.stage_files import keep_stage
from dcgan.training.strategy import count_cards, make_strategy
from dcgan.training.timing import settle_length
from dcgan.training.workers import Workers, follow

ROLLBACKS = 5  # to one checkpoint, until training stops all the same


class Rollback(NamedTuple):
    """Why training comes back to a checkpoint.

    Attributes:
        times: How often it has come back to this one; 0 if it has not.
        error: The `Diverged` that made it come back, None likewise.
    """

    times: int = 0
    error: Diverged | None = None


def train(config, images, names=None, started=None, team=None):
    """Trains as `config` says and leaves a run folder.

    A run that has a checkpoint goes on from it, in the stage and phase it was in.

    Args:
        config: A `Config`.
        images: uint8 array (N, size, size, channels), or `StoredImages`.
        names: N texts that tell the pictures apart, for a message if some of them have
            changed since the run began; their numbers if left out.
        started: Time of `time.monotonic` that `minutes` count from; now if left out.
        team: The `Team` of processes; this one alone if left out.

    Returns:
        The `Run`; None for a process that is not the chief.

    Raises:
        InputError: If the folder exists and holds no run, another process trains the
            run, or its pictures have changed; nothing has been written.
        Diverged: If a loss or weight became NaN; what was saved before is kept.
        OSError: Such as a full disk; the checkpoints before are kept.
        KeyboardInterrupt: After Ctrl-C, in a command also SIGTERM; what was learnt
            until then has been saved. After a second one the last checkpoint counts.
    """
    started = time.monotonic() if started is None else started
    team = team or Team()
    run = Run.check_place(config) if team.is_chief else None
    digests = describe_pictures(images, names)
    team.compare_pictures(digests)
    team.compare_cards(count_cards())
    pictures = Pictures(*set_aside(images, config.holdout, config.seed), digests)
    with team.explained():
        with team.joining():
            strategy = make_strategy(config, team.cluster)
        workers = Workers(team, strategy)
        if not team.is_chief:
            return follow(config, pictures.train, workers)
        finished = _lead(config, run, pictures, started, workers)
        workers.dismiss()
        return finished


def _lead(config, run, pictures, started, workers):
    """Trains until the end, also from a checkpoint again after a NaN."""
    counts, rollback = Counter(), Rollback()
    with run.lock():
        check_resume(run, config)  # another process may have begun the run meanwhile
        checkpoint = None if config.overwrite else newest_checkpoint(run)
        config, length = settle_length(
            config, run, pictures, checkpoint, started, workers
        )
        while True:
            try:
                return _train(
                    config, run, pictures, checkpoint, rollback, length, workers
                )
            except Diverged as error:
                checkpoint = newest_checkpoint(run)
                counts[checkpoint] += 1
                rollback = Rollback(counts[checkpoint], error)
                if config.on_nan == "stop" or rollback.times > ROLLBACKS:
                    raise
                config = replace(config, overwrite=False)  # not the second time


def _train(config, run, pictures, checkpoint, rollback, length, workers):
    """Trains from a checkpoint on; without one, from the beginning.

    Args:
        config: The `Config`.
        run: The `Run`, which is returned.
        pictures: The `Pictures`.
        checkpoint: Its folder, or None.
        rollback: The `Rollback`.
        length: The `Length`.
        workers: The `Workers`.
    """
    steps = epoch_steps(pictures.train, config.batch_size)
    step = step_of(checkpoint) if checkpoint else 0
    finished = False
    if checkpoint:
        check_pictures(run, pictures.digests, config.data)
        going_on.check_steps(run, steps)
        is_over = going_on.is_over(config, run, step // steps)
        finished = is_over and going_on.is_saved(config, run)
    device = device_in_words(workers.strategy)
    announce(config, run, pictures, step, finished, device)
    if finished:
        return run
    # A checkpoint holds all that is needed: the run in `init_from` may have gone.
    start = replace(config, init_from=None) if checkpoint else config
    workers.order_training(config, step)
    first = stage_of(plan_stages(config), step / steps)
    stages = workers.grow(start, steps, first)
    # Either may be refused; nothing has been written or deleted yet.
    stage, gan = next(stages)
    callbacks = run_callbacks(config, run, pictures.train, pictures.held_out, length)
    if checkpoint:
        going_on.go_on(run, gan, checkpoint, steps)
    if rollback.times:
        gan.slow_down(0.5**rollback.times)
    Run.create(config)
    record_origin(run, pictures.digests, describe_machine(device), step)
    if rollback.error:
        tell_rollback(rollback.error, run, step, steps)
    stages = chain([(stage, gan)], stages)
    return _fit_run(run, stages, pictures.train, callbacks, steps, workers)


def _fit_run(run, stages, images, callbacks, steps, workers):
    """Trains the stages that are left, and saves what comes of it, however it ends."""
    stopper = StopBetweenSteps(workers.team)
    progress = next(c for c in callbacks if isinstance(c, Progress))
    with stopper.catching():  # also while all is saved
        try:
            with closing(progress):
                for stage, gan in stages:
                    over = going_on.is_over(gan.config, run, gan.steps_done // steps)
                    workers.start_alike(gan)
                    if workers.agree_on_stage(not over):
                        fit_stage(gan, stage, images, [*callbacks, stopper])
                    if gan.config.progressive:
                        keep_stage(run, stage, gan)
        except Diverged as error:
            draw_overview(run)
            if stopper.received:  # in that very step: no going back
                raise Stopped(stopper.received) from error
            raise
        except KeyboardInterrupt:
            _save_stopped(run, gan, steps, stopper.between_steps)
            raise
        _save(run, gan)
    return run


def _save_stopped(run, gan, steps, between_steps):
    """Saves what there is after a signal, but no weights that are no numbers."""
    if find_nan(gan):
        draw_overview(run)
        print("Weights are no numbers: the networks of before stay.", flush=True)
    else:
        if between_steps:
            save_checkpoint(gan, run)
        _save(run, gan)
    if run.has_checkpoint():
        say_how_to_go_on(gan.config, run, steps)
    else:
        logs.forget_epochs(run, 0)  # the same command starts again


def _save(run, gan):
    """Saves what there is, at the end or in the middle of an epoch."""
    steps = gan.steps_done
    if steps == 0:
        run.delete()
        print("Stopped before the first step, so there is no run.", flush=True)
        return
    run.save_networks(gan)
    draw_overview(run)
    print(f"Saved after {steps} steps: {run.folder}{os.sep}", flush=True)
