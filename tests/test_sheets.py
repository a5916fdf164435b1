"""Sheets are cut into the pictures that were laid out on them."""

import numpy as np
import pytest
from PIL import Image

from dcgan.errors import InputError
from dcgan.figures.grids import image_grid, repeat_pixels
from dcgan.figures.sheets import cut_grid, read_sheet


def noise(count, side=8, channels=3):
    shape = (count, side, side, channels)
    return np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)


def test_a_sheet_is_read_at_its_own_size_however_large(tmp_path):
    """Training would halve a picture of more than 4096 x 4096 pixels."""
    path = tmp_path / "sheet.png"
    pictures = np.broadcast_to(noise(1, side=256, channels=1), (289, 256, 256, 1))
    Image.fromarray(image_grid(pictures)).save(path, compress_level=0)
    cut = read_sheet(path, 256)
    assert cut.shape == (289, 256, 256, 3)
    np.testing.assert_array_equal(cut[288, ..., :1], pictures[288])


@pytest.mark.parametrize("count", [1, 4, 7, 12])
def test_cutting_undoes_laying_out(count):
    pictures = noise(count)
    np.testing.assert_array_equal(cut_grid(image_grid(pictures), 8), pictures)
    wide = image_grid(pictures, columns=5)
    np.testing.assert_array_equal(cut_grid(wide, 8), pictures)


def test_enlarged_and_grey_pictures_are_cut_as_they_are_seen():
    small = noise(4, side=4)
    sheet = image_grid(small, side=8)
    np.testing.assert_array_equal(cut_grid(sheet, 8), repeat_pixels(small, 2))
    grey = noise(4, channels=1)
    cut = cut_grid(image_grid(grey), 8)
    np.testing.assert_array_equal(cut, np.broadcast_to(grey, (4, 8, 8, 3)))


def test_what_is_no_sheet_is_refused(tmp_path):
    sheet = image_grid(noise(4))
    assert cut_grid(sheet, 16) is None
    assert cut_grid(sheet, 64) is None
    assert cut_grid(noise(1, side=22)[0], 8) is None  # the size of a sheet
    assert cut_grid(np.full_like(sheet, 255), 8) is None
    path = tmp_path / "sheet.png"
    Image.fromarray(sheet).save(path)
    assert len(read_sheet(path, 8)) == 4
    with pytest.raises(InputError, match="sheet of pictures of 16x16"):
        read_sheet(path, 16)
    path.write_text("x")
    with pytest.raises(InputError, match="not a picture"):
        read_sheet(path, 8)
