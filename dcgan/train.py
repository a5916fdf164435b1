"""`python -m dcgan.train`: trains a GAN and leaves a run folder."""

import sys
import time
from types import ModuleType

from dcgan.cli import quiet_tensorflow, run_command
from dcgan.config import load_flags
from dcgan.data.folder import check_enough, load_named
from dcgan.data.holdout import set_aside
from dcgan.rendezvous import team_of
from dcgan.resume import check_resume
from dcgan.run import Run
from dcgan.sources import recipe_names
from dcgan.start import check_start

EXAMPLE = """examples:
  python -m dcgan.train
  python -m dcgan.train --data pictures --name creatures --aug_prob 0.3
  python -m dcgan.train --data pictures --minutes 60
  python -m dcgan.train --recipe diffaugment --data pictures --epochs 200
  python -m dcgan.train --recipe pokegan-progressive --data pictures
  python -m dcgan.train --cycle '[{lr: 5e-4, epochs: 100}, {lr: 2e-4, epochs: 50}]'"""


def main(argv=None):
    """Parses the flags, resolves the config and trains."""
    config = load_flags(
        argv,
        prog="python -m dcgan.train",
        usage="python -m dcgan.train [--recipe NAME] [--config FILE] [--KNOB VALUE]",
        description="Trains a GAN on a folder of pictures; without flags on OpenMoji. "
        f"Recipes: {', '.join(recipe_names())}.",
        epilog=EXAMPLE,
    )
    train(config)


def train(config):
    """Trains as `config` says; what `python -m dcgan.train` does.

    A run whose folder exists goes on from the newest checkpoint that can be read.

    Args:
        config: A `Config`.

    Returns:
        The `dcgan.Run`, whose folder is `runs/NAME/`; None in a process that is not
        the chief.

    Raises:
        InputError: If the run exists with other settings or other pictures, another
            process trains it, or the pictures cannot be used; nothing has been written
            then. Also `Diverged`, if a loss became NaN: what was saved before is kept.
        OSError: Such as a full disk; the checkpoints before are kept.
        KeyboardInterrupt: After Ctrl-C; what was learnt until then has been saved.

    Example:
        >>> run = dcgan.train(dcgan.load_config("default", data="pictures", epochs=50))
        >>> run.generator_file
    """
    with team_of(config) as team:
        return _train(config, time.monotonic(), team)


def _train(config, started, team):
    # What can be refused without TensorFlow is, before the wait for it.
    if team.is_chief:
        _check_run(config)
    images, names = load_named(
        config.data, config.size, config.channels, config.fit, config.background
    )
    check_enough(set_aside(images, config.holdout, config.seed)[0], config.batch_size)
    with team.starting():
        quiet_tensorflow()
        from dcgan.training import trainer

    return trainer.train(config, images, names, started, team)


def _check_run(config):
    run = Run.check_place(config)
    check_resume(run, config)
    if config.overwrite or not run.has_checkpoint():
        check_start(config)


class _CallableModule(ModuleType):
    """Makes `dcgan.train(config)` work: `dcgan.train` is this module."""

    def __call__(self, config):
        return train(config)


sys.modules[__name__].__class__ = _CallableModule

if __name__ == "__main__":
    run_command(main)
