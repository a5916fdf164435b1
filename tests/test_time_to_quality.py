"""KID against minutes: what is counted, drawn and written."""

import re

import numpy as np
import pytest
from helpers import write_pictures
from PIL import Image

from benchmarks import time_to_quality
from dcgan.config import load_config, load_flags, save_config
from dcgan.run import Run
from dcgan.tables import append_row
from dcgan.training.logs import TIMING_HEADER
from dcgan.training.scoring import HEADER

TINY = "--size=16 --g_features=2 --d_features=2 --batch_size=4 --gradients_every=0 "
TINY += "--projected_size=64 --aug_prob=0 --sample_every=9"


@pytest.fixture
def scored(tmp_path):
    """A run of four epochs of a minute; the second and the last took longer."""
    run = Run(tmp_path / "default")
    run.folder.mkdir()
    for epoch, seconds in enumerate((60, 90, 60, 80), start=1):
        append_row(run.timing, TIMING_HEADER, {"epoch": epoch, "seconds": seconds})
    shares = {"recall": 0.5, "coverage": 0.25, "authpct": 0.75}
    for epoch, kid in ((2, 700.0), (4, 900.0)):
        row = {"epoch": epoch, "kid": kid, "kid_error": 9.0} | shares
        append_row(run.scores, HEADER, row)
    return run


def test_scoring_takes_no_time(scored):
    assert time_to_quality.minutes_of(scored) == {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}
    every = [name for name, epochs in time_to_quality.EVAL_EVERY.items() if epochs < 2]
    assert every == []  # an epoch without scores tells what one takes
    scored.scores.unlink()
    assert time_to_quality.minutes_of(scored)[4] == pytest.approx(290 / 60)


def test_scores_of_an_epoch_that_was_not_finished_are_left_out(scored):
    """Killed after the line in `scores.csv`, before that in `timing.csv`."""
    row = {"epoch": 6, "kid": 10.0, "kid_error": 1.0}
    append_row(scored.scores, HEADER, row)
    curve = time_to_quality.read_result("default", scored).curve
    assert (curve["epoch"], curve["minutes"]) == ([2, 4], [2.0, 4.0])
    scored.timing.unlink()  # in the very first epoch
    assert time_to_quality.read_result("default", scored).curve == {}


def test_another_training_in_the_folder_does_not_count(scored):
    scored.samples.mkdir()
    save_config(load_config(minutes=5.0), scored.config_file)
    for minutes, epochs in ((5.0, [2, 4]), (6.0, None)):
        asked = load_config(minutes=minutes)
        result = time_to_quality.read_result("default", scored, "refused", asked)
        assert result.curve.get("epoch") == epochs and result.problem == "refused"


def test_a_training_that_failed_says_so_beside_what_it_had_come_to(scored):
    result = time_to_quality.read_result("default", scored, "no memory")
    row = time_to_quality.row_of(result)
    assert row[3] == "900 +- 9" and row[-1] == "700 (2.0); no memory"


@pytest.mark.parametrize("minutes", ["0", "-1", "half", "nan", "inf"])
def test_the_minutes_are_a_number_above_0(minutes, capsys):
    with pytest.raises(SystemExit):
        time_to_quality.main([f"--minutes={minutes}"])
    assert "--minutes" in capsys.readouterr().err


def test_quality_against_minutes_is_drawn_and_written(scored, tmp_path):
    result = time_to_quality.read_result("default", scored)
    lost = time_to_quality.read_result("r3gan", Run(tmp_path / "no"), "no memory")
    time_to_quality.write(tmp_path / "out", "A title", [result, lost])
    lines = (tmp_path / "out" / "time_to_quality.md").read_text().splitlines()
    numbers = "4 | 4.0 | 900 +- 9 | 0.50 | 0.25 | 0.75 | 700 (2.0)"
    assert lines[0] == "A title" and lines[-2] == f"| default | {numbers} |"
    assert lines[-1].startswith("| r3gan | ") and "no memory" in lines[-1]
    with Image.open(tmp_path / "out" / "time_to_quality.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 10
    curves = time_to_quality.kid_figure([result], "", against="minutes").axes
    assert list(curves[0].lines[0].get_xdata()) == [2.0, 4.0]
    assert curves[1].get_xlabel() == "minutes"


def test_the_flags_are_knobs(tmp_path):
    seen = {}

    def run_jobs(jobs, at_once):
        assert at_once == 1
        for recipe, ([command], _) in jobs.items():
            seen[recipe] = load_flags(command[1:])
            yield recipe, ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time_to_quality, "run_jobs", run_jobs)
        time_to_quality.main(
            f"--minutes 5 --size 32 --runs {tmp_path} --seed 3".split()
        )
    assert list(seen) == ["keras-dcgan", "diffaugment", "r3gan", "default"]
    for recipe, config in seen.items():
        assert (config.recipe, config.name, config.runs) == (
            recipe,
            recipe,
            str(tmp_path),
        )
        assert (config.minutes, config.size, config.seed) == (5, 32, 3)
        assert config.eval_every == time_to_quality.EVAL_EVERY[recipe]


def test_a_training_is_scored(tmp_path, monkeypatch, capsys):
    make = time_to_quality.command_of

    def command(*args):  # the clock of a loaded machine would decide how far it gets
        return [flag for flag in make(*args) if not flag.startswith("--minutes")]

    monkeypatch.setattr(time_to_quality, "command_of", command)
    data = write_pictures(tmp_path / "pictures", 12, side=16)
    flags = [f"--data={data}", f"--runs={tmp_path}", "--recipes=narrow", *TINY.split()]
    time_to_quality.main([*flags, "--eval_every=2", "--epochs=2"])
    (row,) = re.findall(r"^\| narrow \| (.*) \|$", capsys.readouterr().out, re.M)
    assert row.split(" | ")[0] == "2" and "+-" in row
    assert (tmp_path / "time_to_quality.png").is_file()
