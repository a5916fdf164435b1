"""The figure of how strongly each layer is pulled."""

import io
import warnings

import numpy as np
import pytest

from dcgan.figures.gradients import gradient_figure
from dcgan.figures.plots import ORANGE
from dcgan.training.gradients import LayerFlow

FLOW = {
    "generator": {
        "stem_dense": LayerFlow(1e-7, 1e-6, True),
        "block1_conv": LayerFlow(None, None, False),
        "output_deconv": LayerFlow(3e-5, 2e-4, False),
    },
    "discriminator": {
        "block1_conv": LayerFlow(0.0, 0.0, False),
        "head_dense": LayerFlow(0.5, 7.0, True),
    },
}


def panels(flow):
    return dict(zip(flow, gradient_figure(flow, epoch=3).axes))


def test_each_layer_has_one_label_in_the_order_of_the_network():
    texts = [
        [label.get_text() for label in axes.get_yticklabels()]
        for axes in panels(FLOW).values()
    ]
    assert texts == [
        ["new: stem_dense", "block1_conv", "output_deconv"],
        ["block1_conv", "new: head_dense"],
    ]
    for axes in panels(FLOW).values():
        assert axes.get_xscale() == "log" and axes.yaxis_inverted()


def test_only_new_layers_have_coloured_labels():
    for network, axes in panels(FLOW).items():
        for label, layer in zip(axes.get_yticklabels(), FLOW[network].values()):
            assert (label.get_color() == ORANGE) == layer.new


def test_the_bars_are_as_long_as_the_flow():
    for network, axes in panels(FLOW).items():
        bars = {c.get_label(): [b.get_width() for b in c] for c in axes.containers}
        for place, layer in enumerate(FLOW[network].values()):
            if layer.max:
                assert bars["largest"][place] == layer.max
                assert bars["mean"][place] == layer.mean
            else:
                assert bars["largest"][place] == bars["mean"][place]
                assert bars["mean"][place] <= axes.get_xlim()[0]


def test_every_bar_ends_inside_the_figure():
    """Both panels share a scale, so it has to hold the values of both."""
    for network, axes in panels(FLOW).items():
        left, right = axes.get_xlim()
        for layer in FLOW[network].values():
            if layer.max:
                assert left < layer.mean <= layer.max <= right, network


def test_layers_without_a_bar_say_why():
    notes = [[text.get_text() for text in axes.texts] for axes in panels(FLOW).values()]
    assert notes == [["frozen"], ["no gradient"]]


@pytest.mark.parametrize("least", [1e-7, 1e-15, 1e-25])
def test_layers_without_a_flow_have_no_bar_however_small_the_others(least):
    """Gradients that vanish are what the figure is for."""
    generator = FLOW["generator"] | {"faint": LayerFlow(least, 2 * least, False)}
    for axes in panels(FLOW | {"generator": generator}).values():
        left, _ = axes.get_xlim()
        labels = [label.get_text() for label in axes.get_yticklabels()]
        for bars in axes.containers:
            ends = dict(zip(labels, (bar.get_width() for bar in bars)))
            assert ends.get("faint", least) in (least, 2 * least)
            assert ends["block1_conv"] <= left


NOTHING = {
    "frozen": {"generator": {"a": LayerFlow(None, None, False)}},
    "without gradient": {"generator": {"a": LayerFlow(0.0, 0.0, False)}},
    "usual": {"generator": FLOW["generator"]},
}


@pytest.mark.parametrize("kind", NOTHING)
def test_any_flow_is_drawn_without_a_warning_or_nan(kind):
    flow = NOTHING[kind] | {"discriminator": FLOW["discriminator"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = gradient_figure(flow)
        figure.savefig(io.BytesIO(), format="png")
    for axes in figure.axes:
        numbers = [bar.get_width() for c in axes.containers for bar in c]
        assert np.isfinite([*numbers, *axes.get_xlim()]).all()
        assert axes.get_xlim()[0] > 0
