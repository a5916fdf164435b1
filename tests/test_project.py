"""`project`: the generator's own pictures are found again, others come closer."""

import shutil

import numpy as np
import pytest
from helpers import command, lively_generator
from PIL import Image

import dcgan
from dcgan.config import load_config
from dcgan.errors import InputError
from dcgan.models.generator import generate
from dcgan.pixels import over_white
from dcgan.project import _ever_fewer, _sheet, main, read_target
from dcgan.projection import search
from dcgan.run import Run

GENERATORS = {
    "rgb": {},
    "rgba": {"channels": 4, "upsample": False},
    "grey": {"channels": 1, "g_norm": "layer"},
}


@pytest.fixture(scope="module")
def extractor():
    """Lite0's pooled features at 128 pixels: not what the search looks at."""
    return dcgan.Extractor("lite0")


@pytest.mark.parametrize("knobs", GENERATORS.values(), ids=GENERATORS)
def test_a_picture_of_the_generator_is_found_again(knobs, extractor):
    generator = lively_generator(**knobs)
    latents = dcgan.draw_latents(20, 8, seed=77)
    pictures = generate(generator, latents)
    features = extractor(over_white(pictures))
    between = np.linalg.norm(features - np.roll(features, 1, axis=0), axis=1).mean()
    found = search.find_latent(generator, pictures[0], restarts=4, steps=100)
    (again,) = generate(generator, found.latent[None])
    left = np.linalg.norm(extractor(over_white(again[None])) - features[0])
    assert left < 0.05 * between
    assert found.features < 0.05 and found.pixels < 0.05
    start = generate(generator, found.path[:1])[0]
    assert np.abs(start - pictures[0].astype(int)).mean() > 5  # it was not lucky
    assert np.abs(again - pictures[0].astype(int)).mean() < 2  # alpha as well


def test_the_first_samples_of_a_seed_are_not_where_its_search_starts():
    generator = lively_generator()
    (picture,) = generate(generator, dcgan.draw_latents(1, 8, seed=0))
    found = search.find_latent(generator, picture, restarts=2, steps=2, seed=0)
    (start,) = generate(generator, found.path[:1])
    assert np.abs(start - picture.astype(int)).mean() > 5


def test_a_strange_picture_comes_closer_and_latents_stay_where_they_are_drawn():
    generator = lively_generator()
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    found = search.find_latent(generator, noise, restarts=2, steps=30)
    way = generate(generator, found.path)
    left = ((way[[0, -1]] - noise.astype(float)) ** 2).mean(axis=(1, 2, 3))
    assert left[1] < left[0]
    assert np.linalg.norm(found.path, axis=1).max() <= np.sqrt(8) + 2 + 1e-4
    np.testing.assert_array_equal(found.path[-1], found.latent)


@pytest.mark.parametrize("count", [1, 2, 50, 2001])
def test_the_animation_begins_slowly_and_ends_at_the_closest(count):
    shown = _ever_fewer(np.arange(count))
    assert shown[0] == 0 and shown[-1] == count - 1 and len(shown) <= 60
    steps = np.diff(shown)
    assert (steps >= 1).all() and (steps[:5] == 1).all()
    assert count < 100 or steps[-1] > 100


def test_the_sheet_shows_a_fine_checkerboard():
    (cell,) = _sheet({"given": np.zeros((16, 16, 4), np.uint8)}).values()
    assert cell.shape == (1, 256, 256, 4)  # squares of 8 pixels are put behind it


def picture_file(path, side=(30, 20), mode="RGB", alpha=None):
    pixels = np.random.default_rng(3).integers(0, 256, (*side[::-1], 3), np.uint8)
    picture = Image.fromarray(pixels).convert(mode)
    if alpha is not None:
        picture.putalpha(alpha)
    picture.save(path)
    return path


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_another_shape_is_fitted_as_in_training(fit, channels, tmp_path):
    alpha = 90 if channels == 4 else None
    file = picture_file(tmp_path / "wide.png", alpha=alpha)
    knobs = {"size": 16, "fit": fit, "channels": channels, "background": "blue"}
    expected = dcgan.load_images(tmp_path, 16, channels, fit, "blue")[0]
    np.testing.assert_array_equal(
        read_target(file, load_config("narrow", **knobs)), expected
    )


