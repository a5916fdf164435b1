"""What a run says about its length, by a clock that stands still."""

from types import SimpleNamespace

import pytest

from dcgan.config import Config, load_config
from dcgan.stages import Stage
from dcgan.training import how_long
from dcgan.training.duration import Work
from dcgan.training.how_long import (
    HOUR,
    SayHowLong,
    in_plain_words,
    time_left,
    what_would_fit,
)
from dcgan.training.timing import Length, StopInTime

UNMEASURED = Length(Work({}, 0.0), StopInTime())


@pytest.fixture
def clock(monkeypatch):
    """Time that stands until it is set."""
    now = SimpleNamespace(time=1000.0, monotonic=lambda: now.time)
    monkeypatch.setattr(how_long, "time", now)
    return now


def test_durations_in_plain_words():
    said = [in_plain_words(s) for s in (0.1, 1.4, 50, 89, 90, 2280, 5399, 5400, 12600)]
    seconds = ["1 second", "1 second", "50 seconds", "89 seconds"]
    minutes = ["2 minutes", "38 minutes", "90 minutes"]
    assert said == [*seconds, *minutes, "1.5 hours", "3.5 hours"]


def test_the_sentence_says_what_it_is_made_of():
    assert time_left(2200, 80, 799.2, 25, 0.11) == (
        "About 38 minutes to go: 800 epochs of 25 steps, 0.11 s each, and 80 seconds "
        "for samples, scores and checkpoints."
    )
    said = time_left(30, 1, 0.5, 2, 14.6)
    assert said.startswith("About 31 seconds to go: 1 epoch of 2 steps, 15 s each")


def test_advice_is_for_long_runs_that_chose_no_time():
    config = Config(size=64, g_features=16, d_features=32)
    assert what_would_fit(config, HOUR) == ""
    assert what_would_fit(Config(minutes=120.0), 2 * HOUR) == ""
    assert what_would_fit(config, HOUR + 1) == (
        "To have less to wait for: Ctrl-C, and again with --overwrite and --minutes "
        "60 instead of --epochs, which fits it into an hour; or --size 32, a quarter "
        "of the pixels; or "
        "--g_features 8 --d_features 16, a quarter to a half of the multiplications."
    )


@pytest.mark.parametrize(
    "knobs, ways",
    [
        ({"size": 16, "g_features": 8}, ["--minutes 60"]),
        ({"d_strides": [2, 2, 2, 2]}, ["--minutes 60", "--g_features 8"]),
        ({"epochs": 3}, ["--size 32", "--g_features 8"]),  # of an hour each
        ({"progressive": [32, 64]}, ["--minutes 60", "--g_features 8"]),
        ({"g_widths": [9, 9, 9, 9]}, ["--minutes 60"]),  # 32x32 takes three
        ({"recipe": "default"}, ["--minutes 60"]),  # frozen features stay as dear
        ({"recipe": "progan"}, ["--minutes 60"]),
        ({"recipe": "progan", "epochs": 5}, []),  # one of three stages' phases
    ],
)
def test_advice_names_only_what_is_allowed_and_true(knobs, ways):
    config = load_config(knobs.pop("recipe", "narrow"), **knobs)
    said = what_would_fit(config, 3 * HOUR)
    found = said.partition("--overwrite and ")[2].split("; or ") if said else []
    assert [way[: len(start)] for way, start in zip(found, ways, strict=True)] == ways


def told(clock, stages, steps, first=0, a_step=2.0, length=UNMEASURED, **knobs):
    """A `SayHowLong` that has seen 21 steps, the first of which took a minute."""
    config = Config(epochs=stages[-1].last, **knobs)
    step = first * steps
    model = SimpleNamespace(plan=stages, config=config, steps_done=step)
    callback = SayHowLong(steps, length)
    callback.set_model(model)
    callback.set_params({"epochs": stages[0].last, "steps": steps})
    callback.on_train_begin()
    for number in range(21):
        callback.on_train_batch_begin(number % steps)
        clock.time += a_step if number else 60.0
        model.steps_done += 1
        callback.on_train_batch_end(number % steps)
        if (number + 1) % steps == 0:
            clock.time += 500.0  # at the end of an epoch: no step
    return callback


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(how_long.tf.config, "list_physical_devices", lambda kind: [])


def test_it_is_said_once_after_twenty_steps(clock, no_gpu, capsys):
    told(clock, [Stage(64, 0, 100)], steps=8)
    (line,) = capsys.readouterr().out.splitlines()
    # (800 - 20) steps of 2 s; the pauses and the first step do not count
    assert line.startswith("About 26 minutes to go: 98 epochs of 8 steps, 2 s each,")


def test_later_stages_are_expected_to_take_longer(clock, no_gpu, capsys, monkeypatch):
    monkeypatch.setattr(how_long, "step_cost", lambda config, size: size**2)
    stages = [Stage(32, 0, 5), Stage(64, 5, 10)]
    told(clock, stages, steps=10, progressive=[32, 64])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("About 8 minutes to go: 8 epochs")  # 30 x 2 + 50 x 8 = 460


def test_stages_that_were_timed_are_expected_to_take_that(clock, no_gpu, capsys):
    """In proportion: the machine has become half as fast, 2 s a step instead of 1."""
    stages = [Stage(32, 0, 5), Stage(64, 5, 10)]
    length = UNMEASURED._replace(a_step=[1.0, 1.5])
    told(clock, stages, steps=10, progressive=[32, 64], length=length)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("About 4 minutes to go: 8 epochs")  # 30 x 2 + 50 x 3 = 210


def test_advice_comes_at_the_start_of_a_run_on_a_cpu(
    clock, no_gpu, capsys, monkeypatch
):
    told(clock, [Stage(64, 0, 900)], steps=10)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("About 5.0 hours to go: 898 epochs")
    assert lines[1].startswith("To have less to wait for: ") and len(lines) == 2
    told(clock, [Stage(64, 0, 900)], steps=10, first=3)  # it goes on
    assert len(capsys.readouterr().out.splitlines()) == 1
    card = lambda kind: ["a card"]  # noqa: E731
    monkeypatch.setattr(how_long.tf.config, "list_physical_devices", card)
    told(clock, [Stage(64, 0, 900)], steps=10)
    assert len(capsys.readouterr().out.splitlines()) == 1
