"""Folders from the web: each file loads with its pixels, or is skipped and named."""

import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hostile import BAD, GOOD, LEFT_OUT, encoded, picture, write_corpus
from PIL import Image

from benchmarks.fuzz_loader import check, damaged_files, real_files
from dcgan import load_images
from dcgan.data.folder import find_pictures, printable
from dcgan.data.pictures import FORMATS, read_picture, to_square

NOBODY = 65534


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    return folder, write_corpus(folder)


@pytest.mark.parametrize("name", GOOD, ids=lambda name: printable(name)[:40])
def test_what_can_be_loaded_has_the_right_pixels(name, corpus):
    folder, expected = corpus
    found = to_square(read_picture(folder / name), 16, 4).astype(int)
    # JPEG is lossy; the edge between the halves most of all.
    tolerance = 6 if name.endswith((".jpg", ".webp")) and "wrong" not in name else 0
    inside = np.r_[0:7, 9:16]
    seen = expected[name][:, inside]
    np.testing.assert_allclose(found[:, inside], seen, atol=tolerance)


def test_the_others_are_skipped_and_named_and_nothing_is_lost(corpus, caplog):
    folder, expected = corpus
    with caplog.at_level(logging.WARNING, "dcgan"):
        images = load_images(folder, 16, 4)
    assert len(images) == len(expected)
    files = [str(f.relative_to(folder)) for f in find_pictures(folder)]
    loaded = [name for name in files if name in expected]
    assert sorted(loaded) == sorted(expected)
    for image, name in zip(images, loaded):
        assert (abs(image[8, 2].astype(int) - expected[name][8, 2]) < 7).all(), name
    (record,) = caplog.records
    message = record.getMessage()
    links = {"circle.png", "nowhere.png"}
    assert message.startswith(f"skipped {len(BAD) + len(links)} of {len(files)} files")
    assert "\n" not in message and "more" in message
    assert not set(LEFT_OUT) & set(files)


@pytest.mark.parametrize("name", BAD)
def test_the_reason_is_told(name, tmp_path, caplog):
    (tmp_path / name).write_bytes(BAD[name][0])
    (tmp_path / "good.png").write_bytes(encoded(picture(), "PNG"))
    assert len(load_images(tmp_path, 16)) == 1
    assert f"{name}' (" in caplog.text and BAD[name][1] in caplog.text


def test_no_file_starts_another_program(tmp_path, monkeypatch):
    for name in ("letter.eps", "letter.png"):
        (tmp_path / name).write_bytes(BAD[name][0])
    (tmp_path / "good.png").write_bytes(encoded(picture(), "PNG"))
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **kwargs: started.append(1))
    assert len(load_images(tmp_path, 16)) == 1 and not started
    assert not {"EPS", "WMF", "MPEG", "HDF5"} & set(FORMATS)


def test_many_files_are_found_and_loaded_in_their_order(tmp_path):
    content = encoded(picture(), "BMP")
    for index in range(20_000):
        folder = tmp_path / f"{index % 40:02d}"
        folder.mkdir(exist_ok=True)
        (folder / f"{index:05d}.bmp").write_bytes(content)
    started = time.process_time()
    images = load_images(tmp_path, 16)
    assert images.shape == (20_000, 16, 16, 3)
    assert time.process_time() - started < 60


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells")
def test_a_photograph_of_eighty_megapixels_takes_bounded_memory(tmp_path):
    Image.new("RGB", (9000, 9000), (255, 0, 0)).save(tmp_path / "huge.png")
    program = (
        "import re, sys; from dcgan.data.pictures import read_picture, to_square\n"
        "small = to_square(read_picture(sys.argv[1]), 64, 3)\n"
        "assert (small == [255, 0, 0]).all()\n"
        "status = open('/proc/self/status').read()\n"
        "print(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1])"
    )
    line = [sys.executable, "-c", program, str(tmp_path / "huge.png")]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 700_000  # kilobytes; one copy of it takes 316,000


def test_large_pictures_are_upright_and_keep_their_alpha(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = Image.new("RGBA", (6000, 3000), (255, 0, 0, 128))
    wide.save(tmp_path / "a.png", exif=exif)
    found = read_picture(tmp_path / "a.png")
    assert found.size == (1500, 3000) and found.getpixel((9, 9)) == (255, 0, 0, 128)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_what_may_not_be_read_is_skipped_and_named():
    """Root may read everything, so the test is another user for a moment."""
    with tempfile.TemporaryDirectory() as place:  # pytest's own are for root alone
        folder = Path(place)
        folder.chmod(0o755)
        (folder / "good.png").write_bytes(encoded(picture(), "PNG"))
        (folder / "secret.png").write_bytes(encoded(picture(), "PNG"))
        (folder / "locked").mkdir()
        (folder / "secret.png").chmod(0)
        (folder / "locked").chmod(0)
        said, images = as_nobody(lambda: load_images(folder, 16))
    assert len(images) == 1
    assert "locked' (Permission denied)" in said[0]
    assert "secret.png' (Permission denied; it is tried again" in said[-1]


def as_nobody(call):
    said = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    logger = logging.getLogger("dcgan")
    logger.addHandler(handler)
    os.seteuid(NOBODY)
    try:
        return said, call()
    finally:
        os.seteuid(0)
        logger.removeHandler(handler)


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True, database=None)
@hypothesis.given(case=damaged_files(real_files()))
def test_damaged_files_are_loaded_or_skipped(case, tmp_path_factory):
    """300 of the cases of `benchmarks/fuzz_loader.py`."""
    path = tmp_path_factory.getbasetemp() / "case.png"
    assert check(case[1], path) in ("loaded", "skipped")
