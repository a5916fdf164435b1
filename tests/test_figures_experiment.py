"""Trainings side by side: the table, the curves, the sheets and the animation."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dcgan.cells import Cell
from dcgan.config import load_config
from dcgan.figures import experiment as figures
from dcgan.figures.grids import image_grid, save_picture
from dcgan.figures.score_table import sources
from dcgan.results import Result, read_result
from dcgan.run import Run

SCORES = {"kid": 612.4, "kid_error": 14.2, "recall": 0.2, "coverage": 0.1}
SCORES |= {"variety": 0.9, "authpct": 0.8, "near_copies": 3, "kid_floor": 4.4}
SCORES |= {"extractor": "lite0", "input_size": 128, "n_real": 20, "n_fake": 30}


def cell(name, seed=0, runs="runs", **knobs):
    knobs |= {"name": f"{name}-{seed}", "seed": seed, "runs": str(runs)}
    return Cell(name, load_config("narrow", size=16, sample_grid=5, epochs=9, **knobs))


def curve(*kids):
    epochs = [10.0 * (i + 1) for i in range(len(kids))]
    return {"epoch": epochs, "kid": list(kids), "kid_error": [5.0] * len(kids)} | {
        "authpct": [0.9] * len(kids)
    }


@pytest.fixture
def results():
    return [
        Result(cell("one"), "", SCORES, curve(700, 600, 650), 3.4),
        Result(cell("two"), "", SCORES, curve(800, 500), 2.0),
        Result(cell("three"), "it broke"),
        Result(cell("two", 1), "", SCORES | {"kid": 700.0, "recall": 0.3}, curve(900)),
        Result(cell("three", 1), "", SCORES, {}, 1.0),
    ]


def test_the_table_has_a_line_a_cell(results):
    header, rule, *lines = figures.table(results).splitlines()
    assert header.count("|") == rule.count("|")
    assert all(line.count("|") == header.count("|") for line in lines)
    one, two, three = ([part.strip() for part in x.split("|")] for x in lines)
    assert one[1:4] == ["one", "1", "612 +- 14"]
    assert one[4:] == ["0.10", "0.20", "0.90", "0.80", "3", "600 (20)", "3", ""]
    assert two[1:4] == ["two", "2", "656 (612 to 700)"]
    assert two[5] == "0.25 (0.20 to 0.30)"
    assert two[9:11] == ["500 (20), 900 (10)", "2"]
    assert three[1:4] == ["three", "1 of 2", "612 +- 14"]


def test_a_cell_without_scores_says_why(results):
    header, _, line = figures.table(results[2:3]).splitlines()
    assert line.count("|") == header.count("|")
    assert line.split(" | ")[:3] == ["| three", "0 of 1", "it broke"]


def test_the_band_is_the_error_of_one_seed_and_the_range_of_several():
    epochs, middle, low, high = figures._band([curve(700, 600)], "kid")
    assert epochs == [10, 20] and list(middle) == [700, 600]
    assert list(low) == [695, 595] and list(high) == [705, 605]
    epochs, middle, low, high = figures._band([curve(700, 600), curve(900)], "kid")
    assert epochs == [10] and (middle, low, high) == (800, 700, 900)


def test_the_curves_are_named_and_distinct(results):
    figure = figures.kid_figure(results, "All of them")
    axes, copies = figure.axes
    assert [line.get_ydata()[0] for line in copies.lines] == [0.9, 0.9]
    assert [line.get_label() for line in axes.lines] == ["one", "two"]
    assert len({line.get_color() for line in axes.lines}) == 2
    assert axes.get_title() == "All of them"
    assert axes.get_ylabel() == "KID x 1000 by lite0, lower is better"
    many = [Result(cell(f"c{i}"), "", SCORES, curve(9, 8)) for i in range(12)]
    lines = figures.kid_figure(many, "").axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 12


def test_curves_by_several_extractors_say_which(results):
    projected = cell("features", projected=True)  # so another network scores it
    figure = figures.kid_figure([*results, Result(projected, "", SCORES, curve(9))], "")
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert labels == ["one, by lite0", "two, by lite0", "features, by lite1"]
    assert figure.axes[0].get_ylabel() == "KID x 1000, lower is better"


@pytest.fixture
def runs(tmp_path):
    """Two trainings with sheets of 5x5 pictures; the second ended early."""
    found = []
    for name, epochs in (("long", (1, 2, 3)), ("short", (1, 2))):
        planned = cell(name, runs=tmp_path)
        Run.create(planned.config)
        for epoch in epochs:
            shades = np.full((25, 16, 16, 3), 40 * epoch, np.uint8)
            shades += np.arange(25, dtype=np.uint8)[:, None, None, None]
            path = planned.run.samples / f"epoch_000{epoch}.png"
            save_picture(path, image_grid(shades))
        found.append(read_result(planned))
    return found


def test_a_part_of_a_sheet_is_whole_pictures(runs):
    sheet = runs[0].sheet(2)
    assert sheet.shape == (92, 92, 3)
    part = runs[0].sheet(2, 3)
    assert part.shape == (56, 56, 3)
    np.testing.assert_array_equal(part, sheet[:56, :56])
    assert (part[2 : 2 + 16, 2 : 2 + 16] == 80).all() and (part[:, -2:] == 255).all()


def test_a_training_that_ended_early_stays_as_it_was(runs):
    drawn = figures.frames(runs)
    assert len(drawn) == 3 and len({frame.shape for frame in drawn}) == 1
    assert len(figures.frames(runs, most=2)) == 2
    changed = [(drawn[1] != drawn[2])[:, half].any() for half in halves(drawn[0])]
    assert changed[0]
    right = np.s_[:, drawn[0].shape[1] // 2 + 4 :]
    below = figures.MARGIN + 2 * figures.LINE  # of the title and the names
    np.testing.assert_array_equal(drawn[1][below:][right], drawn[2][below:][right])


def halves(frame):
    middle = frame.shape[1] // 2
    return np.s_[:middle], np.s_[middle:]


def test_tiles_have_their_names_above_them_and_do_not_overlap():
    shade = np.array([10, 200, 30], np.uint8)
    tiles = {f"name {i}": np.tile(shade + i, (40, 40, 1)) for i in range(6)}
    canvas = figures.labelled(tiles, "a title")
    for index in range(6):
        assert (canvas == shade + index).all(axis=-1).sum() == 40 * 40
    rows, columns = np.where((canvas == shade).all(axis=-1))
    head = canvas[: rows.min(), columns.min() : columns.max()]
    assert (head < 128).any() and (canvas[: figures.MARGIN // 2] == 255).all()


def test_all_files_are_written(results, runs, tmp_path):
    figures.write_figures(tmp_path, "About this", [*results, *runs])
    said = (tmp_path / "table.md").read_text()
    source = "30 generated pictures and 20 real ones, as lite0 sees them at 128x128"
    assert said.startswith(f"About this\n\n{source}. KID floor: 4.\n\n| cell |")
    for name in ("curves.png", "grid.png", "comparison.gif"):
        with Image.open(tmp_path / name) as picture:
            picture.verify()


def test_trainings_that_end_at_other_epochs_have_one_source(results):
    """As those of the same minutes do."""
    results = [
        replace(r, scores=r.scores | {"generator": "newest", "epoch": epoch})
        for r, epoch in zip((r for r in results if r.scores), (32, 82, 58))
    ]
    (said,) = sources(results).strip().splitlines()
    assert said.startswith("30 generated pictures of the newest generator, epoch 32 to")
    assert "epoch 82" not in sources(results[:1])


def test_nothing_is_drawn_of_nothing(tmp_path):
    figures.write_figures(tmp_path, "About", [Result(cell("a"), "it broke")])
    assert [file.name for file in tmp_path.iterdir()] == ["table.md"]


def test_scores_of_an_earlier_start_are_not_those_of_one_that_failed(tmp_path):
    planned = cell("again", runs=tmp_path)
    Run.create(planned.config)
    planned.run.evaluation.write_text(json.dumps(SCORES))
    planned.run.scores.write_text("epoch,kid,kid_error,authpct\n9,700,10,0.9\n")
    assert read_result(planned).scores == SCORES
    failed = read_result(planned, "it broke")
    assert failed.scores is None and failed.curve["kid"] == [700]
    other = Cell("again", replace(planned.config, g_lr=0.01))
    assert read_result(other, "it exists") == Result(other, "it exists")


def test_no_name_breaks_the_table():
    lines = figures.table([Result(cell("c"), "it\nbroke | off")]).splitlines()
    assert len(lines) == 3 and "it broke \\| off" in lines[-1]
