"""Animated pictures."""

import re
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from dcgan.files import whole_file

MOST_FRAMES = 60  # of a progress GIF, so that long runs leave files one can share
LAST_FRAME = 2000  # milliseconds that the final state stays


def save_animation(path, frames, fps=10, hold_last=False):
    """Writes frames as an animation that loops for ever.

    Args:
        path: `.gif`, `.webp` or `.png`; GIF knows only fully transparent pixels.
        frames: uint8 array or list of (H, W, C), C = 3 or 4.
        fps: Frames a second.
        hold_last: Whether the last frame stays for two seconds.
    """
    durations = [1000 / fps] * len(frames)
    if hold_last:
        durations[-1] = LAST_FRAME
    options = {"duration": durations, "loop": 0}
    frames = np.stack(frames)
    if frames.shape[-1] == 4:
        options["disposal"] = 2  # else transparent pixels show the frame before
    with whole_file(path) as temporary:
        imageio.imwrite(temporary, frames, plugin="pillow", **options)


def progress_gif(sheets, path, fps=10):
    """Writes the sample sheets of a folder as one GIF.

    Args:
        sheets: Folder of `epoch_N.png`.
        path: The GIF to write. Nothing is written if there are no sheets.
        fps: Frames a second.
    """
    files = sorted(Path(sheets).glob("epoch_*.png"), key=epoch_of)
    if not files:
        return
    chosen = np.unique(np.linspace(0, len(files) - 1, MOST_FRAMES).round().astype(int))
    frames = [imageio.imread(files[index]) for index in chosen]
    save_animation(path, frames, fps, hold_last=True)


def epoch_of(file):
    """Returns the epoch in a name such as `epoch_0010.png`."""
    return int(re.search(r"epoch_(\d+)", Path(file).name).group(1))


def show_animation(frames, fps=10, hold_last=False):
    """Shows frames as a looping GIF in the notebook; as for `save_animation`."""
    import tempfile

    from IPython.display import Image, display

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "animation.gif"
        save_animation(path, frames, fps, hold_last)
        display(Image(data=path.read_bytes(), format="gif"))
