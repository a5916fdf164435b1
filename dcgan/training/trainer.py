"""A whole training: from the pictures to a finished run folder."""

import os
from dataclasses import replace
from itertools import chain

import tensorflow as tf

from dcgan.data.holdout import set_aside
from dcgan.data.pipeline import make_dataset
from dcgan.data.shrink import shrink
from dcgan.figures.gifs import progress_gif
from dcgan.figures.plots import plot_losses, save_figure
from dcgan.figures.report import write_report
from dcgan.run import Run
from dcgan.stages import plan_stages, stage_of
from dcgan.training import checkpoint, logs
from dcgan.training.callbacks import Diverged, Progress
from dcgan.training.progressive import grow
from dcgan.training.run_callbacks import describe_scores, run_callbacks

CHANNELS = {1: "grey", 3: "RGB", 4: "RGBA"}


def train(config, images):
    """Trains as `config` says and leaves a run folder.

    A run that has a checkpoint goes on from it, in the stage and phase it was in.

    Args:
        config: A `Config`.
        images: uint8 array (N, size, size, channels).

    Returns:
        The `Run`.

    Raises:
        InputError: If the folder exists and holds no run; nothing has been written.
        Diverged: If a loss became NaN; the networks saved before are kept.
        KeyboardInterrupt: After Ctrl-C; what was learnt until then has been saved.
    """
    run = Run.check_place(config)
    done = 0 if config.overwrite else checkpoint.latest_epoch(run.checkpoints)
    finished = checkpoint.is_finished(config, run, done)
    images, held_out = set_aside(images, config.holdout, config.seed)
    _announce(config, run, images, held_out, done, finished)
    if finished:
        return run
    steps, first = _steps(config, images), stage_of(plan_stages(config), done)
    # A checkpoint holds all that is needed: the run in `init_from` may have gone.
    stages = grow(replace(config, init_from=None) if done else config, steps, first)
    opening = _, gan = next(stages)  # may be refused; nothing has been written yet
    if done:
        checkpoint.go_on(run, gan, done, steps)
    chosen = run_callbacks(config, run, images, held_out)  # may be refused as well
    Run.create(config)
    try:
        for stage, gan in chain([opening], stages):
            fit_stage(gan, stage, images, chosen, done)
            if config.progressive:
                checkpoint.keep_stage(run, stage, gan)
    except Diverged:
        progress_gif(run.samples, run.gif)
        write_report(run)
        raise
    except KeyboardInterrupt:
        _close_bar(chosen)
        _save(run, gan)
        if not (done := checkpoint.latest_epoch(run.checkpoints)):
            logs.forget_epochs(run, 0)  # the same command starts again
        else:
            without = " without --overwrite" if config.overwrite else ""
            print(f"The same command{without} goes on after epoch {done}", flush=True)
        raise
    _save(run, gan)
    return run


def fit(config, images, callbacks=()):
    """Trains as `config` says in memory, for notebooks: no run folder, no bars.

    Args:
        config: A `Config`.
        images: uint8 array (N, size, size, channels).
        callbacks: Keras callbacks, such as `SampleGrid`.

    Returns:
        `(gan, history)`: the trained `GAN`, and a dict of lists with a number for each
        epoch, such as `plot_losses` takes.

    Example:
        >>> gan, history = dcgan.fit(config, images)
    """
    images, _ = set_aside(images, config.holdout, config.seed)
    history = {}
    for stage, gan in grow(config, _steps(config, images)):
        for name, values in fit_stage(gan, stage, images, callbacks).items():
            history.setdefault(name, []).extend(values)
    return gan, history


def fit_stage(gan, stage, images, callbacks=(), done=0):
    """Trains one stage.

    Args:
        gan: The compiled `GAN` of the stage.
        stage: The `Stage`.
        images: uint8 array (N, size, size, channels) in full size.
        callbacks: Keras callbacks.
        done: Epochs of the run that another start has done.

    Returns:
        Dict of lists with a number for each epoch.
    """
    config = gan.config
    if done >= stage.last:
        return {}
    dataset = make_dataset(
        shrink(images, stage.size),
        config.batch_size,
        config.seed,
        start_step=int(gan.step),
        flip=config.flip,
        jitter=config.jitter,
        rotate=config.rotate,
    )
    history = gan.fit(
        dataset,
        initial_epoch=max(done, stage.first),
        epochs=stage.last,
        verbose=0,
        callbacks=callbacks,
    )
    return history.history


def _steps(config, images):
    return len(images) // config.batch_size


def _announce(config, run, images, held_out, done, finished):
    folder, mode = run.folder, CHANNELS[config.channels]
    side, count = f"{config.size}x{config.size}", len(images) + len(held_out)
    aside = f", {len(held_out)} of them set aside" if len(held_out) else ""
    print(f"{count} pictures of {side} {mode} from {config.data}{aside}")
    if finished:
        told = f"All {done} epochs are done"
        if done < config.epochs:
            told = f"Stopped early after {done} of {config.epochs} epochs"
        print(f"{told}: {folder}{os.sep}", flush=True)
        return
    steps = _steps(config, images)
    print(f"{config.epochs} epochs of {steps} steps on {_device()}")
    if config.progressive:
        stages = plan_stages(config)
        parts = [f"{s.size}x{s.size} for {s.last - s.first}" for s in stages]
        print(f"Stages: {', '.join(parts)} epochs")
    if done:
        print(f"Goes on after epoch {done}")
    if scores := describe_scores(config, images, held_out):
        print(scores)
    print(f"Samples, curves and networks: {folder}{os.sep}")
    print(f"In a browser: tensorboard --logdir {folder}", flush=True)


def _device():
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU: {details.get('device_name', gpus[0].name)}"
    return f"the CPU ({os.cpu_count()} cores)"


def _save(run, gan):
    """Saves what there is, at the end or in the middle of an epoch."""
    steps = int(gan.step.numpy())
    if steps == 0:
        run.delete()
        print("Stopped before the first step, so there is no run.", flush=True)
        return
    run.save_networks(gan)
    progress_gif(run.samples, run.gif)
    if run.has_epochs():
        save_figure(run.losses, plot_losses(run.log))
    write_report(run)
    print(f"Saved after {steps} steps: {run.folder}{os.sep}", flush=True)


def _close_bar(callbacks):
    for callback in callbacks:
        if isinstance(callback, Progress):
            callback.close()
