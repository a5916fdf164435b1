"""Decoded pictures on disk: used, noticed to be stale, made anew when damaged."""

import os
import threading
import time

import numpy as np
import pytest
from PIL import Image

from dcgan import load_images
from dcgan.data import decode as decode_module
from dcgan.data import folder as folder_module
from dcgan.data.cache import Cache, cache_folder
from dcgan.data.folder import load_named

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def test_the_cache_is_used_and_noticed_to_be_stale(picture_folder, monkeypatch):
    first = load_images(picture_folder, 16)

    def fail(path):
        raise AssertionError("decoded again")

    monkeypatch.setattr(folder_module, "read_picture", fail)
    np.testing.assert_array_equal(load_images(picture_folder, 16), first)
    with pytest.raises(AssertionError):
        load_images(picture_folder, 16, channels=1)
    file = picture_folder / "00.png"
    os.utime(file, ns=(1, 1))
    with pytest.raises(AssertionError):
        load_images(picture_folder, 16)


@pytest.mark.parametrize("ending", [".pixels", ".json"])
def test_a_damaged_cache_is_made_anew(ending, picture_folder):
    before = set(cache_folder().iterdir())
    first = load_images(picture_folder, 16)
    new = set(cache_folder().iterdir()) - before
    (file,) = [path for path in new if path.suffix == ending]
    whole = file.read_bytes()
    flipped = whole[:9] + bytes([whole[9] ^ 1]) + whole[10:]
    for damaged in (whole[:40], b"", b"[]" * 9999, flipped):
        file.write_bytes(damaged)
        np.testing.assert_array_equal(load_images(picture_folder, 16), first)
        assert file.read_bytes() == whole


class Stop(Exception):
    pass


def test_reading_goes_on_where_it_stopped(picture_folder, monkeypatch):
    """In parts of five; the process ends at the eighth of twelve files."""
    (picture_folder / "02.png").write_text("no picture")
    whole = load_images(picture_folder, 16)
    read = []
    read_picture = folder_module.read_picture

    def count(path):
        if len(read) == limit:
            raise Stop
        read.append(path.name)
        return read_picture(path)

    monkeypatch.setattr(decode_module, "PART", 5)
    monkeypatch.setattr(folder_module, "read_picture", count)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    limit = 7
    with pytest.raises(Stop):
        load_images(picture_folder, 16, background="black")
    limit = 99
    assert len(read) == 7
    read.clear()
    names = load_named(picture_folder, 16, background="black")[1]
    assert read == [f"{n:02d}.png" for n in range(5, 12)]
    assert names == [f"{n:02d}.png" for n in range(12) if n != 2]
    read.clear()
    again = load_images(picture_folder, 16, background="black")
    assert read == [] and len(again) == len(whole) == 11


def test_a_cache_that_cannot_be_written_only_warns(picture_folder, monkeypatch, caplog):
    whole = load_images(picture_folder, 16)
    monkeypatch.setenv("DCGAN_CACHE", "/dev/null/cache")
    np.testing.assert_array_equal(load_images(picture_folder, 16), whole)
    assert "pictures are not cached" in caplog.text


def test_two_processes_read_the_pictures_once(picture_folder, capfd):
    cache = Cache([picture_folder], (1, 1, 1))
    seen = []
    with cache.lock():
        waiting = threading.Thread(target=lambda: seen.append(enter(cache)))
        waiting.start()
        time.sleep(0.3)
        assert not seen
    waiting.join()
    assert seen == [True]
    assert "Another process reads these pictures" in capfd.readouterr().out


def enter(cache):
    with cache.lock():
        return True


def test_the_cache_tells_folders_of_the_same_name_apart(tmp_path, monkeypatch):
    for name, colour in (("a", RED), ("b", BLUE)):
        (tmp_path / name / "set").mkdir(parents=True)
        Image.new("RGB", (16, 16), colour).save(tmp_path / name / "set" / "x.bmp")
        os.utime(tmp_path / name / "set" / "x.bmp", ns=(1, 1))
        monkeypatch.chdir(tmp_path / name)
        assert tuple(load_images("set", 16)[0, 0, 0]) == colour
