"""Files and folders that get their name when they are whole."""

import errno
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".unfinished-"  # what a name begins with until all of it is written


@contextmanager
def whole_file(path):
    """Yields a temporary path with the same ending, which then becomes `path`.

    If the block fails, or the process is killed in it, `path` is left as it was.

    Raises:
        OSError: Such as a full disk, with the name of `path`.

    Example:
        >>> with whole_file("log.txt") as temporary:
        ...     temporary.write_text("all of it")
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        with _naming(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _sync(temporary)
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path):
    """Yields a temporary folder, which then becomes `path`, in place of an older one.

    If the process is killed there may be none of both, but never a part of one.
    """
    path = Path(path)
    with _temporary_folder(path) as temporary:
        yield temporary
        for file in temporary.iterdir():
            _sync(file)
        if path.exists():
            remove_folder(path)
        os.rename(temporary, path)


@contextmanager
def filled_folder(path):
    """Yields a temporary folder, whose files then go to the folder `path`.

    They take the place of files with the same names; what else is there is left alone,
    and all of it if the block fails.
    """
    path = Path(path).resolve()
    # Inside of one that is there: beside it may be another disk, or not ours.
    name = f"{UNFINISHED}{os.getpid()}-files"
    inside = path / name if path.is_dir() else None
    with _temporary_folder(path, inside) as temporary:
        yield temporary
        for file in [file for file in temporary.rglob("*") if file.is_file()]:
            target = path / file.relative_to(temporary)
            target.parent.mkdir(parents=True, exist_ok=True)
            _sync(file)
            os.replace(file, target)


def remove_folder(path):
    """Deletes a folder; what is left if the process is killed has another name."""
    doomed = _temporary(path.with_name(f"old-{path.name}"))
    shutil.rmtree(doomed, ignore_errors=True)
    os.rename(path, doomed)
    shutil.rmtree(doomed)


def remove_leftovers(folder):
    """Deletes what processes that were killed have left unfinished in a folder."""
    for path in Path(folder).rglob(f"{UNFINISHED}*"):
        number = path.name.removeprefix(UNFINISHED).partition("-")[0]
        # Other processes may be writing there, such as `evaluate`. Our own number on a
        # file is that of a process before, which a container often gives out again.
        if not number.isdecimal() or _is_another(int(number)):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def append_bytes(path, content):
    """Appends to a file, all of it or nothing: a killed process leaves no half."""
    path = Path(path)
    with open(path, "ab", buffering=0) as file, _naming(path):
        before = file.seek(0, os.SEEK_END)
        written = 0
        try:
            written = file.write(content)
        finally:
            if written < len(content):
                file.truncate(before)
        if written < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_json(path):
    """Returns the dict in a JSON file, or None if it is missing or damaged."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path, content, indent=None):
    """Writes a dict to a JSON file; an old one stays until the new one is whole."""
    with whole_file(path) as temporary:
        text = json.dumps(content, indent=indent)
        temporary.write_text(text + "\n", encoding="utf-8")


def copy_file(source, target):
    """Copies a file; an old `target` stays until the new one is whole."""
    with whole_file(target) as temporary:
        shutil.copyfile(source, temporary)


def _temporary(path):
    return path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")


@contextmanager
def _temporary_folder(path, temporary=None):
    temporary = temporary or _temporary(path)
    try:
        with _naming(path, temporary):
            # A process before this one may have had the same number and been killed.
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _naming(path, temporary=None):
    """Gives errors without a file's name, such as a full disk, the name of `path`."""
    unnamed = None, str(temporary or _temporary(path))
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename not in unnamed:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def _sync(file):
    """Waits until a file is on the disk, before its name says that it is whole."""
    with open(file, "rb") as written:
        os.fsync(written.fileno())


def _is_another(number):
    """Tells whether a number is that of a running process that is not this one."""
    if number == os.getpid():
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
