"""Trainings side by side: a table of sample sheets, and curves of one number."""

import numpy as np

from dcgan.figures.grids import image_grid
from dcgan.figures.plots import BLUE, ORANGE, show_figure

INCHES = 2.2  # side of a sheet in the table


def comparison_figure(cells):
    """Draws a table of sample sheets.

    Args:
        cells: Dict from (name of the row, name of the column) to uint8 pictures
            (N, H, W, C). A pair that is missing leaves its place empty.

    Returns:
        `matplotlib.figure.Figure`.

    Example:
        >>> comparison_figure({("bce", "deconv"): pictures, ("wgan", "deconv"): others})
    """
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys(row for row, _ in cells))
    columns = list(dict.fromkeys(column for _, column in cells))
    size = INCHES * len(columns) + 1, INCHES * len(rows) + 0.5
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    for row, axes_of_row in zip(rows, grid):
        for column, axes in zip(columns, axes_of_row):
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if row == rows[0]:
                axes.set_title(column, fontsize=10)
            if column == columns[0]:
                axes.set_ylabel(row, fontsize=10)
            if (row, column) in cells:
                axes.imshow(image_grid(cells[row, column]), interpolation="nearest")
    return figure


def show_comparison(cells):
    """Shows `comparison_figure` in the notebook."""
    show_figure(comparison_figure(cells))


def curves_figure(groups, ylabel, level=None):
    """Draws curves over epochs, a colour for each group of them.

    Args:
        groups: Dict from a group's name to a list of curves, each a dict from epoch to
            number; at most two groups.
        ylabel: Label of the numbers.
        level: Optional pair of a name and a number that is drawn as a dashed line.

    Returns:
        `matplotlib.figure.Figure`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    for (name, curves), colour in zip(groups.items(), (ORANGE, BLUE)):
        for index, curve in enumerate(curves):
            label = name if index == 0 else None
            axes.plot(list(curve), list(curve.values()), color=colour, label=label)
    if level is not None:
        axes.axhline(level[1], color="grey", linestyle="--", label=level[0])
    axes.set(xlabel="epoch", ylabel=ylabel, ylim=(0, None))
    axes.legend()
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def show_curves(groups, ylabel, level=None):
    """Shows `curves_figure` in the notebook."""
    show_figure(curves_figure(groups, ylabel, level))


def spread(images):
    """Returns how much pictures differ: 0 if all are the same.

    It is the standard deviation over the pictures of each number of a pixel, averaged,
    on the scale from -1 to 1.

    Args:
        images: uint8 (N, H, W, C).
    """
    return float(np.std(np.asarray(images, np.float32) / 127.5, axis=0).mean())
