"""A model of data-parallel training: how long a step takes on many GPUs.

Pure arithmetic on what `benchmarks/scaling.py` counts and measures.
"""

from typing import NamedTuple


class Network(NamedTuple):
    """What machines are connected by; these are assumptions, not measurements.

    Attributes:
        inside: GPUs of a machine.
        fast: Bytes a second of each GPU to others of its machine.
        slow: Bytes a second of each machine to others.
        latency: Seconds of one message between two.
    """

    inside: int = 8
    fast: float = 150e9
    slow: float = 12.5e9
    latency: float = 10e-6


def ring_seconds(count, exchanges, size, bandwidth, latency):
    """Returns how long some ring all-reduces take, one after another.

    For each of them each of `count` members sends `2 (count - 1) / count` times its
    bytes, in `2 (count - 1)` messages one after another.

    Args:
        count: Members of the ring, 1 or more.
        exchanges: How many all-reduces.
        size: Bytes that each member has to be summed, in all.
        bandwidth: Bytes a second of each.
        latency: Seconds a message.

    Reference:
        Patarasuk and Yuan 2009, Bandwidth Optimal All-reduce Algorithms, section 4.
    """
    messages = 2 * (count - 1)
    return messages * (size / count / bandwidth + exchanges * latency)


def exchange_seconds(gpus, exchanges, size, network):
    """Returns how long the exchanges of a step take.

    Sums are made in each machine, then in a ring of machines, whose GPUs share its
    connection.

    Args:
        gpus: Their number.
        exchanges: How many there are in a step.
        size: Bytes of all of them.
        network: The `Network`.
    """
    inside, machines = min(gpus, network.inside), -(-gpus // network.inside)
    within = ring_seconds(inside, exchanges, size, network.fast, network.latency)
    return within + ring_seconds(
        machines, exchanges, size, network.slow, network.latency
    )


def efficiency(gpus, step, exchanges, size, network):
    """Returns the share of their time in which `gpus` GPUs compute, 0 to 1.

    Each has a batch as large as one alone would have, and nothing is computed while
    something is exchanged, which is the worst case.

    Args:
        gpus: Their number.
        step: Seconds of a step on one.
        exchanges: How many there are in a step.
        size: Bytes of all of them.
        network: The `Network`.
    """
    return step / (step + exchange_seconds(gpus, exchanges, size, network))
