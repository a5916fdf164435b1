"""Whether a run whose folder exists can go on."""

from dataclasses import fields

from dcgan.errors import InputError
from dcgan.stages import fewest_epochs, with_epochs

# Knobs that change how a run is carried out, but not its mathematics.
MAY_CHANGE = (
    *("overwrite", "runs", "sample_every", "snapshot_every"),
    *("checkpoint_every", "gradients_every", "eval_every", "patience"),
    *("on_nan", "jit_compile", "distribute", "logical_cpus"),
)


def check_resume(run, config):
    """Raises `InputError` if the run exists and cannot go on as `config` says.

    Args:
        run: The `Run` that training would write.
        config: The `Config` of this start.
    """
    if config.overwrite or not run.is_run():
        return
    found = list(differences(run.config, config))
    if found:
        raise InputError(
            "name: the run exists with other settings. "
            f"Received: {'; '.join(found)} in {run.folder}. "
            "Allowed: the same, another --name, or --overwrite to start again"
        )
    trained = run.generator_file.is_file() and run.has_epochs()
    if trained and not run.has_checkpoint():
        raise InputError(
            "name: the run exists, and has no checkpoint to go on from. "
            f"Received: {run.folder}. "
            "Allowed: another --name, or --overwrite to delete it and start again"
        )


def differences(before, now):
    """Yields the knobs that differ and may not, as `g_lr 0.001 instead of 0.0004`."""
    if now.minutes and fewest_epochs(now) <= before.epochs:
        now = with_epochs(now, before.epochs)  # those that were found at the start hold
    for knob in fields(now):
        old, new = getattr(before, knob.name), getattr(now, knob.name)
        if old != new and not _may_change(knob.name, before, now):
            yield f"{knob.name} {new} instead of {old}"


def _may_change(knob, before, now):
    if knob == "minutes":  # the epochs say instead
        return now.minutes == 0
    if knob == "epochs":  # more of the same, where no plan depends on their number
        planned = now.progressive or now.cycle or now.schedule != "constant"
        return now.epochs > before.epochs and not planned
    return knob in MAY_CHANGE
