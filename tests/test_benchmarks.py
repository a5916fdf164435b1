"""The benchmarks of speed: what they count and print, each in its smallest mode."""

import re
import signal
from pathlib import Path

import numpy as np
import pytest
from helpers import python, write_pictures

import dcgan
from benchmarks import (
    explore_speed,
    measure,
    overhead,
    ring,
    scaling,
    sizes,
    step_speed,
)
from benchmarks.measure import Cost
from dcgan.config import load_config

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


def test_the_step_beside_pytorchs(tmp_path):
    pytest.importorskip("torch")
    flags = "--small --rounds 1 --steps 1".split()
    done = python(FOLDER / "step_speed.py", *flags)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"ratio to PyTorch: \d+\.\d\d x", lines[-1])
    assert sum(line.startswith("| diffaugment, aug_prob") for line in lines) == 4


def test_each_slider_answers_with_a_new_picture(capsys):
    explore_speed.main(["--recipe", "narrow", "--moves", "2"])
    told = re.findall(r"^(a|the) .* (\d+) ms, at most", capsys.readouterr().out, re.M)
    assert len(told) == 3 and all(int(ms) > 0 for _, ms in told)


def test_the_ratio_is_that_of_pictures_a_second_without_augmentation(capsys):
    ours, theirs = step_speed.OURS, step_speed.THEIRS
    costs = {
        (step_speed.PLAIN, ours): [Cost(1.0, 2.0), Cost(4.0, 2.0), Cost(1.0, 2.0)],
        (step_speed.PLAIN, theirs): [Cost(1.5, 2.0), Cost(4.0, 2.0), Cost(3.0, 2.0)],
        (step_speed.AUGMENTED, ours): [Cost(1.0, 1.0)],
        (step_speed.AUGMENTED, theirs): [Cost(9.0, 9.0)],
        (step_speed.MATRICES, ours): [Cost(1.0, 1.0)],
        (step_speed.MATRICES, theirs): [Cost(0.5, 1.0)],
    }
    assert step_speed.peak_of(costs) == {ours: 2 * 2048**3, theirs: 4 * 2048**3}
    step_speed.report(costs, small=False)
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "ratio to PyTorch: 1.50 x"
    reached = 72_787_951_616 / (4 * 2048**3)
    assert f"| {100 * reached:.0f} (" in said


def test_without_pytorch_one_line_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(step_speed, "find_spec", lambda name: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # a command keeps its own
    with pytest.raises(SystemExit) as ended:
        step_speed.run_command(step_speed.main, [])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("pip install torch==2.13.0")


FIXTURES = Path(__file__).parent / "fixtures"


def test_the_pytorch_step_is_the_one_that_made_the_fixture(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.syspath_prepend(FIXTURES)
    import make_diffaugment

    made = {}
    monkeypatch.setattr(make_diffaugment, "save", lambda _, found: made.update(found))
    make_diffaugment.main()
    with np.load(FIXTURES / "diffaugment.npz") as stored:
        assert set(made) == set(stored)
        for name, value in made.items():
            value = value.detach() if isinstance(value, torch.Tensor) else value
            np.testing.assert_allclose(value, stored[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("name", ["translation", "cutout"])
def test_pytorchs_augmentation_does_what_ours_does(name, monkeypatch):
    torch = pytest.importorskip("torch")
    from benchmarks import pytorch_dcgan
    from dcgan.training import augment

    pictures = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype("float32")
    drawn = np.array([[0, 0], [2, -1], [-2, 2], [1, 0]])
    drawn = drawn if name == "translation" else drawn * 4 + 8
    columns = iter(torch.tensor(drawn.T)[:, :, None])
    # The shift says where a picture's pixels come from there, and where they go here.
    monkeypatch.setattr(torch, "randint", lambda *_: next(columns))
    theirs = getattr(pytorch_dcgan, name)(torch.tensor(pictures).permute(0, 3, 1, 2))
    ours = getattr(augment, name)(pictures, -drawn if name == "translation" else drawn)
    np.testing.assert_allclose(theirs.permute(0, 2, 3, 1), ours, atol=1e-6)


def test_scaling_measures_two_processes_and_counts_their_exchanges(capsys, monkeypatch):
    """The gradients of `narrow` are at least as many bytes as its weights."""
    real, seconds = scaling.run_processes, {1: 2.0, 2: 2.5, 3: 0}
    counted = real("narrow", 2, 1, small=True)
    assert counted["seconds"] > 0

    def run_processes(recipe, processes, steps, small):
        size = counted["bytes"] + 50_000 * (processes - 2)
        return counted | {"seconds": seconds[processes], "bytes": size}

    monkeypatch.setattr(scaling, "run_processes", run_processes)
    scaling.main("--recipes narrow --rounds 1 --steps 1 --small --faster 20".split())
    lines = [x for x in capsys.readouterr().out.splitlines() if "| narrow |" in x]
    measured, projected = ([c.strip() for c in x.split("|")[2:-1]] for x in lines)
    assert [cell.split()[0] for cell in measured] == ["2", "2.5", "0.80"]
    config = load_config("narrow", **scaling.SMALL)
    networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
    weights = sum(
        4 * int(np.prod(v.shape)) for n in networks for v in n.trainable_weights
    )
    exchanges, two, three, *shares = projected
    assert int(exchanges) > 10 and 1 <= counted["bytes"] / weights < 2
    assert float(three) - float(two) == pytest.approx(0.05, abs=0.011)
    found = [
        ring.efficiency(
            *(gpus, 0.1, int(exchanges)),
            counted["bytes"] + 50_000 * (gpus - 2),
            ring.Network(),
        )
        for gpus in (8, 64, 512)
    ]
    assert shares == [f"{share:.0%}" for share in found]


def test_the_ring_sends_each_byte_nearly_twice():
    """By hand: 4 members, 8 bytes at 2 a second; 6 messages of 2 bytes, each a second
    and its latency. In two exchanges of 4 bytes, the latencies come twice.
    """
    assert ring.ring_seconds(4, 1, 8, 2, 0.5) == 6 * (1 + 0.5)
    assert ring.ring_seconds(4, 2, 8, 2, 0.5) == 12 * (0.5 + 0.5)
    assert ring.ring_seconds(1, 1, 8, 2, 0.5) == 0


def test_machines_exchange_what_their_gpus_have_summed():
    network = ring.Network(inside=2, fast=4.0, slow=1.0, latency=0.0)
    assert ring.exchange_seconds(2, 1, 8, network) == 2
    assert ring.exchange_seconds(4, 2, 16, network) == 2 * (2 + 8)
    assert ring.efficiency(4, 20.0, 2, 16, network) == 0.5
    assert ring.efficiency(1, 1.0, 1, 8, network) == 1
