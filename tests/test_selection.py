"""Which scores are the best, and when patience ends."""

import pytest

from dcgan.evaluation.selection import improves, out_of_patience


def row(kid, variety=0.9, authpct=0.9, authpct_real=0.8):
    shares = {"variety": variety, "authpct": authpct, "authpct_real": authpct_real}
    return {"kid": kid, **shares}


def best_of(rows):
    best = None
    for row in rows:
        best = row if improves(row, best) else best
    return best


def test_a_lower_kid_is_better():
    assert improves(row(500), None) and improves(row(499), row(500))
    assert not improves(row(500), row(500)) and not improves(row(501), row(500))


@pytest.mark.parametrize("name", ["variety", "authpct"])
def test_what_has_collapsed_or_copies_replaces_nothing_sound(name):
    assert not improves(row(1) | {name: 0.3}, row(500))
    assert improves(row(1) | {name: 0.6}, row(500))
    assert improves(row(1) | {name: 0.3}, row(500) | {name: 0.3})  # early pictures
    assert improves(row(1) | {name: 0.3}, None)


def test_copies_are_counted_beside_those_among_real_pictures():
    """Where real pictures lie close together, unseen ones look like copies, too."""
    assert improves(row(1, authpct=0.4, authpct_real=0.45), row(500))
    assert not improves(row(1, authpct=0.4, authpct_real=0.9), row(500))


def test_the_best_of_several():
    rows = [row(900, 0.2), row(700, 0.6), row(10, 0.0), row(650), row(5, 0.9, 0.1)]
    assert best_of(rows) == row(650)


@pytest.mark.parametrize(
    "kids, patience, stops",
    [
        ([9, 8, 7], 2, False),
        ([7, 8, 9], 2, True),
        ([7, 8], 2, False),
        ([8, 9, 7, 8], 2, False),
        ([7, 9, 7], 2, True),  # as low is no new minimum
        ([7, 8, 9], 0, False),
        ([], 1, False),
    ],
)
def test_patience_counts_scores_without_a_new_minimum(kids, patience, stops):
    rows = [{"epoch": 5 * i, "kid": kid} for i, kid in enumerate(kids, 1)]
    assert out_of_patience(rows, patience) == stops


def test_patience_begins_anew_with_a_stage():
    rows = [{"epoch": epoch, "kid": epoch} for epoch in range(1, 7)]
    assert out_of_patience(rows, 2) and not out_of_patience(rows, 2, first=4)
    assert out_of_patience(rows, 2, first=3)


def test_what_is_sound_replaces_what_is_not_however_low_its_kid():
    assert improves(row(500), row(1, authpct=0.1))
    assert best_of([row(1, authpct=0.1), row(500), row(400, 0.2)]) == row(500)
