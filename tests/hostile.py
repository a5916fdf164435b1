"""A folder of all that people and attackers put among pictures, made by code."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

SIDE = 16
RED, BLUE = (255, 0, 0), (0, 0, 255)


def picture(mode="RGB", left=RED, right=BLUE):
    """Half red, half blue: 16x16."""
    made = Image.new("RGB", (SIDE, SIDE), right)
    made.paste(left, (0, 0, SIDE // 2, SIDE))
    return made.convert(mode)


def pixels(left=(*RED, 255), right=(*BLUE, 255)):
    """What such a picture is to be loaded as, uint8 (16, 16, 4)."""
    half = SIDE // 2
    rows = np.array([left] * half + [right] * half, np.uint8)
    return np.tile(rows, (SIDE, 1, 1))


def encoded(image, kind, **options):
    """The bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bomb(side=40_000):
    """A PNG of a few dozen bytes that claims to be `side` pixels wide and high."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def palette():
    made = Image.new("P", (SIDE, SIDE), 0)
    made.putpalette([0, 255, 0, 255, 0, 0])
    made.paste(1, (0, 0, SIDE // 2, SIDE))
    return encoded(made, "PNG", transparency=0)


def turned():
    """A JPEG that lies on its side, with a note which way is up."""
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = picture().transpose(Image.Transpose.ROTATE_90)
    return encoded(lying, "JPEG", quality=98, subsampling=0, exif=exif)


def animated(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    others = [picture(left=BLUE), picture(right=RED)]
    return encoded(
        picture(), kind, save_all=True, append_images=others, **options, duration=50
    )


def ycck():
    """A JPEG of four channels, the first three as YCbCr, as Photoshop writes it."""
    channels = ImageChops.invert(picture()).convert("YCbCr").split()
    inks = [
        ImageChops.invert(c) for c in (*channels, Image.new("L", (SIDE, SIDE), 255))
    ]
    options = {"quality": 98, "subsampling": 0}
    content = bytearray(encoded(Image.merge("CMYK", inks), "JPEG", **options))
    content[content.index(b"Adobe") + 11] = 2  # the transform: YCCK
    return bytes(content)


def sixteen_bit():
    levels = np.zeros((SIDE, SIDE), np.uint16)
    levels[:, SIDE // 2 :] = 257 * 100
    return encoded(Image.fromarray(levels), "PNG")


GREY = pixels((0, 0, 0, 255), (100, 100, 100, 255))
BLACK_WHITE = pixels((0, 0, 0, 255), (255, 255, 255, 255))
# name: (content, pixels that it is loaded as)
GOOD = {
    "plain.png": (encoded(picture(), "PNG"), pixels()),
    "UPPER.PNG": (encoded(picture(), "PNG"), pixels()),
    "wrong ending.jpg": (encoded(picture(), "PNG"), pixels()),
    "16 bit.png": (sixteen_bit(), GREY),
    "1 bit.png": (
        encoded(picture("RGB", (0, 0, 0), (255, 255, 255)).convert("1"), "PNG"),
        BLACK_WHITE,
    ),
    "palette.png": (palette(), pixels(right=(0, 0, 0, 0))),
    "cmyk.jpg": (encoded(picture("CMYK"), "JPEG", quality=98, subsampling=0), pixels()),
    "ycck.jpg": (ycck(), pixels()),
    "cmyk.tif": (encoded(picture("CMYK"), "TIFF"), pixels()),
    "turned.jpg": (turned(), pixels()),
    "moving.gif": (animated("GIF"), pixels()),
    "moving.webp": (animated("WEBP"), pixels()),
    "moving.apng": (animated("PNG"), pixels()),
    "lzw.tif": (encoded(picture(), "TIFF", compression="tiff_lzw"), pixels()),
    "line\nbreak.png": (encoded(picture(), "PNG"), pixels()),
    " spaces  .png": (encoded(picture(), "PNG"), pixels()),
    "\U0001f431 \u202e cat.png": (encoded(picture(), "PNG"), pixels()),
    os.fsdecode(b"not utf-8 \xff\xfe.png"): (encoded(picture(), "PNG"), pixels()),
    "-n.png": (encoded(picture(), "PNG"), pixels()),
    "$(touch x);`id`.png": (encoded(picture(), "PNG"), pixels()),
    "n" * 240 + ".png": (encoded(picture(), "PNG"), pixels()),
    "below/" * 30 + "deep.png": (encoded(picture(), "PNG"), pixels()),
    "folder.png/inside.png": (encoded(picture(), "PNG"), pixels()),
}
LETTER = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
# name: (content, part of the reason why it is skipped)
BAD = {
    "empty.png": (b"", "not a picture"),
    "text.png": (b"I am no picture", "not a picture"),
    "page.jpg": (b"<html><body>404</body></html>", "not a picture"),
    "cut.png": (encoded(picture(), "PNG")[:50], ""),
    "cut.jpg": (encoded(picture(), "JPEG")[:400], ""),
    "bomb.png": (bomb(), "decompression bomb"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ".svg files are not"),
    "letter.eps": (LETTER, ".eps files are not read"),
    "letter.png": (LETTER, "not a picture"),  # would start another program
    "zeros.bmp": (bytes(5000), "not a picture"),
    "numbers.tif": (
        encoded(Image.new("F", (SIDE, SIDE)), "TIFF"),
        "floating-point",
    ),
}
# Neither loaded nor named.
LEFT_OUT = (
    *(".hidden.png", ".folder/picture.png", "__MACOSX/._picture.png"),
    *("__MACOSX/picture.png", "notes.txt", "Thumbs.db", "contact_sheet.png"),
)


def write_corpus(folder):
    """Writes all of it below `folder`, and links in a circle, a pipe and a dead link.

    Returns:
        Dict from the names of the files that can be loaded to their pixels.
    """
    folder = Path(folder)
    contents = {name: content for name, (content, _) in {**GOOD, **BAD}.items()}
    contents |= dict.fromkeys(LEFT_OUT, encoded(picture(), "PNG"))
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "circle").symlink_to(folder)
    (folder / "circle.png").symlink_to(folder / "circle.png")
    (folder / "nowhere.png").symlink_to(folder / "not there.png")
    os.mkfifo(folder / "pipe.png")
    return {name: expected for name, (_, expected) in GOOD.items()}
