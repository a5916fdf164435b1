"""Phases of a cycle, and the epochs that come of them."""

import pytest

from dcgan.config import load_config, load_flags, save_config
from dcgan.errors import InputError
from dcgan.stages import fewest_epochs, plan_stages, with_epochs

pytestmark = pytest.mark.usefixtures("no_curves")

PHASES = [{"lr": 5e-4, "epochs": 2}, {"lr": 2e-4, "epochs": 3}]
SHORT = [{"lr": 1e-3, "epochs": 1}]


def lengths(config):
    """The epochs of each phase, stage by stage."""
    ends = [
        [stage.first, *(end for end, _ in stage.phases)]
        for stage in plan_stages(config)
    ]
    return [[b - a for a, b in zip(stage, stage[1:])] for stage in ends]


def test_a_cycle_chooses_the_epochs_and_the_rates():
    config = load_config(cycle=PHASES, progressive=[16, 32, 64])
    assert (config.epochs, config.g_lr, config.d_lr) == (15, 5e-4, 5e-4)


def test_other_stages_choose_other_epochs_with_the_recipes_cycle():
    config = load_config("progan", progressive=[32, 64])
    assert (config.epochs, config.g_lr) == (200, 1e-3)


def test_what_agrees_with_the_cycle_may_be_said():
    config = load_config(cycle=PHASES, epochs=5, g_lr=5e-4, d_lr=5e-4)
    assert config == load_config(cycle=PHASES)


@pytest.mark.parametrize(
    "epochs, phases",
    [
        (900, [[100, 200]] * 3),
        (9, [[1, 2]] * 3),
        (1800, [[200, 400]] * 3),
        (6, [[1, 1]] * 3),
    ],
)
def test_epochs_stretch_or_shorten_the_phases_of_a_recipe(epochs, phases):
    config = load_config("pokegan-progressive", epochs=epochs)
    assert lengths(config) == phases
    assert [rate for _, rate in plan_stages(config)[0].phases] == [5e-4, 2e-4]


@pytest.mark.parametrize("epochs", [7, 10, 11, 100, 299, 901, 12_345])
def test_stretched_phases_sum_to_the_epochs_and_have_one_at_least(epochs):
    found = lengths(load_config("pokegan-progressive", epochs=epochs))
    flat = [length for stage in found for length in stage]
    assert sum(flat) == epochs and min(flat) >= 1
    exact = [epochs / 9, 2 * epochs / 9] * 3
    assert all(abs(a - b) <= 2 for a, b in zip(flat, exact))


@pytest.mark.parametrize("epochs", [6, 7, 300, 10**9])
def test_a_config_with_other_epochs_is_the_one_that_is_asked_for(epochs):
    config = load_config("pokegan-progressive")
    assert with_epochs(config, epochs) == load_config(config.recipe, epochs=epochs)
    again = with_epochs(with_epochs(config, epochs), epochs)
    assert again == with_epochs(config, epochs)
    assert fewest_epochs(config) == 6  # three stages of two phases
    assert fewest_epochs(load_config("narrow", progressive=[32, 64])) == 2


def test_epochs_that_the_cycle_has_anyway_change_nothing(tmp_path):
    file = tmp_path / "my.yml"
    file.write_text("cycle: [{lr: 5e-4, epochs: 10}, {lr: 1e-4, epochs: 190}]\n")
    config = load_config(file, epochs=200)
    assert lengths(config) == lengths(load_config(file)) == [[10, 190]]


def test_twice_the_epochs_are_twice_each_phase(tmp_path):
    file = tmp_path / "my.yml"
    file.write_text("cycle: [{lr: 5e-4, epochs: 10}, {lr: 1e-4, epochs: 190}]\n")
    assert lengths(load_config(file, epochs=400)) == [[20, 380]]


def test_fewer_epochs_than_phases_are_refused():
    assert load_config("pokegan-progressive", epochs=6).epochs == 6
    with pytest.raises(InputError, match="Received: 5. Allowed: 6 or more, or another"):
        load_config("pokegan-progressive", epochs=5)


def test_stages_and_epochs_may_be_chosen_together():
    config = load_config("progan", progressive=[8, 16], size=16, epochs=6)
    assert lengths(config) == [[3], [3]] and config.epochs == 6


def test_other_stages_go_with_the_epochs_of_a_file(tmp_path):
    file = tmp_path / "my.yml"
    file.write_text("recipe: progan\nepochs: 10\n")
    assert lengths(load_config(file)) == [[3], [4], [3]]
    assert load_config(file, progressive=[32, 64]).progressive == [32, 64]


@pytest.mark.parametrize(
    "source, knobs",
    [
        ("default", {"cycle": PHASES}),
        ("default", {"cycle": PHASES, "progressive": [32, 64]}),
        ("default", {"cycle": [SHORT, PHASES], "progressive": [32, 64]}),
        ("default", {"progressive": [32, 64], "epochs": 5}),
        ("progan", {}),
        ("progan", {"epochs": 7}),
        ("progan", {"cycle": None}),
        ("pokegan-progressive", {"epochs": 1000}),
    ],
)
def test_a_saved_config_with_stages_is_the_same_when_loaded(source, knobs, tmp_path):
    config = load_config(source, **knobs)
    save_config(config, tmp_path / "config.yml")
    again = load_config(tmp_path / "config.yml")
    assert again == config and plan_stages(again) == plan_stages(config)


def test_rates_may_be_written_as_powers_of_ten_without_a_point(tmp_path):
    """YAML 1.1 takes 5e-4 for a text."""
    file = tmp_path / "my.yml"
    file.write_text("cycle: [{lr: 5e-4, epochs: 2}, {lr: 2E-4, epochs: 3}]\n")
    from_flag = load_flags(
        ["--cycle", "[{lr: 5e-4, epochs: 2}, {lr: 2e-4, epochs: 3}]"]
    )
    assert load_config(file).cycle == from_flag.cycle == PHASES
    assert load_config(file).g_lr == 5e-4


def test_no_cycle_leaves_the_rates_alone():
    config = load_config("progan", cycle=None, g_lr=3e-3, epochs=6)
    assert (config.cycle, config.g_lr, config.d_lr, config.epochs) == (
        None,
        3e-3,
        4e-4,  # the default's: the recipe has no rates but in its cycle
        6,
    )
