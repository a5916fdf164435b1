"""Scores as a table to print, and read from a file that anybody may have written."""

from numbers import Real

from dcgan.bias import FLATTERS, helped_to_train, training_scores_by
from dcgan.files import read_json
from dcgan.tables import read_rows

SOURCE = ("n_fake", "n_real", "extractor", "input_size")  # what every file has
# name: (label, how it is written, what it says)
MEANINGS = {
    "kid": ("KID x 1000", ".1f", "distance from the real pictures; 0 is none"),
    "kid_floor": (
        "KID floor",
        ".1f",
        "95 % of random halves of the real ones are closer",
    ),
    "fid": ("FID", ".1f", "another distance, of these numbers of pictures only"),
    "precision": ("precision", ".3f", "share that looks real"),
    "recall": ("recall", ".3f", "share of the real variety that is reached"),
    "density": ("density", ".3f", "how close to the real ones; about 1 is right"),
    "coverage": ("coverage", ".3f", "share of the real pictures that are met"),
    "variety": ("variety", ".3f", "distances among them; 1 as real, 0 is collapsed"),
    "authpct": ("AuthPct", ".3f", "share that is no copy"),
    "authpct_real": (
        "AuthPct, real",
        ".3f",
        "the same of real ones: held out, or half of them",
    ),
    "ct_score": (
        "C_T",
        ".3f",
        "chance to be closer to training than real; 0.5 is right",
    ),
    "near_copies": ("near copies", ".0f", "repeat a training picture"),
    "near_copies_real": ("those, real", ".0f", "the same of as many real ones"),
    "gap": ("gap of D", ".3f", "0 is right, 1: knows its training pictures by heart"),
    "alpha_kid": ("KID of alpha", ".1f", "the same of transparency alone"),
    "alpha_kid_floor": ("its floor", ".1f", "the same of transparency alone"),
    "alpha_recall": ("recall, alpha", ".3f", "of transparency alone"),
    "alpha_coverage": ("coverage, alpha", ".3f", "of transparency alone"),
}


def read_scores(path):
    """Returns the dict in an `evaluation.json`, or None if it is missing or damaged."""
    scores = read_json(path) or {}
    whole = all(name in scores for name in SOURCE) and _has_numbers(scores)
    second = scores.get("second")
    if second is not None:
        right = isinstance(second, dict) and isinstance(second.get("extractor"), str)
        whole = whole and right and _has_numbers(second)
    return scores if whole else None


def current_scores(run):
    """Returns the scores of `evaluate` of a run, None unless they are of the generator
    as it is now."""
    scores = read_scores(run.evaluation) or {}
    current = scores.get("epoch") == run.epoch_of(scores.get("generator"))
    return scores if current else None


def latest_scores(run):
    """Returns `(scores, source)` of a run: those of `evaluate` if they are current,
    else the last ones taken while training; an empty dict if there are none."""
    if scores := current_scores(run):
        return scores, source_of(scores)
    rows = read_rows(run.scores)
    if not rows:
        return {}, ""
    extractor = training_scores_by(run.config)
    source = f"taken while training, after epoch {rows[-1]['epoch']:.0f}, as "
    source += f"{extractor} sees them; python -m dcgan.evaluate takes more"
    if helped_to_train(run.config, extractor):
        source += f"; {FLATTERS}"
    return rows[-1], source


def _has_numbers(scores):
    names = [*MEANINGS, *(f"{name}_error" for name in MEANINGS)]
    numbers = [scores.get(name) for name in names]
    return all(x is None or _is_a_number(x) for x in numbers)


def _is_a_number(value):
    return isinstance(value, Real) and abs(value) < 1e12


def score_lines(scores):
    """Returns the lines of a table.

    Args:
        scores: Dict as in `evaluation.json`.
    """
    lines = []
    for source, rows in score_tables(scores):
        lines += [source, *(f"{row[0]:16}{row[1]:16}{row[2]}" for row in rows)]
    return lines


def score_tables(scores, source=None, names=tuple(MEANINGS)):
    """Returns a list of pairs: what scores were taken from, and rows of (label, score
    as it is written, meaning). There are two if the first ones flatter.

    Args:
        scores: Dict as in `evaluation.json`.
        source: What they were taken from; as `scores` says if left out.
        names: Which of `MEANINGS`; all of them if left out.
    """
    tables = [(source or source_of(scores), _rows(scores, names))]
    if second := scores.get("second"):
        beside = f"The same as {second['extractor']} sees them, which took no part"
        tables.append((beside, _rows(second, names)))
    return tables


def _rows(scores, names):
    return [
        (MEANINGS[name][0], written(scores, name), MEANINGS[name][2])
        for name in names
        if scores.get(name) is not None
    ]


def source_of(scores):
    """Returns what scores were taken from, in words, without which they say nothing.

    Args:
        scores: Dict as in `evaluation.json`.
    """
    side = scores["input_size"]
    generator = ""
    if "generator" in scores:  # else from a folder
        generator = f" of the {scores['generator']} generator, epoch {scores['epoch']},"
    return (
        f"{scores['n_fake']} generated pictures{generator} and {scores['n_real']} real "
        f"ones, as {scores['extractor']} sees them at {side}x{side}"
        f"{f'; {FLATTERS}' if scores.get('flattered') is True else ''}"
    )


def written(scores, name):
    """Returns a score as it is written, with its error if it has one."""
    error = scores.get(f"{name}_error")
    value = f"{scores[name]:{MEANINGS[name][1]}}"
    return value if error is None else f"{value} +- {error:.1f}"
