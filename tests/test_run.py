"""New runs never harm old ones, or anything else."""

import pytest
from helpers import read_rows, saved_config

import dcgan
from dcgan.errors import InputError


def test_an_existing_run_is_refused_until_overwrite(tiny_config, picture_folder):
    config = dcgan.load_config(
        str(saved_config(tiny_config, picture_folder)), data=str(picture_folder)
    )
    run = dcgan.train(config)
    marker = run.folder / "marker"
    marker.touch()
    with pytest.raises(InputError, match="the run exists already.*--overwrite"):
        dcgan.train(config)
    assert marker.exists()
    settings = {"data": str(picture_folder), "overwrite": True}
    dcgan.train(dcgan.load_config(str(run.config_file), **settings))
    assert run.generator_file.exists()
    assert marker.exists()  # what is not the run's own is left alone
    assert len(read_rows(run.log)) == 2


def test_overwrite_deletes_nothing_but_runs(tiny_config, picture_folder):
    path = saved_config(tiny_config, picture_folder)
    settings = {"runs": str(picture_folder.parent), "name": picture_folder.name}
    config = dcgan.load_config(str(path), overwrite=True, **settings)
    with pytest.raises(InputError, match="the folder is no run, so it is not deleted"):
        dcgan.train(config)
    assert len(list(picture_folder.iterdir())) == 12
    (picture_folder / "config.yml").write_text("title: my site")
    with pytest.raises(InputError, match="the folder is no run, so it is not deleted"):
        dcgan.train(config)
    assert len(list(picture_folder.iterdir())) == 13


def test_overwrite_never_deletes_the_pictures_it_is_to_train_on(
    tiny_config, picture_folder
):
    path = saved_config(tiny_config, picture_folder)
    run = dcgan.train(dcgan.load_config(path, data=picture_folder, epochs=1))
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
