"""Runs by `minutes`: timed, planned, and ended in time."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import read_rows, without_curves, write_pictures

import dcgan
from dcgan.config import Config, load_config
from dcgan.errors import InputError
from dcgan.stages import Stage
from dcgan.training import timing
from dcgan.training.duration import IN_MEMORY, Work
from dcgan.training.going_on import is_over
from dcgan.training.logs import forget_epochs
from dcgan.training.messages import ended_in_time
from dcgan.training.optimizers import learning_rate_factor
from dcgan.training.timing import StepTimes, StopInTime
from dcgan.training.workers import Workers

NOTHING = Work({}, 0.0)
NARROW = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4}
NARROW |= {"batch_size": 6, "sample_grid": 2, "eval_every": 0, "gradients_every": 0}


@pytest.fixture
def clock(monkeypatch):
    """Time that stands until it is set."""
    now = SimpleNamespace(time=1000.0, monotonic=lambda: now.time)
    monkeypatch.setattr(timing, "time", now)
    return now


def test_steps_are_timed_after_the_warm_up(clock):
    callback, model = StepTimes(limit=1000), SimpleNamespace(stop_training=False)
    callback.set_model(model)
    for number in range(42):
        assert not model.stop_training
        clock.time += 30.0 if number < 2 else 0.25
        callback.on_train_batch_end(number)
    assert model.stop_training
    assert (callback.timed, callback.a_step) == (10, 0.25)


def test_slow_steps_are_timed_until_the_limit(clock):
    callback, model = StepTimes(limit=10), SimpleNamespace(stop_training=False)
    callback.set_model(model)
    for number in range(5):
        assert not model.stop_training
        clock.time += 4.0
        callback.on_train_batch_end(number)
        # The chief of several processes may end it earlier, by its own clock.
        assert number < 2 or callback.a_step == 4
    assert model.stop_training and (callback.timed, callback.a_step) == (12, 4)


def test_steps_are_timed_also_where_another_process_ends_them(clock):
    """The chief's clock may reach the limit a moment before this one's."""
    callback, model = StepTimes(limit=10), SimpleNamespace(stop_training=False)
    callback.set_model(model)
    for batch, seconds in enumerate([30, 8, 4]):
        clock.time += seconds
        callback.on_train_batch_end(batch)
    assert callback.a_step == callback.timed == 4 and not model.stop_training


def end_epochs(callback, clock, plan, stage, seconds):
    """Ends the epochs of a stage; each takes so many seconds."""
    model = SimpleNamespace(plan=plan, stop_training=False, config=Config(minutes=1.0))
    callback.set_model(model)
    callback.set_params({"epochs": stage.last})
    callback.on_train_begin()
    for epoch in range(stage.first, stage.last):
        callback.on_epoch_begin(epoch)
        clock.time += seconds
        callback.on_epoch_end(epoch)
        if model.stop_training:
            return epoch + 1
    return None


def test_a_run_ends_before_the_epoch_that_would_be_late(clock, capsys):
    stage, start = Stage(64, 0, 9), clock.time
    # After the k-th: 10 k, the next 10 and 15 to close are beyond 60 from k = 4 on.
    stop = StopInTime(start + 60, planned=10, closing=15)
    assert end_epochs(stop, clock, [stage], stage, 10) == 4
    assert capsys.readouterr().out == (
        "Epoch 4: Training ends here instead of after epoch 9: epochs take longer "
        "than was planned, and 1 min were asked for.\n"
    )
    clock.time = start
    stop = StopInTime(start + 105, planned=10, closing=15)
    assert end_epochs(stop, clock, [stage], stage, 10) is None
    assert end_epochs(StopInTime(), clock, [stage], stage, 1e6) is None


def test_on_a_slower_machine_the_end_takes_longer_too(clock):
    stage, start = Stage(64, 0, 9), clock.time
    # Twice as slow. After the first epoch, which does not tell: 20 + 10 + 15 of 95;
    # later 20 k + 20 + 30, as the slower of two epochs counts.
    stop = StopInTime(start + 95, planned=10, closing=15)
    assert end_epochs(stop, clock, [stage], stage, 20) == 3


def test_of_few_long_epochs_the_slowest_tells(clock):
    stage, start = Stage(64, 0, 4), clock.time
    # Half as slow again: 30 + 15 + 7.5 is within 52, though 10 was planned; the third
    # would end at 45, but not before the fourth.
    stop = StopInTime(start + 52.5, planned=10, closing=5)
    assert end_epochs(stop, clock, [stage], stage, 15) == 3
    clock.time = start
    stop = StopInTime(start + 52.4, planned=10, closing=5)
    assert end_epochs(stop, clock, [stage], stage, 15) == 2


def test_no_stage_is_cut_short_but_the_last(clock):
    plan = [Stage(32, 0, 4), Stage(64, 4, 8)]
    stop = StopInTime(clock.time + 30, planned=20, closing=5)
    assert end_epochs(stop, clock, plan, plan[0], 20) is None
    assert end_epochs(stop, clock, plan, plan[1], 20) == 5


@pytest.fixture
def pictures(tmp_path):
    return write_pictures(tmp_path / "pictures", 12, side=16)


@pytest.fixture
def no_curves():
    with without_curves():
        yield


def a_step_takes(seconds, monkeypatch):
    """Lets the timing find so many seconds, a list with a number for each stage.
    Returns a list of its calls."""
    calls = []

    def time_stages(config, images, workers):
        calls.append(len(images))
        return 0.0, seconds

    monkeypatch.setattr(timing, "time_stages", time_stages)
    monkeypatch.setattr(timing, "work_of", lambda *args: NOTHING)
    return calls


def test_each_stage_is_timed():
    """With few steps an epoch and a block that fades in."""
    knobs = NARROW | {"progressive": [8, 16], "fade_in": 0.5, "minutes": 5.0}
    config, images = load_config("narrow", **knobs), np.zeros((12, 16, 16, 3), np.uint8)
    building, a_step = timing.time_stages(config, images, Workers())
    assert building > 0 and len(a_step) == 2 and 0 < min(a_step) <= max(a_step) < 10


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


def test_too_few_minutes_are_said_and_train_the_fewest_epochs(
    clock, monkeypatch, capsys
):
    a_step_takes([100.0], monkeypatch)
    config = load_config("narrow", **NARROW, minutes=0.1)
    images, deadline = np.zeros((12, 16, 16, 3), np.uint8), clock.time + 6
    planned, _ = timing.plan_minutes(config, images, deadline, IN_MEMORY, Workers())
    said = capsys.readouterr().out.splitlines()[-1]
    assert planned.epochs == 1
    # 2 x 100 s and 1 s for what comes once, instead of 6 s
    assert said == "0.1 min are short for one epoch a stage: up to 3 minutes more"
