"""Trainings side by side: the table of sheets, the curves, and the spread."""

import numpy as np
import pytest

import dcgan
from dcgan.figures.comparison import comparison_figure, curves_figure, spread


def test_the_table_shows_every_sheet_at_its_place():
    def sheet(level):
        return np.full((4, 8, 8, 3), level, np.uint8)

    cells = {
        ("bce", "deconv"): sheet(10),
        ("bce", "upsample"): sheet(20),
        ("wgan", "upsample"): sheet(30),
    }
    axes = np.reshape(comparison_figure(cells).axes, (2, 2))
    assert [a.get_title() for a in axes[0]] == ["deconv", "upsample"]
    assert [a.get_ylabel() for a in axes[:, 0]] == ["bce", "wgan"]
    levels = [[a.images[0].get_array()[5, 5, 0] if a.images else None for a in row]
              for row in axes]  # fmt: skip
    assert levels == [[10, 20], [None, 30]]


def test_curves_of_a_group_share_a_colour_and_one_label():
    groups = {"without": [{1: 0.5, 3: 0.25}, {1: 0.4, 3: 0.1}], "with": [{1: 0.6}]}
    (axes,) = curves_figure(groups, "spread", ("real", 0.3)).axes
    first, second, third, level = axes.lines
    assert list(first.get_xdata()) == [1, 3] and list(first.get_ydata()) == [0.5, 0.25]
    assert first.get_color() == second.get_color() != third.get_color()
    assert list(level.get_ydata()) == [0.3, 0.3]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["without", "with", "real"] and axes.get_ylabel() == "spread"


def test_spread_is_0_for_copies_and_1_for_black_and_white():
    pictures = np.zeros((4, 2, 2, 3), np.uint8)
    assert spread(pictures) == 0
    pictures[:2] = 255
    assert spread(pictures) == pytest.approx(1)
    pictures[:, 0] = 7  # half of the pixels are equal in all pictures
    assert spread(pictures) == pytest.approx(0.5)


@pytest.mark.usefixtures("no_curves", "eagerly")
def test_fit_trains_in_memory_as_the_command_does_on_disk(tiny_config, noise_images):
    sheets = dcgan.SampleGrid(every=1, count=4)
    gan, history = dcgan.fit(tiny_config, noise_images, [sheets])
    assert len(history["g_loss"]) == tiny_config.epochs == 2
    assert list(sheets.history) == [1, 2]
    from dcgan.training import trainer

    run = trainer.train(tiny_config, noise_images)
    for mine, its in zip(gan.ema_generator.get_weights(), run.load_generator().weights):
        np.testing.assert_array_equal(mine, its.numpy())
