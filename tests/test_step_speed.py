"""The step beside PyTorch's: the same step, and how their speeds are compared."""

import re
import signal
from pathlib import Path

import numpy as np
import pytest
from helpers import python

from benchmarks import step_speed
from benchmarks.measure import Cost


def test_the_step_beside_pytorchs(tmp_path):
    pytest.importorskip("torch")
    flags = "--small --rounds 1 --steps 1".split()
    done = python(step_speed.__file__, *flags)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"ratio to PyTorch: \d+\.\d\d x", lines[-1])
    assert sum(line.startswith("| diffaugment, aug_prob") for line in lines) == 4


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
