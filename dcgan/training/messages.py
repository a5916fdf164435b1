"""What a training says of itself."""

import os

import tensorflow as tf

from dcgan.data.pipeline import epoch_steps
from dcgan.jobs import count_cores
from dcgan.run import step_of
from dcgan.stages import plan_stages
from dcgan.tables import forget_named, read_table
from dcgan.training.health import HEADER, tell
from dcgan.training.run_callbacks import describe_scores

OUT_OF_TIME = "out of time"  # a name in the health log
CHANNELS = {1: "grey", 3: "RGB", 4: "RGBA"}


def announce(config, run, pictures, step, finished, device):
    """Says what is trained, on what, and where to look.

    Args:
        config: The `Config`.
        run: The `Run`.
        pictures: The `Pictures`.
        step: Steps done.
        finished: Whether nothing is left to do.
        device: From `device_in_words`.
    """
    folder, mode = run.folder, CHANNELS[config.channels]
    images, held_out = pictures.train, pictures.held_out
    steps = epoch_steps(images, config.batch_size)
    side, count = f"{config.size}x{config.size}", len(images) + len(held_out)
    aside = f", {len(held_out)} of them set aside" if len(held_out) else ""
    print(f"{count} pictures of {side} {mode} from {config.data}{aside}")
    if finished:
        done = step // steps
        told = f"All {done} epochs are done"
        if done < config.epochs:
            told = f"Stopped early after {done} of {config.epochs} epochs"
        print(f"{told}: {folder}{os.sep}", flush=True)
        return
    print(f"{config.epochs} epochs of {steps} steps on {device}")
    if config.progressive:
        stages = plan_stages(config)
        parts = [f"{s.size}x{s.size} for {s.last - s.first}" for s in stages]
        print(f"Stages: {', '.join(parts)} epochs")
    if step:
        print(f"Goes on after {_in_epochs(step, steps)}")
    if scores := describe_scores(config, images, held_out):
        print(scores)
    print(f"Samples, curves and networks: {folder}{os.sep}")
    print(f"In a browser: tensorboard --logdir {folder}", flush=True)


def device_in_words(strategy=None):
    """Returns what TensorFlow computes on, and on how many replicas if on several."""
    replicas = strategy.num_replicas_in_sync if strategy else 1
    return f"{replicas} x {_device()}" if replicas > 1 else _device()


def _device():
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU: {details.get('device_name', gpus[0].name)}"
    return f"the CPU ({count_cores()} cores)"


def say_how_to_go_on(config, run, steps):
    """Says where the same command goes on, after a stop.

    Args:
        config: The `Config`.
        run: The `Run`, which has a checkpoint.
        steps: Steps of an epoch.
    """
    where = _in_epochs(step_of(run.checkpoint_folders()[-1]), steps)
    without = " without --overwrite" if config.overwrite else ""
    print(f"The same command{without} goes on after {where}", flush=True)


def tell_rollback(error, run, step, steps):
    """Says, and leaves in the health log, that training has gone back.

    Args:
        error: The `Diverged`.
        run: The `Run`.
        step: The step that it went back to.
        steps: Steps of an epoch.
    """
    sentence = (
        f"{error.what}: training went back to {_in_epochs(step, steps)} and goes on "
        "with learning rates halved."
    )
    tell(run, step // steps, "rolled back", sentence)


def tell_stop_in_time(run, config, done, planned):
    """Says, and leaves in the health log, that a training ends before its last epoch,
    so that its `minutes` hold; `ended_in_time` tells it.

    Args:
        run: The `Run`, or None.
        config: The `Config`.
        done: Epochs done.
        planned: Epochs of the whole training.
    """
    sentence = (
        f"Training ends here instead of after epoch {planned}: epochs take longer "
        f"than was planned, and {config.minutes:g} min were asked for."
    )
    tell(run, done, OUT_OF_TIME, sentence)


def ended_in_time(run, done):
    """Tells whether a run has ended by `tell_stop_in_time`.

    Args:
        run: The `Run`.
        done: Epochs done by the newest checkpoint.
    """
    return any(
        row["name"] == OUT_OF_TIME and int(row["epoch"]) <= done
        for row in read_table(run.health)
    )


def forget_stop_in_time(run):
    """Takes the sentence of `tell_stop_in_time` back: the training goes on."""
    forget_named(run.health, OUT_OF_TIME, HEADER)


def _in_epochs(step, steps):
    """Returns how far a training is, in words."""
    done, over = divmod(step, steps)
    return f"epoch {done}" + (f" and {over} of {steps} steps" if over else "")
