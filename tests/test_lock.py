"""One process at a time in a run's folder."""

import pytest

from dcgan.errors import InputError
from dcgan.lock import LOCK, is_empty, lock_folder


def test_the_second_is_refused_until_the_first_has_ended(tmp_path):
    folder = tmp_path / "runs" / "a"
    with lock_folder(folder):
        (folder / "log.csv").touch()
        with pytest.raises(InputError, match="^name: another process trains this run"):
            with lock_folder(folder):
                pass
    with lock_folder(folder):
        assert (folder / "log.csv").exists()


def test_what_stays_empty_is_not_left_behind(tmp_path):
    folder = tmp_path / "runs" / "a"
    with pytest.raises(ValueError), lock_folder(folder):
        assert folder.is_dir()
        raise ValueError
    assert not list(tmp_path.iterdir())
    (tmp_path / "runs").mkdir()
    with lock_folder(folder):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_what_a_killed_process_leaves_is_nothing(tmp_path):
    assert is_empty(tmp_path)
    (tmp_path / LOCK).touch()
    (tmp_path / "samples").mkdir()
    (tmp_path / ".unfinished-9-a").mkdir()
    (tmp_path / ".unfinished-9-a" / "b").touch()
    assert is_empty(tmp_path)
    (tmp_path / "samples" / "notes.txt").touch()
    assert not is_empty(tmp_path)
