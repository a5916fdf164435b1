"""Folders of pictures: what is found, skipped and refused."""

import errno
import logging
import os

import pytest
from PIL import Image

from dcgan import load_images
from dcgan.data.folder import is_read_with
from dcgan.errors import InputError

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def test_broken_files_are_skipped_and_named_once(picture_folder, caplog):
    (picture_folder / "empty.png").write_bytes(b"")
    (picture_folder / "text.png").write_text("I am no picture")
    whole = (picture_folder / "00.png").read_bytes()
    (picture_folder / "half.png").write_bytes(whole[: len(whole) // 2])
    (picture_folder / "notes.txt").write_text("not even called a picture")
    (picture_folder / ".hidden.png").write_bytes(whole)
    with caplog.at_level(logging.WARNING, "dcgan"):
        images = load_images(picture_folder, 16)
    assert len(images) == 12
    (record,) = caplog.records
    message = record.getMessage()
    assert message.startswith("skipped 3 of 15 files")
    assert "empty.png' (not a picture)" in message
    assert "half.png' (" in message and "truncated" in message
    assert "notes.txt" not in message


def test_many_broken_files_are_counted(picture_folder, caplog):
    for index in range(9):
        (picture_folder / f"bad{index}.png").write_bytes(b"x")
    load_images(picture_folder, 16)
    assert caplog.records[0].getMessage().endswith("and 4 more")


def test_a_picture_that_claims_to_be_huge_is_skipped(picture_folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    Image.new("RGB", (24, 24)).save(picture_folder / "bomb.png")
    images = load_images(picture_folder, 16)
    assert len(images) == 12


def test_what_the_disk_refuses_once_is_tried_again(picture_folder, monkeypatch, caplog):
    """The cache keeps no picture out for good that a network lost for a moment."""
    real = Image.open

    def fails(path, **options):
        if str(path).endswith("03.png"):
            raise OSError(errno.EIO, "Input/output error")
        return real(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", fails)
        assert len(load_images(picture_folder, 16)) == 11
    assert "03.png' (Input/output error; it is tried again next time)" in caplog.text
    assert len(load_images(picture_folder, 16)) == 12


def test_folders_are_searched_and_files_sorted(tmp_path):
    for path, colour in (("b/x.png", BLUE), ("a.png", RED), ("b/a/y.png", WHITE)):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), colour).save(file)
    images = load_images(tmp_path, 16)
    assert [tuple(image[0, 0]) for image in images] == [RED, WHITE, BLUE]


def test_a_link_to_nowhere_is_skipped_and_named(picture_folder, caplog):
    (picture_folder / "link.png").symlink_to(picture_folder / "nowhere.png")
    assert len(load_images(picture_folder, 16)) == 12
    assert "link.png' (No such file or directory)" in caplog.records[0].getMessage()


def test_pipes_are_left_out_and_links_followed_once(picture_folder, tmp_path):
    os.mkfifo(picture_folder / "pipe.png")
    other = tmp_path / "other"
    other.mkdir()
    (other / "linked").symlink_to(picture_folder)
    (other / "loop").symlink_to(other)
    assert len(load_images(other, 16)) == 12


def test_the_folders_of_runs_are_left_out(picture_folder):
    run = picture_folder / "run"
    run.mkdir()
    (run / "config.yml").touch()
    (run / "log.csv").touch()
    Image.new("RGB", (9, 9)).save(run / "losses.png")
    assert len(load_images(picture_folder, 16)) == 12


def test_contact_sheets_are_no_pictures(picture_folder):
    Image.new("RGB", (9, 9)).save(picture_folder / "contact_sheet.png")
    assert len(load_images(picture_folder, 16)) == 12


@pytest.mark.parametrize("wrong", [{"channels": 2}, {"fit": "zoom"}])
def test_wrong_settings_are_refused(picture_folder, wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))} is not valid"):
        load_images(picture_folder, 16, **wrong)


def test_missing_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="folder does not exist. Received: .*nowhere"):
        load_images(tmp_path / "nowhere", 16)
    with pytest.raises(InputError, match="folder is a file"):
        load_images(__file__, 16)
    with pytest.raises(InputError, match="folder holds no pictures"):
        load_images(tmp_path, 16)
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match="no file in the folder is a readable picture"):
        load_images(tmp_path, 16)


def test_what_is_put_into_a_folder_is_read_where_it_is_searched(tmp_path):
    """Hidden folders and those of runs, below the pictures, are not."""
    pictures = tmp_path / "run" / "pictures"
    run = pictures / "runs" / "a"
    run.mkdir(parents=True)
    for name in ("config.yml", "log.csv"):
        (run / name).touch()
        (tmp_path / "run" / name).touch()  # above: that is never looked at
    read = [pictures, pictures / "new", run.parent, run.parent / "b" / "c"]
    left = [run, run / "samples", pictures / ".new", pictures / "__MACOSX" / "a"]
    left += [tmp_path, pictures.parent / "other"]
    assert all(is_read_with(place, pictures) for place in read)
    assert not any(is_read_with(place, pictures) for place in left)
