"""Scores while training, the best generator so far, and when to stop."""

import math

from dcgan.bias import training_scores_by
from dcgan.data.shrink import shrink
from dcgan.evaluation.features import Extractor
from dcgan.evaluation.limits import FEWEST, check_enough, evenly
from dcgan.evaluation.memorisation import discriminator_gap
from dcgan.evaluation.reference import Reference
from dcgan.evaluation.selection import best_of, improves, out_of_patience
from dcgan.models.discriminator import mean_logits
from dcgan.models.lite import check_weights
from dcgan.tables import append_row, as_written, read_rows
from dcgan.training.callbacks import PeriodicCallback, current_stage, plan_of

COUNT = 400  # generated pictures that are scored; KID's error is then some 2 to 8 %
JUDGED = 500  # pictures of each kind that the discriminator's gap is taken from at most
HEADER = (
    "epoch,kid,kid_error,precision,recall,density,coverage,variety,authpct,"
    "authpct_real,gap"
).split(",")


class Evaluation(PeriodicCallback):
    """Scores the averaged generator every `every` epochs and at the end.

    The same latents are scored each time, against pictures in their full size.

    Args:
        images: uint8 (N, H, W, C), the pictures that are trained on, 10 or more.
        every: Epochs between two scores.
        held_out: The same of pictures that were set aside, None or empty for none;
            `fewest_for_gap` or more for the discriminator's gap.
        count: Generated pictures to score.
        seed: Seed of their latents.
        run: The `Run` that gets `scores.csv` and `best/`; None keeps all in memory.
        patience: Stop training after so many scores without a lower KID; 0 is never.
        extractor: `lite0` or `lite1`; `auto` is lite0, and lite1 for a `projected`
            training, which Lite0 helps and where its scores flatter.

    Raises:
        InputError: If there are too few pictures, or no weights of the extractor:
            before the training, not at the first score.

    Attributes:
        history: List of dicts, one for each time: `epoch` and the scores of
            `Reference.quick`, and `gap`, see `discriminator_gap`.
        best: The one of them whose generator is the best of its stage, or None.

    Example:
        >>> scores = dcgan.Evaluation(images, every=10)
        >>> gan.fit(dataset, epochs=50, callbacks=[scores])
        >>> scores.history[-1]["kid"]
    """

    def __init__(
        self,
        images,
        every=50,
        held_out=None,
        count=COUNT,
        seed=0,
        run=None,
        patience=0,
        extractor="auto",
    ):
        super().__init__(every, first=False)
        check_enough(images, "real pictures")
        if extractor != "auto":
            check_weights(extractor)
        self.images = images
        self.held_out = images[:0] if held_out is None else held_out
        self.count = count
        self.seed = seed
        self.run = run
        self.patience = patience
        self.extractor = extractor
        self.history = []
        self.best = None
        self._reference = None

    @property
    def latest(self):
        """The newest scores, `{"epoch": 0}` before there are any."""
        return self.history[-1] if self.history else {"epoch": 0}

    def on_train_begin(self, logs=None):
        self._stage = current_stage(self)
        if self.extractor == "auto":
            self.extractor = training_scores_by(self.model.config)
            check_weights(self.extractor)
        if self.run is not None:  # it may go on from a checkpoint
            self.history = read_rows(self.run.scores)
        # Not the one in best/, which may be of an epoch that is to come again.
        self.best = best_of(self.history, self._stage.first)

    def act(self, epoch, logs):
        if not all(map(math.isfinite, logs.values())):
            return  # such a generator is nothing to keep
        if self._reference is None:
            extractor = Extractor(self.extractor)
            self._reference = Reference(self.images, self.held_out, extractor)
        pictures = self.model.sample(self.count, seed=self.seed)
        row = {"epoch": epoch} | self._reference.quick(pictures)
        if len(self.held_out) >= fewest_for_gap(self.model.config):
            row["gap"] = self._gap(pictures)
        row = {name: as_written(value) for name, value in row.items()} | {
            "epoch": epoch
        }
        is_best = improves(row, self.best)
        self.history.append(row)
        if self.run is not None:
            append_row(self.run.scores, HEADER, row)
        if is_best:
            self.best = row
            if self.run is not None:
                self.run.save_best(self.model.ema_generator, row)
        if self._stage == plan_of(self)[-1] and out_of_patience(
            self.history, self.patience, self._stage.first
        ):
            self.model.stop_training = True

    def _gap(self, pictures):
        count = min(JUDGED, len(self.held_out))
        kinds = (evenly(x, count) for x in (self.images, self.held_out, pictures))
        side = pictures.shape[1]
        judge, batch = self.model.discriminator, self.model.config.batch_size
        return discriminator_gap(
            *(mean_logits(judge, shrink(x, side), batch) for x in kinds)
        )


def fewest_for_gap(config):
    """Returns how many held-out pictures the discriminator's gap takes at least: a
    discriminator that compares the pictures of a batch may not see one twice in it.
    """
    return max(FEWEST, config.batch_size * config.minibatch_discrimination)


def scores_in_words(row):
    """Returns scores as the progress line shows them, nothing if there are none."""
    if not row:
        return ""
    shares = [f"{name} {row[name]:.2f}" for name in ("coverage", "recall", "authpct")]
    return ", ".join([f"kid {row['kid']:.0f} +- {row['kid_error']:.0f}", *shares])
