"""Steps that are timed, epochs that are planned, and the end in time, by the clock."""

from types import SimpleNamespace

import numpy as np
import pytest
from minutes import NARROW, a_step_takes

from dcgan.config import Config, load_config
from dcgan.stages import Stage
from dcgan.training import timing
from dcgan.training.duration import IN_MEMORY
from dcgan.training.timing import StepTimes, StopInTime
from dcgan.training.workers import Workers


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
    """Ends the epochs of a stage; `seconds` is what each of them takes, or a list."""
    model = SimpleNamespace(plan=plan, stop_training=False, config=Config(minutes=1.0))
    callback.set_model(model)
    callback.set_params({"epochs": stage.last})
    callback.on_train_begin()
    for epoch in range(stage.first, stage.last):
        callback.on_epoch_begin(epoch)
        clock.time += seconds[epoch] if isinstance(seconds, list) else seconds
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


def test_a_moment_of_short_epochs_tells_nothing_of_the_end(clock):
    """3 steps of 31 ms an epoch, and one that waits for a second: not ten times as
    slow, else 20 s to close would be 200, of the 100 that are left."""
    stage = Stage(64, 0, 900)
    stop = StopInTime(clock.time + 110, planned=0.1, closing=20)
    waits = [0.1, 1.1, *[0.1] * 897]
    assert end_epochs(stop, clock, [stage], stage, waits) == 890


def test_ten_seconds_of_slow_short_epochs_tell(clock):
    """Five times as slow: 100 s to close instead of 20 from epoch 20 on."""
    stage = Stage(64, 0, 900)
    stop = StopInTime(clock.time + 110, planned=0.1, closing=20)
    assert end_epochs(stop, clock, [stage], stage, [0.5] * 900) == 21


def test_no_stage_is_cut_short_but_the_last(clock):
    plan = [Stage(32, 0, 4), Stage(64, 4, 8)]
    stop = StopInTime(clock.time + 30, planned=20, closing=5)
    assert end_epochs(stop, clock, plan, plan[0], 20) is None
    assert end_epochs(stop, clock, plan, plan[1], 20) == 5


def test_each_stage_is_timed():
    """With few steps an epoch and a block that fades in."""
    knobs = NARROW | {"progressive": [8, 16], "fade_in": 0.5, "minutes": 5.0}
    config, images = load_config("narrow", **knobs), np.zeros((12, 16, 16, 3), np.uint8)
    building, a_step = timing.time_stages(config, images, Workers())
    assert building > 0 and len(a_step) == 2 and 0 < min(a_step) <= max(a_step) < 10


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
    assert said == "0.1 min are short for one epoch: up to 3 minutes more"
