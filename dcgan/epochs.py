"""Files whose names have an epoch: `epoch_0010.png`."""

import re
from pathlib import Path


def epoch_file(folder, epoch, ending):
    """Returns the path of an epoch's file in a folder."""
    return Path(folder) / f"epoch_{epoch:04d}{ending}"


def epoch_files(folder, ending=r"\.\w+"):
    """Returns a dict from epochs to their files in a folder, in order.

    Args:
        folder: Its path; there may be other files in it.
        ending: Regular expression of the end of the names.
    """
    found = {}
    for path in Path(folder).glob("epoch_*"):
        if match := re.fullmatch(rf"epoch_([0-9]+){ending}", path.name):
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def delete_after(folder, epoch):
    """Deletes the files in a folder that are of later epochs than `epoch`."""
    for number, file in epoch_files(folder).items():
        if number > epoch:
            file.unlink()
