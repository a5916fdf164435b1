"""Sheets back to the pictures on them."""

import math

import numpy as np

from dcgan.data.pictures import UnreadablePicture, read_picture
from dcgan.errors import invalid
from dcgan.figures.grids import GAP, image_grid


def read_sheet(path, *sides):
    """Reads a sample sheet or contact sheet as the package writes them.

    Args:
        path: File.
        *sides: That the pictures on it may have, pixels; the first that fits counts.

    Returns:
        uint8 (N, side, side, 3), row by row.

    Raises:
        InputError: If it cannot be read, or is no such sheet.
    """
    try:
        sheet = np.asarray(read_picture(path, math.inf).convert("RGB"))
    except UnreadablePicture as error:
        raise invalid("--cut", str(path), f"a sheet ({error})") from error
    cuts = (cut_grid(sheet, side) for side in sides)
    pictures = next((cut for cut in cuts if cut is not None), None)
    if pictures is None:
        sizes = " or ".join(f"{side}x{side}" for side in sides)
        allowed = f"a PNG sheet of pictures of {sizes}, as the run wrote it"
        raise invalid("--cut", str(path), allowed)
    return pictures


def cut_grid(sheet, side):
    """Cuts into pictures what `image_grid` has laid out.

    Args:
        sheet: uint8 (H, W, 3), all of it.
        side: Of the pictures in it, pixels.

    Returns:
        uint8 (N, side, side, 3), row by row, without white ones at the end; None if it
        is no such sheet.
    """
    cell = side + GAP
    rows, columns = (length // cell for length in sheet.shape[:2])
    tiles = np.array(
        [
            sheet[top : top + side, left : left + side]
            for top in GAP + cell * np.arange(rows)
            for left in GAP + cell * np.arange(columns)
        ]
    )
    if not len(tiles) or not np.array_equal(image_grid(tiles, columns), sheet):
        return None
    drawn = np.flatnonzero((tiles < 255).any(axis=(1, 2, 3)))
    return tiles[: drawn[-1] + 1] if len(drawn) else None
