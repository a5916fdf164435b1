"""Scores while training, the best generator so far, and when to stop."""

import numpy as np

from dcgan.data.shrink import shrink
from dcgan.evaluation.memorisation import discriminator_gap
from dcgan.evaluation.reference import Reference
from dcgan.pixels import to_float
from dcgan.run import save_network
from dcgan.tables import append_row, read_rows
from dcgan.training.callbacks import PeriodicCallback

COUNT = 400  # generated pictures that are scored: their KID is good to about 1 %
JUDGED = 500  # pictures of each kind that the discriminator's gap is taken from at most
BATCH = 64
SOUND = {"variety": 0.5, "authpct": 0.5}  # below, it has collapsed, or copies
HEADER = (
    "epoch,kid,kid_error,precision,recall,density,coverage,variety,authpct,gap"
).split(",")


class Evaluation(PeriodicCallback):
    """Scores the averaged generator every `every` epochs and at the end.

    The same latents are scored each time, against pictures in their full size.

    Args:
        images: uint8 (N, H, W, C), the pictures that are trained on, 10 or more.
        every: Epochs between two scores.
        held_out: The same of pictures that were set aside, for the discriminator's gap;
            None or empty for none.
        count: Generated pictures to score.
        seed: Seed of their latents.
        run: The `Run` that gets `scores.csv` and `best/`; None keeps all in memory.
        patience: Stop training after so many scores without a lower KID; 0 is never.

    Attributes:
        history: List of dicts, one for each time: `epoch` and the scores of
            `Reference.quick`, and `gap`, see `discriminator_gap`.

    Example:
        >>> scores = dcgan.Evaluation(images, every=10)
        >>> gan.fit(dataset, epochs=50, callbacks=[scores])
        >>> scores.history[-1]["kid"]
    """

    def __init__(
        self, images, every=50, held_out=None, count=COUNT, seed=0, run=None, patience=0
    ):
        super().__init__(every, first=False)
        self.images = images
        self.held_out = images[:0] if held_out is None else held_out
        self.count = count
        self.seed = seed
        self.run = run
        self.patience = patience
        self.history = []
        self._reference = None

    @property
    def latest(self):
        """The newest scores, `{"epoch": 0}` before there are any."""
        return self.history[-1] if self.history else {"epoch": 0}

    def on_train_begin(self, logs=None):
        if self.run is not None:  # it may go on from a checkpoint
            self.history = read_rows(self.run.scores)

    def act(self, epoch, logs):
        if self._reference is None:
            self._reference = Reference(self.images, self.held_out)
        pictures = self.model.sample(self.count, seed=self.seed)
        row = {"epoch": epoch} | self._reference.quick(pictures)
        if len(self.held_out):
            row["gap"] = self._gap(pictures)
        is_best = improves(row, best_of(self.history))
        self.history.append(row)
        if self.run is not None:
            append_row(self.run.scores, HEADER, row)
            if is_best:
                save_network(self.model.ema_generator, self.run.best_file)
        last_stage = self.params["epochs"] == self._epochs()
        if last_stage and out_of_patience(self.history, self.patience):
            self.model.stop_training = True

    def _epochs(self):
        plan = getattr(self.model, "plan", None)
        return plan[-1].last if plan else self.params["epochs"]

    def _gap(self, pictures):
        count = min(JUDGED, len(self.held_out))
        kinds = self.images[:count], self.held_out[:count], pictures[:count]
        side = pictures.shape[1]
        return discriminator_gap(*(self._logits(shrink(x, side)) for x in kinds))

    def _logits(self, images):
        batches = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
        judge = self.model.discriminator
        logits = [judge(to_float(batch), training=False) for batch in batches]
        return np.concatenate([np.mean(one, axis=-1) for one in logits])


def improves(row, best):
    """Tells whether scores are better than the best, and not by collapse or copying.

    Args:
        row: Dict with `kid`, `variety` and `authpct`.
        best: The same, or None.
    """
    if best is None:
        return True
    # Early pictures are all alike: what is no worse than the best is let through.
    sound = all(row[k] >= min(least, best[k]) for k, least in SOUND.items())
    return sound and row["kid"] < best["kid"]


def best_of(rows):
    """Returns the row whose generator is in `best/`, or None."""
    best = None
    for row in rows:
        best = row if improves(row, best) else best
    return best


def out_of_patience(rows, patience):
    """Tells whether KID has set no new minimum in the last `patience` rows."""
    if not 0 < patience < len(rows):
        return False
    kids = [row["kid"] for row in rows]
    return min(kids[-patience:]) >= min(kids[:-patience])


def in_words(row):
    """Returns scores as the progress line shows them, nothing if there are none."""
    if not row:
        return ""
    shares = [f"{name} {row[name]:.2f}" for name in ("recall", "coverage", "authpct")]
    return ", ".join([f"kid {row['kid']:.0f} +- {row['kid_error']:.0f}", *shares])
