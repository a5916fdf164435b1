"""How the workers of a training meet: before TensorFlow waits for them without end.

Workers connect to the chief, on the port that TensorFlow uses afterwards, and say what
they are about to train with. The connections stay, for `dcgan.team`.
"""

import hashlib
import json
import os
import platform
import socket
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from dcgan.errors import InputError, invalid

WAIT = "DCGAN_WAIT"  # variable: seconds to wait for the other workers
DEFAULT_WAIT = 300  # a pod may have to load its image first
PAUSE = 0.2  # seconds between two tries
GREETING = 10.0  # seconds in which who connects has to say who it is
LONGEST = 2**26  # characters of a message: digests of a million pictures
MAY_DIFFER = ("data", "runs", "overwrite")  # of a worker's config and the chief's
# A machine that has gone says nothing: ask after 10 seconds, 4 times.
ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}
UNSENT = {"TCP_USER_TIMEOUT": 30_000}  # milliseconds


class Link:
    """Messages to and from another worker, dicts as lines of JSON.

    Args:
        connection: The socket.
    """

    def __init__(self, connection):
        self.socket = connection
        self._file = connection.makefile("rb")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name, value in (ALIVE | UNSENT).items():
            if hasattr(socket, name):
                option = getattr(socket, name)
                connection.setsockopt(socket.IPPROTO_TCP, option, value)

    def send(self, **message):
        """Sends a message. Whether the other one is there shows in `receive`."""
        with suppress(OSError):
            self.socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self):
        """Waits for a message and returns it; None if there will be no more."""
        try:
            line = self._file.readline(LONGEST)
            found = json.loads(line) if line.endswith(b"\n") else None
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def close(self):
        with suppress(OSError):
            self._file.close()
            self.socket.close()


def meet(cluster, config):
    """Waits until all workers are there and would train the same.

    Args:
        cluster: The `Cluster`.
        config: The `Config` of this process.

    Returns:
        Dict from the numbers of workers to `Link`s: those to all others for the chief,
        that to the chief for others.

    Raises:
        InputError: If one does not come in time, or differs; for all of them.
    """
    wait = wait_seconds()
    card = describe(config)
    if cluster.number == 0:
        return _await_workers(cluster, card, wait)
    link = _connect(cluster, wait)
    link.send(number=cluster.number, addresses=cluster.addresses, card=card)
    link.socket.settimeout(2 * wait)  # the chief waits for others meanwhile
    answer = link.receive() or {"refused": _absent(cluster.name(0), wait, "no answer")}
    if "refused" in answer:
        raise InputError(answer["refused"])
    link.socket.settimeout(None)
    return {0: link}


def wait_seconds():
    """Returns how long to wait for other workers."""
    text = os.environ.get(WAIT, str(DEFAULT_WAIT))
    try:
        return float(text)
    except ValueError:
        raise invalid(WAIT, text, "seconds") from None


def describe(config):
    """Returns what all workers have to have in common, texts by what they are of."""
    knobs = {k: v for k, v in vars(config).items() if k not in MAY_DIFFER}
    software = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for package in ("tensorflow", "keras", "numpy"):
        software[package] = version(package)
    software["dcgan, the digest of its code"] = _code_digest()
    return {name: str(value) for name, value in (software | knobs).items()}


def _code_digest():
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _await_workers(cluster, card, wait):
    missing, links = set(range(1, len(cluster.addresses))), {}
    deadline = time.monotonic() + wait
    problem = None
    with _listen(cluster.addresses[0]) as server:
        while missing and not problem:
            server.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                link = Link(server.accept()[0])
            except TimeoutError:
                names = ", ".join(cluster.name(number) for number in sorted(missing))
                problem = _absent(names, wait, "no connection")
                break
            link.socket.settimeout(GREETING)
            greeting = link.receive() or {}
            number = greeting.get("number")
            if not isinstance(number, int) or "card" not in greeting:
                link.close()  # none of us
                continue
            problem = _difference(cluster, card, greeting, missing)
            missing.discard(number)
            links[number] = link
    for link in links.values():
        link.send(**({"refused": problem} if problem else {"welcome": True}))
        link.socket.settimeout(None)
    if problem:
        raise InputError(problem)
    return links


def _difference(cluster, card, greeting, missing):
    """Returns what is wrong with a worker that has come, None if nothing."""
    number, theirs = greeting["number"], greeting["card"]
    if greeting["addresses"] != list(cluster.addresses) or number not in missing:
        return (
            "distribute: the workers do not agree on who they are. Received: worker "
            f"{number} of {', '.join(greeting['addresses'])}, and the chief of "
            f"{', '.join(cluster.addresses)}. Allowed: the same list, each number once"
        )
    found = [
        f"{name} {theirs.get(name)} instead of {card.get(name)}"
        for name in {**card, **theirs}
        if card.get(name) != theirs.get(name)
    ]
    if found:
        return (
            f"distribute: {cluster.name(number)} differs from the chief. Received: "
            f"{'; '.join(found)}. Allowed: the same software and knobs everywhere "
            f"({', '.join(MAY_DIFFER)} may differ)"
        )
    return None


def _listen(address):
    port = int(address.rpartition(":")[2])
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    try:
        return socket.create_server(("", port), family=family, dualstack_ipv6=dual)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"distribute: the chief's port cannot be opened ({error}). "
            f"Received: {address}. Allowed: a port that is free on that machine"
        ) from None


def _connect(cluster, wait):
    host, _, port = cluster.addresses[0].rpartition(":")
    deadline, reason = time.monotonic() + wait, ""
    while (left := deadline - time.monotonic()) > 0:
        try:
            link = Link(socket.create_connection((host.strip("[]"), int(port)), left))
            if link.socket.getsockname() != link.socket.getpeername():
                return link
            link.close()  # with itself: the port was free, and was given to this side
        except (OSError, OverflowError) as error:
            reason = str(error)
        time.sleep(PAUSE)
    raise InputError(_absent(cluster.name(0), wait, reason))


def _absent(names, wait, reason):
    return (
        f"distribute: not all workers came within {wait:g} seconds. Received: {reason} "
        f"from {names}. Allowed: the same command on every machine, ports open "
        f"between them, {WAIT}=SECONDS for a longer wait"
    )
