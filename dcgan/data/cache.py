"""Decoded pictures on disk, keyed by the files and the settings they came from."""

import hashlib
import json
import os
import zlib
from contextlib import contextmanager
from pathlib import Path

import filelock
import numpy as np

from dcgan.data.stored import StoredImages
from dcgan.files import read_json, whole_file

VERSION = 3  # to be raised when the same files and settings give other pixels or notes
IN_MEMORY = 512 * 2**20  # bytes of pictures; more of them stay on disk
CHUNK = 2**24  # bytes that are read at a time


def cache_folder():
    """Returns `$DCGAN_CACHE`, or `dcgan` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DCGAN_CACHE") or Path(base) / "dcgan")


class Cache:
    """The pictures of some files under some settings, one after another in a file.

    They are appended in parts. A process that is stopped, or killed, leaves those that
    it has finished to the next one.

    Args:
        files: Paths; a file that was changed, replaced or touched is another file.
        shape: (H, W, C) of one picture.
        **settings: Values that JSON can hold.
    """

    def __init__(self, files, shape, **settings):
        identity = [[os.fsencode(os.path.realpath(f)).hex(), *_state(f)] for f in files]
        text = json.dumps([VERSION, identity, settings], sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()[:32]
        self.pixels = cache_folder() / f"{name}.pixels"
        self.notes = cache_folder() / f"{name}.json"
        self._lock = cache_folder() / f"{name}.lock"
        self.shape = shape

    @contextmanager
    def lock(self):
        """Keeps other processes from reading the same pictures; waits for them."""
        cache_folder().mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self._lock)
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            print("Another process reads these pictures: waiting for it", flush=True)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def progress(self):
        """Returns what has been written: a dict with `files`, how many of them,
        `count`, the pictures of these, `checksum` and `skipped`; see `append`.
        """
        nothing = {"files": 0, "count": 0, "checksum": 0, "skipped": []}
        found = read_json(self.notes) or nothing
        size = self.pixels.stat().st_size if self.pixels.is_file() else 0
        whole = set(nothing) <= set(found) and size >= self._bytes(found["count"])
        return found if whole else nothing

    def append(self, progress, files, images, skipped):
        """Writes the pictures of the next files.

        Args:
            progress: From `progress`, or from the last `append`.
            files: How many files they are from.
            images: uint8 (n, H, W, C).
            skipped: List of [number of the file, reason] of those that were not read.

        Returns:
            What `progress` will return.
        """
        with open(self.pixels, "r+b" if progress["files"] else "wb") as file:
            file.truncate(self._bytes(progress["count"]))
            file.seek(0, os.SEEK_END)
            file.write(images)
            file.flush()
            os.fsync(file.fileno())
        progress = {
            "files": progress["files"] + files,
            "count": progress["count"] + len(images),
            "checksum": zlib.crc32(images, progress["checksum"]),
            "skipped": progress["skipped"] + skipped,
        }
        with whole_file(self.notes) as temporary:
            temporary.write_text(json.dumps(progress), encoding="utf-8")
        return progress

    def open(self, progress):
        """Returns the pictures: an array, `StoredImages` if they are too many for the
        memory, or None if the file is damaged, which is then deleted.
        """
        count, checksum = progress["count"], 0
        with open(self.pixels, "rb") as file:
            left = self._bytes(count)
            while left and (part := file.read(min(CHUNK, left))):
                checksum, left = zlib.crc32(part, checksum), left - len(part)
        if left or checksum != progress["checksum"]:
            self.delete()
            return None
        if self._bytes(count) > IN_MEMORY:
            return StoredImages.open(self.pixels, count, self.shape)
        pixels = np.fromfile(self.pixels, np.uint8, self._bytes(count))
        return pixels.reshape(count, *self.shape)

    def delete(self):
        """Deletes what has been written."""
        self.notes.unlink(missing_ok=True)
        self.pixels.unlink(missing_ok=True)

    def _bytes(self, count):
        return count * int(np.prod(self.shape))


def _state(file):
    try:
        stat = os.stat(file)
    except OSError:  # such as a link to nowhere, which the decoder will report
        return []
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
