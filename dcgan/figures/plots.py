"""Curves of a run."""

import io
from pathlib import Path

import numpy as np

from dcgan.figures.grids import few_colours
from dcgan.files import whole_file
from dcgan.tables import read_columns

# Colours that stay apart for colour-blind eyes (Okabe and Ito).
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"


def plot_losses(log, extractor=None):
    """Plots losses and scores against epochs, and what adapted itself while training:
    the number of updates a step and the probability of augmenting.

    Args:
        log: Dict of lists with `g_loss`, `d_loss`, `real_score` and `fake_score`, such
            as `read_columns` or the `history` of `fit` gives, or the path of `log.csv`.
        extractor: Name of the network whose features its scores are of, if known.

    Returns:
        `matplotlib.figure.Figure`, for `save_figure`.
    """
    from matplotlib.figure import Figure

    if isinstance(log, (str, Path)):
        log = read_columns(log)
    epochs = log.get("epoch") or range(1, len(log["g_loss"]) + 1)
    adapted = _adapted(log)
    scored = any(value is not None for value in log.get("kid", []))
    panels = 2 + len(adapted) + 2 * scored
    figure = Figure(figsize=(8, 3 * panels), layout="constrained")
    losses, scores, *more = figure.subplots(panels, sharex=True)
    _curve(losses, epochs, log["g_loss"], "generator", BLUE)
    _curve(losses, epochs, log["d_loss"], "discriminator", ORANGE)
    losses.set(title="Losses", ylabel="loss")
    _curve(scores, epochs, log["real_score"], "real pictures", BLUE)
    _curve(scores, epochs, log["fake_score"], "generated pictures", ORANGE)
    scores.set(title="What the discriminator says", ylabel="probability of real")
    scores.set(ylim=(0, 1))
    for axes, (title, label, curves) in zip(more, adapted):
        for (name, values), colour in zip(curves.items(), (BLUE, ORANGE)):
            _curve(axes, epochs, values, name, colour)
        axes.set(title=title, ylabel=label, ylim=(0, None))
    if scored:
        _draw_scores(*more[-2:], log, extractor)
    for axes in (losses, scores, *more):
        axes.legend()
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    axes.set(xlabel="epoch")
    return figure


def show_losses(log):
    """Shows `plot_losses` in the notebook."""
    show_figure(plot_losses(log))


def show_figure(figure):
    """Shows a figure in the notebook."""
    from IPython.display import display

    display(screen_figure(figure))


def screen_figure(figure):
    """Returns a figure as a `PIL.Image` in 256 colours."""
    from PIL import Image

    png = io.BytesIO()
    figure.savefig(png, dpi=80)
    return few_colours(Image.open(png).convert("RGB"))


def save_figure(path, figure):
    """Writes a figure as PNG."""
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=120)


def kid_label(extractor=None):
    """Returns what KID is called on an axis, with the extractor, if it is known."""
    return "KID x 1000" + (f" by {extractor}" if extractor else "")


def _draw_scores(kid, shares, log, extractor):
    """Draws KID with its error, and the shares, where they were measured."""
    measured = [i for i, value in enumerate(log["kid"]) if value is not None]
    epochs, value, error = (
        np.array([log[name][i] for i in measured])
        for name in ("epoch", "kid", "kid_error")
    )
    _curve(kid, epochs, value, "lower is better", BLUE)
    kid.fill_between(epochs, value - error, value + error, color=BLUE, alpha=0.25)
    kid.set(title="Distance from the real pictures", ylabel=kid_label(extractor))
    kid.set(ylim=(min(0, value.min()), None))
    names = {
        "recall": ("recall: real variety reached", BLUE),
        "coverage": ("coverage: real pictures met", GREEN),
        "authpct": ("AuthPct: not copied", ORANGE),
    }
    for name, (label, colour) in names.items():
        _curve(shares, epochs, [log[name][i] for i in measured], label, colour)
    shares.set(title="Variety and copying", ylabel="share", ylim=(-0.03, 1.03))


def _adapted(log):
    """Returns (title, label, curves by name) of what did not stay the same."""
    counts = {
        "generator": _updates_a_step(log, "g_updates"),
        "discriminator": _updates_a_step(log, "d_updates"),
    }
    found = []
    if any(len(set(values)) > 1 for values in counts.values()):
        found.append(("How often each network is updated", "updates a step", counts))
    probability = log.get("aug_p", [])
    if len(set(probability)) > 1:
        curves = {"DiffAugment": probability}
        found.append(("Adaptive augmentation", "probability of augmenting", curves))
    return found


def _updates_a_step(log, name):
    if name not in log:
        return log.get(f"{name}_a_step", [])
    totals, steps = [0, *log[name]], [0, *log["step"]]
    rises = zip(totals, totals[1:], steps, steps[1:])
    return [(after - before) / (end - start) for before, after, start, end in rises]


def _curve(axes, epochs, values, label, colour):
    marker = "o" if len(values) == 1 else None  # one point makes no line
    axes.plot(epochs, values, label=label, color=colour, marker=marker)
