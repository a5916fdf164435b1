"""What each stage of a growing run leaves in `stages/SIZE/`."""

from dcgan.epochs import epoch_files
from dcgan.files import copy_file
from dcgan.training.checkpoint import write_state


def keep_stage(run, stage, gan):
    """Leaves what a stage has come to, unless it is there: sheet, networks, gradients
    and a checkpoint that no later one replaces.
    """
    last = stage_checkpoint(run, stage.size)
    if last.is_dir():
        return
    kept = {}
    if sheets := epoch_files(run.samples, r"\.png"):
        kept["samples.png"] = sheets[max(sheets)]  # `stage.last`, or it ended early
    if gan.config.gradients_every:
        kept[run.gradients.name] = run.gradients
    for name, source in kept.items():
        if source.is_file():
            copy_file(source, last.with_name(name))
    run.save_networks(gan, last.parent)
    write_state(gan, last)


def stage_checkpoint(run, size):
    """Returns the folder of the checkpoint of a stage, the last that is written."""
    return run.stages / str(size) / "checkpoint"
