"""Decoded pictures on disk: used, noticed to be stale, made anew when damaged."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from dcgan import load_images
from dcgan.data import folder as folder_module
from dcgan.data.cache import cache_folder

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


def test_a_damaged_cache_is_made_anew(picture_folder):
    before = set(cache_folder().iterdir())
    first = load_images(picture_folder, 16)
    (file,) = set(cache_folder().iterdir()) - before
    whole = file.read_bytes()
    npy = io.BytesIO()
    np.save(npy, np.zeros((2, 3)))
    for damaged in (whole[:1000], b"", npy.getvalue()):
        file.write_bytes(damaged)
        np.testing.assert_array_equal(load_images(picture_folder, 16), first)


def test_the_cache_tells_folders_of_the_same_name_apart(tmp_path, monkeypatch):
    for name, colour in (("a", RED), ("b", BLUE)):
        (tmp_path / name / "set").mkdir(parents=True)
        Image.new("RGB", (16, 16), colour).save(tmp_path / name / "set" / "x.bmp")
        os.utime(tmp_path / name / "set" / "x.bmp", ns=(1, 1))
        monkeypatch.chdir(tmp_path / name)
        assert tuple(load_images("set", 16)[0, 0, 0]) == colour
