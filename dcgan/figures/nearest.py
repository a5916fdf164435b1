"""Generated pictures beside their nearest training pictures."""

import numpy as np
from PIL import Image

from dcgan.figures.grids import over_checkerboard
from dcgan.figures.plots import ORANGE, show_figure

SIDE, GAP = 128, 4  # of a picture in a pair, and between the two, pixels
ROWS, PAIRS = 6, 4  # pairs shown, and how many of them in a row


def nearest_figure(pictures, originals, ratios, copies):
    """Draws pairs of a generated picture and its nearest training picture.

    Args:
        pictures: uint8 (n, H, W, C), the most suspicious first.
        originals: uint8 (n, H', W', C), the nearest training picture of each.
        ratios: (n,) how far they are apart, over the distance of the training picture
            to its own nearest other one.
        copies: (n,) bool, whether it is a near copy.

    Returns:
        `matplotlib.figure.Figure` of the first 24 pairs.
    """
    from matplotlib.figure import Figure

    shown = min(len(pictures), ROWS * PAIRS)
    rows = -(-shown // PAIRS)
    figure = Figure(figsize=(2.5 * PAIRS, 1.6 * rows + 0.9), layout="constrained")
    figure.suptitle(
        "Left: generated. Right: the nearest training picture. Most suspicious first.\n"
        "The number: their distance over that between training pictures; up to 1 is "
        "a copy for AuthPct.",
        fontsize=10,
    )
    grid = figure.subplots(rows, PAIRS, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for index, axes in zip(range(shown), grid):
        axes.imshow(_pair(pictures[index], originals[index]))
        note = " near copy" if copies[index] else ""
        colour = ORANGE if ratios[index] <= 1 or copies[index] else "black"
        axes.set_title(f"{ratios[index]:.2f}{note}", fontsize=9, color=colour)
    return figure


def show_nearest(pictures, originals, ratios, copies):
    """Shows `nearest_figure` in the notebook."""
    show_figure(nearest_figure(pictures, originals, ratios, copies))


def _pair(picture, original):
    """Both side by side in the same size, uint8 (SIDE, 2 * SIDE + GAP, 3)."""
    gap = np.full((SIDE, GAP, 3), 255, np.uint8)
    return np.hstack([_enlarged(picture), gap, _enlarged(original)])


def _enlarged(picture):
    image = Image.fromarray(over_checkerboard(picture[None])[0])
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.NEAREST))
