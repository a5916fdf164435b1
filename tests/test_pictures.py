"""Pictures of every format and mode, against pixels worked out by hand."""

import numpy as np
import pytest
from PIL import Image

from dcgan import load_images
from dcgan.data.pictures import UnreadablePicture, read_picture, to_square

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


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("size", [(16, 16), (32, 32), (10, 16)])
def test_transparent_pixels_have_no_hidden_colour(fit, size):
    picture = Image.new("RGBA", size, (255, 0, 255, 0))
    picture.paste((*RED, 255), (0, 0, 3, 3))
    pixels = to_square(picture, 16, 4, fit)
    assert (pixels[pixels[..., 3] == 0] == 0).all()
    assert (pixels[..., 3] == 0).any() and (pixels[..., 3] > 0).any()


def test_dark_16_bit_pictures_stay_dark(tmp_path):
    levels = np.full((16, 16), 200, np.uint16)  # of 65,535
    image = load_one(tmp_path, "a.png", Image.fromarray(levels), channels=1)
    assert image.max() == 1


def test_floating_point_pictures_are_named_as_such(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(UnreadablePicture, match="floating-point"):
        read_picture(tmp_path / "a.tiff")
