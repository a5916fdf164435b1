"""How long a run takes: by hand, by a clock that stands still, and for real."""

from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from helpers import command, read_rows, write_pictures

import dcgan
from dcgan.cells import plan_cells
from dcgan.combinations import check_combinations
from dcgan.config import Config, load_config, load_flags
from dcgan.errors import InputError
from dcgan.length import settle_minutes
from dcgan.provenance import command_of
from dcgan.resume import check_resume, differences
from dcgan.run import Run
from dcgan.stages import Stage
from dcgan.training import duration, how_long, logs, timing, trainer
from dcgan.training.duration import (
    BUILDING,
    COSTS,
    HOUR,
    IN_MEMORY,
    ONCE,
    Work,
    epochs_that_fit,
    in_plain_words,
    seconds_left,
    what_would_fit,
    work_of,
)
from dcgan.training.how_long import SayHowLong
from dcgan.training.optimizers import learning_rate_factor
from dcgan.training.timing import StepTimes, StopInTime

NOTHING = Work({}, 0.0)
NARROW = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4}
NARROW |= {"batch_size": 6, "sample_grid": 2, "eval_every": 0, "gradients_every": 0}


@pytest.fixture
def clock(monkeypatch):
    """Time that stands until it is set, for all that looks at it."""
    now = SimpleNamespace(time=1000.0, monotonic=lambda: now.time)
    for module in (timing, how_long):
        monkeypatch.setattr(module, "time", now)
    return now


# Reckoning


def test_a_plain_training_by_hand():
    config = Config(epochs=10, sample_every=5, eval_every=4, checkpoint_every=10)
    work = Work({"sample_every": (1.0, 2.0), "eval_every": (3.0, 0.0)}, 7.0)
    # 10 x 25 x 0.1 s; sheets 10/5 + 1 times 1.2 s, scores 10/4 + 1 times 3 s
    training, beside = seconds_left(config, 25, [0.1], work)
    assert (training, beside) == (pytest.approx(25.0), pytest.approx(3.6 + 10.5))
    training, beside = seconds_left(config, 25, [0.1], work, done=7.5)
    assert (training, beside) == (pytest.approx(6.25), pytest.approx(1.8 + 4.875))
    assert seconds_left(config, 25, [0.1], work, done=10) == (0, 0)
    assert work.seconds(0.1) == pytest.approx(1.2 + 3 + 7)


def test_each_stage_counts_with_its_own_seconds():
    config = Config(epochs=9, progressive=[16, 32, 64])
    left = [seconds_left(config, 10, [1, 2, 4], NOTHING, d)[0] for d in (0, 4, 7.5)]
    assert left == [30 + 60 + 120, 40 + 120, 60]


def test_the_most_epochs_that_fit_by_hand():
    config = Config(epochs=800, sample_every=5)
    work = Work({"sample_every": (2.0, 0.0)}, 10.0)
    # n x 10 x 0.5 + (n / 5 + 1) x 2 + 10 <= 120, so n <= 108 / 5.4 = 20
    assert epochs_that_fit(config, 120.001, 10, [0.5], work) == 20
    assert epochs_that_fit(config, 119.9, 10, [0.5], work) == 19
    growing = Config(epochs=9, progressive=[16, 32, 64])
    # of 3 n epochs each stage has n: n x 10 x (1 + 2 + 4) = 140 for 6 of them
    assert epochs_that_fit(growing, 140, 10, [1, 2, 4], NOTHING) == 6
    assert epochs_that_fit(growing, 179, 10, [1, 2, 4], NOTHING) == 6
    assert epochs_that_fit(growing, 180, 10, [1, 2, 4], NOTHING) == 7  # 2, 2, 3


@pytest.mark.parametrize("seconds", [-100, 0, 3])
def test_there_is_an_epoch_for_each_stage_at_least(seconds):
    assert epochs_that_fit(Config(), seconds, 10, [1], NOTHING) == 1
    config = Config(progressive=[32, 64])
    assert epochs_that_fit(config, seconds, 10, [1, 1], NOTHING) == 2


