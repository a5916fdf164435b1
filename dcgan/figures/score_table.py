"""The scores of the trainings of a comparison, as a table."""

import numpy as np

from dcgan.bias import training_scores_by
from dcgan.figures.scores import source_of

SCORES = {"coverage": ".2f", "recall": ".2f", "variety": ".2f", "authpct": ".2f"}
SCORES |= {"near_copies": ".0f"}  # name: how it is written
HEADER = (
    *("cell", "seeds", "KID x 1000", "coverage", "recall", "variety", "AuthPct"),
    *("near copies", "lowest KID (epoch)", "minutes"),
)


def by_cell(results):
    """Returns a dict from the cells' names to lists of their `Result`s, one a seed."""
    found = {}
    for result in results:
        found.setdefault(result.cell.name, []).append(result)
    return found


def first_seeds(results):
    """Returns the first `Result` of each cell."""
    return [found[0] for found in by_cell(results).values()]


def sources(results):
    """Returns what the scores were taken from, and the floor of KID, as paragraphs."""
    scores = [result.scores for result in results if result.scores]
    alike = {}  # but for the epochs, which differ where the minutes are the same
    for score in scores:
        key = source_of(score | {"epoch": ""}), f"{score['kid_floor']:.0f}"
        alike.setdefault(key, []).append(score)
    lines = [
        f"{source_of(found[0] | {'epoch': _ends(found)})}. KID floor: {floor}.\n\n"
        for (_, floor), found in alike.items()
    ]
    training = {training_scores_by(r.cell.config) for r in results if r.scores}
    if training != {score["extractor"] for score in scores}:
        seen = " or ".join(sorted(training))
        lines.append(f"The lowest KID is by {seen}, while training.\n\n")
    return "".join(lines)


def _ends(scores):
    epochs = sorted({score["epoch"] for score in scores if "epoch" in score})
    return " to ".join(map(str, dict.fromkeys([*epochs[:1], *epochs[-1:]])))


def table(results):
    """Returns the scores as a Markdown table, a line a cell.

    Of several seeds it shows the mean, and the lowest and highest in brackets; of one
    seed KID's standard error.
    """
    lines = ["| " + " | ".join(HEADER) + " |", "| --- " * len(HEADER) + "|"]
    for name, found in by_cell(results).items():
        cells = [" ".join(str(text).split()) for text in (name, *_cells(found))]
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(lines) + "\n"


def _cells(found):
    problems = [result.problem for result in found if result.problem]
    scores = [result.scores for result in found if result.scores]
    seeds = f"{len(scores)} of {len(found)}" if problems else str(len(found))
    if not scores:
        return [seeds, problems[0] if problems else "no scores"] + [""] * (
            len(HEADER) - 3
        )
    kid = _in_words([score["kid"] for score in scores], ".0f")
    if len(scores) == 1:
        kid += f" +- {scores[0]['kid_error']:.0f}"
    shares = [
        _in_words([s[name] for s in scores], form) for name, form in SCORES.items()
    ]
    curves = [result.curve for result in found if result.curve]
    minutes = [result.minutes for result in found if result.minutes]
    lowest = [min(zip(curve["kid"], curve["epoch"])) for curve in curves]
    best = ", ".join(f"{kid:.0f} ({epoch:.0f})" for kid, epoch in lowest)
    return [seeds, kid, *shares, best, f"{np.mean(minutes):.0f}" if minutes else ""]


def _in_words(values, form):
    mean = f"{np.mean(values):{form}}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):{form}} to {max(values):{form}})"


def show_table(results):
    """Shows `table` in the notebook."""
    from IPython.display import Markdown, display

    display(Markdown(table(results)))
