"""Files that appear under their name only when they are whole, and names by epoch."""

import json
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path):
    """Yields a temporary path with the same ending, which then becomes `path`.

    If the block fails, `path` is left as it was.

    Example:
        >>> with whole_file("log.txt") as temporary:
        ...     temporary.write_text("all of it")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".unfinished-{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path):
    """Returns the dict in a JSON file, or None if it is missing or damaged."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def copy_file(source, target):
    """Copies a file; an old `target` stays until the new one is whole."""
    with whole_file(target) as temporary:
        shutil.copyfile(source, temporary)


def epoch_file(folder, epoch, ending):
    """Returns the path of an epoch's file in a folder: `epoch_0010.png`."""
    return Path(folder) / f"epoch_{epoch:04d}{ending}"


def epoch_of(file):
    """Returns the epoch in a name such as `epoch_0010.png`."""
    return int(re.search(r"epoch_(\d+)", Path(file).name).group(1))
