"""Ctrl-C and SIGTERM: the step is finished, all is saved, and nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import keras
import pytest
from helpers import TINY, command

from dcgan.errors import Stopped
from dcgan.run import Run
from dcgan.training import signals
from dcgan.training.checkpoint import find_damage
from dcgan.training.signals import StopBetweenSteps


def wait_for(condition, process, seconds=240):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_all_says_how_to_go_on_and_ends(
    number, picture_folder, tmp_path
):
    """Also: meanwhile, a second training of the same run is refused."""
    arguments = ["--data", picture_folder, "--runs", tmp_path / "runs", *TINY]
    arguments = [*map(str, arguments), "--epochs", "100000"]
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    process = subprocess.Popen(
        [sys.executable, "-m", "dcgan.train", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    run = Run(tmp_path / "runs" / "narrow")
    wait_for(run.has_checkpoint, process)
    if number == signal.SIGINT:
        second = command("train", *arguments)
        assert (second.returncode, len(second.stderr.splitlines())) == (2, 1)
        assert "another process trains this run" in second.stderr
    started = time.monotonic()
    process.send_signal(number)
    said, errors = process.communicate(timeout=60)
    assert time.monotonic() - started < 10
    assert process.returncode == 128 + number
    assert "Traceback" not in errors and errors.splitlines()[-1] == "interrupted"
    assert said.splitlines()[-1].startswith("The same command goes on after epoch ")
    assert find_damage(run.checkpoint_folders()[-1]) == ""
    assert run.load_generator() is not None and run.has_epochs()


def training(steps=5):
    """A callback of a training of some steps an epoch, which has begun."""
    callback = StopBetweenSteps()
    callback.set_params({"steps": steps, "epochs": 9})
    callback.set_model(keras.Sequential())
    callback.on_train_begin()
    return callback


def test_a_signal_waits_for_the_end_of_the_step():
    callback = training()
    callback.on_train_batch_end(0)
    with callback.catching():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Stopped) as stopped:
            callback.on_train_batch_end(1)
    assert callback.between_steps and stopped.value.exit_code == 130


def test_after_the_last_step_it_waits_for_what_follows_an_epoch():
    callback = training()
    callback.on_train_batch_end(0)
    with callback.catching():
        signal.raise_signal(signal.SIGINT)
        callback.on_train_batch_end(4)
        with pytest.raises(Stopped):
            callback.on_epoch_end(0)
    assert callback.between_steps


def test_before_the_first_step_and_the_second_time_it_does_not_wait(monkeypatch):
    callback = training()
    with callback.catching():
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGINT)
        callback.on_train_batch_end(0)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)  # as of a parent that hands it on
        monkeypatch.setattr(signals, "REPEATED", 0.0)
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGINT)
    assert not callback.between_steps


def test_after_an_agreed_stop_its_own_signal_is_no_second_one(monkeypatch):
    """A job's end sends one to every process, to some of them later."""
    callback = training()
    callback.team = SimpleNamespace(links=[1], agree=lambda *a: (signal.SIGTERM, False))
    callback.model.stop_training = False
    with callback.catching():
        with pytest.raises(Stopped):
            callback.on_train_batch_end(0)
        signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr(signals, "REPEATED", 0.0)
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGINT)
    assert callback.received == signal.SIGTERM


def test_signals_are_left_as_they_were():
    """SIGTERM ends a process at once, unless a command has asked for it."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopBetweenSteps().catching():
        assert signal.getsignal(signal.SIGINT) != before[0]
        assert signal.getsignal(signal.SIGTERM) == before[1] == signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) == before[0]


def test_another_thread_gets_no_signals():
    def train():
        with StopBetweenSteps().catching():
            done.append(True)

    done = []
    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert done == [True]
