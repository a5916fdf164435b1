"""Pictures, settings and trainings that several tests share."""

import os

import numpy as np
import pytest
from helpers import (
    SMALL,
    TINY,
    command,
    lively_generator,
    without_curves,
    without_graphs,
    write_pictures,
)

from dcgan.config import load_config
from dcgan.run import Run


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Keeps the tests out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk():
    """Only a loss of power would show that files were not yet on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda number: None)
        yield


@pytest.fixture(autouse=True)
def same_draws():
    """Gives layers that a test builds itself the same weights every time."""
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def no_curves():
    """Without curves: drawing them takes a third of a tiny run."""
    with without_curves():
        yield


@pytest.fixture
def eagerly():
    """Without graphs, for the tests that ask for it."""
    with without_graphs():
        yield


@pytest.fixture(scope="module")
def quickly(no_curves):
    """Without curves and graphs, for all tests of a file."""
    with without_graphs():
        yield


@pytest.fixture
def tiny_config(tmp_path):
    """A config that trains in a second."""
    return load_config(
        "narrow",
        size=16,
        g_features=4,
        d_features=4,
        latent_dim=8,
        batch_size=4,
        epochs=2,
        sample_every=1,
        sample_grid=2,
        eval_every=0,
        aug_prob=0.0,
        runs=str(tmp_path / "runs"),
        name="tiny",
    )


@pytest.fixture
def picture_folder(tmp_path):
    """A folder of twelve noise pictures of 20x20."""
    return write_pictures(tmp_path / "pictures")


@pytest.fixture
def noise_images():
    """Ten noise pictures of 16x16, uint8."""
    return np.random.default_rng(0).integers(0, 256, (10, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A finished run on twelve pictures, and what the command printed."""
    folder = tmp_path_factory.mktemp("trained")
    pictures = write_pictures(folder / "pictures")
    arguments = ["--data", pictures, "--runs", folder / "runs"]
    done = command("train", *arguments, "--name", "a", *TINY)
    assert done.returncode == 0, done.stderr
    return Run(folder / "runs" / "a"), done


@pytest.fixture
def run(tiny_config):
    """A run folder with an untrained generator and a snapshot of another one."""
    import dcgan
    from dcgan.networks import save_network

    run = Run.create(tiny_config)
    for seed, file in ((0, run.generator_file), (9, run.snapshot_file(5))):
        config = load_config(str(run.config_file), seed=seed)
        generator = dcgan.build_generator(config)
        for weight in generator.trainable_variables:
            if weight.path.endswith("kernel"):
                weight.assign(weight * 25)  # else all pictures are almost grey
        save_network(generator, file)
    return run


@pytest.fixture(scope="session")
def lively():
    """A generator whose pictures are not grey."""
    return lively_generator()


@pytest.fixture(scope="session")
def lively_folder(lively, tmp_path_factory):
    """A run with a lively generator and two snapshots, of which one is another."""
    from dcgan.networks import save_network

    place = tmp_path_factory.mktemp("explore")
    knobs = SMALL | {"runs": str(place), "name": "a", "data": str(place / "gone")}
    run = Run.create(load_config("narrow", **knobs))
    save_network(lively, run.generator_file)
    save_network(lively, run.snapshot_file(20))
    save_network(lively_generator(seed=5), run.snapshot_file(10))
    return run.folder


@pytest.fixture(scope="session")
def directions(lively_folder):
    """Those of the lively generator: finding them takes a second."""
    import dcgan

    found = dcgan.explore(lively_folder).directions
    assert found.shape == (6, 8)
    return found


@pytest.fixture
def explorer(lively_folder, directions):
    """A fresh one, whose directions are known."""
    import dcgan

    explorer = dcgan.explore(lively_folder)
    explorer.directions = directions
    return explorer