def test_transparent_parts_need_a_background_unless_the_run_has_them(tmp_path):
    clear = picture_file(tmp_path / "clear.png", alpha=0)
    config = load_config("narrow", size=16)
    with pytest.raises(InputError, match="transparent in parts.*--background white"):
        read_target(clear, config)
    np.testing.assert_array_equal(
        read_target(clear, config, "#ff0000")[8, 8], [255, 0, 0]
    )
    opaque = picture_file(tmp_path / "opaque.png", alpha=255)
    assert read_target(opaque, config).shape == (16, 16, 3)


def test_the_command_writes_animation_sheet_and_latent(trained, tmp_path, capsys):
    run, _ = trained
    image, out = picture_file(tmp_path / "cat.png"), tmp_path / "cat.gif"
    before = image.read_bytes()
    flags = [
        "--image",
        str(image),
        "--out",
        str(out),
        "--steps",
        "9",
        "--restarts",
        "2",
    ]
    main([str(run.folder), *flags])
    assert image.read_bytes() == before
    names = ["cat.gif", "cat.npy", "cat.png", "cat_sheet.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    latent = np.load(tmp_path / "cat.npy")
    assert latent.shape == (1, 4) and latent.dtype == np.float32
    closest = generate(run.load_generator(), latent)[0]
    with Image.open(out) as way:
        assert 2 <= way.n_frames <= 10 and way.size == (518, 260)
        way.seek(way.n_frames - 1)
        last = np.asarray(way.convert("RGB"))[10:250:16, 270:510:16].astype(int)
    assert np.abs(last - closest[:15, :15]).mean() < 12  # a GIF has 256 colours
    with Image.open(tmp_path / "cat_sheet.png") as sheet:
        assert sheet.width > 2 * sheet.height
    printed = capsys.readouterr().out
    assert "in pixels and" in printed and "cat_sheet.png" in printed


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--image", "gone.png"], "--image cannot be read.*gone.png: No such file"),
        (["--image", "text.png"], "--image cannot be read.*not a picture"),
        (["--image", "clear.png"], "--image is transparent in parts"),
        (["--out", "cat.mp4"], "--out is not valid.*.gif, .webp"),
        (["--out", "opaque.png"], "--out is not valid.*leaves --image as it is"),
        (["--restarts", "0"], "--restarts is not valid. Received: 0. Allowed: 1 to"),
        (["--steps", "0"], "--steps is not valid"),
        (["--seed", "-1"], "--seed is not valid"),
        (["--background", "grue"], "background is not valid"),
        (["--steps", "many"], "invalid int value"),
    ],
)
def test_bad_input_is_refused(flags, message, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture_file(tmp_path / "opaque.png")
    picture_file(tmp_path / "clear.png", alpha=9)
    (tmp_path / "text.png").write_text("x")
    before = sorted(tmp_path.iterdir())
    run, _ = trained
    given = {"--image": "opaque.png", "--out": "cat.gif"} | dict([flags])
    with pytest.raises(InputError, match=message):
        main([str(run.folder), *(word for pair in given.items() for word in pair)])
    assert sorted(tmp_path.iterdir()) == before


def test_a_run_without_a_generator_is_refused_in_one_line(trained, tmp_path):
    run, _ = trained
    folder = shutil.copytree(run.folder, tmp_path / "run")
    Run(folder).generator_file.unlink()
    image = picture_file(tmp_path / "cat.png")
    done = command("project", folder, "--image", image, "--out", tmp_path / "cat.gif")
    assert done.returncode == 2 and done.stdout == ""
    assert "no generator has been saved yet" in done.stderr
    assert done.stderr.count("\n") == 1
    with pytest.raises(InputError, match="--background is not valid"):
        read_target(image, load_config("narrow", size=16, channels=4), "white")
