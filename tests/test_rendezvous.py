"""How workers meet, and what cannot keep them from it: threads on the loopback address.

Whole processes meet in test_multiworker.py.
"""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dcgan import rendezvous
from dcgan.agreement import describe
from dcgan.cluster import Cluster
from dcgan.config import load_config
from dcgan.errors import InputError, Lost, Stopped
from dcgan.link import Link
from dcgan.rendezvous import WAIT, meet, wait_seconds

CONFIG = load_config("narrow")
NOBODY = "192.0.2.1"  # kept free for examples by RFC 5737


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [s.getsockname()[1] for s in sockets]
    for each in sockets:
        each.close()
    return found


@pytest.fixture
def three(monkeypatch):
    """Addresses of three workers, who wait for at most 20 seconds."""
    monkeypatch.setenv(WAIT, "20")
    return tuple(f"127.0.0.1:{port}" for port in free_ports(3))


@pytest.fixture
def two(three):
    return three[:2]


@pytest.fixture
def start():
    """Function from addresses and a number to the worker's `meet`, in a thread."""
    with ThreadPoolExecutor(3) as pool:

        def start(addresses, number, config=CONFIG):
            return pool.submit(meet, Cluster(addresses, number), config)

        yield start


def connect(address):
    """Connects as soon as somebody listens."""
    host, port = address.split(":")
    for _ in range(400):
        try:
            return socket.create_connection((host, int(port)), 20)
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nobody listens at {address}")


def greet(addresses, number, **change):
    """Returns the `Link` of a worker that has said who it is, and what it has."""
    link = Link(connect(addresses[0]))
    link.send(number=number, addresses=addresses, card=describe(CONFIG) | change)
    return link


def refusal(worker):
    with pytest.raises(InputError) as error:
        worker.result()
    return str(error.value)


def test_the_connection_stays(two, start):
    workers = [start(two, number) for number in (0, 1)]
    chief, worker = (worker.result() for worker in workers)
    chief[1].send(share=1)
    assert worker[0].receive() == {"share": 1}


@pytest.mark.parametrize(
    "said",
    [
        b'{"number": 1',  # and nothing more, with the connection open
        b"[" * 100_000 + b"\n",
        b'{"number": 1, "card": {}}\n',
        b'{"number": 1, "addresses": [], "card": []}\n',
        b'{"number": 1, "addresses": [1, null], "card": {}}\n',
        b'{"number": "1", "addresses": [], "card": {}}\n',
        b"x" * (rendezvous.SHORT + 1),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\n",
        b"[1]\n",
        b"",
    ],
)
def test_a_stranger_holds_nobody_up(said, two, start):
    began = time.monotonic()
    chief = start(two, 0)
    with connect(two[0]) as stranger:
        stranger.sendall(said)
        worker = start(two, 1)
        assert list(chief.result()) == [1] and list(worker.result()) == [0]
    assert time.monotonic() - began < rendezvous.GREETING


def test_a_worker_may_be_started_again_while_others_are_awaited(three, start):
    chief = start(three, 0)
    greet(three, 1).close()
    again = [start(three, number) for number in (1, 2)]
    assert sorted(chief.result()) == [1, 2]
    assert [list(worker.result()) for worker in again] == [[0], [0]]


def test_the_chief_may_be_started_again_while_workers_wait(two, start):
    host, port = two[0].split(":")
    with socket.create_server((host, int(port))) as first:
        worker = start(two, 1)
        first.accept()[0].close()
    chief = start(two, 0)
    assert list(chief.result()) == [1] and list(worker.result()) == [0]


def test_a_number_that_comes_twice_is_refused(three, start):
    chief = start(three, 0)
    links = [greet(three, 1), greet(three, 1)]
    said = refusal(chief)
    assert "Received: worker 1 of" in said and "each number once" in said
    assert [link.receive(20) for link in links] == [{"refused": said}] * 2


def test_other_knobs_are_refused(two, start):
    other = load_config("narrow", seed=1)
    said = {refusal(worker) for worker in (start(two, 0), start(two, 1, other))}
    assert len(said) == 1 and "Received: seed 1 instead of 0" in said.pop()


@pytest.mark.parametrize(
    "change, said",
    [
        ({"keras": "2.0"}, "keras 2.0 instead of"),
        ({"Python": "3.99"}, "Python 3.99 instead of"),
        ({"g_lr": "1.0"}, "g_lr 1.0 instead of 0.0004"),
    ],
)
def test_other_versions_are_refused(change, said, two, start):
    chief = start(two, 0)
    answer = greet(two, 1, **change).receive(20)
    assert answer == {"refused": refusal(chief)} and said in answer["refused"]


