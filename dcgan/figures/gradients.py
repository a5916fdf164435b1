"""The gradient flow through both networks, as bars."""

from dcgan.figures.plots import BLUE, ORANGE, show_figure

LEAST = 1e-12  # where the scale begins, for layers without any gradient


def gradient_figure(flow, epoch=None):
    """Draws the mean and the largest absolute gradient of each layer, on a log scale.

    Args:
        flow: What `gradient_flow` returns.
        epoch: Optional epoch for the title.

    Returns:
        `matplotlib.figure.Figure`.
    """
    from matplotlib.figure import Figure

    longest = max(len(layers) for layers in flow.values())
    figure = Figure(figsize=(8, 2.2 + 0.28 * 2 * longest), layout="constrained")
    when = "" if epoch is None else f" after epoch {epoch}"
    figure.suptitle(f"Gradient flow{when}")
    means = [x.mean for layers in flow.values() for x in layers.values() if x.mean]
    left = min(means, default=LEAST) / 10
    for axes, (network, layers) in zip(figure.subplots(2, sharex=True), flow.items()):
        _draw(axes, layers, left)
        title = f"{network}, from its input (top) to its output"
        axes.set_title(title, loc="left", fontsize=11)
    first, *_ = figure.axes
    above = {"loc": "lower right", "bbox_to_anchor": (1, 1), "frameon": False}
    first.legend(ncols=2, fontsize=8, **above)  # where it covers no bar
    axes.set(xlim=(left, None))
    axes.set(xlabel="absolute gradient of the loss, over a layer's weights")
    return figure


def show_gradient_flow(flow, epoch=None):
    """Shows `gradient_figure` in the notebook."""
    show_figure(gradient_figure(flow, epoch))


def _draw(axes, layers, left):
    places = range(len(layers))
    for values, colour, height, label in (
        ([layer.max for layer in layers.values()], "#B8D4E8", 0.8, "largest"),
        ([layer.mean for layer in layers.values()], BLUE, 0.4, "mean"),
    ):
        lengths = [value or left for value in values]  # a scale of logs has no 0
        axes.barh(places, lengths, height, color=colour, label=label)
    axes.set_xscale("log")
    axes.set(ylim=(len(layers) - 0.5, -0.5), yticks=places)
    axes.set_yticklabels([_label(*item) for item in layers.items()], fontsize=8)
    for place, label, layer in zip(places, axes.get_yticklabels(), layers.values()):
        label.set_color(ORANGE if layer.new else "black" if layer.mean else "grey")
        if not layer.mean:
            note = "frozen" if layer.mean is None else "no gradient"
            options = {"fontsize": 8, "color": "grey", "va": "center"}
            options["xycoords"] = ("axes fraction", "data")
            axes.annotate(note, (0.01, place), **options)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _label(name, layer):
    return f"new: {name}" if layer.new else name
