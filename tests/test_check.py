"""`check` reports what is odd in a folder of pictures."""

import numpy as np
import pytest
from PIL import Image

from dcgan import check
from dcgan.data.inspect import (
    ALIKE,
    CLOSE,
    Entry,
    inspect_folder,
    near_duplicates,
)
from dcgan.data.openmoji import code_points, render_openmoji
from dcgan.errors import InputError


@pytest.fixture
def odd_folder(picture_folder):
    """Twelve noise pictures, and one of each thing that `check` looks for."""
    apple = render_openmoji()[code_points().index(ord("🍎"))].resize((64, 64))
    white = Image.new("RGBA", (64, 64), "white")
    opaque = Image.alpha_composite(white, apple).convert("RGB")
    opaque.save(picture_folder / "apple.png")
    opaque.save(picture_folder / "copy.png")
    brighter = opaque.point(lambda level: min(255, level + 4)).resize((96, 96))
    brighter.save(picture_folder / "larger_copy.jpg", quality=90)
    Image.new("RGB", (30, 10)).save(picture_folder / "wide.png")
    Image.new("RGBA", (20, 20), (9, 9, 9, 0)).save(picture_folder / "clear.png")
    half = np.random.default_rng(1).integers(0, 256, (20, 20, 4), dtype=np.uint8)
    Image.fromarray(half).save(picture_folder / "half.png")
    (picture_folder / "broken.png").write_text("x")
    return picture_folder


def test_check_reports_what_is_odd(odd_folder, tmp_path, capsys):
    out = tmp_path / "sheet.png"
    check.main(
        [str(odd_folder), "--out", str(out), "--size", "32", "--batch_size", "4"]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "18 pictures can be read"
    assert lines[1] == "sizes: 20x20 (14), 64x64 (2), 96x96 (1), 30x10 (1)"
    assert lines[2] == "modes: RGB (16), RGBA (2)"
    assert lines[3] == "alpha: opaque (16), empty (1), half-transparent parts (1)"
    text = "\n".join(lines)
    assert "broken.png (not a picture)" in text
    assert "4 steps an epoch at batch_size=4" in text
    assert "15 pictures are smaller than 32" in text
    assert "1 pictures are not square and get padded (or --fit crop or" in text
    assert "1 wholly transparent" in text and "clear.png" in text
    assert "2 pictures lose their transparency" in text
    with Image.open(out) as sheet:
        assert sheet.size == (5 * 34 + 2, 4 * 34 + 2)


def test_check_finds_near_duplicates_and_nothing_else(odd_folder):
    groups = inspect_folder(odd_folder).duplicates
    names = [sorted(path.rsplit("/", 1)[1] for path in group) for group in groups]
    assert names == [["apple.png", "copy.png", "larger_copy.jpg"]]


def test_only_pictures_of_close_colours_are_compared_and_none_is_missed():
    """Against all pairs, for sets that fill the grey levels densely."""
    rng = np.random.default_rng(2)
    bits = rng.random((8, 512)) < 0.5
    entries = []
    for k in range(200):
        noise = rng.random(512) < 0.02
        colours = rng.integers(0, 60) + rng.integers(0, 6, 192)
        entries.append(
            Entry(str(k), (1, 1), "L", "opaque", bits[k % 8] ^ noise, colours, None)
        )
    expected, seen = [], set()
    for k, one in enumerate(entries):
        alike = [
            other.path
            for j, other in enumerate(entries[k:], k)
            if not {k, j} & seen
            and (one.bits != other.bits).mean() <= ALIKE
            and abs(one.colours - other.colours).mean() <= CLOSE
        ]
        seen |= set(map(int, alike))
        if len(alike) > 1:
            expected.append(alike)
    assert len(expected) > 20 and near_duplicates(entries) == expected
    assert near_duplicates([]) == []


def test_sizes_are_those_of_the_files_turned_upright(tmp_path):
    """Also of a photograph that is read smaller."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.new("RGB", (6000, 4000)).save(tmp_path / "photo.jpg", exif=exif)
    for ending in ("png", "tif", "webp"):
        Image.new("RGB", (60, 40)).save(tmp_path / f"small.{ending}", exif=exif)
    photo, *small = inspect_folder(tmp_path).entries
    assert photo.side == (4000, 6000)
    assert [entry.side for entry in small] == [(40, 60)] * 3


def test_check_of_rgba_warns_of_two_kinds_of_background(odd_folder, tmp_path, capsys):
    out = tmp_path / "sheet.png"
    check.main([str(odd_folder), "--out", str(out), "--channels", "4"])
    text = capsys.readouterr().out
    assert "too few pictures for a batch of 32" in text
    flags = [str(odd_folder), "--out", str(out), "--channels", "4", "--batch_size", "2"]
    check.main(flags)
    text = capsys.readouterr().out
    assert "16 opaque pictures among 2 with transparency" in text


@pytest.mark.parametrize(
    "flags, message",
    [
        (["nowhere"], "folder does not exist"),
        ([".", "--size", "50"], "size is not valid. Received: 50"),
        ([".", "--out", "sheet.pdf"], "--out is not valid"),
        ([".", "--fit", "zoom"], "fit is not valid"),
    ],
)
def test_check_refuses_wrong_input(flags, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        check.main(flags)
    assert list(tmp_path.iterdir()) == []
