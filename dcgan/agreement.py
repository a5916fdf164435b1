"""What all workers of a training have to have in common."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

MAY_DIFFER = ("data", "runs", "overwrite")  # of a worker's config and the chief's


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


def difference(cluster, card, greeting, missing):
    """Returns what is wrong with a worker that has come, None if nothing.

    Args:
        cluster: The chief's `Cluster`.
        card: What the chief's `describe` returned.
        greeting: Dict of what the worker said: its `number`, `addresses` and `card`.
        missing: Numbers of the workers that have not come yet.
    """
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
