"""What goes wrong in a training, each seen by its losses and scores.

Each function takes `epochs`, a list of dicts with the losses and the discriminator's
scores of each epoch, `scores`, those of `Evaluation` in this stage, and the `Config`.
"""

import math
from statistics import mean

from dcgan.combinations import WITHOUT_ZERO, mean_targets
from dcgan.evaluation.selection import least

EPOCHS = 10  # in a row, that something about the losses has to hold
APART = 0.2  # mean targets; closer ones, of labels that swap, tell no winner
SCORES = 2  # in a row, that something about the scores has to hold
SWINGS = 3  # up, down and up again


def collapsed(epochs, scores, config):
    """The pictures were more varied before, or have not become varied for long."""
    now = [row["variety"] for row in scores[-SCORES:]]
    if len(scores) <= SCORES or max(now) >= 0.25:
        return False
    before = max(row["variety"] for row in scores[:-SCORES])
    return before >= 2 * max(now) or len(scores) >= 6


def won(epochs, scores, config):
    """The discriminator is sure of nearly all pictures, in targets with a zero.

    Those on frozen features are so from the start, and the generator learns all the
    same: there it has won when KID has stopped falling, too.
    """
    if config.projected and _improves(scores):
        return False
    if len(epochs) < EPOCHS or config.loss in WITHOUT_ZERO:
        return False
    last = epochs[-EPOCHS:]
    real, fake = mean_targets(config)
    if real - fake < APART:
        return False
    return all(
        row["real_score"] > real - 0.03 and row["fake_score"] < fake + 0.03
        for row in last
    )


def memorised(epochs, scores, config):
    """Held-out pictures are closer to generated ones than to training pictures."""
    gaps = [row.get("gap", 0) for row in scores[-SCORES:]]
    return len(gaps) == SCORES and min(gaps) > 0.5


def copied(epochs, scores, config):
    """More pictures than real ones are as close to a training picture as copies are."""
    last = scores[-SCORES:]
    return len(last) == SCORES and all(r["authpct"] < least(r)["authpct"] for r in last)


def diverged(epochs, scores, config):
    """A loss is no number, or has grown beyond what pictures can cause."""
    losses = [[row["g_loss"], row["d_loss"]] for row in epochs[-3:]]
    if not losses:
        return False
    if not all(map(math.isfinite, losses[-1])):
        return True
    # Scores of a critic have no scale: they rise to hundreds before a penalty bites.
    limit = 1000 if config.loss in WITHOUT_ZERO else 100
    return len(losses) == 3 and all(max(map(abs, pair)) > limit for pair in losses)


def oscillates(epochs, scores, config):
    """Since its minimum KID has gone up, down and up again by a quarter of its mean,
    and by twice its error.
    """
    kids = [row["kid"] for row in scores]
    first = kids.index(min(kids)) if kids else 0
    if len(kids) - first <= SWINGS:
        return False
    error = mean(row["kid_error"] for row in scores[first:])
    least_swing = max(mean(kids[first:]) / 4, 2 * error)
    return least_swing > 0 and swings(kids[first:], least_swing) >= SWINGS


def _improves(scores):
    """Tells whether the last score has the lower KID, or is the first."""
    kids = [row["kid"] for row in scores[-2:]]
    return len(kids) < 2 or kids[1] < kids[0]


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