@pytest.mark.parametrize("number, named", [(0, "worker 1"), (1, "the chief")])
def test_a_worker_that_does_not_come_is_named(number, named, two, monkeypatch):
    monkeypatch.setenv(WAIT, "0.5")
    began = time.monotonic()
    with pytest.raises(InputError, match="within 0.5 seconds") as error:
        meet(Cluster(two, number), CONFIG)
    assert time.monotonic() - began < 10
    assert f"{named} ({two[1 - number]})" in str(error.value)


def test_an_address_that_cannot_be_reached_is_named(two, start, monkeypatch):
    """TensorFlow would wait for it without end."""
    monkeypatch.setattr(rendezvous, "REACH", 0.5)
    wrong = (two[0], two[1].replace("127.0.0.1", NOBODY))
    workers = [start(wrong, number) for number in (0, 1)]
    one, two = map(refusal, workers)
    assert one == two
    assert f"worker 1 ({wrong[1]}) cannot be reached from the chief (127.0.0.1:" in one


def test_a_name_may_be_known_late(two, monkeypatch):
    """A pod that is there is not in the list of names yet."""
    real, tries = rendezvous.connect, []

    def connect(address, timeout):
        tries.append(address)
        if len(tries) < 3:
            raise socket.gaierror(-2, "Name or service not known")
        return real(address, timeout)

    monkeypatch.setattr(rendezvous, "connect", connect)
    host, port = two[1].split(":")
    with socket.create_server((host, int(port))):
        assert rendezvous._unreached(Cluster(two, 0), [1]) is None
    assert tries == [two[1]] * 3


def test_workers_see_whether_they_reach_each_other(three, start, monkeypatch):
    """Here the third one does not listen at all: the second one finds out, too."""
    monkeypatch.setattr(rendezvous, "REACH", 0.5)
    chief = start(three, 0)
    links = [greet(three, number) for number in (1, 2)]
    assert [link.receive(20) for link in links] == [{"reach": True}] * 2
    links[0].send(unreached=None)
    links[1].send(unreached="no way")
    said = refusal(chief)
    assert f"worker 1 ({three[1]}) cannot be reached from the chief" in said
    assert links[0].receive(20) == {"refused": said}
    assert rendezvous._unreached(Cluster(three, 1), [2]).startswith(
        f"distribute: worker 2 ({three[2]}) cannot be reached from worker 1 ("
    )


@pytest.mark.parametrize("number", [0, 1])
def test_a_port_that_is_taken_is_named(number, two):
    with (
        socket.create_server(("", int(two[number].split(":")[1]))),
        pytest.raises(InputError, match=r"the port of .* cannot be opened") as error,
    ):
        meet(Cluster(two, number), CONFIG)
    assert f"Received: {two[number]}. Allowed: a port that is free" in str(error.value)


def test_those_who_wait_hear_that_the_chief_was_stopped(three, start, monkeypatch):
    real = rendezvous.difference

    def stopped_by_the_second(cluster, card, greeting, missing):
        if greeting["number"] == 2:
            raise Stopped(15)
        return real(cluster, card, greeting, missing)

    monkeypatch.setattr(rendezvous, "difference", stopped_by_the_second)
    chief, worker = start(three, 0), start(three, 1)
    time.sleep(1)
    greet(three, 2)
    with pytest.raises(Stopped):
        chief.result()
    with pytest.raises(Lost, match=rf"the chief \({three[0]}\) was stopped") as error:
        worker.result()
    assert error.value.exit_code == 129


def test_one_that_has_gone_again_is_named(two, start, monkeypatch):
    monkeypatch.setattr(rendezvous, "REACH", 0.5)
    chief, link = start(two, 0), greet(two, 1)
    assert link.receive(20) == {"reach": True}
    link.socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(Lost, match=rf"worker 1 \({two[1]}\) has gone again"):
        chief.result()


@pytest.mark.parametrize("text", ["soon", "", "0", "-1", "nan", "inf", "1e9"])
def test_the_wait_is_some_seconds(text, monkeypatch):
    monkeypatch.setenv(WAIT, text)
    with pytest.raises(InputError, match=f"{WAIT} is not valid"):
        wait_seconds()
