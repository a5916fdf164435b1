"""Runs by `minutes`: as many epochs as fit, and an end in time."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import read_rows, write_pictures
from minutes import NARROW, a_step_takes

import dcgan
from dcgan.config import load_config
from dcgan.errors import InputError
from dcgan.training import timing
from dcgan.training.going_on import is_over
from dcgan.training.logs import forget_epochs
from dcgan.training.messages import ended_in_time
from dcgan.training.optimizers import learning_rate_factor
from dcgan.training.timing import StopInTime


@pytest.fixture
def pictures(tmp_path):
    return write_pictures(tmp_path / "pictures", 12, side=16)


def test_a_run_by_minutes_is_the_run_by_as_many_epochs(
    pictures, tmp_path, monkeypatch, capsys, no_curves
):
    """With dropout, whose random numbers have a state, and a schedule that stretches.

    The same command goes on without being timed again.
    """
    real, calls = timing.time_stages, a_step_takes([10.0], monkeypatch)
    fake = timing.time_stages

    def both(*args):
        real(*args)
        return fake(*args)

    monkeypatch.setattr(timing, "time_stages", both)
    knobs = NARROW | {"data": pictures, "schedule": "cosine", "dropout": 0.3}
    knobs |= {"sample_every": 9, "checkpoint_every": 1}
    config = load_config("narrow", **knobs, runs=tmp_path / "a", minutes=5.0)
    run = dcgan.train(config)
    assert calls == [12]
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Timing some steps, to see how many epochs fit into 5 min"
    # 0.95 x 300 s of 2 x 10 s each; the timing itself has taken some of it.
    epochs = run.config.epochs
    assert 2 <= epochs <= 14 and run.config.minutes == 5
    assert out[2].startswith(f"{epochs} epochs of 2 steps on ")
    whole = dcgan.train(
        load_config("narrow", **knobs, runs=tmp_path / "b", epochs=epochs)
    )
    assert run.log.read_bytes() == whole.log.read_bytes()
    rate = float(read_rows(run.log)[-1]["g_lr"])
    factor = float(learning_rate_factor(2 * epochs - 1, "cosine", 0, 2 * epochs))
    assert rate == pytest.approx(4e-4 * factor, rel=1e-4) and factor < 0.2
    capsys.readouterr()
    dcgan.train(config)
    done = f"All {epochs} epochs are done: {run.folder}"
    assert capsys.readouterr().out.splitlines()[-1].startswith(done)
    assert calls == [12]


def test_the_phases_of_a_run_by_minutes_stretch(
    pictures, tmp_path, monkeypatch, capsys, no_curves
):
    """The same command goes on; one with other phases is refused."""
    calls = a_step_takes([10.0], monkeypatch)
    knobs = NARROW | {"data": pictures, "runs": tmp_path, "minutes": 3.0}
    cycle = [{"lr": 1e-3, "epochs": 1}, {"lr": 1e-4, "epochs": 3}]
    run = dcgan.train(load_config("narrow", **knobs, cycle=cycle))
    # 0.95 x 180 s of 2 x 10 s each are 8 epochs
    rates = [float(row["g_lr"]) for row in read_rows(run.log)]
    assert rates == [1e-3] * 2 + [1e-4] * 6
    capsys.readouterr()
    dcgan.train(load_config("narrow", **knobs, cycle=cycle))
    assert "All 8 epochs are done" in capsys.readouterr().out and calls == [12]
    other = [{"lr": 1e-3, "epochs": 3}, {"lr": 1e-4, "epochs": 1}]
    with pytest.raises(InputError, match="the run exists with other settings.*cycle"):
        dcgan.train(load_config("narrow", **knobs, cycle=other))


def late_after(epochs, monkeypatch):
    """Lets the time be over after so many epochs."""
    real = StopInTime.on_epoch_end

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == epochs:
            self.deadline = 0.0
        real(self, epoch, logs)

    monkeypatch.setattr(StopInTime, "on_epoch_end", on_epoch_end)


def test_a_run_that_became_slow_ends_early_and_is_finished(
    pictures, tmp_path, monkeypatch, capsys, no_curves
):
    """It grows: its first stage has the epochs that were planned for it."""
    a_step_takes([10.0, 120.0], monkeypatch)  # two epochs of 20 s, and two of 240 s
    late_after(3, monkeypatch)
    knobs = NARROW | {"data": pictures, "runs": tmp_path, "progressive": [8, 16]}
    config = load_config("narrow", **knobs, minutes=10.0)
    run = dcgan.train(config)
    assert "Training ends here instead of after epoch 4" in capsys.readouterr().out
    assert run.config.epochs == 4 and run.config.minutes == 10
    assert [row["epoch"] for row in read_rows(run.log)] == ["1", "2", "3"]
    newest = run.samples / "epoch_0003.png"
    assert (run.stages / "16" / "samples.png").read_bytes() == newest.read_bytes()
    report = run.report.read_text()
    assert "3 of 4 epochs" in report and "10 min were asked for" in report
    dcgan.train(config)
    done = capsys.readouterr().out.splitlines()[-1]
    assert done.startswith("Stopped early after 3 of 4 epochs")
    # Without the minutes it goes on to what was planned.
    dcgan.train(load_config("narrow", **knobs, epochs=4))
    assert [row["epoch"] for row in read_rows(run.log)] == ["1", "2", "3", "4"]
    for file in (run.report, run.card, run.health):
        assert "Training ends here" not in file.read_text()


def test_an_end_that_was_told_but_not_saved_is_forgotten(
    pictures, tmp_path, monkeypatch, no_curves
):
    """Killed between the sentence and the checkpoint of that epoch."""
    a_step_takes([100.0], monkeypatch)  # two epochs of 200 s
    late_after(1, monkeypatch)
    config = load_config("narrow", **NARROW, data=pictures, runs=tmp_path, minutes=8.0)
    run = dcgan.train(config)
    assert ended_in_time(run, 1) and not ended_in_time(run, 0)
    assert is_over(run.config, run, 1) and not is_over(run.config, run, 0)
    assert not is_over(replace(run.config, minutes=0.0), run, 1)
    forget_epochs(run, 0)
    assert not ended_in_time(run, 1)


def test_in_memory_minutes_hold_too(monkeypatch, capsys):
    calls = a_step_takes([10.0], monkeypatch)
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), dtype=np.uint8)
    gan, history = dcgan.fit(load_config("narrow", **NARROW, minutes=1.5), images)
    # 0.95 x 90 s less 1 s are 84.5 s, of 20 s each
    assert calls == [12] and gan.config.epochs == len(history["g_loss"]) == 4
    assert capsys.readouterr().out.startswith("Timing some steps")