def test_on_a_slow_machine_all_beside_the_steps_takes_longer():
    work = Work({"sample_every": (1.0, 2.0)}, 7.0)
    assert work.slowed(2.5 * BUILDING) == Work({"sample_every": (2.5, 2.0)}, 17.5)
    assert work.slowed(0.5 * BUILDING) == work
    assert work.slowed(9 * BUILDING) == Work({"sample_every": (3.0, 2.0)}, 21.0)


def test_what_is_off_costs_nothing():
    knobs = {"snapshot_every": 0, "gradients_every": 0}
    plain = work_of(Config(**knobs), 900, scored=True)
    assert set(plain.costs) == {"sample_every", "checkpoint_every", "eval_every"}
    assert plain.once == ONCE + 3  # 900 real pictures for the first scores
    few = work_of(Config(snapshot_every=4), 9, scored=False)
    assert set(few.costs) == set(COSTS) - {"eval_every"} and few.once == ONCE
    large = work_of(Config(size=256), 9, scored=False).costs["sample_every"]
    assert large == (16 * COSTS["sample_every"][0], COSTS["sample_every"][1])


# The knob


def test_the_knob_is_a_number_up_to_a_limit():
    assert load_flags(["--minutes", "0.5"]).minutes == 0.5 and Config().minutes == 0
    for wrong, message in (
        ("-1", "minutes is not valid. Received: -1.0. Allowed: 0 to 100000"),
        ("100001", "minutes is not valid.*Allowed: 0 to 100000"),
        ("nan", "minutes is not valid"),
        ("hour", "minutes is not valid. Received: 'hour'. Allowed: a number"),
    ):
        with pytest.raises(InputError, match=message):
            load_flags(["--minutes", wrong])


def test_the_command_refuses_minutes_with_epochs_in_one_line(tmp_path):
    flags = ["--minutes", 5, "--epochs", 9, "--runs", tmp_path / "runs"]
    done = command("train", *flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: minutes does not go with epochs: each of them says how long a run is. "
        "Received: minutes=5.0, epochs=9. Allowed: one of the two\n"
    )
    assert not any(tmp_path.iterdir())
    assert load_config(minutes=0.0, epochs=9).epochs == 9


def test_minutes_do_not_go_with_a_cycle():
    with pytest.raises(InputError, match="^minutes does not go with this cycle: "):
        load_flags(["--recipe", "progan", "--minutes", "5"])
    config = load_flags(["--recipe", "progan", "--minutes", "5", "--cycle", "null"])
    check_combinations(config)
    assert config.minutes == 5


def test_whoever_chooses_last_says_how_long(tmp_path):
    assert settle_minutes([{"epochs": 1}, {"minutes": 2.0}]) == {}
    assert settle_minutes([{"minutes": 2.0, "epochs": 1}, {"size": 16}]) == {}
    file = tmp_path / "my.yml"
    file.write_text("minutes: 60\nepochs: 700\n")  # as the config.yml of a run
    config = load_config(file)
    assert (config.minutes, config.epochs) == (60, 700)
    config = load_config(file, epochs=9)
    assert (config.minutes, config.epochs) == (0, 9)
    config = load_config(file, minutes=30.0)
    assert (config.minutes, config.epochs) == (30, 700)


def test_a_comparison_may_have_minutes(tmp_path):
    file = tmp_path / "mine.yml"
    cells = {"a": {}, "b": {"epochs": 7}, "c": {"minutes": 3}}
    file.write_text(yaml.safe_dump({"base": {"epochs": 5}, "cells": cells}))

    def lengths(**knobs):
        configs = [cell.config for cell in plan_cells(file, runs=tmp_path, **knobs)[2]]
        return [(config.minutes, config.epochs) for config in configs]

    assert lengths() == [(0, 5), (0, 7), (3, 800)]
    assert lengths(minutes=2.0) == [(2, 800)] * 3
    assert lengths(epochs=6) == [(0, 6)] * 3
    with pytest.raises(InputError, match="minutes does not go with epochs"):
        lengths(minutes=2.0, epochs=6)


