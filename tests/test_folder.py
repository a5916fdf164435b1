"""Pictures of every kind, against pixels worked out by hand."""

import io
import logging
import os

import numpy as np
import pytest
from PIL import Image

from dcgan import load_images
from dcgan.data import folder as folder_module
from dcgan.data.cache import cache_folder
from dcgan.data.openmoji import code_points, render_openmoji
from dcgan.data.pictures import UnreadablePicture, read_picture, to_square
from dcgan.errors import InputError

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def halves(left, right, mode="RGB", size=(16, 16)):
    """A picture with one colour on the left and one on the right."""
    picture = Image.new(mode, size, right)
    picture.paste(left, (0, 0, size[0] // 2, size[1]))
    return picture


def load_one(tmp_path, name, picture, channels=3, **options):
    tmp_path.joinpath("one").mkdir(exist_ok=True)
    path = tmp_path / "one" / name
    save_options = options.pop("save", {})
    picture.save(path, **save_options)
    images = load_images(tmp_path / "one", 16, channels, **options)
    assert images.shape == (1, 16, 16, channels) and images.dtype == np.uint8
    return images[0].astype(int)


@pytest.mark.parametrize(
    "name", ["a.png", "a.bmp", "a.webp", "a.gif", "a.tiff", "A.PNG"]
)
def test_lossless_formats_keep_their_pixels(name, tmp_path):
    save = {"lossless": True} if name.endswith("webp") else {}
    image = load_one(tmp_path, name, halves(RED, BLUE), save=save)
    assert tuple(image[8, 2]) == RED and tuple(image[8, 13]) == BLUE  # RGB, not BGR


def test_jpeg_is_close(tmp_path):
    image = load_one(tmp_path, "a.jpg", halves(RED, BLUE), save={"quality": 95})
    np.testing.assert_allclose(image[8, 2], RED, atol=8)


def test_cmyk_jpeg_has_the_right_colours(tmp_path):
    picture = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    image = load_one(tmp_path, "a.jpg", picture, save={"quality": 95})
    np.testing.assert_allclose(image[8, 8], RED, atol=8)


def test_exif_rotation_is_honoured(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it 90 degrees clockwise
    save = {"exif": exif, "quality": 95}
    image = load_one(tmp_path, "a.jpg", halves(RED, BLUE), save=save)
    np.testing.assert_allclose(image[2, 8], RED, atol=8)
    np.testing.assert_allclose(image[13, 8], BLUE, atol=8)


def test_16_bit_grey_is_scaled(tmp_path):
    levels = np.zeros((16, 16), np.uint16)
    levels[:, 8:] = 257 * 100
    image = load_one(tmp_path, "a.png", Image.fromarray(levels), channels=1)
    assert (image[8, 2, 0], image[8, 13, 0]) == (0, 100)


def test_1_bit_and_grey_become_rgb(tmp_path):
    for name, picture in (("a.png", halves(0, 1, "1")), ("b.png", halves(0, 255, "L"))):
        (tmp_path / name).mkdir()
        image = load_one(tmp_path / name, "a.png", picture)
        assert tuple(image[8, 2]) == (0, 0, 0) and tuple(image[8, 13]) == WHITE


def test_palette_with_transparency(tmp_path):
    picture = halves(1, 0, "P")
    picture.putpalette([0, 255, 0, 255, 0, 0])
    save = {"transparency": 0}
    image = load_one(tmp_path, "a.png", picture, save=save)
    assert tuple(image[8, 2]) == RED and tuple(image[8, 13]) == WHITE
    image = load_one(tmp_path, "a.png", picture, channels=4, save=save)
    assert tuple(image[8, 2]) == (*RED, 255) and image[8, 13, 3] == 0


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE)]
    save = {"save_all": True, "append_images": frames[1:]}
    assert tuple(load_one(tmp_path, "a.gif", frames[0], save=save)[8, 8]) == RED


def test_alpha_goes_on_the_background_or_stays(tmp_path):
    picture = halves((*RED, 255), (*BLUE, 51), "RGBA")
    image = load_one(tmp_path, "a.png", picture, background="black")
    assert tuple(image[8, 2]) == RED
    np.testing.assert_allclose(image[8, 13], (0, 0, 51), atol=1)
    image = load_one(tmp_path, "a.png", picture, channels=4)
    assert tuple(image[8, 2]) == (*RED, 255) and tuple(image[8, 13]) == (*BLUE, 51)


def test_transparent_pixels_do_not_bleed_into_their_neighbours():
    """Premultiplied resizing: half red and half invisible blue is red."""
    picture = halves((*RED, 255), (*BLUE, 0), "RGBA", size=(33, 33))
    resized = to_square(picture, 16, 4)
    seen = resized[resized[..., 3] > 0].astype(int)
    assert (seen[:, 0] > 240).all() and (seen[:, 2] < 15).all()
    assert ((resized[..., 3] > 0) & (resized[..., 3] < 255)).any()  # antialiased edge


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
def test_fits_of_a_wide_picture(fit):
    wide = Image.new("RGBA", (32, 16), (*RED, 255))
    wide.paste((*BLUE, 255), (0, 0, 8, 16))
    image = to_square(wide, 16, 3, fit)
    corners = {"pad": WHITE, "crop": RED, "stretch": BLUE}
    assert tuple(image[0, 0]) == corners[fit]
    assert tuple(image[8, 15]) == RED
    if fit == "pad":
        painted = (image != 255).any(axis=2).any(axis=1)
        np.testing.assert_array_equal(np.flatnonzero(painted), range(4, 12))
        assert to_square(wide, 16, 4)[0, 0, 3] == 0


def test_a_strip_keeps_a_pixel():
    strip = Image.new("RGBA", (1, 5000), (*RED, 255))
    for fit in ("pad", "crop", "stretch"):
        assert (to_square(strip, 16, 3, fit) == RED).all(axis=2).any()


def test_resizing_is_antialiased():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    picture = Image.fromarray(np.dstack([stripes] * 3)).convert("RGBA")
    middle = to_square(picture, 16, 1)[4:12, 4:12]
    assert 110 < middle.min() and middle.max() < 145


def test_broken_files_are_skipped_and_named_once(picture_folder, caplog):
    (picture_folder / "empty.png").write_bytes(b"")
    (picture_folder / "text.png").write_text("I am no picture")
    whole = (picture_folder / "00.png").read_bytes()
    (picture_folder / "half.png").write_bytes(whole[: len(whole) // 2])
    (picture_folder / "notes.txt").write_text("not even called a picture")
    (picture_folder / ".hidden.png").write_bytes(whole)
    with caplog.at_level(logging.WARNING, "dcgan"):
        images = load_images(picture_folder, 16)
    assert len(images) == 12
    (record,) = caplog.records
    message = record.getMessage()
    assert message.startswith("skipped 3 of 15 files")
    assert "empty.png' (not a picture)" in message
    assert "half.png' (" in message and "truncated" in message
    assert "notes.txt" not in message


def test_many_broken_files_are_counted(picture_folder, caplog):
    for index in range(9):
        (picture_folder / f"bad{index}.png").write_bytes(b"x")
    load_images(picture_folder, 16)
    assert caplog.records[0].getMessage().endswith("and 4 more")


def test_a_picture_that_claims_to_be_huge_is_skipped(picture_folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    Image.new("RGB", (24, 24)).save(picture_folder / "bomb.png")
    images = load_images(picture_folder, 16)
    assert len(images) == 12


def test_folders_are_searched_and_files_sorted(tmp_path):
    for path, colour in (("b/x.png", BLUE), ("a.png", RED), ("b/a/y.png", WHITE)):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), colour).save(file)
    images = load_images(tmp_path, 16)
    assert [tuple(image[0, 0]) for image in images] == [RED, WHITE, BLUE]


def test_the_cache_is_used_and_noticed_to_be_stale(picture_folder, monkeypatch):
    first = load_images(picture_folder, 16)

    def fail(path):
        raise AssertionError("decoded again")

    monkeypatch.setattr(folder_module, "read_picture", fail)
    np.testing.assert_array_equal(load_images(picture_folder, 16), first)
    with pytest.raises(AssertionError):
        load_images(picture_folder, 16, channels=1)
    file = picture_folder / "00.png"
    os.utime(file, ns=(1, 1))
    with pytest.raises(AssertionError):
        load_images(picture_folder, 16)


def test_a_damaged_cache_is_made_anew(picture_folder):
    before = set(cache_folder().iterdir())
    first = load_images(picture_folder, 16)
    (file,) = set(cache_folder().iterdir()) - before
    whole = file.read_bytes()
    npy = io.BytesIO()
    np.save(npy, np.zeros((2, 3)))
    for damaged in (whole[:1000], b"", npy.getvalue()):
        file.write_bytes(damaged)
        np.testing.assert_array_equal(load_images(picture_folder, 16), first)


def test_a_link_to_nowhere_is_skipped_and_named(picture_folder, caplog):
    (picture_folder / "link.png").symlink_to(picture_folder / "nowhere.png")
    assert len(load_images(picture_folder, 16)) == 12
    assert "link.png' (No such file or directory)" in caplog.records[0].getMessage()


def test_pipes_are_left_out_and_links_followed_once(picture_folder, tmp_path):
    os.mkfifo(picture_folder / "pipe.png")
    other = tmp_path / "other"
    other.mkdir()
    (other / "linked").symlink_to(picture_folder)
    (other / "loop").symlink_to(other)
    assert len(load_images(other, 16)) == 12


def test_the_folders_of_runs_are_left_out(picture_folder):
    run = picture_folder / "run"
    run.mkdir()
    (run / "config.yml").touch()
    (run / "log.csv").touch()
    Image.new("RGB", (9, 9)).save(run / "losses.png")
    assert len(load_images(picture_folder, 16)) == 12


def test_the_cache_tells_folders_of_the_same_name_apart(tmp_path, monkeypatch):
    for name, colour in (("a", RED), ("b", BLUE)):
        (tmp_path / name / "set").mkdir(parents=True)
        Image.new("RGB", (16, 16), colour).save(tmp_path / name / "set" / "x.bmp")
        os.utime(tmp_path / name / "set" / "x.bmp", ns=(1, 1))
        monkeypatch.chdir(tmp_path / name)
        assert tuple(load_images("set", 16)[0, 0, 0]) == colour


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("size", [(16, 16), (32, 32), (10, 16)])
def test_transparent_pixels_have_no_hidden_colour(fit, size):
    picture = Image.new("RGBA", size, (255, 0, 255, 0))
    picture.paste((*RED, 255), (0, 0, 3, 3))
    pixels = to_square(picture, 16, 4, fit)
    assert (pixels[pixels[..., 3] == 0] == 0).all()
    assert (pixels[..., 3] == 0).any() and (pixels[..., 3] > 0).any()


def test_contact_sheets_are_no_pictures(picture_folder):
    Image.new("RGB", (9, 9)).save(picture_folder / "contact_sheet.png")
    assert len(load_images(picture_folder, 16)) == 12


def test_dark_16_bit_pictures_stay_dark(tmp_path):
    levels = np.full((16, 16), 200, np.uint16)  # of 65,535
    image = load_one(tmp_path, "a.png", Image.fromarray(levels), channels=1)
    assert image.max() == 1


@pytest.mark.parametrize("wrong", [{"channels": 2}, {"fit": "zoom"}])
def test_wrong_settings_are_refused(picture_folder, wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))} is not valid"):
        load_images(picture_folder, 16, **wrong)


