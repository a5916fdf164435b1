"""The benchmarks: what they say, count and print, each in its smallest mode."""

import re
from pathlib import Path

import pytest
from helpers import python, write_pictures

from benchmarks import explore_speed, measure, overhead, sizes
from benchmarks.measure import Cost

FOLDER = Path(measure.__file__).parent
PROGRAMS = ["arithmetic", "explore_speed", "overhead", "published", "scaling"]
PROGRAMS += ["sizes", "step_speed", "time_to_quality"]
TINY = "--size=16 --g_features=2 --d_features=2 --batch_size=4 --gradients_every=0"


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_help_says_what_it_does_and_how_long(name):
    done = python(FOLDER / f"{name}.py", "--help")
    assert done.returncode == 0, done.stderr
    assert f"python benchmarks/{name}.py" in done.stdout
    assert re.search(
        r"\btakes .*(seconds|minutes|hours)", " ".join(done.stdout.split())
    )


def test_tasks_take_turns_and_the_first_turn_does_not_count():
    turns = []

    def task(name):
        turns.append(name)
        return len(turns)

    costs = measure.interleave({n: lambda n=n: task(n) for n in "AB"}, 2)
    assert turns == list("ABABAB")
    assert costs == {"A": [3, 5], "B": [4, 6]}


def test_costs_are_those_of_one_call():
    def work():
        sum(range(10**6))

    cost = measure.cost_of(work, 4)
    whole = measure.cost_of(lambda: [work() for _ in range(4)])
    assert 0 < cost.wall < whole.wall and 0 < cost.cpu
    assert Cost(6.0, 8.0).per(2) == (3.0, 4.0)


def test_the_time_of_other_processes_counts_if_asked_for():
    def spin():
        measure.run_python("-c", "sum(range(10**7))")

    assert measure.cost_of(spin, children=True).cpu > 3 * measure.cost_of(spin).cpu
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        measure.run_python("-c", "1 / 0")


def test_numbers_are_written_with_their_spread():
    assert measure.in_words([3, 1, 20]) == "3 (1–20)"
    assert measure.in_words([0.004, 0.002], ".1f", 1e-3) == "3.0 (2.0–4.0)"
    assert (
        measure.table(["a", "b"], [[1, "x"]]) == "| a | b |\n| --- | --- |\n| 1 | x |"
    )


def test_shares_are_of_the_same_round():
    bare = [Cost(1.0, 1.0), Cost(2.0, 1.0)]
    pipeline = [Cost(1.01, 1.1), Cost(2.02, 1.1)]
    fit = [Cost(1.01, 1.1), Cost(2.222, 1.1)]
    rows = overhead.share_rows({"bare": bare, "pipeline": pipeline, "fit": fit})
    assert [row[:3] for row in rows] == [
        ["data pipeline", "1.00 (1.00–1.00)", "10.00 (10.00–10.00)"],
        ["fit loop", "5.00 (0.00–10.00)", "0.00 (0.00–0.00)"],
    ]
    assert [row[-1] for row in rows] == ["yes", "no"]


def once(tasks, rounds):
    """`interleave` without the turn that warms up, for the time's sake."""
    return {name: [task()] for name, task in tasks.items()}


def test_what_training_costs_beside_its_steps(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(overhead, "interleave", once)
    data = write_pictures(tmp_path / "pictures", 32, side=16)
    overhead.main(f"--small --rounds 1 --steps 2 --epochs 2 --data {data}".split())
    said = capsys.readouterr().out
    rows = {line.split(" | ")[0][2:]: line for line in said.splitlines() if "|" in line}
    assert set(overhead.GOALS) <= set(rows)
    parts = dict(re.findall(r"(\w+) ([\d.]+)[,\n]", said.splitlines()[-1] + "\n"))
    whole = float(rows["callbacks"].split(" | ")[1].split()[0])
    assert {"SampleGrid", "SaveCheckpoint", "GradientFlow", "LossPlot"} <= set(parts)
    assert sum(map(float, parts.values())) == pytest.approx(whole, abs=0.1)
    assert 0 < whole < 100


def test_what_more_and_larger_pictures_cost(capsys, monkeypatch):
    monkeypatch.setattr(sizes, "interleave", once)
    flags = "--small --pictures 20,40 --sizes 16,32 --rounds 1 --steps 1"
    sizes.main(flags.split())
    said = capsys.readouterr().out
    for name in ("Reading", "Training", "Size"):
        assert re.search(rf"^{name}: (not )?flat, at most", said, re.MULTILINE)
    assert "\n| 20 | " in said and "\n| 32x32 | " in said


def test_flat_is_within_a_tenth(capsys):
    costs = {1000: [Cost(1e-3, 1e-3)], 9000: [Cost(1.2e-3, 1e-3)]}
    sizes.print_counts("Reading", costs)
    assert "Reading: not flat, at most 1.20 times" in capsys.readouterr().out
    # Four times the work in three times the time, then in five times.
    for wall, word in ((3.0, "Size: flat"), (5.0, "Size: not flat")):
        costs = {32: [Cost(1.0, 1.0)], 64: [Cost(wall, wall)]}
        sizes.print_sizes(costs, {32: 1e9, 64: 4e9})
        assert word in capsys.readouterr().out


def test_each_slider_answers_with_a_new_picture(capsys):
    explore_speed.main(["--recipe", "narrow", "--moves", "2"])
    told = re.findall(r"^(a|the) .* (\d+) ms, at most", capsys.readouterr().out, re.M)
    assert len(told) == 3 and all(int(ms) > 0 for _, ms in told)
