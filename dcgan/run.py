"""The folder of a run: what is in it, and how to open it."""

import math
import shutil
from numbers import Real
from pathlib import Path

from dcgan.config import load_config, save_config
from dcgan.epochs import epoch_file, epoch_files
from dcgan.errors import InputError, invalid
from dcgan.files import read_json, remove_folder, whole_file, write_json
from dcgan.lock import is_empty, lock_folder
from dcgan.networks import load_network, save_network
from dcgan.places import is_writable
from dcgan.tables import read_rows

STEP = "step-"  # what the names of checkpoints begin with
CARD_MARK = "<!-- A card by dcgan: without this line it is yours, and stays. -->"


class Run:
    """A folder `runs/NAME/` that training writes and the other commands read.

    Args:
        folder: Its path. Use `Run.create` or `Run.open`.

    Attributes:
        folder: The folder, and as further `pathlib.Path`s: `config_file`, `log`,
            `timing`, `losses`, `gradients`, `gif`, `samples`, `scores`, `evaluation`,
            `nearest`, `health`, `report`, `card`, `stages`, `best`, `best_file`,
            `best_scores`, `tensorboard`, `snapshots`, `checkpoints`, `origin`,
            `generator_file`, `discriminator_file`, `networks_step`.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config_file = self.folder / "config.yml"
        self.log = self.folder / "log.csv"
        self.timing = self.folder / "timing.csv"
        self.losses = self.folder / "losses.png"
        self.gradients = self.folder / "gradient_flow.png"
        self.gif = self.folder / "progress.gif"
        self.samples = self.folder / "samples"
        self.scores = self.folder / "scores.csv"
        self.evaluation = self.folder / "evaluation.json"
        self.nearest = self.folder / "nearest.png"
        self.health = self.folder / "health.csv"
        self.report = self.folder / "report.html"
        self.card = self.folder / "README.md"
        self.stages = self.folder / "stages"
        self.best = self.folder / "best"
        self.best_file = self.best / "generator.keras"
        self.best_scores = self.best / "scores.json"
        self.tensorboard = self.folder / "tensorboard"
        self.snapshots = self.folder / "snapshots"
        self.checkpoints = self.folder / "checkpoints"
        self.origin = self.folder / "origin.json"
        self.generator_file = self.folder / "generator.keras"
        self.discriminator_file = self.folder / "discriminator.keras"
        self.networks_step = self.folder / "networks.json"

    @classmethod
    def create(cls, config):
        """Makes the folder of a run and writes its config.

        A run that has a checkpoint is kept, to go on from it, unless `overwrite` is on.
        The caller holds its lock.

        Raises:
            InputError: If the folder exists and holds no run.
        """
        run = cls.check_place(config)
        if config.overwrite or not run.has_checkpoint():
            run.delete()
        run.samples.mkdir(parents=True, exist_ok=True)
        with whole_file(run.config_file) as temporary:
            save_config(config, temporary)
        return run

    @classmethod
    def check_place(cls, config):
        """Returns the run that `create` would make, or raises what it would raise."""
        run = cls(Path(config.runs) / config.name)
        if run.folder.is_symlink() or (run.folder.exists() and not run.folder.is_dir()):
            raise invalid("name", str(run.folder), "a folder, not a link or a file")
        if not is_writable(run.folder):
            raise invalid("runs", config.runs, "a folder that can be written to")
        if not run.folder.exists() or is_empty(run.folder):
            return run
        if not run.is_run():
            knob = "overwrite" if config.overwrite else "name"
            raise InputError(
                f"{knob}: the folder exists and is no run, so it is not touched. "
                f"Received: {run.folder}. Allowed: another --name"
            )
        folder, data = run.folder.resolve(), Path(config.data).resolve()
        overwritten = config.overwrite and config.data != "openmoji"
        if overwritten and (data.is_relative_to(folder) or folder.is_relative_to(data)):
            raise InputError(
                f"overwrite: the run and the pictures share a folder, so it is not "
                f"deleted. Received: {run.folder} and {config.data}. Allowed: apart"
            )
        return run

    def is_run(self):
        """Tells whether a training made this folder, whose sheets are in it."""
        own = self.samples.is_dir() and not self.samples.is_symlink()
        return self.config_file.is_file() and own

    def has_epochs(self):
        """Tells whether an epoch has been finished."""
        return self.log.is_file() and self.log.read_bytes().count(b"\n") > 1

    def has_checkpoint(self):
        """Tells whether a training can go on from here."""
        return bool(self.checkpoint_folders())

    def checkpoint_folders(self):
        """Returns the folders of the checkpoints, the newest last."""
        found = self.checkpoints.glob(f"{STEP}*")
        numbered = [p for p in found if p.name.removeprefix(STEP).isdecimal()]
        return sorted(numbered, key=step_of)

    def lock(self):
        """Returns a context in which no other process can train this run."""
        return lock_folder(self.folder)

    def delete(self):
        """Deletes what a training writes.

        What it could go on from goes first, and what makes it a run last: a process
        that is killed leaves nothing that misleads the next one.
        """
        if self.checkpoints.is_dir() and not self.checkpoints.is_symlink():
            remove_folder(self.checkpoints)
        last = [self.config_file, self.samples]
        others = [p for p in vars(self).values() if p not in (self.folder, *last)]
        if not self.may_write_card():
            others.remove(self.card)
        linked = self.samples.is_symlink()
        for path in [*others, *([] if linked else self.samples.glob("*")), *last]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def may_write_card(self):
        """Tells whether README.md is missing, or a card that training has written."""
        return not self.card.exists() or CARD_MARK.encode() in self.card.read_bytes()

    @classmethod
    def open(cls, folder):
        """Opens the folder of a run that has been started.

        Raises:
            InputError: If the folder holds no run.
        """
        run = cls(folder)
        if not run.config_file.is_file():
            raise InputError(
                f"run: the folder holds no run (no config.yml). Received: {folder}. "
                "Allowed: a folder such as runs/default, made by python -m dcgan.train"
            )
        return run

    @property
    def config(self):
        """The `Config` that the run was started with."""
        return load_config(str(self.config_file))

    def load_generator(self, epoch=None, best=False):
        """Loads the generator.

        Args:
            epoch: An epoch that was kept in `snapshots/`; the newest if left out.
            best: Whether to load the one with the best KID so far instead.

        Returns:
            `keras.Model` from latents to pictures in [-1, 1].

        Raises:
            InputError: If there is no such generator, or the file is damaged.
        """
        if best:
            return load_network(self.best_file)
        return load_network(
            self.generator_file if epoch is None else self._snapshot(epoch)
        )

    def load_discriminator(self):
        """Loads the discriminator, pictures to logits, as `load_generator` does."""
        return load_network(self.discriminator_file)

    def save_networks(self, gan, folder=None):
        """Saves the generator that makes the samples, and the discriminator."""
        place = folder or self.folder
        save_network(gan.ema_generator, place / self.generator_file.name)
        save_network(gan.discriminator, place / self.discriminator_file.name)
        if folder is None:
            write_json(self.networks_step, {"step": gan.steps_done})

    def save_best(self, generator, scores):
        """Keeps the best generator so far and its scores, a dict."""
        save_network(generator, self.best_file)
        write_json(self.best_scores, scores)

    @property
    def best_files(self):
        """The files of the best generator so far."""
        return self.best_file, self.best_scores

    def read_best(self):
        """Returns the scores of the best generator so far, or None."""
        best = read_json(self.best_scores) or {}
        epoch = best.get("epoch")
        return best if isinstance(epoch, Real) and math.isfinite(epoch) else None

    def epoch_of(self, generator):
        """Returns the epoch of the `newest` or the `best` generator, 0 if unknown."""
        if generator == "best":
            return int((self.read_best() or {"epoch": 0})["epoch"])
        step = (read_json(self.networks_step) or {}).get("step")
        step = step if isinstance(step, Real) else math.inf  # of an older version
        # The log goes on between two savings.
        rows = [row for row in read_rows(self.log) if row.get("step", 0) <= step]
        return int(rows[-1]["epoch"]) if rows else 0

    def snapshot_epochs(self):
        """Returns the epochs whose generators were kept, sorted."""
        return list(epoch_files(self.snapshots, r"\.keras"))

    def snapshot_file(self, epoch):
        """Returns where the generator of an epoch is kept."""
        return epoch_file(self.snapshots, epoch, ".keras")

    def _snapshot(self, epoch):
        file = self.snapshot_file(epoch)
        if file.is_file():
            return file
        kept = ", ".join(map(str, self.snapshot_epochs()))
        allowed = kept or "none (train with --snapshot_every)"
        raise InputError(
            f"epoch: no generator was kept then. Received: {epoch}. Allowed: {allowed}"
        )


def step_of(path):
    """Returns the steps done by the checkpoint in a folder such as `step-1500`."""
    return int(path.name.removeprefix(STEP))
