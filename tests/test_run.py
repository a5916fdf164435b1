"""New runs never harm old ones, or anything else."""

from pathlib import Path

import pytest
from helpers import read_rows, saved_config

import dcgan
from dcgan.epochs import delete_after
from dcgan.errors import InputError
from dcgan.run import CARD_MARK, Run

pytestmark = pytest.mark.usefixtures("no_curves")

QUICK = {"epochs": 1, "aug_prob": 0.0, "gradients_every": 0, "eval_every": 0}


def test_an_existing_run_is_left_alone_until_overwrite(tiny_config, picture_folder):
    path = saved_config(tiny_config, picture_folder)
    run = dcgan.train(dcgan.load_config(path, data=picture_folder, **QUICK))
    marker = run.folder / "marker"
    marker.touch()
    with pytest.raises(InputError, match="the run exists with other.*--overwrite"):
        dcgan.train(dcgan.load_config(run.config_file, seed=5))
    assert marker.exists() and run.config.seed == 0
    dcgan.train(dcgan.load_config(run.config_file, overwrite=True, seed=5))
    assert run.generator_file.exists() and run.config.seed == 5
    assert marker.exists()  # what is not the run's own is left alone
    assert len(read_rows(run.log)) == 1


def test_create_keeps_a_run_that_can_go_on_and_makes_any_other_anew(tmp_path):
    config = dcgan.load_config(runs=tmp_path)
    run = Run.create(config)
    run.log.write_text("epoch\n1\n")
    (run.checkpoints / "step-9").mkdir(parents=True)
    assert run.is_run() and run.has_checkpoint()
    Run.create(dcgan.load_config(runs=tmp_path, sample_every=9))
    assert run.log.exists() and run.config.sample_every == 9
    Run.create(dcgan.load_config(runs=tmp_path, overwrite=True))
    assert run.is_run() and not run.log.exists() and not run.has_checkpoint()
    run.log.touch()
    Run.create(config)
    assert run.is_run() and not run.log.exists()


def test_later_epochs_are_forgotten_by_their_number(tmp_path):
    run = Run.create(dcgan.load_config(runs=tmp_path))
    run.snapshots.mkdir()
    names = [f"epoch_{epoch:04d}" for epoch in (1, 9, 10, 10_000)]
    files = [run.samples / f"{name}.png" for name in names]
    files += [run.snapshots / f"{name}.keras" for name in names]
    others = [run.samples / "notes.txt", run.samples / "epoch_mean.png"]
    for file in files + others:
        file.touch()
    for folder in (run.samples, run.snapshots):
        delete_after(folder, 9)
    assert [file.exists() for file in files] == [True, True, False, False] * 2
    assert all(file.exists() for file in others)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_is_no_run_is_not_touched(overwrite, tmp_path):
    knob = "overwrite" if overwrite else "name"
    config = dcgan.load_config(runs=tmp_path, name="mine", overwrite=overwrite)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(InputError, match=f"^{knob}: the folder exists and is no run"):
        Run.check_place(config)
    with pytest.raises(InputError, match="is no run, so it is not touched"):
        Run.create(config)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_card_is_deleted_and_a_users_own_text_is_not(tmp_path):
    for text, kept in ((f"# a\n\n{CARD_MARK}\n", False), ("my notes", True)):
        run = Run.create(dcgan.load_config(runs=tmp_path))
        run.card.write_text(text)
        run.delete()
        assert run.card.exists() == kept


def test_a_folder_with_what_a_killed_start_left_is_a_new_run(tmp_path):
    run = Run.check_place(dcgan.load_config(runs=tmp_path, name="mine"))
    run.samples.mkdir(parents=True)
    for name in (".lock", ".unfinished-1-config.yml"):
        (run.folder / name).touch()
    Run.check_place(dcgan.load_config(runs=tmp_path, name="mine"))


def test_a_deletion_that_is_cut_short_can_be_done_again(tmp_path, monkeypatch):
    config = dcgan.load_config(runs=tmp_path, overwrite=True)
    run = Run.create(config)
    for name in ("step-1", "step-2"):
        (run.checkpoints / name).mkdir(parents=True)
    for file in (run.log, run.report, run.samples / "epoch_0001.png"):
        file.touch()
    unlink, stop = Path.unlink, []

    def once(path, *args, **kwargs):
        unlink(path, *args, **kwargs)
        if path in stop[-1:]:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "unlink", once)
    files = [run.log, run.report, *run.samples.iterdir(), run.config_file]
    for file in files:
        stop.append(file)
        with pytest.raises(KeyboardInterrupt):
            run.delete()
        assert not run.has_checkpoint()
        Run.check_place(config)


def test_overwrite_deletes_nothing_but_runs(tiny_config, picture_folder):
    path = saved_config(tiny_config, picture_folder)
    settings = {"runs": str(picture_folder.parent), "name": picture_folder.name}
    config = dcgan.load_config(str(path), overwrite=True, **settings)
    with pytest.raises(InputError, match="is no run, so it is not touched"):
        dcgan.train(config)
    assert len(list(picture_folder.iterdir())) == 12
    (picture_folder / "config.yml").write_text("title: my site")
    with pytest.raises(InputError, match="is no run, so it is not touched"):
        dcgan.train(config)
    assert len(list(picture_folder.iterdir())) == 13


def test_overwrite_never_deletes_the_pictures_it_is_to_train_on(
    tiny_config, picture_folder
):
    path = saved_config(tiny_config, picture_folder)
    run = dcgan.train(dcgan.load_config(path, data=picture_folder, **QUICK))
    config = dcgan.load_config(path, data=run.samples, overwrite=True)
    with pytest.raises(InputError, match="the run and the pictures share a folder"):
        dcgan.train(config)
    assert list(run.samples.iterdir())


def test_runs_that_cannot_be_made_are_refused_at_once(tiny_config, picture_folder):
    path = saved_config(tiny_config, picture_folder)
    with pytest.raises(InputError, match="runs is not valid"):
        dcgan.train(dcgan.load_config(path, runs=path))
    link = picture_folder.parent / "link"
    link.symlink_to(picture_folder)
    knobs = {"runs": picture_folder.parent, "name": "link", "overwrite": True}
    with pytest.raises(InputError, match="a folder, not a link"):
        dcgan.train(dcgan.load_config(path, **knobs))


def test_sheets_elsewhere_are_never_deleted(tiny_config, picture_folder):
    """Such as in a run that somebody else has packed."""
    run = Run.create(tiny_config)
    run.samples.rmdir()
    run.samples.symlink_to(picture_folder)
    with pytest.raises(InputError, match="name: the folder exists and is no run"):
        Run.create(tiny_config)
    run.delete()
    assert len(list(picture_folder.iterdir())) == 12