def test_missing_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="folder does not exist. Received: .*nowhere"):
        load_images(tmp_path / "nowhere", 16)
    with pytest.raises(InputError, match="folder is a file"):
        load_images(__file__, 16)
    with pytest.raises(InputError, match="folder holds no pictures"):
        load_images(tmp_path, 16)
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match="no file in the folder is a readable picture"):
        load_images(tmp_path, 16)


def test_floating_point_pictures_are_named_as_such(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(UnreadablePicture, match="floating-point"):
        read_picture(tmp_path / "a.tiff")


def test_openmoji_is_about_950_colour_pictures_with_alpha():
    assert len(code_points()) == 958
    images = load_images("openmoji", 32, channels=4)
    assert images.shape == (958, 32, 32, 4)
    alpha = images[..., 3]
    assert (alpha.max(axis=(1, 2)) > 200).all()  # no empty glyph
    for picture in render_openmoji():  # none is cut off
        left, top, right, bottom = picture.getchannel("A").getbbox()
        assert 0 < left and 0 < top and right < 256 and bottom < 256
    assert len(np.unique(images.reshape(958, -1), axis=0)) > 900
    colourful = np.ptp(images[..., :3].astype(int), axis=3).max(axis=(1, 2)) > 40
    assert colourful.mean() > 0.75


def test_openmoji_is_attributed(capsys):
    load_images("openmoji", 16)
    assert "CC BY-SA 4.0" in capsys.readouterr().out


def test_openmoji_leaves_out_people_symbols_and_flags():
    points = set(code_points())
    for left_out in ("👦", "👋", "🏃", "🏁", "🔀", "🧑", "🏻"):
        assert ord(left_out) not in points
    for kept in ("🐈", "🍎", "😀", "🚀", "🦊"):
        assert ord(kept) in points


def test_openmoji_draws_the_emoji_that_it_names():
    picture = np.asarray(render_openmoji()[code_points().index(ord("🍎"))]).astype(int)
    inside = picture[picture[..., 3] > 0].mean(axis=0)
    assert inside[0] > inside[1] + 60 and inside[0] > inside[2] + 60  # a red apple