def test_the_command_of_a_run_leaves_the_found_epochs_out():
    config = load_config("diffaugment", minutes=60.0)
    found = Config(**vars(config) | {"epochs": 77})
    assert command_of(found).endswith("--minutes 60.0")
    assert load_flags(command_of(found).split()[3:]) == config


def test_a_run_keeps_its_epochs_whatever_the_command_would_find(tmp_path):
    knobs = {"runs": tmp_path, "name": "kept", "schedule": "cosine"}
    config = load_config(**knobs, minutes=60.0)
    run = Run.create(Config(**vars(config) | {"epochs": 77}))
    (run.checkpoints / "step-9").mkdir(parents=True)
    check_resume(run, config)
    with pytest.raises(InputError, match="minutes 30.0 instead of 60.0 in"):
        check_resume(run, load_config(**knobs, minutes=30.0))
    with pytest.raises(InputError, match="Received: epochs 99 instead of 77 in"):
        check_resume(run, load_config(**knobs, epochs=99))
    constant = Config(minutes=60.0, epochs=77)
    assert list(differences(constant, Config(epochs=99))) == []
    assert list(differences(constant, Config(epochs=76))) == ["epochs 76 instead of 77"]
    by_epochs, by_minutes = Config(epochs=77), Config(minutes=5.0)
    assert list(differences(by_epochs, by_minutes)) == ["minutes 5.0 instead of 0.0"]


# What is said


def test_durations_in_plain_words():
    said = [in_plain_words(s) for s in (0.1, 1.4, 50, 89, 90, 2280, 5399, 5400, 12600)]
    seconds = ["1 second", "1 second", "50 seconds", "89 seconds"]
    minutes = ["2 minutes", "38 minutes", "90 minutes"]
    assert said == [*seconds, *minutes, "1.5 hours", "3.5 hours"]


def test_the_sentence_says_what_it_is_made_of():
    assert duration.how_long(2200, 80, 799.2, 25, 0.11) == (
        "About 38 minutes to go: 800 epochs of 25 steps, 0.11 s each, and 80 seconds "
        "for samples, scores and checkpoints."
    )
    said = duration.how_long(30, 1, 0.5, 2, 14.6)
    assert said.startswith("About 31 seconds to go: 1 epoch of 2 steps, 15 s each")


def test_advice_is_for_long_runs_that_chose_no_time():
    config = Config(size=64, g_features=16, d_features=32)
    assert what_would_fit(config, HOUR) == ""
    assert what_would_fit(Config(minutes=120.0), 2 * HOUR) == ""
    assert what_would_fit(config, HOUR + 1) == (
        "To have less to wait for: Ctrl-C, and again with --overwrite and --minutes "
        "60, which fits it into an hour; or --size 32, a quarter of the pixels; or "
        "--g_features 8 --d_features 16, a quarter to a half of the multiplications."
    )


@pytest.mark.parametrize(
    "knobs, ways",
    [
        ({"size": 16, "g_features": 8}, ["--minutes 60"]),
        ({"epochs": 3}, ["--size 32", "--g_features 8"]),  # of an hour each
        ({"progressive": [32, 64]}, ["--minutes 60", "--g_features 8"]),
        ({"g_widths": [9, 9, 9, 9]}, ["--minutes 60", "--size 32"]),
        ({"recipe": "progan"}, ["--epochs 100, which"]),  # of 300
        ({"recipe": "progan", "epochs": 5}, []),  # one of three stages' phases
    ],
)
def test_advice_names_only_what_is_allowed_and_true(knobs, ways):
    config = load_config(knobs.pop("recipe", "default"), **knobs)
    said = what_would_fit(config, 3 * HOUR)
    found = said.partition("--overwrite and ")[2].split("; or ") if said else []
    assert [way[: len(start)] for way, start in zip(found, ways, strict=True)] == ways


