"""Places that cannot be written to are told apart before the work."""

import os

import pytest

from dcgan import interpolate, project, sample
from dcgan.errors import InputError
from dcgan.export import export
from dcgan.places import check_file, check_folder


def test_what_is_there_and_what_can_be_made_is_let_through(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.gif").touch()
    for path in ("old.gif", "new.gif", "a/b/new.gif", tmp_path / "c.gif"):
        check_file("--out", path)
    for path in (".", "a", tmp_path / "a" / "b"):
        check_folder("--out", path)
    assert [path.name for path in tmp_path.iterdir()] == ["old.gif"]


def test_what_is_something_else_or_in_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for path in ("", " ", tmp_path / "file"):
        with pytest.raises(InputError, match="--out is not valid.*a folder, not a"):
            check_folder("--out", path)
    with pytest.raises(InputError, match="--out is not valid.*a file, not a folder"):
        check_file("--out", tmp_path)
    for check in (check_file, check_folder):
        with pytest.raises(InputError, match="file.new.*that can be written to"):
            check("--out", tmp_path / "file" / "new")


def test_a_folder_without_the_right_to_write_is_refused(tmp_path, monkeypatch):
    denied = tmp_path / "denied"
    denied.mkdir()
    access = os.access  # the tests may run as a user who may do anything
    monkeypatch.setattr(os, "access", lambda p, m: p != denied and access(p, m))
    for check in (check_file, check_folder):
        with pytest.raises(InputError, match="that can be written to"):
            check("--out", denied / "a" / "new")


COMMANDS = {
    "sample": lambda run, image, out: sample.main([run, "--out", out]),
    "interpolate": lambda run, image, out: interpolate.main([run, "--out", out]),
    "project": lambda run, image, out: project.main(
        [run, "--image", image, "--out", out]
    ),
    "onnx": lambda run, image, out: export(run, "onnx", out.replace("gif", "onnx")),
    "web": lambda run, image, out: export(run, "web", out),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_look_before_they_work(name, tmp_path):
    """They would find that the run does not exist, but only afterwards."""
    (tmp_path / "file").touch()
    out = str(tmp_path / "file" / "a.gif")
    with pytest.raises(InputError, match="--out is not valid.*can be written to"):
        COMMANDS[name](str(tmp_path / "nowhere"), "x.png", out)


@pytest.mark.parametrize("name", ["cat.npy", "cat_sheet.png"])
def test_nothing_is_searched_for_files_that_cannot_be_written(name, tmp_path):
    (tmp_path / name).mkdir()
    flags = ["--image", "x.png", "--out", str(tmp_path / "cat.gif")]
    with pytest.raises(InputError, match=f"--out is not valid.*{name}"):
        project.main(["nowhere", *flags])
