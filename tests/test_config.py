"""Recipes, files and flags, and what they come to."""

import re
import resource
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict, fields
from typing import get_args

import pytest
import yaml

from dcgan.config import Config, knob_help, load_config, load_flags, save_config
from dcgan.errors import InputError
from dcgan.sources import RECIPES, read_recipe, recipe_names


def test_the_defaults_are_the_recipe_narrow():
    assert load_config("narrow") == Config()


def test_the_recipe_of_a_training_that_names_none_is_default():
    assert load_config() == load_config("default") == load_flags([])
    assert load_config(epochs=7).projected and not Config().projected


def test_the_help_shows_what_a_training_does_that_names_no_recipe(capsys):
    with pytest.raises(SystemExit):
        load_flags(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    for name, value in read_recipe("default").items():
        pattern = rf"--{name}\b(?:(?!default:).)*default: {value}\)"
        assert re.search(pattern, told), name


@pytest.mark.parametrize("recipe", recipe_names())
def test_a_recipe_holds_overrides_only(recipe):
    config = asdict(load_config(recipe))
    defaults = asdict(Config())
    overrides = yaml.safe_load((RECIPES / f"{recipe}.yml").read_text())
    assert overrides["name"] == config["recipe"] == recipe
    changed = {key for key in config if config[key] != defaults[key]}
    derived = {"epochs", "g_lr", "d_lr"} if "cycle" in overrides else set()
    assert changed - {"recipe"} - derived <= set(overrides)
    needless = {k for k, v in overrides.items() if v == defaults[k]} - {"name"}
    assert not needless


def test_flags_win_over_the_file_and_the_file_over_the_recipe(tmp_path):
    file = tmp_path / "my.yml"
    file.write_text("recipe: diffaugment\nepochs: 7\nbatch_size: 8\n")
    config = load_flags(["--config", str(file), "--batch_size", "16", "--flip"])
    assert (config.recipe, config.stem) == ("diffaugment", "deconv")
    assert (config.epochs, config.batch_size, config.flip) == (7, 16, True)


def test_a_file_and_a_flag_may_name_the_recipe_but_not_two(tmp_path):
    file = tmp_path / "my.yml"
    file.write_text("epochs: 7\n")
    config = load_flags(["--config", str(file), "--recipe", "keras-dcgan"])
    assert (config.recipe, config.min_map, config.epochs) == ("keras-dcgan", 8, 7)
    file.write_text("recipe: diffaugment\nepochs: 7\n")
    assert load_config(str(file), recipe="diffaugment").stem == "deconv"
    with pytest.raises(InputError, match="made for another one.*one of the two"):
        load_flags(["--config", str(file), "--recipe", "keras-dcgan"])


def test_paths_may_be_path_objects(tmp_path):
    (tmp_path / "my.yml").write_text("epochs: 7\n")
    config = load_config(tmp_path / "my.yml", data=tmp_path)
    assert (config.epochs, config.data) == (7, str(tmp_path))


def test_choices_in_the_config_are_those_of_the_code():
    from dcgan.combinations import PENALTY_KNOBS
    from dcgan.data.pictures import FITS, MODES
    from dcgan.models.initializers import INITIALIZERS
    from dcgan.models.layers import BIASES, NORMS, PRECISIONS
    from dcgan.training.augment import POLICIES
    from dcgan.training.losses import LOSSES
    from dcgan.training.optimizers import ADAMS, SCHEDULES
    from dcgan.training.penalties import PENALTIES
    from dcgan.training.updates import UPDATES

    kinds = {field.name: get_args(field.type) for field in fields(Config)}
    assert set(kinds["fit"]) == set(FITS)
    assert set(kinds["loss"]) == set(LOSSES)
    assert {*kinds["update"], "dynamic"} == set(UPDATES)
    assert set(kinds["init"]) == set(INITIALIZERS)
    assert set(kinds["schedule"]) == set(SCHEDULES)
    assert set(kinds["adam"]) == set(ADAMS)
    assert set(kinds["precision"]) == set(PRECISIONS)
    assert set(kinds["g_bias"]) == set(kinds["d_bias"]) == set(BIASES)
    assert set(PENALTY_KNOBS) == set(PENALTIES)
    assert set(kinds["g_norm"]) == set(kinds["d_norm"]) == {"none", *NORMS}
    assert Config(policy=", ".join(POLICIES)).policy
    assert all(Config(channels=channels).channels for channels in MODES)


def test_booleans_are_bare_flags_with_an_opposite():
    assert load_flags(["--upsample"]).upsample is True
    assert load_flags(["--no_upsample"]).upsample is False


def test_a_boolean_that_may_be_left_open_is_one_too(tmp_path):
    file = tmp_path / "my.yml"
    for text, value in (("null", None), ("true", True), ("false", False)):
        file.write_text(f"jit_compile: {text}\n")
        assert load_config(file).jit_compile is value
    assert load_flags([]).jit_compile is None
    assert load_flags(["--jit_compile"]).jit_compile is True
    assert load_flags(["--no_jit_compile"]).jit_compile is False
    for wrong in ("1", "'yes'"):
        file.write_text(f"jit_compile: {wrong}\n")
        with pytest.raises(InputError, match="jit_compile.*Allowed: true or false"):
            load_config(file)


def test_lists_come_from_flags_and_files(tmp_path):
    widths = [32, 16, 8, 4]
    assert load_flags(["--g_widths", "[32,16,8,4]"]).g_widths == widths
    file = tmp_path / "my.yml"
    file.write_text("g_widths: [32, 16, 8, 4]\n")
    assert load_config(str(file)).g_widths == widths


@pytest.mark.parametrize("recipe", recipe_names())
def test_a_saved_config_is_a_valid_file_with_the_same_values(recipe, tmp_path):
    config = load_config(recipe, seed=5, data="Bücher & Bilder", background="#ff00aa")
    save_config(config, tmp_path / "config.yml")
    assert load_config(str(tmp_path / "config.yml")) == config
    assert "overwrite" not in (tmp_path / "config.yml").read_text()


def test_a_config_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Config().size = 32


def test_every_knob_says_why():
    assert set(knob_help()) == set(asdict(Config()))


def test_help_is_fast_and_does_not_import_tensorflow():
    code = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from dcgan.train import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "python -m dcgan.train --data" in done.stdout
    assert "--aug_prob" in done.stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)  # busy machines do not count
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
