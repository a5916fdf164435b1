"""Which of the scores of a training is the best, and when to wait no longer."""


def improves(row, best):
    """Tells whether scores are better than the best, and not by copying or by pictures
    that are all alike.

    Args:
        row: Dict with `kid`, `variety`, `authpct` and `authpct_real`.
        best: The same, or None.
    """
    if best is None or _is_sound(row) and not _is_sound(best):
        return True
    # Early pictures are all alike: what is no worse than the best is let through.
    no_worse = all(row[k] >= min(limit, best[k]) for k, limit in least(row).items())
    return no_worse and row["kid"] < best["kid"]


def best_of(rows, first=0):
    """Returns the best of rows in their order, or None.

    Args:
        rows: List of dicts with `epoch` and what `improves` looks at.
        first: Only rows after this epoch count.
    """
    best = None
    for row in rows:
        if row["epoch"] > first and improves(row, best):
            best = row
    return best


def least(row):
    """Returns below which variety and AuthPct pictures are too alike, or too often
    copies: half of the real variety, and two thirds of the AuthPct of real pictures.
    """
    real = row.get("authpct_real", 0.75)  # missing in runs of an earlier version
    return {"variety": 0.5, "authpct": 2 / 3 * real}


def out_of_patience(rows, patience, first=0):
    """Tells whether KID has set no new minimum in the last `patience` rows.

    Args:
        rows: List of dicts with `epoch` and `kid`.
        patience: Number of rows; 0 is for ever.
        first: Only rows after this epoch count.
    """
    kids = [row["kid"] for row in rows if row["epoch"] > first]
    if not 0 < patience < len(kids):
        return False
    return min(kids[-patience:]) >= min(kids[:-patience])


def _is_sound(row):
    return all(row[name] >= limit for name, limit in least(row).items())
