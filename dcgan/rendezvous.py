"""How the workers of a training meet: before TensorFlow waits for them without end.

Workers connect to the chief, on the ports that TensorFlow uses afterwards, and say what
they are about to train with. When all are there, each sees whether it can reach those
that it will exchange with. The connections to the chief stay, for `dcgan.team`.
"""

import os
import queue
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial

from dcgan.agreement import describe, difference
from dcgan.cluster import find_cluster
from dcgan.errors import InputError, Lost, invalid
from dcgan.link import Link, connect, listen
from dcgan.team import Team
from dcgan.validation import check_share

# A variable, as TF_CONFIG is: it is of the machines, and a knob is kept with the run.
WAIT = "DCGAN_WAIT"  # seconds to wait for the other workers
DEFAULT_WAIT = 600  # a pod is replaced after 5 minutes, and has to load its image
LONGEST_WAIT = 7 * 24 * 3600
PAUSE = 0.2  # seconds between two tries
GREETING = 10.0  # seconds of silence in which who connects has to say who it is
SHORT = 2**20  # bytes of that
AGAIN = "Nothing was trained: the same command on all machines starts again"
REACH = 10.0  # seconds for a connection between workers that are there


@contextmanager
def team_of(config):
    """Waits for the workers of a training, and takes leave of them at its end.

    Args:
        config: The `Config`.

    Yields:
        The `Team`; that of one process if `distribute` is not `multiworker`.

    Raises:
        InputError: If the workers are unknown, do not come, or differ.
    """
    if config.distribute != "multiworker":
        yield Team()
        return
    cluster = find_cluster()
    check_share(config.batch_size, len(cluster.addresses))
    team = Team(cluster, meet(cluster, config))
    try:
        yield team
    except BaseException as error:
        team.leave(error)
        raise
    team.leave()


def meet(cluster, config):
    """Waits until all workers are there and would train the same.

    Args:
        cluster: The `Cluster`.
        config: The `Config` of this process.

    Returns:
        Dict from the numbers of workers to `Link`s: those to all others for the chief,
        that to the chief for others.

    Raises:
        InputError: If one does not come in time, cannot be reached, or differs; for all
            of them.
    """
    wait = wait_seconds()
    card = describe(config)
    with listen(cluster) as server:
        if cluster.number == 0:
            return _await_workers(cluster, card, wait, server)
        return {0: _join(cluster, card, wait)}


def wait_seconds():
    """Returns how long to wait for other workers."""
    text = os.environ.get(WAIT, str(DEFAULT_WAIT))
    with suppress(ValueError):
        if 0 < (seconds := float(text)) <= LONGEST_WAIT:
            return seconds
    raise invalid(WAIT, text, f"seconds, above 0 and up to {LONGEST_WAIT}")


def _await_workers(cluster, card, wait, server):
    links = {}
    try:
        problem = _gather(cluster, card, wait, server, links)
        problem = problem or _see_who_is_reached(cluster, links)
    except Lost as error:
        _answer(links, lost=str(error))
        raise
    except BaseException as error:
        what = "was stopped" if isinstance(error, KeyboardInterrupt) else "failed"
        _answer(links, lost=f"distribute: {cluster} {what}. {AGAIN}")
        raise
    if problem:
        _answer(links, refused=problem)
        raise InputError(problem)
    _answer(links, welcome=True)
    return links


def _answer(links, **answer):
    for link in links.values():
        link.send(**answer)


def _gather(cluster, card, wait, server, links):
    """Fills `links` until all workers are there. Returns what is wrong, or None."""
    deadline, arrivals = time.monotonic() + wait, queue.Queue()
    server.settimeout(PAUSE)
    while missing := _missing(cluster, links):
        if time.monotonic() > deadline:
            names = ", ".join(cluster.name(number) for number in sorted(missing))
            return _absent(names, wait, "no connection")
        with suppress(TimeoutError):
            # In a thread: a stranger who says nothing holds nobody up.
            arrived = server.accept()[0], arrivals
            threading.Thread(target=_hear, args=arrived, daemon=True).start()
        with suppress(queue.Empty):
            link, greeting = arrivals.get_nowait()
            missing = _missing(cluster, links)
            if problem := difference(cluster, card, greeting, missing):
                link.send(refused=problem)
                return problem
            links[greeting["number"]] = link
    return None


