"""What workers tell each other: the chief's team and a worker's, joined by a socket."""

import os
import queue
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import tensorflow as tf

from dcgan import team as team_module
from dcgan.cluster import Cluster
from dcgan.errors import InputError, Stopped
from dcgan.link import Link
from dcgan.team import LOST, REFUSED, Team

ADDRESSES = ("a:1", "b:2")


@pytest.fixture
def ended(monkeypatch):
    """Queue of the exit codes with which teams end their process."""
    codes = queue.Queue()
    monkeypatch.setattr(team_module.os, "_exit", codes.put)
    return codes


@pytest.fixture
def said(tmp_path):
    """Function that returns what teams have written to stderr.

    It is what was stderr when they were made: later TensorFlow's lines are caught.
    """
    (tmp_path / "stderr").touch()
    return (tmp_path / "stderr").read_text


@contextmanager
def stderr_in(path):
    kept = os.dup(2)
    with open(path, "wb") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@pytest.fixture
def teams(ended, said):
    """The chief's and that of worker 1."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sockets = socket.create_connection(server.getsockname()), server.accept()[0]
    links, before = [
        {1: Link(sockets[0])},
        {0: Link(sockets[1])},
    ], threading.enumerate()
    with stderr_in(said.__self__):
        teams = [Team(Cluster(ADDRESSES, k), links[k]) for k in (0, 1)]
    yield teams
    for team in teams:
        team.leave()
    # Before `_exit` is the real one again.
    for thread in set(threading.enumerate()) - set(before):
        thread.join(60)
    for each in sockets:
        each.close()


def together(*calls):
    """Calls functions at the same time. Returns what the first one returns."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [pool.submit(call) for call in calls][0].result(60)


def test_another_number_of_gpus_is_refused(teams):
    chief, worker = teams
    together(lambda: chief.compare_cards(8), lambda: worker.compare_cards(8))
    worker._tell(value=7)
    said = r"Received: 7 on worker 1 \(b:2\), and 8 on the chief"
    with pytest.raises(InputError, match=said):
        chief.compare_cards(8)


@pytest.mark.parametrize(
    "error, code, sentence",
    [
        (
            InputError("data: none\x1b[2J"),
            REFUSED,
            "worker 1 (b:2): data: none\\x1b[2J",
        ),
        (OSError("disk full"), REFUSED, "worker 1 (b:2): disk full"),
        (Stopped(15), LOST, "worker 1 (b:2) was stopped"),
        (KeyError("no"), LOST, "worker 1 (b:2) failed: KeyError: 'no'"),
    ],
)
def test_why_a_worker_ends_is_said_where_others_end(
    error, code, sentence, teams, ended, said
):
    """What comes from another machine gives no orders to this one's terminal."""
    teams[1].leave(error)
    assert ended.get(timeout=60) == code
    with pytest.raises(queue.Empty):  # who left says why by itself, and once
        ended.get(timeout=0.5)
    assert said() == f"\nerror: {sentence}\n"


def test_a_failed_exchange_waits_for_the_news_of_a_lost_worker(
    teams, ended, monkeypatch, said
):
    """And is told in a line if there is none: all are there, but not the network."""
    slept = []
    monkeypatch.setattr(team_module.time, "sleep", slept.append)
    with pytest.raises(tf.errors.UnavailableError), teams[0].explained():
        raise tf.errors.UnavailableError(None, None, "no route")
    assert slept == [team_module.VERDICT] and ended.get(timeout=60) == LOST
    assert "error: the chief (a:1): an exchange failed: no route" in said()


@pytest.mark.parametrize("name", ["ResourceExhaustedError", "InvalidArgumentError"])
def test_a_failure_of_ones_own_waits_for_nobody(name, teams, monkeypatch):
    monkeypatch.setattr(team_module.time, "sleep", lambda seconds: 1 / 0)
    kind = getattr(tf.errors, name)
    with pytest.raises(kind), teams[0].explained():
        raise kind(None, None, "")


def compare(teams, one, other):
    calls = [lambda: teams[0].compare_pictures(one)]
    return together(*calls, lambda: teams[1].compare_pictures(other))


def test_the_same_pictures_are_compared_by_one_digest(teams):
    sent, tell = [], teams[1]._tell
    teams[1]._tell = lambda **message: (sent.append(message), tell(**message))
    compare(teams, {"a": "1", "b": "2"}, {"a": "1", "b": "2"})
    (message,) = [m for m in sent if "value" in m]
    assert len(message["value"]) == 32


