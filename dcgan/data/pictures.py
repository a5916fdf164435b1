"""One picture file to a square uint8 array, whatever its format and mode."""

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# What Pillow decodes by itself: EPS and WMF would start other programs on the file.
FORMATS = (
    *("AVIF", "BMP", "GIF", "ICNS", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM"),
    *("PSD", "QOI", "SGI", "TGA", "TIFF", "WEBP"),
)
# Pictures to people, so they are named when they are skipped.
OTHER_ENDINGS = {
    ".svg",
    ".svgz",
    ".eps",
    ".ps",
    ".wmf",
    ".heic",
    ".heif",
    ".jxl",
    ".xcf",
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".mpo"),
}
AGAIN = "; it is tried again next time"  # ends reasons that may not hold for long
LARGE = 4096 * 4096  # pixels: a larger picture is halved or more before it is copied
SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")
BY_WAY_OF_RGB = ("CMYK", "YCbCr", "LAB", "HSV")  # have no direct conversion to RGBA
# Antialiased, and without the ringing of Lanczos, which leaves halos around outlines.
FILTER = Image.Resampling.HAMMING
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class UnreadablePicture(Exception):
    """A file that is no picture or a damaged one; the message is the reason."""


def read_picture(path, largest=LARGE):
    """Reads a picture file: its first frame, turned upright, with its alpha.

    Args:
        path: The file.
        largest: Pixels; a picture with more is made smaller by a whole factor.

    Returns:
        `PIL.Image` in mode RGBA.

    Raises:
        UnreadablePicture: If the file cannot be read.
    """
    try:
        with Image.open(path, formats=FORMATS) as file:
            upright = ImageOps.exif_transpose(_shrunk(file, largest))
            return _to_rgba(upright)
    except UnidentifiedImageError:
        ending = Path(path).suffix.lower()
        other = f"{ending} files are not read" if ending in OTHER_ENDINGS else None
        raise UnreadablePicture(other or "not a picture") from None
    except MemoryError:
        raise UnreadablePicture(f"too large for the memory{AGAIN}") from None
    except OSError as error:
        reason = error.strerror or _one_line(error)
        # With a number it is the system's, such as that of a disk in the network. A
        # link to nowhere stays one until it is another file to the cache.
        passing = error.errno is not None and not Path(path).is_symlink()
        raise UnreadablePicture(reason + AGAIN * passing) from error
    except Exception as error:  # Pillow's decoders raise whatever they met
        raise UnreadablePicture(_one_line(error)) from error


def to_square(picture, size, channels, fit="pad", background="white"):
    """Resizes a picture, antialiased, to a square.

    Args:
        picture: `PIL.Image` in mode RGBA.
        size: Side of the result in pixels.
        channels: 3 or 1 puts the picture on `background`; 4 keeps its alpha and
            resizes with premultiplied colours, so that nothing bleeds in from
            transparent pixels.
        fit: `pad` keeps the whole picture, `crop` cuts the middle out, `stretch`
            changes its proportions.
        background: Colour behind alpha and in the padding.

    Returns:
        uint8 array (size, size, channels).
    """
    filling = (0, 0, 0, 0)
    if channels != 4:
        filling = background
        behind = Image.new("RGBA", picture.size, background)
        picture = Image.alpha_composite(behind, picture).convert("RGB")
    square = FITS[fit](picture, size, filling).convert(MODES[channels])
    pixels = np.array(square).reshape(size, size, channels)
    if channels == 4:  # what nobody can see must not be for the discriminator to see
        pixels[pixels[..., 3] == 0] = 0
    return pixels


def _one_line(error):
    return " ".join(str(error).split()) or type(error).__name__


def picture_endings():
    """Returns the endings of the files that are tried, such as `.png`."""
    readers = Image.registered_extensions().items()
    return OTHER_ENDINGS | {ending for ending, name in readers if name in FORMATS}


def _shrunk(picture, largest):
    """Halves, thirds ... a picture that is far larger than any that is trained on."""
    factor = math.ceil(math.sqrt(picture.width * picture.height / largest))
    if factor <= 1 or picture.mode not in ("L", "RGB", "RGBA"):
        return picture
    small = picture.reduce(factor)
    small.getexif().update(picture.getexif())  # which way up
    return small


def _to_rgba(picture):
    if picture.mode == "F":
        raise UnreadablePicture("pixels are floating-point numbers")
    if picture.mode in SIXTEEN_BIT:
        levels = np.asarray(picture).astype(np.float64)
        if picture.mode != "I" or levels.max() > 255:  # I may hold either
            levels = levels / 257
        picture = Image.fromarray(np.rint(levels).clip(0, 255).astype(np.uint8))
    if picture.mode in BY_WAY_OF_RGB:
        picture = picture.convert("RGB")
    return picture.convert("RGBA")


def _pad(picture, size, filling):
    scale = size / max(picture.size)
    sides = [max(1, round(side * scale)) for side in picture.size]
    inside = picture.resize(sides, FILTER)
    square = Image.new(picture.mode, (size, size), filling)
    square.paste(inside, [(size - side) // 2 for side in sides])
    return square


def _crop(picture, size, filling):
    return ImageOps.fit(picture, (size, size), FILTER)


def _stretch(picture, size, filling):
    return picture.resize((size, size), FILTER)


FITS = {"pad": _pad, "crop": _crop, "stretch": _stretch}
