"""`explore`: what an explorer computes, what its panel shows, and without widgets."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import SMALL, lively_generator
from PIL import Image

import dcgan
from dcgan.config import load_config
from dcgan.errors import InputError
from dcgan.exploring import views
from dcgan.exploring.panel import Panel
from dcgan.figures.grids import few_colours
from dcgan.latent import latent_arithmetic
from dcgan.models.generator import generate
from dcgan.networks import save_network
from dcgan.run import Run

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def generator():
    return lively_generator()


@pytest.fixture(scope="module")
def folder(generator, tmp_path_factory):
    """A run with a lively generator and two snapshots, of which one is another."""
    place = tmp_path_factory.mktemp("explore")
    knobs = SMALL | {"runs": str(place), "name": "a", "data": str(place / "gone")}
    run = Run.create(load_config("narrow", **knobs))
    save_network(generator, run.generator_file)
    save_network(generator, run.snapshot_file(20))
    save_network(lively_generator(seed=5), run.snapshot_file(10))
    return run.folder


@pytest.fixture(scope="module")
def first(folder):
    """An explorer whose directions are known."""
    explorer = dcgan.explore(folder)
    assert explorer.directions.shape == (6, 8)
    return explorer


@pytest.fixture
def explorer(folder, first):
    """A fresh one: finding directions takes a second."""
    explorer = dcgan.explore(folder)
    explorer.directions = first.directions
    return explorer


def test_candidates_are_those_of_sample(explorer, generator):
    latents = dcgan.draw_latents(16, 8, 3, 0.5)
    np.testing.assert_array_equal(explorer.candidates(3, 0.5), latents)
    pictures = explorer.pictures(latents).astype(int)
    assert np.abs(pictures - generate(generator, latents)).max() <= 1


def test_a_slider_moves_its_coordinate_and_no_other(explorer):
    latent = explorer.candidates()[4]
    places = explorer.places(latent)
    np.testing.assert_allclose(explorer.moved(latent, places), latent, atol=1e-5)
    places[2] = 1.5
    moved = explorer.moved(latent, places)
    np.testing.assert_allclose(explorer.places(moved), places, atol=1e-5)
    change = (moved - latent) / np.linalg.norm(moved - latent)
    assert abs(change @ explorer.directions[2]) == pytest.approx(1, abs=1e-4)


def test_walks_and_sums_go_through_the_picks(explorer, generator):
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


def test_the_nearest_training_pictures_of_picks(folder, explorer):
    train = explorer.pictures(explorer.candidates(7))
    other = dcgan.explore(folder, images=train[:, :, ::-1])
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


def test_epochs_show_the_same_latents(explorer, generator):
    explorer.pick([2, 3])
    found = explorer.epochs()
    assert list(found) == [("picks", "epoch 10"), ("picks", "epoch 20")]
    early, late = found.values()
    np.testing.assert_array_equal(late, generate(generator, explorer.picked()))
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


def pixels(image):
    """What an Image widget or PNG bytes show."""
    content = getattr(image, "value", image)
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def click(panel, name):
    """Clicks a button, found by what it says, and returns the status."""
    found, parts = [], [panel.widget]
    while parts:
        part = parts.pop()
        parts += getattr(part, "children", ())
        if getattr(part, "description", None) == name and hasattr(part, "click"):
            found.append(part)
    (button,) = found
    button.click()
    return panel.status.value


def test_sliders_answer_with_the_pictures_of_the_explorer(explorer):
    panel = Panel(explorer)
    panel.seed.value = 5
    panel.number.value = 3
    latent = explorer.candidates(5)[3]
    shown = pixels(panel.picture)
    factor = shown.shape[0] // 16
    expected = explorer.pictures(latent[None])[0]
    np.testing.assert_array_equal(shown[::factor, ::factor], expected)
    np.testing.assert_array_equal(
        pixels(panel.grid), np.asarray(views.candidate_view(explorer, 5))
    )
    places = explorer.places(latent)
    found = [slider.value for slider in panel.sliders]
    np.testing.assert_allclose(found, places, atol=1e-5)
    panel.sliders[1].value = places[1] = -2.5
    moved = explorer.pictures(explorer.moved(latent, places)[None])[0].astype(int)
    left = np.abs(pixels(panel.picture)[::factor, ::factor] - moved)
    assert left.max() <= 2 and np.abs(moved - expected).mean() > 1
    before = pixels(panel.grid)
    panel.truncation.value = 0.5
    assert not np.array_equal(pixels(panel.grid), before)


def test_buttons_do_what_they_say(explorer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel = Panel(explorer)
    assert "nothing is picked yet" in click(panel, "Walk through the picks")
    assert click(panel, "7") == "1 picked" and click(panel, "0") == "2 picked"
    panel.folder.value, panel.file.value = "picks", "walk.gif"
    panel.sliders[0].value = 2
    assert click(panel, "Pick it") == "3 picked"
    np.testing.assert_array_equal(explorer.picks[:2], explorer.candidates()[[7, 0]])
    assert explorer.places(explorer.picks[2])[0] == pytest.approx(2, abs=1e-4)
    assert click(panel, "Save as PNG") == "3 files in picks"
    with Image.open(tmp_path / "picks" / "pick_02.png") as picture:
        assert picture.size == (64, 64)
    panel.path.value, panel.frames.value = "linear", 2
    assert click(panel, "Walk through the picks") == "6 frames in walk.gif"
    with Image.open(tmp_path / "walk.gif") as walk:
        assert walk.n_frames == 6 and walk.size == (256, 256)
    panel.file.value = "walk.mp4"
    assert "file is not valid" in click(panel, "Walk through the picks")
    assert "nothing to start from" in click(panel, "Add up")
    panel.parts[0].value, panel.parts[1].value = (0,), (1,)
    assert click(panel, "Add up") == ""
    assert click(panel, "Show the epochs") == ""
    assert "folder does not exist" in click(panel, "Find the nearest")
    assert click(panel, "Forget all") == "0 picked" and explorer.picks == []


def test_pictures_keep_their_size_and_empty_ones_are_hidden(explorer):
    panel = Panel(explorer)
    assert panel.picks.layout.display == "none"
    assert panel.picture.layout.display is None
    assert panel.picture.layout.align_self == "flex-start"  # boxes stretch others
    click(panel, "7")
    assert panel.picks.layout.display is None
    click(panel, "Forget all")
    assert panel.picks.layout.display == "none"


def test_a_page_without_widgets_shows_the_candidates(explorer, monkeypatch):
    bundle = explorer._repr_mimebundle_()
    assert VIEW in bundle
    expected = np.asarray(few_colours(views.candidate_view(explorer)).convert("RGB"))
    np.testing.assert_array_equal(pixels(bundle["image/png"]), expected)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png"}
    np.testing.assert_array_equal(pixels(bundle["image/png"]), expected)


def test_views_of_transparent_and_of_grey_pictures(tmp_path):
    for channels in (1, 4):
        knobs = SMALL | {"runs": str(tmp_path), "name": f"{channels}"}
        run = Run.create(load_config("narrow", channels=channels, **knobs))
        save_network(lively_generator(channels=channels), run.generator_file)
        explorer = dcgan.explore(run)
        explorer.pick([0, 1])
        assert views.direction_view(explorer, explorer.picks[0]).width > 100
        assert views.mix_view(explorer, [0], [1]).width > 3 * 96
        shown = np.asarray(views.single_view(explorer.pictures(explorer.picked())[0]))
        assert shown.shape == (320, 320, 3) and shown.std() > 5
    clear = np.asarray(views.single_view(np.zeros((16, 16, 4), np.uint8)))
    assert clear[0, 0, 0] == 255 and clear[0, 8, 0] == clear[8, 0, 0] == 204


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


def test_nothing_is_put_among_the_training_pictures(explorer):
    pictures = explorer.run.config.data
    explorer.pick([1])
    with pytest.raises(InputError, match="^folder is not valid.*training pictures"):
        explorer.save(pictures)
    panel = Panel(explorer)
    panel.folder.value, panel.file.value = pictures, f"{pictures}/walk.gif"
    assert "training pictures" in click(panel, "Save as PNG")
    told = click(panel, "Walk through the picks")
    assert told.startswith("file is not valid") and "training pictures" in told