@pytest.mark.parametrize(
    "theirs, listed, found",
    [
        ({"a": "1", "b": "3"}, 9, "1 altered (b) on worker 1"),
        ({"a": "1"}, 9, "1 removed (b) on worker 1"),
        ({"b": "2", "a": "1"}, 9, "others, or another order on worker 1"),
        ({"a": "1", "b": "3"}, 1, "others, or another order on worker 1"),
    ],
)
def test_other_pictures_are_named(theirs, listed, found, teams, monkeypatch):
    monkeypatch.setattr(team_module, "LISTED", listed)
    # As where a process ends: the worker waits until the chief says why it does.
    pool = ThreadPoolExecutor(1)
    waiting = pool.submit(teams[1].compare_pictures, theirs)
    with pytest.raises(InputError) as error:
        teams[0].compare_pictures({"a": "1", "b": "2"})
    assert found in str(error.value)
    teams[0].from_chief()
    waiting.result(60)
    pool.shutdown()


def test_of_many_workers_one_end_is_told_once(teams, ended, said):
    threads = [threading.Thread(target=teams[0]._end, args=(LOST, "x")) for _ in "abcd"]
    for thread in threads:
        thread.start()
    assert ended.get(timeout=60) == ended.get(timeout=60) == LOST
    for thread in threads:
        thread.join()
    assert said().count("error: x") == 2  # here, and where the worker hears of it


def test_a_worker_that_hangs_up_has_gone(teams, ended, said):
    teams[1].links[0].socket.shutdown(socket.SHUT_RDWR)
    assert ended.get(timeout=60) == ended.get(timeout=60) == LOST
    assert "error: worker 1 (b:2) has gone, or did not" in said()


@pytest.fixture
def beating(monkeypatch):
    """Twenty signs of life a second."""
    monkeypatch.setattr(team_module, "BEAT", 0.05)


def test_a_worker_that_is_stopped_is_named(beating, teams, ended, monkeypatch, said):
    """Its connection is there, and nothing comes."""
    with monkeypatch.context() as patch:
        patch.setattr(teams[1], "_tell", lambda **message: None)
        assert ended.get(timeout=60) == ended.get(timeout=60) == LOST
    assert "error: worker 1 (b:2) has gone, or did not answer for a minute" in said()


def test_a_worker_that_starts_is_waited_for(beating, teams, ended, monkeypatch):
    with teams[1].starting(), monkeypatch.context() as patch:
        patch.setattr(teams[1], "_tell", lambda **message: None)
        with pytest.raises(queue.Empty):
            ended.get(timeout=2)  # 40 signs of life
    deadline = time.monotonic() + 60
    while teams[0]._starting:
        assert time.monotonic() < deadline


def test_a_worker_that_starts_without_end_is_not(
    beating, teams, ended, monkeypatch, said
):
    """Such as from a disk of the network that has gone: its connection stays."""
    monkeypatch.setattr(team_module, "STARTING", 20)
    with teams[1].starting(), monkeypatch.context() as patch:
        patch.setattr(teams[1], "_tell", lambda **message: None)
        assert ended.get(timeout=60) == LOST
    assert "error: worker 1 (b:2) has gone" in said()


def test_only_with_others_is_the_joining_watched(teams, monkeypatch):
    watched = []

    @contextmanager
    def killed_after(seconds, line, stderr):
        watched.append((seconds, line))
        yield

    monkeypatch.setattr(team_module, "killed_after", killed_after)
    for team in (Team(), *teams):
        with team.joining():
            pass
    assert [seconds for seconds, _ in watched] == [team_module.JOINING] * 2
    assert "error: the chief (a:1): TensorFlow did not reach" in watched[0][1]


@pytest.mark.parametrize("left", [True, False])
def test_a_worker_that_lives_or_has_left_is_not_missed(left, beating, teams, ended):
    if left:
        teams[1].leave()
    with pytest.raises(queue.Empty):
        ended.get(timeout=2)  # 40 signs of life


def test_after_a_farewell_nothing_ends(teams, ended):
    for team in teams:
        team.leave()
    teams[1].links[0].socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(queue.Empty):
        ended.get(timeout=0.5)


def test_a_signal_to_a_worker_stops_all_after_the_same_step(teams):
    chief, worker = teams
    chief.agree(None, False)  # that step was decided when the signal came
    assert worker.agree(15, True) == [None, False]
    while chief._asked is None:
        pass
    assert chief.agree(None, False) == worker.agree(None, False) == [15, False]
