"""Pictures side by side: sample sheets and contact sheets."""

import numpy as np
from PIL import Image

from dcgan.errors import invalid
from dcgan.files import whole_file

GAP = 2  # white pixels between the tiles
CHECKER = 8  # side of the squares behind transparency, pixels
LARGEST = 64  # factor by which files are enlarged
VIEW = 512  # small grids are enlarged to about this width for the screen


def image_grid(images, columns=None, side=None):
    """Lays pictures out in rows, with a white gap; transparency shows a checkerboard.

    Args:
        images: uint8 array (N, H, W, C), C = 1, 3 or 4.
        columns: Pictures in a row; a square grid if left out.
        side: Enlarge the pictures, without smoothing, by the largest whole factor that
            keeps them within this side.

    Returns:
        uint8 array (rows * (H + 2) + 2, columns * (W + 2) + 2, 3) with the H and W of
        the enlarged pictures.

    Example:
        >>> image_grid(np.zeros((16, 64, 64, 3), np.uint8)).shape
        (266, 266, 3)
    """
    images = np.asarray(images)
    images = over_checkerboard(repeat_to(images, side or 0))
    count, height, width, _ = images.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    canvas_size = (rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3)
    canvas = np.full(canvas_size, 255, np.uint8)
    for index, image in enumerate(images):
        top = GAP + index // columns * (height + GAP)
        left = GAP + index % columns * (width + GAP)
        canvas[top : top + height, left : left + width] = image
    return canvas


def check_factor(knob, factor):
    """Raises `InputError` if files cannot be enlarged by a factor."""
    if factor not in range(1, LARGEST + 1):
        raise invalid(knob, factor, f"a whole number, 1 to {LARGEST}")


def repeat_pixels(images, factor):
    """Enlarges pictures (N, H, W, C) by a whole factor, without smoothing."""
    return images.repeat(factor, axis=1).repeat(factor, axis=2)


def repeat_to(images, side):
    """Enlarges pictures (N, H, W, C) by the largest whole factor within a side."""
    return repeat_pixels(images, max(1, side // images.shape[1]))


def over_checkerboard(images):
    """Turns (N, H, W, C) uint8 pictures to RGB; C = 4 is put over grey squares."""
    height, width, channels = images.shape[1:]
    if channels != 4:
        return np.broadcast_to(images, (*images.shape[:3], 3))
    rows, columns = np.indices((height, width)) // CHECKER
    squares = np.where((rows + columns) % 2, 204.0, 255.0)[..., None]
    alpha = images[..., 3:] / 255
    return np.rint(images[..., :3] * alpha + squares * (1 - alpha)).astype(np.uint8)


def screen_grid(images, columns=None):
    """Returns `image_grid` as a `PIL.Image` for the screen.

    Small ones are enlarged without smoothing.
    """
    return few_colours(enlarge(Image.fromarray(image_grid(images, columns))))


def few_colours(picture):
    """Returns a `PIL.Image` in its best 256 colours.

    The eye does not miss the others, and notebooks become half as large.
    """
    return picture.quantize(256, dither=Image.Dither.NONE)


def show_grid(images, columns=None):
    """Shows pictures as a grid in the notebook; arguments as for `image_grid`."""
    from IPython.display import display

    display(screen_grid(images, columns))


def show_picture(path):
    """Shows a picture file in the notebook, in 256 colours."""
    from IPython.display import display

    with Image.open(path) as picture:
        display(few_colours(picture.convert("RGB")))


def enlarge(picture, width=VIEW):
    """Enlarges a `PIL.Image` by the whole factor that brings it closest to `width`."""
    factor = max(1, round(width / picture.width))
    size = (picture.width * factor, picture.height * factor)
    return picture.resize(size, Image.Resampling.NEAREST)


def save_picture(path, pixels):
    """Writes a uint8 array (H, W) or (H, W, C) as PNG."""
    pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    with whole_file(path) as temporary:
        Image.fromarray(pixels).save(temporary)
