"""What goes wrong in a training, in plain words, with a knob to try."""

import math
from statistics import mean
from typing import NamedTuple

import keras

from dcgan.combinations import WITHOUT_ZERO
from dcgan.tables import append_row, read_rows, read_table

HEADER = ["epoch", "name", "sentence"]
WATCHED = ("g_loss", "d_loss", "real_score", "fake_score")
EPOCHS = 10  # in a row, that something about the losses has to hold
SCORES = 2  # in a row, that something about the scores has to hold
SWINGS = 3  # up, down and up again


class Rule(NamedTuple):
    """Something that goes wrong.

    Attributes:
        holds: Function (epochs, scores, config) -> whether it does. `epochs` is a list
            of dicts, one an epoch, with losses and scores of the discriminator;
            `scores` the history of `Evaluation`.
        sentence: What it is.
        remedies: Functions from the config to a flag to try, or None where that is on
            already; the first that fits is named.
    """

    holds: callable
    sentence: str
    remedies: tuple


def collapsed(epochs, scores, config):
    """The pictures were more varied before, or have not become varied for long."""
    now = [row["variety"] for row in scores[-SCORES:]]
    if len(scores) <= SCORES or max(now) >= 0.25:
        return False
    before = max(row["variety"] for row in scores[:-SCORES])
    return before >= 2 * max(now) or len(scores) >= 6


def won(epochs, scores, config):
    """The discriminator is sure of nearly all pictures, in targets with a zero."""
    if len(epochs) < EPOCHS or config.loss in WITHOUT_ZERO:
        return False
    last = epochs[-EPOCHS:]
    real, fake = 1 - config.label_smoothing, config.label_smoothing * config.two_sided
    return all(
        row["real_score"] > real - 0.03 and row["fake_score"] < fake + 0.03
        for row in last
    )


def memorised(epochs, scores, config):
    """Held-out pictures are closer to generated ones than to training pictures."""
    gaps = [row.get("gap", 0) for row in scores[-SCORES:]]
    return len(gaps) == SCORES and min(gaps) > 0.5


def copied(epochs, scores, config):
    """Most pictures are closer to a training picture than its own neighbours are."""
    authentic = [row["authpct"] for row in scores[-SCORES:]]
    return len(authentic) == SCORES and max(authentic) < 0.5


def diverged(epochs, scores, config):
    """A loss is no number, or has grown beyond what pictures can cause."""
    losses = [[row["g_loss"], row["d_loss"]] for row in epochs[-3:]]
    if not losses:
        return False
    if not all(map(math.isfinite, losses[-1])):
        return True
    return len(losses) == 3 and all(max(map(abs, pair)) > 100 for pair in losses)


def oscillates(epochs, scores, config):
    """Since its minimum KID has gone up, down and up again by a quarter of its mean."""
    kids = [row["kid"] for row in scores]
    since = kids[kids.index(min(kids)) :] if kids else []
    return len(since) > SWINGS and swings(since, mean(since) / 4) >= SWINGS


def swings(values, least):
    """Counts how often values that begin at their lowest rise and fall by `least`.

    Example:
        >>> swings([1, 5, 2, 4, 3], least=2)
        3
    """
    count, rises, extreme = 0, True, values[0]
    for value in values[1:]:
        moved = value - extreme if rises else extreme - value
        if moved >= least:  # a swing begins from the last extreme
            count, rises, extreme = count + 1, not rises, value
        elif (value > extreme) != rises:
            extreme = value  # further the way that it went
    return count


def _to(knob, value):
    """Suggests a value, where the knob does not have it."""

    def suggest(config):
        return None if getattr(config, knob) == value else f"--{knob} {value:g}"

    return suggest


def _lower(*knobs):
    """Suggests a quarter of what the knobs are."""

    def suggest(config):
        values = [(knob, getattr(config, knob)) for knob in knobs]
        return " ".join(f"--{knob} {value / 4:g}" for knob, value in values if value)

    return suggest


def _turn_on(knob):
    """Suggests a switch that is off."""
    return lambda config: None if getattr(config, knob) else f"--{knob}"


AUGMENT = _to("aug_prob", 1.0)
RULES = {
    "diverged": Rule(
        diverged,
        "Training diverges: the losses grow without bounds.",
        (_lower("g_lr", "d_lr"),),
    ),
    "collapse": Rule(
        collapsed,
        "Mode collapse: the generated pictures are nearly all alike.",
        (AUGMENT, _turn_on("minibatch_std"), _lower("g_lr")),
    ),
    "discriminator won": Rule(
        won,
        "The discriminator has won: it tells nearly every picture right, and the "
        "generator learns little from it.",
        (AUGMENT, _to("label_smoothing", 0.1), _lower("d_lr")),
    ),
    "discriminator memorises": Rule(
        memorised,
        "The discriminator knows its training pictures by heart: real pictures that "
        "it has not seen look generated to it.",
        (AUGMENT, _to("dropout", 0.3), _lower("d_lr")),
    ),
    "generator copies": Rule(
        copied,
        "The generator copies: most of its pictures are closer to a training picture "
        "than training pictures are to each other.",
        (AUGMENT, lambda config: "more pictures, or fewer --epochs"),
    ),
    "oscillation": Rule(
        oscillates,
        "Training oscillates: KID rises and falls by a quarter and gets no lower.",
        (_lower("g_lr", "d_lr"),),
    ),
}


def diagnose(epochs, scores, config):
    """Names what goes wrong.

    Args:
        epochs: List of dicts, one an epoch, with `g_loss`, `d_loss`, `real_score` and
            `fake_score`.
        scores: List of dicts as in `Evaluation.history`; may be empty.
        config: The `Config`.

    Returns:
        Dict from names to sentences, each with a knob to try; empty if all is well.
    """
    return {
        name: f"{rule.sentence} Try {_remedy(rule, config)}."
        for name, rule in RULES.items()
        if rule.holds(epochs, scores, config)
    }


def _remedy(rule, config):
    return next(filter(None, (suggest(config) for suggest in rule.remedies)))


class Health(keras.callbacks.Callback):
    """Says once, in one sentence, what goes wrong, and which knob to try.

    Args:
        evaluation: The `Evaluation` of the same training, which comes before this; None
            leaves only what the losses tell.
        run: The `Run` that gets `health.csv`; None keeps all in memory.

    Attributes:
        found: Dict from what was found to (epoch, sentence).

    Example:
        >>> health = dcgan.Health(scores)
        >>> gan.fit(dataset, epochs=50, callbacks=[scores, health])
        >>> health.found
    """

    def __init__(self, evaluation=None, run=None):
        super().__init__()
        self.evaluation = evaluation
        self.run = run
        self.found = {}
        self.epochs = []

    def on_train_begin(self, logs=None):
        if self.run is None or self.epochs:  # or a later stage
            return
        self.epochs = read_rows(self.run.log)  # of a run that goes on
        for row in read_table(self.run.health):
            self.found[row["name"]] = (int(row["epoch"]), row["sentence"])

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append({name: logs[name] for name in WATCHED})
        scores = self.evaluation.history if self.evaluation else []
        config = self.model.config
        for name, sentence in diagnose(self.epochs, scores, config).items():
            if name not in self.found:
                self._tell(epoch + 1, name, sentence)

    def _tell(self, epoch, name, sentence):
        self.found[name] = (epoch, sentence)
        print(f"Epoch {epoch}: {sentence}", flush=True)
        if self.run is not None:
            row = {"epoch": epoch, "name": name, "sentence": sentence}
            append_row(self.run.health, HEADER, row)
