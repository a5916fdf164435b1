"""Whose pictures a run is made of."""

from dataclasses import replace

from dcgan.config import load_config
from dcgan.credit import page_credit
from dcgan.data.openmoji import SOURCE
from dcgan.run import Run


def test_openmoji_is_credited_behind_the_runs_that_a_run_began_from(tmp_path):
    """Two runs back; what has gone ends the search."""
    mine = replace(load_config(), runs=str(tmp_path), data="/my/cats")
    mine = replace(mine, init_from=str(tmp_path / "b"))
    Run.create(replace(mine, name="b", init_from=str(tmp_path / "c")))
    Run.create(replace(mine, name="c", data="openmoji", init_from=None))
    began = "Training started from the weights of b, and so from its pictures."
    assert page_credit(mine) == f"{began} Before that it was trained on {SOURCE}."
    twice = replace(mine, data="openmoji")
    assert page_credit(twice) == f"Trained on {SOURCE}. {began}"
    Run(tmp_path / "c").delete()
    assert page_credit(mine) == began


def test_a_circle_of_runs_is_walked_once(tmp_path):
    """A run may be made anew, from one that began from it."""
    mine = replace(load_config(), runs=str(tmp_path), data="/my/cats")
    runs = [replace(mine, name=a, init_from=str(tmp_path / b)) for a, b in ("ab", "ba")]
    for config in runs:
        Run.create(config)
    assert page_credit(runs[0]).endswith("weights of b, and so from its pictures.")
