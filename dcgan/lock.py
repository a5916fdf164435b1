"""One process at a time in the folder of a run."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import filelock

from dcgan.errors import InputError
from dcgan.files import UNFINISHED, remove_leftovers

LOCK = ".lock"


@contextmanager
def lock_folder(folder):
    """Keeps other processes from training in a folder, which is made for that.

    Whatever a process that was killed has left unfinished is deleted; the folder too,
    if it is still empty at the end.

    Raises:
        InputError: If another process trains there.
    """
    folder = Path(folder)
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        raise InputError(
            f"name: another process trains this run. Received: {folder}. "
            "Allowed: another --name, or the same one when that has ended"
        ) from None
    try:
        remove_leftovers(folder)
        yield
    finally:
        if is_empty(folder):  # such as after a refusal
            shutil.rmtree(folder)
        lock.release()
        for path in missing:
            if path.exists() and not any(path.iterdir()):
                path.rmdir()


def is_empty(folder):
    """Tells whether a folder holds no files but what a killed process left."""
    files = (path for path in Path(folder).rglob("*") if not path.is_dir())
    return all(
        path.name == LOCK
        or any(part.startswith(UNFINISHED) for part in path.relative_to(folder).parts)
        for path in files
    )