def told(clock, stages, steps, first=0, a_step=2.0, gpus=(), **knobs):
    """A `SayHowLong` that has seen 21 steps, the first of which took a minute."""
    config = Config(epochs=stages[-1].last, **knobs)
    step = first * steps
    model = SimpleNamespace(plan=stages, config=config, step=step)
    callback = SayHowLong(steps, NOTHING)
    callback.set_model(model)
    callback.set_params({"epochs": stages[0].last, "steps": steps})
    callback.on_train_begin()
    for number in range(21):
        callback.on_train_batch_begin(number % steps)
        clock.time += a_step if number else 60.0
        model.step += 1
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


def test_later_stages_are_expected_to_cost_as_their_pixels(clock, no_gpu, capsys):
    stages = [Stage(32, 0, 5), Stage(64, 5, 10)]
    told(clock, stages, steps=10, progressive=[32, 64])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("About 8 minutes to go: 8 epochs")  # 30 x 2 + 50 x 8 = 460


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


# Timing, and the end in time


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
    assert model.stop_training and (callback.timed, callback.a_step) == (12, 4)


def end_epochs(callback, clock, plan, stage, seconds):
    """Ends the epochs of a stage; each takes so many seconds."""
    model = SimpleNamespace(plan=plan, stop_training=False)
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


def test_a_run_ends_before_the_epoch_that_would_be_late(clock):
    stage, start = Stage(64, 0, 9), clock.time
    # After the k-th: 10 k, the next 10 and 15 to close are beyond 60 from k = 4 on.
    stop = StopInTime(start + 60, planned=10, closing=15)
    assert end_epochs(stop, clock, [stage], stage, 10) == stop.stopped == 4
    clock.time = start
    stop = StopInTime(start + 105, planned=10, closing=15)
    assert end_epochs(stop, clock, [stage], stage, 10) is None and stop.stopped == 0
    assert end_epochs(StopInTime(), clock, [stage], stage, 1e6) is None


def test_on_a_slower_machine_the_end_takes_longer_too(clock):
    stage, start = Stage(64, 0, 9), clock.time
    # Twice as slow. After the first epoch, which does not tell: 20 + 10 + 15 of 95;
    # later 20 k + 20 + 30, or with two epochs known the median of 10 and 20.
    stop = StopInTime(start + 95, planned=10, closing=15)
    assert end_epochs(stop, clock, [stage], stage, 20) == 3


def test_no_stage_is_cut_short_but_the_last(clock):
    plan = [Stage(32, 0, 4), Stage(64, 4, 8)]
    stop = StopInTime(clock.time + 30, planned=20, closing=5)
    assert end_epochs(stop, clock, plan, plan[0], 20) is None
    assert end_epochs(stop, clock, plan, plan[1], 20) == 5


# For real


@pytest.fixture
def pictures(tmp_path):
    return write_pictures(tmp_path / "pictures", 12, side=16)


@pytest.fixture
def no_curves(monkeypatch):
    """They take most of the time, and other tests look at them."""
    for module in (trainer, logs):
        monkeypatch.setattr(module, "save_figure", lambda *args: None)


def a_step_takes(seconds, monkeypatch):
    """Lets the timing find so many seconds. Returns a list of its calls."""
    calls = []

    def time_stages(config, images, fit_stage):
        calls.append(len(images))
        return 0.0, [seconds]

    monkeypatch.setattr(timing, "time_stages", time_stages)
    monkeypatch.setattr(timing, "work_of", lambda *args: NOTHING)
    return calls


def test_each_stage_is_timed_and_none_leaves_a_trace():
    """With few steps an epoch and a block that fades in."""
    knobs = NARROW | {"progressive": [8, 16], "fade_in": 0.5, "minutes": 5.0}
    config, images = load_config(**knobs), np.zeros((12, 16, 16, 3), np.uint8)
    building, a_step = timing.time_stages(config, images, trainer.fit_stage)
    assert building > 0 and len(a_step) == 2 and 0 < min(a_step) <= max(a_step) < 10


