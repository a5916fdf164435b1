"""The panel of `explore`: what it shows, what its buttons do, and without widgets."""

import io
import sys

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
from dcgan.networks import save_network
from dcgan.run import Run

VIEW = "application/vnd.jupyter.widget-view+json"


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
    assert click(panel, "Save as PNG") == "pick_00.png to pick_02.png in picks"
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
