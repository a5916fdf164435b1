"""The trainings of a comparison side by side: a table, curves, sheets, an animation."""

import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dcgan.figures.gifs import (
    MOST_FRAMES,
    save_animation,
    show_animation,
    thin_out,
)
from dcgan.figures.grids import save_picture
from dcgan.figures.plots import save_figure, show_figure
from dcgan.files import whole_file

MARGIN, LINE, FONT = 8, 17, 13  # pixels
COLUMNS = 4  # tiles in a row
SHOWN = 4  # pictures along a side of a sheet that the animation shows
COLOURS = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #000000".split()
STYLES = "-", "--", ":"
SCORES = ("recall", "coverage", "variety", "authpct", "near_copies")
HEADER = (
    *("cell", "seeds", "KID x 1000", "recall", "coverage", "variety", "AuthPct"),
    *("near copies", "lowest KID (epoch)", "minutes"),
)


def write_figures(folder, about, results):
    """Writes `table.md`, `curves.png`, `grid.png` and `comparison.gif`.

    Args:
        folder: Where to.
        about: What is compared, for the title.
        results: List of `dcgan.results.Result`s.
    """
    with whole_file(folder / "table.md") as temporary:
        temporary.write_text(f"{about}\n\n{table(results)}", encoding="utf-8")
    if any(result.curve for result in results):
        save_figure(folder / "curves.png", kid_figure(results, about))
    drawn = [result for result in first_seeds(results) if result.sheets]
    if drawn:
        last = {r.cell.name: r.sheet(max(r.sheets)) for r in drawn}
        save_picture(folder / "grid.png", labelled(last))
        save_animation(folder / "comparison.gif", frames(drawn), 10, hold_last=True)


def by_cell(results):
    """Returns a dict from the cells' names to lists of their `Result`s, one a seed."""
    found = {}
    for result in results:
        found.setdefault(result.cell.name, []).append(result)
    return found


def first_seeds(results):
    """Returns the first `Result` of each cell."""
    return [found[0] for found in by_cell(results).values()]


def table(results):
    """Returns the scores as a Markdown table, a line a cell.

    Of several seeds it shows the mean, and the lowest and highest in brackets; of one
    seed KID's standard error.
    """
    lines = ["| " + " | ".join(HEADER) + " |", "| --- " * len(HEADER) + "|"]
    for name, found in by_cell(results).items():
        lines.append("| " + " | ".join([name, *_cells(found)]) + " |")
    return "\n".join(lines) + "\n"


def _cells(found):
    problems = [result.problem for result in found if result.problem]
    scores = [result.scores for result in found if result.scores]
    seeds = f"{len(scores)} of {len(found)}" if problems else str(len(found))
    if not scores:
        return [seeds, problems[0] if problems else "no scores"] + [""] * 8
    kid = _in_words([score["kid"] for score in scores], ".0f")
    if len(scores) == 1:
        kid += f" +- {scores[0]['kid_error']:.0f}"
    shares = [_in_words([score[name] for score in scores], ".2f") for name in SCORES]
    shares[-1] = _in_words([score[SCORES[-1]] for score in scores], ".0f")
    curves = [result.curve for result in found if result.curve]
    minutes = [result.minutes for result in found if result.minutes]
    lowest = [min(zip(curve["kid"], curve["epoch"])) for curve in curves]
    best = ", ".join(f"{kid:.0f} ({epoch:.0f})" for kid, epoch in lowest)
    return [seeds, kid, *shares, best, f"{np.mean(minutes):.0f}" if minutes else ""]


def _in_words(values, form):
    mean = f"{np.mean(values):{form}}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):{form}} to {max(values):{form}})"


def kid_figure(results, title):
    """Draws the KID of each cell over the epochs.

    The band is KID's standard error with one seed, and reaches from the lowest to the
    highest with several.

    Args:
        results: List of `dcgan.results.Result`s.
        title: Text above the curves.

    Returns:
        `matplotlib.figure.Figure`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for index, (name, found) in enumerate(by_cell(results).items()):
        curves = [result.curve for result in found if result.curve]
        if not curves:
            continue
        style = STYLES[index // len(COLOURS) % len(STYLES)]
        colour = COLOURS[index % len(COLOURS)]
        epochs, middle, low, high = _band(curves)
        axes.plot(epochs, middle, style, color=colour, label=name)
        axes.fill_between(epochs, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set(xlabel="epoch", ylabel="KID x 1000, lower is better", ylim=(0, None))
    axes.set_title(title, fontsize=11)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _band(curves):
    """Returns epochs and KID there: the middle, the low and the high edge."""
    shared = sorted(set.intersection(*(set(curve["epoch"]) for curve in curves)))
    by_epoch = [dict(zip(curve["epoch"], curve["kid"])) for curve in curves]
    kids = np.array([[values[epoch] for epoch in shared] for values in by_epoch])
    if len(curves) > 1:
        return shared, kids.mean(0), kids.min(0), kids.max(0)
    error = np.array(curves[0]["kid_error"])
    return shared, kids[0], kids[0] - error, kids[0] + error


def frames(results):
    """Returns the frames of the side-by-side animation, uint8 (H, W, 3) each.

    Args:
        results: `Result`s of one seed, each with sheets. A training that ended early
            stays as it was.
    """
    epochs = sorted(set().union(*(result.sheets for result in results)))
    return [
        labelled(
            {r.cell.name: r.sheet(_reached(r, epoch), SHOWN) for r in results},
            f"epoch {epoch}",
        )
        for epoch in thin_out(epochs, MOST_FRAMES)
    ]


def _reached(result, epoch):
    return max((e for e in result.sheets if e <= epoch), default=min(result.sheets))


def labelled(tiles, title=""):
    """Lays out pictures with their names above them.

    Args:
        tiles: Dict from names to uint8 (H, W, 3), of one size.
        title: Text above all.

    Returns:
        uint8 (H', W', 3).
    """
    font = ImageFont.load_default(FONT)
    side = max(max(tile.shape[:2]) for tile in tiles.values())
    columns = min(COLUMNS, len(tiles))
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


def show_table(results):
    """Shows `table` in the notebook."""
    from IPython.display import Markdown, display

    display(Markdown(table(results)))


def show_frames(results, fps=10):
    """Shows `frames` of the first seed as a looping GIF in the notebook."""
    drawn = [result for result in first_seeds(results) if result.sheets]
    show_animation(frames(drawn), fps, hold_last=True)
