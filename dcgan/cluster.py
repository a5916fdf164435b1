"""Who the workers of a training on several machines are, and which one this is."""

import json
import os
import re
from itertools import product
from typing import NamedTuple

from dcgan.errors import InputError

EXAMPLE = (
    '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)
ROLES = ("chief", "worker")  # in this order
SLURM_PORT = 8888  # of the first process on a machine, as in SlurmClusterResolver
SLURM = ("SLURM_PROCID", "SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE")


class Cluster(NamedTuple):
    """The workers of a training.

    Attributes:
        addresses: Tuple of `host:port`, the chief's first.
        number: Which of them this process is.
    """

    addresses: tuple
    number: int

    def __str__(self):
        return self.name(self.number)

    def name(self, number):
        """Returns what a worker is called in messages."""
        role = f"worker {number}" if number else "the chief"
        return f"{role} ({self.addresses[number]})"


def find_cluster(environment=os.environ):
    """Reads the workers from TF_CONFIG, or else from the variables of a Slurm step.

    Kubernetes' training operator sets TF_CONFIG in the pods of a TFJob.

    Args:
        environment: Dict of environment variables.

    Returns:
        The `Cluster`.

    Raises:
        InputError: If neither is there, or what is there makes no sense.

    Example:
        >>> find_cluster({"TF_CONFIG": EXAMPLE}).addresses[0]
        '10.0.0.1:2222'

    Reference:
        https://www.tensorflow.org/guide/distributed_training#TF_CONFIG
    """
    if environment.get("TF_CONFIG"):
        source, cluster = "TF_CONFIG", _from_tf_config(environment["TF_CONFIG"])
    elif "SLURM_STEP_NODELIST" in environment:
        source, cluster = "Slurm's environment", _from_slurm(environment)
    else:
        raise _unknown("TF_CONFIG", "is not set, nor is this a step of Slurm", None)
    wrong = [address for address in cluster.addresses if not _is_address(address)]
    if wrong:
        raise _unknown(source, "has an address that is no host:port", wrong[0])
    if len(set(cluster.addresses)) < len(cluster.addresses):
        raise _unknown(source, "has an address twice", list(cluster.addresses))
    return cluster


def _is_address(address):
    # Only brackets tell where an address of IPv6 ends.
    found = re.fullmatch(r"(\[[^\s/\[\]]+\]|[^\s/:\[\]]+):([0-9]{1,5})", address)
    if found is None:
        return False
    try:
        found[1].encode("idna")  # as for a connection: no part empty, or too long
    except UnicodeError:
        return False
    return 0 < int(found[2]) < 2**16


def _from_tf_config(text):
    try:
        found = json.loads(text)
        jobs, task = found["cluster"], found["task"]
        role, index = task["type"], task["index"]
        workers = [(name, k) for name in ROLES for k in range(len(jobs.get(name, [])))]
        addresses = [str(jobs[name][k]) for name, k in workers]
        others = sorted({*jobs, role} - {*ROLES})
    except (ValueError, RecursionError):
        raise _unknown("TF_CONFIG", "is no JSON", text) from None
    except (KeyError, TypeError, AttributeError):
        raise _unknown("TF_CONFIG", "does not say who is who", text) from None
    if others:
        reason = f"has the role {others[0]}, and all workers do the same here"
        raise _unknown("TF_CONFIG", reason, text)
    if len(jobs.get("chief", [])) > 1:
        raise _unknown("TF_CONFIG", "has several chiefs", text)
    if (role, index) not in workers or isinstance(index, bool):
        raise _unknown("TF_CONFIG", "has a task that is not in the cluster", text)
    return Cluster(tuple(addresses), workers.index((role, index)))


def _from_slurm(environment):
    # Not by TensorFlow's SlurmClusterResolver, which sorts node10 before node9, so that
    # addresses belong to other processes, and which fails on machines without GPUs.
    try:
        number, nodes, tasks = (environment[name] for name in SLURM)
        hosts, counts = expand_nodes(nodes), expand_counts(tasks)
        addresses = [
            f"{host}:{SLURM_PORT + k}"
            for host, count in zip(hosts, counts, strict=True)
            for k in range(count)
        ]
        addresses[int(number)]
    except (AttributeError, KeyError, ValueError, IndexError):
        received = {name: environment.get(name) for name in SLURM}
        raise _unknown("Slurm's environment", "makes no sense", received) from None
    return Cluster(tuple(addresses), int(number))


def expand_nodes(text):
    """Returns the hosts of a list as Slurm writes it.

    Example:
        >>> expand_nodes("rack[0-1]gpu[08-09],login")
        ['rack0gpu08', 'rack0gpu09', 'rack1gpu08', 'rack1gpu09', 'login']
    """
    hosts = []
    for name in re.findall(r"(?:[^,\[\]]|\[[^\]]*\])+", text):
        parts = re.findall(r"([^\[]+)|\[([^\]]*)\]", name)
        texts = [[plain] if plain else expand_ranges(ranges) for plain, ranges in parts]
        hosts += ["".join(found) for found in product(*texts)]
    return hosts


def expand_ranges(text):
    """Returns the numbers of a list of ranges, as texts of the same width.

    Example:
        >>> expand_ranges("08-10,3")
        ['08', '09', '10', '3']
    """
    numbers = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found = range(int(first), int(last or first) + 1)
        numbers += [f"{number:0{len(first)}}" for number in found]
    return numbers


def expand_counts(text):
    """Returns the tasks on each node, from a text as Slurm writes it.

    Example:
        >>> expand_counts("2(x3),1")
        [2, 2, 2, 1]
    """
    counts = []
    for part in text.split(","):
        count, times = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part).groups()
        counts += [int(count)] * int(times or 1)
    return counts


def _unknown(source, reason, received):
    return InputError(
        f"distribute: multiworker cannot tell who the workers are: {source} {reason}. "
        f"Received: {received}. Allowed: TF_CONFIG such as {EXAMPLE}, the same for all "
        "but the index, or a step of Slurm"
    )
