"""Kill -9 leaves no trace: a short version of `benchmarks/kill_training.py`.

It is also a test that two processes give the same bytes: tables, sheets, GIF, weights.
"""

import random

from benchmarks import kill_training


def test_a_training_that_is_killed_twice_ends_as_if_it_had_not_been(
    tmp_path, monkeypatch
):
    """With dropout, gradient penalty, ADA and critic steps; no file is half-written."""
    monkeypatch.setattr(kill_training, "LONGEST", 1.0)
    monkeypatch.setattr(kill_training, "EARLY", 2.0)
    data = kill_training.write_pictures(tmp_path / "pictures")
    (tmp_path / "runs").mkdir()
    kinds, more = [["checkpoint", "anything"]], "--epochs 9 --gradients_every 0"
    case = "penalty and dropout"
    killed = kill_training.kill_and_compare(
        case, kinds, data, tmp_path / "runs", random.Random(0), more
    )
    assert sum(killed.values()) == 2 and killed["had ended"] == 0
