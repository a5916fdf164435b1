"""Two processes on the loopback address: equal to one, one writes, one dies."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import command, read_rows, write_pictures

from dcgan.rendezvous import WAIT
from dcgan.run import Run
from dcgan.team import LOST

NARROW = (
    "--recipe narrow --size 16 --g_features 2 --d_features 2 --latent_dim 4 "
    "--batch_size 4 --sample_every 50 --sample_grid 2 --eval_every 0 --min_map 8 "
    "--gradients_every 0 --checkpoint_every 1 --d_norm layer --dropout 0.3 --epochs 2"
).split()
PLAIN = ["--aug_prob", "0"]
PENALTY = "--loss wgan --gp 10 --aug_prob 0.5".split()
GROWN = ["--progressive", "[8,16]", "--min_map", "4", "--grow", "image"]
LONELY = """
import socket, sys
from dcgan import load_config, team
from dcgan.cluster import Cluster
from dcgan.link import Link
from dcgan.training.strategy import make_strategy
team.JOINING = 2
server = socket.create_server(("127.0.0.1", 0))
links = {1: Link(socket.create_connection(server.getsockname()))}
chief = team.Team(Cluster(tuple(sys.argv[1:]), 0), links)
with chief.joining():
    make_strategy(load_config("narrow", distribute="multiworker"), chief.cluster)
print("joined")
"""
BOUND = 120  # seconds in which the others have to end; also on a busy machine


def free_addresses():
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    found = [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]
    for each in sockets:
        each.close()
    return found


class Job:
    """The same command in a process for each worker."""

    def __init__(self, folder, *flags, own=((), ()), name="run"):
        addresses = free_addresses()
        self.folder, self.outputs, self.workers = folder, [], []
        for number, more in enumerate(own):
            task = {"type": "worker", "index": number}
            cluster = json.dumps({"cluster": {"worker": addresses}, "task": task})
            environment = {"TF_CONFIG": cluster, WAIT: "60", "PYTHONPATH": os.getcwd()}
            line = [sys.executable, "-m", "dcgan.train", "--distribute", "multiworker"]
            line += [*NARROW, "--name", name, "--runs", folder / f"runs{number}"]
            # In a file: nobody reads a pipe while this waits for the other one.
            output = folder / f"output{number}.txt"
            self.outputs.append(output)
            with open(output, "w") as file:
                worker = subprocess.Popen(
                    [*map(str, line + [*flags, *more])],
                    env=os.environ | environment,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                )
            self.workers.append(worker)

    def wait(self, seconds=240):
        """Returns the exit codes."""
        try:
            return [worker.wait(seconds) for worker in self.workers]
        finally:
            for worker in self.workers:
                worker.kill()

    def wait_for_epoch(self, epoch):
        log = self.folder / "runs0" / "run" / "log.csv"
        for _ in range(2400):
            if log.is_file() and len(read_rows(log)) >= epoch:
                return
            assert all(worker.poll() is None for worker in self.workers), self.said(0)
            time.sleep(0.1)
        raise AssertionError(self.said(0) + self.said(1))

    def said(self, number):
        return self.outputs[number].read_text()

    def errors(self, number):
        lines = self.said(number).splitlines()
        return [line for line in lines if line.startswith("error: ")]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two folders with the same pictures, as two machines have them."""
    folder = tmp_path_factory.mktemp("pictures")
    return [write_pictures(folder / name, 12, side=16) for name in ("here", "there")]


def weights_of(run):
    networks = [run.load_generator(), run.load_discriminator()]
    return [weight for network in networks for weight in network.get_weights()]


@pytest.fixture(scope="module")
def alone(pictures, tmp_path_factory):
    """An epoch in each of two stages, of one process."""
    folder = tmp_path_factory.mktemp("alone")
    flags = [*NARROW, *PENALTY, *GROWN, "--data", pictures[0], "--name", "run"]
    done = command("train", *flags, "--runs", folder)
    assert done.returncode == 0, done.stderr
    return Run(folder / "run")


