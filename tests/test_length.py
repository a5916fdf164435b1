"""The knob `minutes` beside `epochs`: which of them holds, wherever they are set."""

import pytest
import yaml
from helpers import command

from dcgan.cells import plan_cells
from dcgan.config import Config, load_config, load_flags
from dcgan.errors import InputError
from dcgan.length import settle_minutes
from dcgan.provenance import command_of
from dcgan.resume import check_resume, differences
from dcgan.run import Run

pytestmark = pytest.mark.usefixtures("no_curves")


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


def test_phases_go_with_minutes():
    config = load_flags(["--recipe", "progan", "--minutes", "5"])
    assert (config.minutes, config.epochs) == (5, 300) and config.cycle


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

    assert lengths() == [(0, 5), (0, 7), (3, 500)]
    assert lengths(minutes=2.0) == [(2, 500)] * 3
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
    config = load_config("narrow", **knobs, minutes=60.0)
    run = Run.create(Config(**vars(config) | {"epochs": 77}))
    (run.checkpoints / "step-9").mkdir(parents=True)
    check_resume(run, config)
    with pytest.raises(InputError, match="minutes 30.0 instead of 60.0 in"):
        check_resume(run, load_config("narrow", **knobs, minutes=30.0))
    with pytest.raises(InputError, match="Received: epochs 99 instead of 77 in"):
        check_resume(run, load_config("narrow", **knobs, epochs=99))
    constant = Config(minutes=60.0, epochs=77)
    assert list(differences(constant, Config(epochs=99))) == []
    assert list(differences(constant, Config(epochs=76))) == ["epochs 76 instead of 77"]
    by_epochs, by_minutes = Config(epochs=77), Config(minutes=5.0)
    assert list(differences(by_epochs, by_minutes)) == ["minutes 5.0 instead of 0.0"]
