"""Named comparisons: which trainings they plan."""

from dataclasses import asdict

import pytest

from dcgan.cells import experiment_names, plan_cells
from dcgan.config import load_config
from dcgan.errors import InputError


def differences(cell, other):
    one, two = asdict(cell.config), asdict(other)
    return {k: v for k, v in one.items() if v != two[k] and k not in ("name", "runs")}


def test_the_comparisons_that_come_with_the_package():
    assert experiment_names() == [
        *("augmentation-policies", "diffaugment", "frozen", "losses"),
        *("progressive", "quality", "stabilisers"),
    ]


@pytest.mark.parametrize("name", experiment_names())
def test_each_is_large_enough_to_mean_something(name):
    found, about, cells = plan_cells(name)
    assert found == name and len(about) > 10 and len(cells) > 2
    for cell in cells:
        config = cell.config
        assert config.size >= 32 and config.eval_every
        assert config.minutes >= 15 or config.epochs >= 300
        assert min(config.g_features, config.d_features) * config.size >= 32 * 32
        assert cell.run.folder.parts[:2] == ("runs", name)
    assert len({cell.run.folder for cell in cells}) == len(cells)


def test_diffaugment_has_four_probabilities_and_two_seeds():
    _, _, cells = plan_cells("diffaugment")
    found = [(cell.config.seed, cell.config.aug_prob) for cell in cells]
    assert found == [(s, p) for s in (0, 1) for p in (0, 0.3, 0.5, 1)]
    assert {cell.config.recipe for cell in cells} == {"diffaugment"}
    assert cells[5].title == "aug_prob 0.3 (seed 1)"


def test_all_cells_are_scored_by_one_network_that_trains_none_of_them(tmp_path):
    file = tmp_path / "mine.yml"
    file.write_text("cells: {a: {recipe: narrow}, b: {recipe: narrow}}")
    assert {c.config.extractor for c in plan_cells(file)[2]} == {"auto"}
    file.write_text("cells: {a: {recipe: narrow}, b: {}}")
    assert {c.config.extractor for c in plan_cells(file)[2]} == {"lite1"}


def test_losses_has_the_twelve_cells_of_its_names():
    _, _, cells = plan_cells("losses")
    recipes = {"BCE": "simpsons-bce", "W+GP": "simpsons-wgan-gp", "W+SN": "simpsons-sn"}
    assert len(cells) == 12
    for cell in cells:
        loss, inner, norm = cell.name.split(", ")
        assert cell.config.recipe == recipes[loss]
        assert cell.config.upsample == (inner == "upsample")
        expected = "batch" if norm == "BatchNorm" else "none"
        assert (cell.config.g_norm, cell.config.d_norm) == (expected, expected)


def test_stabilisers_are_added_in_two_steps():
    _, _, (plain, first, second) = plan_cells("stabilisers")
    added = {"linear_layer": True, "schedule": "cosine", "clip_norm": 1.0}
    added |= {"precision": "bfloat16"}
    assert differences(first, plain.config) == added
    more = {"dynamic_frequency": True, "minibatch_discrimination": True}
    more |= {"label_smoothing": 0.1}
    assert differences(second, first.config) == more


def test_flags_win_over_all_cells_and_seeds_over_the_file(tmp_path):
    _, _, cells = plan_cells("diffaugment", [7], epochs=9, runs=tmp_path, aug_prob=0.2)
    assert [cell.config.seed for cell in cells] == [7] * 4
    assert {(c.config.epochs, c.config.aug_prob) for c in cells} == {(9, 0.2)}
    assert cells[0].run.folder == tmp_path / "diffaugment" / "aug-prob-0-seed7"


def test_a_file_of_one_s_own(tmp_path):
    file = tmp_path / "mine.yml"
    file.write_text("base: {size: 16, epochs: 3}\ncells:\n  A b: \n  C!: {g_lr: 0.1}\n")
    name, about, (one, two) = plan_cells(file, runs="r")
    assert (name, about) == ("mine", "mine")
    place = {"runs": "r/mine", "name": "a-b-seed0"}
    expected = load_config(size=16, epochs=3, extractor="lite1", **place)
    assert one.config == expected
    assert two.config.name == "c-seed0" and two.config.g_lr == 0.1


WRONG = {
    "cells: {a: {g_lr: 7}}": "cell 'a': g_lr is not valid",
    "cells: {a: {nope: 7}}": "mine.yml: a: unknown key. Received: nope",
    "cells: {a: {1: 2}}": "mine.yml: a: unknown key. Received: 1",
    "{1: a, x: b, cells: {a: }}": "mine.yml: unknown key. Received: 1",
    "cells: {a: {recipe: 3}}": "mine.yml: a: recipe is not valid. Received: 3",
    "cells: {a: {recipe: }}": "mine.yml: a: recipe is not valid. Received: None",
    "cells: {a: {source: 5}}": "mine.yml: a: unknown key. Received: source",
    "cells: {a: }\nbase: {runs: 5}": "mine.yml: base: runs is not valid",
    "cells: {a: }\nseeds: [0, 0]": "seeds is not valid.*numbers that differ",
    "cells: {}": "cells is not valid",
    "cells: [a]": "cells is not valid",
    "cells: {a: 3}": "mine.yml: a is not valid. Received: 3",
    "cells: {a: }\nbase: 3": "mine.yml: base is not valid",
    "cells: {a: }\nseeds: x": "mine.yml: seeds is not valid",
    "cells: {a: }\nmore: 1": "unknown key. Received: more.*one of about, base, cells",
    "cells: {a: {minutes: 9, epochs: 9}}": "mine.yml: a: minutes does not go with",
    "cells: {a: }\nbase: {minutes: 9, epochs: 9}": "mine.yml: base: minutes does not",
    "cells: {a: {seed: 1}}": "mine.yml: a: unknown key. Received: seed",
    "cells: {a: {runs: x}}": "Received: runs. Allowed: knobs but name, seed, runs",
    "cells: {a: }\nbase: {name: x}": "mine.yml: base: unknown key. Received: name",
    "cells: {base: {name: x}}": "mine.yml: base: unknown key. Received: name",
    "cells: {a b: , A-b: }": "cells is not valid.*names that differ",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_in_a_file_is_named_in_one_line(text, tmp_path):
    (tmp_path / "mine.yml").write_text(text)
    with pytest.raises(InputError, match=WRONG[text]) as error:
        plan_cells(tmp_path / "mine.yml")
    assert "\n" not in str(error.value)


def test_the_name_of_a_file_names_a_folder(tmp_path):
    (tmp_path / "...yml").write_text("cells: {a: }")
    with pytest.raises(InputError, match="experiment is not valid"):
        plan_cells(tmp_path / "...yml")


def test_an_unknown_comparison_is_refused():
    with pytest.raises(
        InputError, match="no such experiment.*diffaugment, frozen, losses"
    ):
        plan_cells("nope")