def test_a_run_by_minutes_is_the_run_by_as_many_epochs(
    pictures, tmp_path, monkeypatch, capsys, no_curves
):
    """With dropout, whose random numbers have a state, and a schedule that stretches.

    The same command goes on without being timed again.
    """
    real, calls = timing.time_stages, a_step_takes(10.0, monkeypatch)
    fake = timing.time_stages

    def both(*args):
        real(*args)
        return fake(*args)

    monkeypatch.setattr(timing, "time_stages", both)
    knobs = NARROW | {"data": pictures, "schedule": "cosine", "dropout": 0.3}
    knobs |= {"sample_every": 9, "checkpoint_every": 1}
    config = load_config(**knobs, runs=tmp_path / "a", minutes=5.0)
    run = dcgan.train(config)
    assert calls == [12]
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Timing some steps, to see how many epochs fit into 5 min"
    # 0.95 x 300 s of 2 x 10 s each; the timing itself has taken some of it.
    epochs = run.config.epochs
    assert 2 <= epochs <= 14 and run.config.minutes == 5
    assert out[2].startswith(f"{epochs} epochs of 2 steps on ")
    whole = dcgan.train(load_config(**knobs, runs=tmp_path / "b", epochs=epochs))
    assert run.log.read_bytes() == whole.log.read_bytes()
    rate = float(read_rows(run.log)[-1]["g_lr"])
    factor = float(learning_rate_factor(2 * epochs - 1, "cosine", 0, 2 * epochs))
    assert rate == pytest.approx(4e-4 * factor, rel=1e-4) and factor < 0.2
    capsys.readouterr()
    dcgan.train(config)
    done = f"All {epochs} epochs are done: {run.folder}"
    assert capsys.readouterr().out.splitlines()[-1].startswith(done)
    assert calls == [12]


def test_a_run_that_became_slow_ends_early_and_is_finished(
    pictures, tmp_path, monkeypatch, capsys, no_curves
):
    a_step_takes(1e-4, monkeypatch)

    def stop_after_two(self, epoch, logs=None):
        if epoch + 1 == 2:
            self.stopped, self.model.stop_training = 2, True

    monkeypatch.setattr(StopInTime, "on_epoch_end", stop_after_two)
    config = load_config(**NARROW, data=pictures, runs=tmp_path, minutes=1.0)
    run = dcgan.train(config)
    out = capsys.readouterr().out
    assert "slower, and 1 min were asked for" in out and "Ends after 2 of " in out
    assert run.config.epochs == 2 and run.config.minutes == 1
    assert (run.samples / "epoch_0002.png").is_file() and run.has_checkpoint()
    assert "2 of 2 epochs" in run.report.read_text()
    dcgan.train(config)
    assert capsys.readouterr().out.splitlines()[-1].startswith("All 2 epochs are done")


def test_in_memory_minutes_hold_too(monkeypatch, capsys):
    calls = a_step_takes(10.0, monkeypatch)
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), dtype=np.uint8)
    gan, history = dcgan.fit(load_config(**NARROW, minutes=1.5), images)
    # 0.95 x 90 s less 1 s are 84.5 s, of 20 s each
    assert calls == [12] and gan.config.epochs == len(history["g_loss"]) == 4
    assert capsys.readouterr().out.startswith("Timing some steps")


def test_too_few_minutes_are_said_and_train_the_fewest_epochs(
    clock, monkeypatch, capsys
):
    a_step_takes(100.0, monkeypatch)
    config = load_config(**NARROW, minutes=0.1)
    images, deadline = np.zeros((12, 16, 16, 3), np.uint8), clock.time + 6
    planned, _ = timing.plan_minutes(config, images, deadline, IN_MEMORY, None)
    said = capsys.readouterr().out.splitlines()[-1]
    assert planned.epochs == 1
    # 2 x 100 s and 1 s for what comes once, instead of 6 s
    assert said == "0.1 min are short for one epoch a stage: up to 3 minutes more"
