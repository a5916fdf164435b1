"""Animated pictures."""

import math
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from PIL import Image

from dcgan.epochs import epoch_files
from dcgan.errors import invalid
from dcgan.files import whole_file
from dcgan.places import check_file

ENDINGS = (".gif", ".webp", ".png")  # of animations
# A progress GIF is for looking at and sharing: long runs are thinned out, large sheets
# shrunk.
MOST_FRAMES = 60
MOST_WIDTH = 600  # pixels
LAST_FRAME = 2000  # milliseconds that the final state stays


def check_animation(flag, path):
    """Raises `InputError` if a file's name does not end as animations do, or no file
    can be written there."""
    if Path(path).suffix.lower() not in ENDINGS:
        raise invalid(flag, str(path), f"a file that ends in {', '.join(ENDINGS)}")
    check_file(flag, path)


def save_animation(path, frames, fps=10, hold_last=False):
    """Writes frames as an animation that loops for ever.

    Args:
        path: `.gif`, `.webp` or `.png`. A pixel of a GIF is either transparent or
            opaque, whichever is closer; the other two keep half-transparency.
        frames: uint8 array or list of (H, W, C), C = 1, 3 or 4.
        fps: Frames a second.
        hold_last: Whether the last frame stays for two seconds.
    """
    path = Path(path)
    content = encode_animation(frames, path.suffix, fps, hold_last)
    with whole_file(path) as temporary:  # imageio itself is loud about a full disk
        temporary.write_bytes(content)


def encode_animation(frames, ending=".gif", fps=10, hold_last=False):
    """Returns an animation as the bytes of its file; arguments as `save_animation`."""
    frames = np.stack(frames)
    if frames.shape[-1] == 1:
        frames = frames.repeat(3, axis=-1)
    durations = [1000 / fps] * len(frames)
    if hold_last:
        durations[-1] = LAST_FRAME
    # A single frame makes a still picture, for which Pillow takes a number only.
    options = {"duration": durations if len(frames) > 1 else durations[0], "loop": 0}
    if frames.shape[-1] == 4:
        options["disposal"] = 2  # else transparent pixels show the frame before
        if ending.lower() == ".gif":
            frames = np.where(frames[..., 3:] < 128, np.uint8(0), frames)
            frames[..., 3] = np.where(frames[..., 3], 255, 0)
    options |= {"plugin": "pillow", "extension": ending}
    return imageio.imwrite("<bytes>", frames, **options)


def progress_gif(sheets, path, fps=10):
    """Writes the sample sheets of a folder as one GIF.

    Args:
        sheets: Folder of `epoch_N.png`.
        path: The GIF to write. Nothing is written if there are no sheets.
        fps: Frames a second.
    """
    files = list(epoch_files(sheets, r"\.png").values())
    if files:
        frames = [_read_small(file) for file in thin_out(files, MOST_FRAMES)]
        save_animation(path, frames, fps, hold_last=True)


def show_animation(frames, fps=10, hold_last=False):
    """Shows frames as a looping GIF in the notebook; arguments as `save_animation`."""
    from IPython.display import Image as Display
    from IPython.display import display

    display(
        Display(data=encode_animation(frames, ".gif", fps, hold_last), format="gif")
    )


def thin_out(items, most):
    """Returns at most `most` items, evenly spread, with the first and the last."""
    places = np.linspace(0, len(items) - 1, most).round().astype(int)
    return [items[place] for place in np.unique(places)]


def _read_small(file):
    with Image.open(file) as sheet:
        return np.asarray(sheet.reduce(math.ceil(sheet.width / MOST_WIDTH)))