def _missing(cluster, links):
    """Returns who is not there, also those that have gone again, to be restarted."""
    for number in [n for n, link in links.items() if link.is_closed()]:
        links.pop(number).close()
    return set(range(1, len(cluster.addresses))) - set(links)


def _hear(connection, arrivals):
    """Puts a worker that has connected, and what it says, into a queue."""
    with suppress(OSError):
        link = Link(connection)
        greeting = link.receive(GREETING, SHORT)
        if _is_greeting(greeting):
            arrivals.put((link, greeting))
        else:  # none of us
            link.close()


def _is_greeting(found):
    kinds = {"number": int, "addresses": list, "card": dict}
    return (
        found is not None
        and all(isinstance(found.get(key), kind) for key, kind in kinds.items())
        and all(isinstance(address, str) for address in found["addresses"])
    )


def _see_who_is_reached(cluster, links):
    """Lets the workers try to reach each other. Returns what is wrong, or None."""
    _answer(links, reach=True)
    problem = _unreached(cluster, links)
    for number, link in links.items():
        found = link.receive(6 * REACH)  # it tries two, each for twice as long at most
        if found is None:
            raise Lost(f"distribute: {cluster.name(number)} has gone again. {AGAIN}")
        problem = problem or found.get("unreached")
    return problem


def _unreached(cluster, numbers):
    """Returns the first of some workers that cannot be connected to, or None."""
    for number in numbers:
        reach = partial(connect, cluster.addresses[number])
        try:
            # Again, too: the name of a machine that is there may be known a bit later.
            _try_for(REACH, reach).close()
        except OSError as error:
            return (
                f"distribute: {cluster.name(number)} cannot be reached from {cluster}. "
                f"Received: {error}. Allowed: addresses and open ports by which each "
                "machine reaches the others"
            )
    return None


def _join(cluster, card, wait):
    """Returns the `Link` to the chief, also to one that is started again meanwhile."""
    reach = partial(connect, cluster.addresses[0])
    try:
        return _try_for(wait, lambda left: _greet(cluster, card, reach(left), wait))
    except OSError as error:
        raise InputError(_absent(cluster.name(0), wait, str(error))) from None


def _try_for(seconds, attempt):
    """Returns what a function of the seconds left returns, once it does not fail."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt(max(deadline - time.monotonic(), PAUSE))
        except OSError:
            if time.monotonic() + PAUSE > deadline:
                raise
        time.sleep(PAUSE)


def _greet(cluster, card, connection, wait):
    link, number = Link(connection), cluster.number
    link.send(number=number, addresses=cluster.addresses, card=card)
    answer = link.receive(2 * wait)  # the chief waits for others meanwhile
    if answer and "reach" in answer:
        count = len(cluster.addresses)
        # In the ring of an exchange; the chief has been reached.
        beside = {number - 1, (number + 1) % count} - {0}
        link.send(unreached=_unreached(cluster, beside))
        answer = link.receive(2 * wait + 6 * REACH)  # the chief tries others meanwhile
    for kind, error in (("refused", InputError), ("lost", Lost)):
        if answer and kind in answer:
            raise error(str(answer[kind]))
    if not answer:
        link.close()
        raise ConnectionError("no answer")
    return link


def _absent(names, wait, reason):
    return (
        f"distribute: not all workers came within {wait:g} seconds. Received: {reason} "
        f"from {names}. Allowed: the same command on every machine, ports open "
        f"between them, {WAIT}=SECONDS for a longer wait"
    )