def test_two_processes_equal_one_and_the_chief_alone_writes(alone, pictures, tmp_path):
    """With stages, a penalty, an averaged generator, DiffAugment and dropout, and with
    scores and looks at the gradients, which are the chief's alone."""
    own = [("--data", folder) for folder in pictures]
    looks = ["--eval_every", "2", "--gradients_every", "1"]
    job = Job(tmp_path, *PENALTY, *GROWN, *looks, own=own)
    assert job.wait() == [0, 0], job.said(0) + job.said(1)
    run = Run(tmp_path / "runs0" / "run")
    assert not (tmp_path / "runs1").exists()
    for one, two in zip(weights_of(alone), weights_of(run), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
    for row, other in zip(read_rows(alone.log), read_rows(run.log), strict=True):
        np.testing.assert_allclose(float(row["g_loss"]), float(other["g_loss"]), 1e-4)
    assert "2 x the CPU" in job.said(0)
    assert [row["epoch"] for row in read_rows(run.scores)] == ["1", "2"]  # two stages
    assert run.gradients.is_file()


def test_a_worker_that_is_killed_ends_the_others_and_the_job_goes_on(
    pictures, tmp_path
):
    flags = [*PLAIN, "--epochs", "400", "--data", pictures[0]]
    job = Job(tmp_path, *flags)
    job.wait_for_epoch(3)
    job.workers[1].kill()
    began = time.monotonic()
    assert job.workers[0].wait(BOUND) == LOST
    assert time.monotonic() - began < BOUND
    (line,) = job.errors(0)
    assert line.startswith("error: worker 1 (127.0.0.1:") and "has gone" in line
    assert "Traceback" not in job.said(0)
    done = len(read_rows(tmp_path / "runs0" / "run" / "log.csv"))
    again = Job(tmp_path, *flags)
    again.wait_for_epoch(done + 1)
    assert "Goes on after epoch" in again.said(0)
    again.workers[0].kill()  # now the chief
    assert again.workers[1].wait(BOUND) == LOST
    assert "error: the chief (127.0.0.1:" in again.said(1)


def test_a_signal_to_any_process_stops_all_and_resume_is_exact(pictures, tmp_path):
    """So it is with the weights of one process, which can also go on."""
    flags = [*PLAIN, "--epochs", "16", "--data", pictures[0]]
    (tmp_path / "whole").mkdir()
    whole = Job(tmp_path / "whole", *flags)
    assert whole.wait() == [0, 0]
    job = Job(tmp_path, *flags)
    job.wait_for_epoch(2)
    job.workers[1].send_signal(signal.SIGTERM)
    assert job.wait(BOUND) == [128 + signal.SIGTERM] * 2, job.said(0) + job.said(1)
    assert Job(tmp_path, *flags).wait() == [0, 0]
    one, two = (Run(x / "runs0" / "run") for x in (tmp_path, tmp_path / "whole"))
    assert one.log.read_bytes() == two.log.read_bytes()
    for a, b in zip(weights_of(one), weights_of(two), strict=True):
        np.testing.assert_array_equal(a, b)
    plain = [*NARROW, *flags, "--name", "run"]
    done = command("train", *plain, "--runs", tmp_path / "alone")
    assert done.returncode == 0, done.stderr
    single = weights_of(Run(tmp_path / "alone" / "run"))
    for a, b in zip(single, weights_of(two), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    more = [*plain, "--epochs", "17"]
    alone = command("train", *more, "--runs", tmp_path / "runs0")
    assert alone.returncode == 0, alone.stderr
    assert "other software or cores" in alone.stderr
    assert len(read_rows(one.log)) == 17


def test_a_worker_that_goes_before_tensorflow_has_met_it_is_not_waited_for():
    """Its call answers to nothing, not even to a signal."""
    found = subprocess.run(
        [sys.executable, "-c", LONELY, *free_addresses()],
        env=os.environ | {"PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=BOUND,
    )
    assert found.returncode == -signal.SIGKILL and not found.stdout
    assert "error: the chief (127.0.0.1:" in found.stderr
    assert "TensorFlow did not reach all workers within 2 seconds" in found.stderr


def test_other_pictures_are_refused(pictures, tmp_path):
    other = write_pictures(tmp_path / "other", 12, side=17)
    own = [("--data", pictures[0]), ("--data", other)]
    job = Job(tmp_path, own=own)
    assert job.wait() == [2, 2]
    for number in (0, 1):
        (line,) = job.errors(number)
        assert "12 altered (00.png, 01.png, 02.png, ...) on worker 1 (127.0.0" in line
    assert not (tmp_path / "runs0").exists()


def test_a_batch_that_does_not_divide_is_refused(pictures, tmp_path, monkeypatch):
    """Before anybody is waited for."""
    task = {"type": "worker", "index": 0}
    cluster = {"cluster": {"worker": free_addresses()}, "task": task}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    flags = ["--distribute", "multiworker", "--data", pictures[0], "--runs", tmp_path]
    done = command("train", *NARROW, *flags, "--batch_size", "3")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "Received: 3 for 2 replicas. Allowed: a multiple of 2" in done.stderr
