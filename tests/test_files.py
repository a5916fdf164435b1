"""Files get their names when they are whole; errors name them."""

import errno
import os
import subprocess
import sys

import pytest

from dcgan.files import (
    append_bytes,
    filled_folder,
    remove_folder,
    remove_leftovers,
    whole_file,
    whole_folder,
)


def test_a_file_that_is_not_finished_changes_nothing(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as temporary:
        temporary.write_text("ne")
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_a_folder_appears_whole_and_replaces_the_one_before(tmp_path):
    path = tmp_path / "a"
    for content in ("old", "new"):
        with whole_folder(path) as temporary:
            (temporary / content).write_text(content)
            assert not (path / content).exists()
    assert [p.name for p in path.iterdir()] == ["new"]
    with pytest.raises(ValueError), whole_folder(path) as temporary:
        raise ValueError
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    remove_folder(path)
    assert list(tmp_path.iterdir()) == []


def test_what_fills_a_folder_is_collected_inside_of_it(tmp_path):
    """Beside it may be another disk, or a folder where others may not write."""
    path = tmp_path / "a"
    path.mkdir()
    with filled_folder(path) as temporary:
        assert temporary.parent == path
        (temporary / "b.txt").touch()
    assert [p.name for p in path.iterdir()] == ["b.txt"]
    with pytest.raises(OSError) as raised, filled_folder(path) as temporary:
        raise OSError(errno.ENOSPC, "full", str(temporary))
    assert raised.value.filename == str(path)


def test_a_folder_is_filled_and_what_else_is_in_it_stays(tmp_path):
    path = tmp_path / "a"
    for content in ("old", "new"):
        with filled_folder(path) as temporary:
            (temporary / "b").mkdir()
            (temporary / "b" / "c.txt").write_text(content)
        (path / "mine.txt").touch()
    with pytest.raises(ValueError), filled_folder(path) as temporary:
        (temporary / "mine.txt").write_text("lost")
        raise ValueError
    assert (path / "b" / "c.txt").read_text() == "new"
    assert (path / "mine.txt").read_text() == ""
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_errors_without_a_name_get_that_of_the_file(tmp_path):
    path = tmp_path / "a.png"
    for name in (None, str(tmp_path / f".unfinished-{os.getpid()}-a.png")):
        with pytest.raises(OSError) as raised, whole_file(path):
            raise OSError(errno.ENOSPC, "full", name)
        assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(path))
    with pytest.raises(FileNotFoundError) as raised, whole_file(path):
        open(tmp_path / "other")
    assert raised.value.filename == str(tmp_path / "other")


def test_a_line_that_does_not_fit_is_taken_back(tmp_path):
    """A limit on the size of files stops the write in the middle, as a disk would."""
    code = """if True:
        import resource, signal, sys
        from dcgan.files import append_bytes
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        append_bytes(sys.argv[1], b"1,2,3\\n")
        append_bytes(sys.argv[1], b"4,5,6\\n")
    """
    path = tmp_path / "a.csv"
    line = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(line, capture_output=True, text=True, cwd=os.getcwd())
    assert path.read_bytes() == b"1,2,3\n"
    assert done.stderr.splitlines()[-1].startswith("OSError: [Errno 28]")
    assert str(path) in done.stderr.splitlines()[-1]


def test_lines_are_appended(tmp_path):
    for content in (b"a\n", b"b\n"):
        append_bytes(tmp_path / "a", content)
    assert (tmp_path / "a").read_bytes() == b"a\nb\n"


def test_only_what_ended_processes_left_is_removed(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / "samples").mkdir()
    left = tmp_path / "samples" / f".unfinished-{ended.pid}-a.png"
    left.touch()
    (tmp_path / f".unfinished-{ended.pid}-step-9").mkdir()
    (tmp_path / f".unfinished-{ended.pid}-step-9" / "state.index").touch()
    (tmp_path / f".unfinished-{os.getpid()}-b.png").touch()  # before a restart
    kept = [tmp_path / f".unfinished-{os.getppid()}-b.png", tmp_path / ".unfinished-me"]
    for path in kept:
        path.touch()
    remove_leftovers(tmp_path)
    found = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert found == set(kept) and not any((tmp_path / "samples").iterdir())
