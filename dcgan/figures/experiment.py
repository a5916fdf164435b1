"""The trainings of a comparison side by side: curves, sheets, an animation."""

import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dcgan.bias import training_scores_by
from dcgan.figures.gifs import (
    MOST_FRAMES,
    save_animation,
    show_animation,
    thin_out,
)
from dcgan.figures.grids import save_picture
from dcgan.figures.plots import kid_label, save_figure, show_figure
from dcgan.figures.score_table import by_cell, first_seeds, sources, table
from dcgan.files import whole_file

MARGIN, LINE, FONT = 8, 17, 13  # pixels
COLUMNS = 4  # tiles in a row
SHOWN = 4  # pictures along a side of a sheet that the animation shows
COLOURS = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #000000".split()
STYLES = "-", "--", ":"


def write_figures(folder, about, results):
    """Writes `table.md`, `curves.png`, `grid.png` and `comparison.gif`.

    Args:
        folder: Where to.
        about: What is compared, for the title.
        results: List of `dcgan.results.Result`s.
    """
    with whole_file(folder / "table.md") as temporary:
        text = f"{about}\n\n{sources(results)}{table(results)}"
        temporary.write_text(text, encoding="utf-8")
    if any(result.curve for result in results):
        save_figure(folder / "curves.png", kid_figure(results, about))
    drawn = [result for result in first_seeds(results) if result.sheets]
    if drawn:
        last = {r.cell.name: r.sheet(max(r.sheets)) for r in drawn}
        save_picture(folder / "grid.png", labelled(last))
        save_animation(folder / "comparison.gif", frames(drawn), 10, hold_last=True)


def kid_figure(results, title, against="epoch"):
    """Draws the KID of each cell over the epochs, above the AuthPct: copies have a low
    KID.

    The extractor is named at the axis, or at each curve if there are several, which
    cannot be compared. The band is KID's standard error with one seed, and reaches from
    the lowest to the highest with several.

    Args:
        results: List of `dcgan.results.Result`s.
        title: Text above the curves.
        against: What of the curves is their horizontal axis: `epoch`, or, of cells
            with one seed each, another column such as `minutes`.

    Returns:
        `matplotlib.figure.Figure`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5.5), layout="constrained")
    kids, copies = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    seen = {_extractor(result) for result in results if result.curve}
    kid = kid_label(*seen) if len(seen) == 1 else kid_label()
    for index, (name, found) in enumerate(by_cell(results).items()):
        curves = [result.curve for result in found if result.curve]
        if not curves:
            continue
        label = name if len(seen) == 1 else f"{name}, by {_extractor(found[0])}"
        style = STYLES[index // len(COLOURS) % len(STYLES)]
        colour = COLOURS[index % len(COLOURS)]
        for axes, score in ((kids, "kid"), (copies, "authpct")):
            places, middle, low, high = _band(curves, score, against)
            axes.plot(places, middle, style, color=colour, label=label)
            axes.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)
    kids.set(ylabel=f"{kid}, lower is better", ylim=(0, None))
    kids.set_title(title, fontsize=11)
    kids.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    copies.set(xlabel=against, ylabel="AuthPct", ylim=(-0.03, 1.03))
    for axes in (kids, copies):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _extractor(result):
    return training_scores_by(result.cell.config)


def _band(curves, score, against="epoch"):
    """Returns places and a score there: the middle, the low and the high edge."""
    shared = sorted(set.intersection(*(set(curve[against]) for curve in curves)))
    by_place = [dict(zip(curve[against], curve[score])) for curve in curves]
    found = np.array([[values[place] for place in shared] for values in by_place])
    if len(curves) > 1:
        return shared, found.mean(0), found.min(0), found.max(0)
    error = np.array(curves[0].get(f"{score}_error", 0))
    return shared, found[0], found[0] - error, found[0] + error


def frames(results, most=MOST_FRAMES):
    """Returns the frames of the side-by-side animation, uint8 (H, W, 3) each.

    Args:
        results: `Result`s of one seed, each with sheets. A training that ended early
            stays as it was.
        most: How many frames at most, evenly spread.
    """
    epochs = sorted(set().union(*(result.sheets for result in results)))
    return [
        labelled(
            {r.cell.name: r.sheet(_reached(r, epoch), SHOWN) for r in results},
            f"epoch {epoch}",
        )
        for epoch in thin_out(epochs, most)
    ]


def _reached(result, epoch):
    return max((e for e in result.sheets if e <= epoch), default=min(result.sheets))


def labelled(tiles, title="", columns=COLUMNS):
    """Lays out pictures with their names above them.

    Args:
        tiles: Dict from names to uint8 (H, W, 3), of one size.
        title: Text above all.
        columns: Pictures in a row at most.

    Returns:
        uint8 (H', W', 3).
    """
    font = ImageFont.load_default(FONT)
    side = max(max(tile.shape[:2]) for tile in tiles.values())
    columns = min(columns, len(tiles))
    letters = max(8, int(side / (FONT * 0.55)))
    names = {name: textwrap.wrap(name, letters) for name in tiles}
    head = LINE * max(len(lines) for lines in names.values())
    above = MARGIN + (LINE if title else 0)
    rows = -(-len(tiles) // columns)
    width = columns * (side + MARGIN) + MARGIN
    canvas = Image.new("RGB", (width, above + rows * (head + side + MARGIN)), "white")
    draw = ImageDraw.Draw(canvas)
    draw.text((MARGIN, MARGIN // 2), title, "black", font)
    for index, (name, tile) in enumerate(tiles.items()):
        left = MARGIN + index % columns * (side + MARGIN)
        top = above + index // columns * (head + side + MARGIN)
        lines = names[name]
        first = top + head - LINE * len(lines)  # close to the picture
        draw.multiline_text((left, first), "\n".join(lines), "black", font, spacing=3)
        picture = Image.fromarray(tile)
        factor = max(1, side // tile.shape[1])
        size = tile.shape[1] * factor, tile.shape[0] * factor
        canvas.paste(picture.resize(size, Image.Resampling.NEAREST), (left, top + head))
    return np.asarray(canvas)


def show_kid(results, title):
    """Shows `kid_figure` in the notebook."""
    show_figure(kid_figure(results, title))


def show_frames(results, fps=10, most=MOST_FRAMES):
    """Shows `frames` of the first seed as a looping GIF in the notebook."""
    drawn = [result for result in first_seeds(results) if result.sheets]
    show_animation(frames(drawn, most), fps, hold_last=True)
