"""The table of scores, and samples beside the closest training pictures."""

import json

import numpy as np
import pytest

from dcgan.bias import FLATTERS
from dcgan.figures.nearest import nearest_figure
from dcgan.figures.scores import MEANINGS, read_scores, score_lines

SCORES = {"extractor": "lite0", "input_size": 128, "n_fake": 1000, "n_real": 819}
SCORES |= {"kid": 612.44, "kid_error": 14.23, "fid": None, "near_copies": 3}


def test_each_score_has_a_line_that_says_what_it_means():
    first, *lines = score_lines(SCORES)
    assert first == (
        "1000 generated pictures and 819 real ones, as lite0 sees them at 128x128"
    )
    assert [line.split("  ")[0] for line in lines] == ["KID x 1000", "near copies"]
    assert "612.4 +- 14.2" in lines[0] and lines[0].endswith(MEANINGS["kid"][2])
    assert (
        len({line.index(MEANINGS[n][2]) for line, n in zip(lines, SCORES_SHOWN)}) == 1
    )


SCORES_SHOWN = ("kid", "near_copies")


def test_scores_that_flatter_have_a_second_table():
    second = {"extractor": "lite1", "kid": 700.0, "kid_error": 9.0, "recall": 0.25}
    lines = score_lines(SCORES | {"flattered": True, "second": second})
    assert FLATTERS in lines[0]
    assert lines[3] == "The same as lite1 sees them, which took no part"
    assert "700.0 +- 9.0" in lines[4] and "0.250" in lines[5] and len(lines) == 6


@pytest.mark.parametrize(
    "second",
    [3, [], "x", {}, {"extractor": 3}, {"extractor": "x", "kid": "1"}],
    ids=str,
)
def test_a_damaged_second_table_is_no_scores(second, tmp_path):
    file = tmp_path / "evaluation.json"
    file.write_text(json.dumps(SCORES | {"second": second}))
    assert read_scores(file) is None
    whole = SCORES | {"second": {"extractor": "lite1", "kid": 1.0}}
    file.write_text(json.dumps(whole))
    assert read_scores(file) == whole


def test_pairs_are_drawn_with_their_ratio_and_copies_are_marked():
    pictures = np.zeros((30, 8, 8, 3), np.uint8)
    originals = np.full((30, 16, 16, 4), 255, np.uint8)
    ratios = np.linspace(0.1, 3, 30)
    figure = nearest_figure(pictures, originals, ratios, ratios < 0.15)
    drawn = [axes for axes in figure.axes if axes.images]
    assert len(drawn) == 24
    titles = [axes.get_title() for axes in drawn]
    assert titles[:2] == ["0.10 near copy", "0.20"]
    colours = {axes.title.get_color() for axes in drawn}
    assert len(colours) == 2
    pixels = drawn[0].images[0].get_array()
    assert (pixels[:, :128] == 0).all() and (pixels[:, -128:] == 255).all()


def test_fewer_pairs_than_places_leave_the_rest_empty():
    pictures = np.zeros((5, 8, 8, 1), np.uint8)
    figure = nearest_figure(pictures, pictures, np.ones(5), np.zeros(5, bool))
    assert sum(bool(axes.images) for axes in figure.axes) == 5
