"""Scores as a table to print."""

# name: (label, how it is written, what it says)
MEANINGS = {
    "kid": ("KID x 1000", ".1f", "distance from the real pictures; 0 is none"),
    "kid_floor": ("KID floor", ".1f", "real ones from each other stay below"),
    "fid": ("FID", ".1f", "another distance, of these numbers of pictures only"),
    "precision": ("precision", ".3f", "share that looks real"),
    "recall": ("recall", ".3f", "share of the real variety that is reached"),
    "density": ("density", ".3f", "how close to the real ones; about 1 is right"),
    "coverage": ("coverage", ".3f", "share of the real pictures that are met"),
    "variety": ("variety", ".3f", "distances among them; 1 as real, 0 is collapsed"),
    "authpct": ("AuthPct", ".3f", "share that is no copy"),
    "authpct_real": ("AuthPct, real", ".3f", "the same of real, unseen pictures"),
    "ct_score": ("C_T", ".3f", "0.5 is right, 1 is copying"),
    "near_copies": ("near copies", "d", "repeat a training picture"),
    "alpha_kid": ("KID of alpha", ".1f", "the same of transparency alone"),
    "alpha_kid_floor": ("its floor", ".1f", "real ones from each other stay below"),
    "alpha_recall": ("recall, alpha", ".3f", "of transparency alone"),
    "alpha_coverage": ("coverage, alpha", ".3f", "of transparency alone"),
}


def score_lines(scores):
    """Returns the lines of a table.

    Args:
        scores: Dict as in `evaluation.json`.
    """
    side = scores["input_size"]
    lines = [
        f"{scores['n_fake']} generated pictures and {scores['n_real']} real ones, as "
        f"{scores['extractor']} sees them at {side}x{side}"
    ]
    for name, (label, _, meaning) in MEANINGS.items():
        if scores.get(name) is not None:
            lines.append(f"{label:16}{written(scores, name):16}{meaning}")
    return lines


def written(scores, name):
    """Returns a score as it is written, with its error if it has one."""
    error = scores.get(f"{name}_error")
    value = f"{scores[name]:{MEANINGS[name][1]}}"
    return value if error is None else f"{value} +- {error:.1f}"
