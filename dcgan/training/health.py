"""What goes wrong in a training, in plain words, with a knob to try."""

from typing import NamedTuple

import keras

from dcgan.tables import append_row, as_written, read_rows, read_table
from dcgan.training import symptoms
from dcgan.training.callbacks import current_stage
from dcgan.validation import allows

HEADER = ["epoch", "name", "sentence"]
WATCHED = ("g_loss", "d_loss", "real_score", "fake_score")


class Rule(NamedTuple):
    """Something that goes wrong.

    Attributes:
        holds: Function (epochs, scores, config) -> whether it does. `epochs` is a list
            of dicts, one an epoch, with losses and scores of the discriminator;
            `scores` those of `Evaluation` in this stage.
        sentence: What it is.
        remedies: Functions from the config to what to try: a dict of knobs, empty where
            they are on already, or a text. The first that the config allows is named.
    """

    holds: callable
    sentence: str
    remedies: tuple


def _to(knob, value):
    """Suggests a value, where the knob does not have it."""
    return lambda config: {} if getattr(config, knob) == value else {knob: value}


def _lower(*knobs):
    """Suggests a quarter of what the rates are."""

    def suggest(config):
        if config.cycle:  # which sets them
            return "lower rates in --cycle"
        return {knob: getattr(config, knob) / 4 for knob in knobs}

    return suggest


AUGMENT = _to("aug_prob", 1.0)
RULES = {
    "diverged": Rule(
        symptoms.diverged,
        "Training diverges: the losses grow without bounds.",
        (_lower("g_lr", "d_lr"),),
    ),
    "collapse": Rule(
        symptoms.collapsed,
        "Mode collapse: the generated pictures are nearly all alike.",
        (AUGMENT, _to("minibatch_std", True), _lower("g_lr")),
    ),
    "discriminator won": Rule(
        symptoms.won,
        "The discriminator has won: it tells nearly every picture right, and the "
        "generator learns little from it.",
        (AUGMENT, _to("label_smoothing", 0.1), _lower("d_lr")),
    ),
    "discriminator memorises": Rule(
        symptoms.memorised,
        "The discriminator knows its training pictures by heart: real pictures that "
        "it has not seen look generated to it.",
        (AUGMENT, _to("dropout", 0.3), _lower("d_lr")),
    ),
    "generator copies": Rule(
        symptoms.copied,
        "The generator copies: its pictures are closer to training pictures than real "
        "pictures are.",
        (AUGMENT, lambda config: "more pictures, or fewer --epochs"),
    ),
    "oscillation": Rule(
        symptoms.oscillates,
        "Training oscillates: KID rises and falls by a quarter and gets no lower.",
        (_lower("g_lr", "d_lr"),),
    ),
}


def diagnose(epochs, scores, config):
    """Names what goes wrong.

    Args:
        epochs: List of dicts, one an epoch, with `g_loss`, `d_loss`, `real_score` and
            `fake_score`.
        scores: List of dicts as in `Evaluation.history`, of one stage; may be empty.
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
    remedies = (suggest(config) for suggest in rule.remedies)
    chosen = next(remedy for remedy in remedies if _is_allowed(remedy, config))
    return chosen if isinstance(chosen, str) else " ".join(map(_flag, chosen.items()))


def _is_allowed(remedy, config):
    if not remedy or isinstance(remedy, str):
        return bool(remedy)
    return allows(config, **remedy)


def _flag(knob):
    name, value = knob
    return f"--{name}" if value is True else f"--{name} {value:g}"


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
        self.look(epoch, logs)

    def look(self, epoch, logs):
        """Looks at what an epoch, also one that is not over, has come to."""
        self.epochs.append({name: as_written(logs[name]) for name in WATCHED})
        scores = self.evaluation.history if self.evaluation else []
        # Those of other stages are of other sizes, and KID leaps where blocks are new.
        first = current_stage(self).first
        scores = [row for row in scores if row["epoch"] > first]
        config = self.model.config
        for name, sentence in diagnose(self.epochs, scores, config).items():
            if name not in self.found:
                self._tell(epoch + 1, name, sentence)

    def _tell(self, epoch, name, sentence):
        self.found[name] = (epoch, sentence)
        tell(self.run, epoch, name, sentence)


def tell(run, epoch, name, sentence):
    """Prints a sentence about an epoch, and leaves it once in `health.csv` of a `Run`,
    if there is one.
    """
    print(f"Epoch {epoch}: {sentence}", flush=True)
    row = {"epoch": str(epoch), "name": name, "sentence": sentence}
    if run is not None and row not in read_table(run.health):
        append_row(run.health, HEADER, row)
