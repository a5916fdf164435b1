"""`explore`: what an explorer computes, and what it refuses."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import dcgan
from dcgan.errors import InputError
from dcgan.latent import latent_arithmetic
from dcgan.models.generator import generate
from dcgan.networks import save_network
from dcgan.run import Run


def test_candidates_are_those_of_sample(explorer, lively):
    latents = dcgan.draw_latents(16, 8, 3, 0.5)
    np.testing.assert_array_equal(explorer.candidates(3, 0.5), latents)
    pictures = explorer.pictures(latents).astype(int)
    assert np.abs(pictures - generate(lively, latents)).max() <= 1


def test_a_slider_moves_its_coordinate_and_no_other(explorer):
    latent = explorer.candidates()[4]
    places = explorer.places(latent)
    np.testing.assert_allclose(explorer.moved(latent, places), latent, atol=1e-5)
    places[2] = 1.5
    moved = explorer.moved(latent, places)
    np.testing.assert_allclose(explorer.places(moved), places, atol=1e-5)
    change = (moved - latent) / np.linalg.norm(moved - latent)
    assert abs(change @ explorer.directions[2]) == pytest.approx(1, abs=1e-4)


def test_walks_and_sums_go_through_the_picks(explorer, lively):
    explorer.pick([1, 5], seed=2)
    explorer.pick([0], seed=9, truncation=1)
    expected = [
        *dcgan.draw_latents(16, 8, 2)[[1, 5]],
        dcgan.draw_latents(1, 8, 9, 1)[0],
    ]
    np.testing.assert_array_equal(explorer.picks, expected)
    stops = explorer.pictures(expected)
    for path in ("spherical", "linear"):
        np.testing.assert_array_equal(explorer.walk(path, 4)[::4], stops)
    middle = np.mean(expected[:2], axis=0)
    np.testing.assert_array_equal(
        explorer.walk("linear", 4)[2], explorer.pictures(middle[None])[0]
    )
    mixed = explorer.mixed([0], [1], [2])
    plain = latent_arithmetic(expected[:1], expected[1:2], expected[2:])
    np.testing.assert_array_equal(mixed, plain)


def test_picks_are_saved_enlarged(explorer, tmp_path):
    explorer.pick([1, 5])
    files = explorer.save(tmp_path / "picks", enlarge=2)
    assert [file.name for file in files] == ["pick_00.png", "pick_01.png"]
    with Image.open(files[1]) as picture:
        pixels = np.asarray(picture)[::2, ::2]
    np.testing.assert_array_equal(pixels, explorer.pictures(explorer.picked([1]))[0])


def test_many_pictures_are_made_in_batches(explorer, monkeypatch):
    latents, sizes, made = (
        explorer.candidates(3).repeat(9, axis=0),
        [],
        explorer._compiled,
    )
    expected = np.concatenate([explorer.pictures(part) for part in latents[:, None]])
    record = lambda part: (sizes.append(len(part)), made(part))[1]  # noqa: E731
    monkeypatch.setattr(explorer, "_compiled", record)
    found = explorer.pictures(latents)
    assert sizes == [64, 64, 16]
    assert np.abs(found - expected.astype(int)).max() <= 1


def test_the_nearest_training_pictures_of_picks(lively_folder, explorer):
    train = explorer.pictures(explorer.candidates(7))
    other = dcgan.explore(lively_folder, images=train[:, :, ::-1])
    other.pick([12, 3], seed=7)
    pictures, originals, ratios, copies = other.nearest()
    np.testing.assert_array_equal(originals, pictures[:, :, ::-1])  # mirrored
    assert copies.all() and (ratios < 1e-3).all()
    explorer.pick([0])
    with pytest.raises(InputError, match="folder does not exist.*gone"):
        explorer.nearest()


def test_what_is_most_likely_a_copy_comes_first(explorer):
    explorer.pick([4, 5, 6])
    made = explorer.pictures(explorer.picked())
    near = SimpleNamespace(index=np.array([[2], [1], [0]]), ratio=np.array([2, 0.5, 1]))
    explorer._neighbours = SimpleNamespace(
        images=np.arange(9),
        describe=lambda pictures: None,
        nearest=lambda described: near,
        repeated=lambda pictures, index: np.array([-1, -1, 7]),
    )
    pictures, originals, ratios, copies = explorer.nearest()
    np.testing.assert_array_equal(pictures, made[[2, 1, 0]])
    assert originals.tolist() == [7, 1, 2] and ratios.tolist() == [1, 0.5, 2]
    assert copies.tolist() == [True, False, False]


def test_epochs_show_the_same_latents(explorer, lively):
    explorer.pick([2, 3])
    found = explorer.epochs()
    assert list(found) == [("picks", "epoch 10"), ("picks", "epoch 20")]
    early, late = found.values()
    np.testing.assert_array_equal(late, generate(lively, explorer.picked()))
    assert np.abs(early - late.astype(int)).mean() > 5


def test_wrong_picks_are_refused(explorer, tiny_config):
    with pytest.raises(InputError, match="nothing is picked yet"):
        explorer.walk()
    with pytest.raises(InputError, match="Received: 16. Allowed: 0 to 15"):
        explorer.pick([16])
    explorer.pick([0])
    with pytest.raises(InputError, match="Received: 1. Allowed: 0 to 0"):
        explorer.mixed([1])
    with pytest.raises(InputError, match="path is not valid.*spherical, linear"):
        explorer.walk("straight")
    with pytest.raises(InputError, match="pick is not valid. Received: 0.5"):
        explorer.pick([0.5])
    with pytest.raises(InputError, match="nothing to start from"):
        explorer.mixed([], [0])
    for factor in (0, 1.5, 65):
        with pytest.raises(InputError, match="enlarge is not valid.*1 to 64"):
            explorer.save("picks", factor)
    run = Run.create(tiny_config)
    with pytest.raises(InputError, match="no generator has been saved yet"):
        dcgan.explore(run)
    save_network(dcgan.build_generator(tiny_config), run.generator_file)
    bare = dcgan.explore(run)
    bare.pick([0])
    with pytest.raises(InputError, match="--snapshot_every"):
        bare.epochs()


def test_later_picks_are_numbered_on(explorer, tmp_path):
    explorer.pick([1, 5])
    first = explorer.save(tmp_path)
    before = [file.read_bytes() for file in first]
    (tmp_path / "pick_10.png").touch()
    (tmp_path / "pick_99 copy.png").touch()
    explorer.picks.clear()
    explorer.pick([7, 0, 3])
    later = [file.name for file in explorer.save(tmp_path)]
    assert later == ["pick_11.png", "pick_12.png", "pick_13.png"]
    assert [file.read_bytes() for file in first] == before
