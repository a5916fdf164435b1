"""What a run was made of and made with, to see whether that has changed."""

import hashlib
import json
import os
import platform
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

from dcgan.data.folder import is_read_with
from dcgan.errors import InputError, invalid
from dcgan.files import read_json, write_json

NAMED = 3  # pictures of a kind that a message names
PACKAGES = ("tensorflow", "keras", "numpy", "pillow")
# Settings of TensorFlow that change how numbers are rounded.
VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS")


def describe_pictures(images, names=None):
    """Returns a dict from each picture's name to a digest of its pixels.

    Args:
        images: uint8 (N, H, W, C), or `StoredImages`.
        names: N texts; numbers if left out.
    """
    names = map(str, range(len(images))) if names is None else names
    return {
        name: hashlib.blake2b(np.ascontiguousarray(picture), digest_size=8).hexdigest()
        for name, picture in zip(names, images, strict=True)
    }


def digest_of(digests):
    """Returns one digest, a text, of what `describe_pictures` returns."""
    text = json.dumps(list(digests.items()))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def describe_machine(device):
    """Returns a dict of what numbers depend on: versions, device and settings.

    Args:
        device: What the training runs on, a text.
    """
    found = {"python": platform.python_version()}
    found |= {package: version(package) for package in PACKAGES}
    settings = {name: os.environ.get(name, "") for name in VARIABLES}
    return found | {"device": device, "processor": _processor()} | settings


def _processor():
    """Returns the name of the processor, on which the rounding of sums depends."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [x.partition(":")[2].strip() for x in lines if "model name" in x]
    except OSError:  # not Linux
        names = []
    return names[0] if names else platform.processor()


def check_pictures(run, digests, source):
    """Raises `InputError` if the pictures are others than those of the run so far.

    Args:
        run: The `Run`, which has a checkpoint.
        digests: From `describe_pictures`.
        source: Where they are from, for the message.
    """
    before = read_origin(run)
    if before is None:
        warnings.warn(
            f"{run.origin} is missing or damaged: whether the pictures are still the "
            "same cannot be told",
            stacklevel=2,
        )
        return
    found = picture_changes(before["pictures"], digests)
    if found:
        raise InputError(
            "data: the pictures have changed since the run began. "
            f"Received: {'; '.join(found)} in {source}. Allowed: the same pictures, or "
            f"another --name, also with --init_from {run.folder}, or --overwrite"
        )


def record_origin(run, digests, machine, step):
    """Writes `origin.json`, and warns if the run goes on with other versions or cores.

    Args:
        run: The `Run`.
        digests: From `describe_pictures`.
        machine: From `describe_machine`.
        step: Steps done.
    """
    before = read_origin(run) if step else None
    starts = before["starts"] if before else []
    changed = _machine_changes(starts[-1]["machine"], machine) if starts else []
    if changed:
        warnings.warn(
            "the run was trained with other software or cores until now: "
            f"{'; '.join(changed)}. It goes on, but no longer as if it had not "
            "stopped, to the last bit",
            stacklevel=2,
        )
    if not starts or changed:
        starts = [*starts, {"step": step, "machine": machine}]
    write_json(run.origin, {"starts": starts, "pictures": digests}, indent=0)


def read_origin(run):
    """Returns what `record_origin` wrote, or None if it is missing or damaged."""
    found = read_json(run.origin) or {}
    pictures, starts = found.get("pictures"), found.get("starts")
    whole = isinstance(pictures, dict) and isinstance(starts, list) and starts
    if not whole or not all(isinstance(s, dict) and "machine" in s for s in starts):
        return None
    return found


def check_apart(knob, out, run, folder=None, data=None):
    """Refuses to write over the training pictures, or among them.

    Args:
        knob: What `out` was given with, for the message.
        out: What will be written, a path.
        run: The `Run`.
        folder: That of `out`, if it is a file.
        data: Where the training pictures are as well, now or copied.

    Raises:
        InputError: If it would be read as training pictures.
    """
    folder = out if folder is None else folder
    places = {run.config.data, data} - {None, "openmoji"}
    if any(_is_among_pictures(run, folder, place) for place in places):
        raise invalid(
            knob, str(out), "a place outside of the training pictures' folder"
        )


def _is_among_pictures(run, folder, data):
    """Tells whether what is put into a folder would be read as training pictures.

    Args:
        run: The `Run`.
        folder: Path.
        data: Where the training pictures are, a path.
    """
    # The run's path may have been meant from another folder: is a picture there?
    name = next(iter((read_origin(run) or {}).get("pictures", ())), "")
    there = (Path(data) / name).is_file()
    if Path(folder).resolve() == Path(data).resolve():
        return there or not name  # where no names are known, none is missed
    return there and is_read_with(folder, data)


def picture_changes(before, now):
    """Returns what differs between two results of `describe_pictures`, in words."""
    kinds = {
        "added": [name for name in now if name not in before],
        "removed": [name for name in before if name not in now],
        "altered": [n for n in now if n in before and now[n] != before[n]],
    }
    return [
        f"{len(names)} {kind} ({_some(names)})"
        for kind, names in kinds.items()
        if names
    ]


def _some(names):
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def _machine_changes(before, now):
    pairs = {n: (now.get(n), before.get(n)) for n in {**before, **now}}
    return [
        f"{name} {new or 'not set'} instead of {old or 'not set'}"
        for name, (new, old) in pairs.items()
        if new != old
    ]
