"""Recipes, files, flags, and everything that is refused."""

import re
import resource
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict, fields
from pathlib import Path
from typing import get_args

import pytest
import yaml

from dcgan import build_discriminator, build_generator
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


def test_theory_tells_the_true_numbers_of_the_recipes():
    text = (Path(__file__).parent.parent / "Theory.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| parameters of")]
    configs = [load_config(r) for r in ("narrow", "keras-dcgan", "diffaugment")]
    for row, build in zip(rows, (build_generator, build_discriminator), strict=True):
        counts = [f"{build(config).count_params():,}" for config in configs]
        assert [cell.strip() for cell in row.split("|")[2:5]] == counts
    assert f"{build_generator(load_config()).count_params():,} parameters" in " ".join(
        text.split()
    )
    (row,) = [line for line in text.splitlines() if line.startswith("| batch, epochs")]
    expected = [f"{c.batch_size}, {c.epochs}, {c.update}" for c in configs]
    assert [cell.strip() for cell in row.split("|")[2:5]] == expected


OFF = {"critic_steps": 1, "penalty_every": 1, "discriminators": 1}
OFF |= {"schedule": "constant", "precision": "float32", "grow": "image"}


def test_the_readmes_table_of_recipes_is_whole():
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    table = text.split("| recipe | what it is |")[1].split("\n\n")[0]
    cells = " ".join(line.split("|")[1] for line in table.splitlines()[2:])
    assert sorted(cells.replace("`", "").split()) == recipe_names()


def test_a_recipe_that_contradicts_itself_is_refused(tmp_path, monkeypatch):
    (tmp_path / "bad.yml").write_text("name: bad\nloss: wgan\nlabel_noise: 0.1\n")
    monkeypatch.setattr("dcgan.sources.RECIPES", tmp_path)
    with pytest.raises(InputError, match="label_noise does not go with this loss"):
        load_config("bad")


def test_the_readmes_table_of_techniques_is_true():
    """Each row names knobs that exist, their values, and the recipes that use them."""
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    table = text.split("| technique | knob |")[1].split("\n\n")[0]
    lines = table.splitlines()[2:]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert len(rows) > 30
    kinds = {field.name: get_args(field.type) for field in fields(Config)}
    configs = {recipe: load_config(recipe) for recipe in recipe_names()}
    for name, knobs, values, _paper, recipes in rows:
        knobs = knobs.replace("`", "").split()
        assert set(knobs) <= set(kinds), name
        choices = {c for k in knobs for c in kinds[k] if isinstance(c, str)}
        assert choices <= set(values.replace("`", " ").replace(";", " ").split()), name
        if recipes == "all":  # one of several ways, and each recipe has to choose
            assert choices, name
            continue
        users = {
            recipe
            for recipe in configs
            if any(
                getattr(configs[recipe], knob) not in (0, None, OFF.get(knob))
                for knob in knobs
                if knob not in ("policy", "heads", "g_lr", "d_lr")
            )
        }
        assert set(recipes.replace("`", "").split()) == users, name


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


@pytest.mark.parametrize(
    "flags, message",
    [
        ("--size 48", "size is not valid. Received: 48. Allowed: 16, 32"),
        ("--size abc", "size is not valid. Received: 'abc'. Allowed: a whole number"),
        ("--size 64.5", "size is not valid. Received: '64.5'. Allowed: a whole"),
        ("--channels 2", "channels is not valid. Received: 2. Allowed: 1, 3 or 4"),
        ("--aug_prob 1.5", "aug_prob is not valid. Received: 1.5. Allowed: 0 to 1"),
        ("--aug_prob nan", "aug_prob is not valid. Received: 'nan'"),
        ("--g_lr inf", "g_lr is not valid"),
        ("--g_lr -1", "g_lr is not valid. Received: -1.0. Allowed: 0 to 1"),
        ("--epochs 0", "epochs is not valid. Received: 0. Allowed: 1 or more"),
        ("--batch_size 1", "batch_size is not valid. Received: 1. Allowed: 2 or more"),
        ("--update both", "update is not valid.*Allowed: alternating, simultaneous"),
        ("--loss ce", "loss is not valid.*Allowed: bce"),
        ("--policy color,blur", "policy is not valid"),
        ("--policy ,", "policy is not valid"),
        ("--background nocolour", "background is not valid"),
        ("--name ../up", "name is not valid"),
        ("--name .hidden", "name is not valid"),
        ("--min_map 64", "min_map is not valid.*2 to 32, a power of two"),
        ("--g_widths [8,4]", "g_widths is not valid.*4 numbers from 1 to"),
        ("--g_widths [a]", "g_widths is not valid.*list of whole numbers"),
        ("--d_widths []", "d_widths is not valid"),
        ("--d_widths [8,0]", "d_widths is not valid"),
        ("--d_strides [2,2,2]", "d_strides is not valid.*4 numbers"),
        ("--d_strides [2,2,2,3]", "d_strides is not valid"),
        ("--epoch 3", "unknown knob. Received: epoch. Allowed: epochs"),
        ("--recipe nope", "recipe does not exist. Received: nope. Allowed: default"),
        (
            "--config tests",
            "config is not valid. Received: 'tests'. Allowed: a YAML file",
        ),
        ("--config nope.yml", "config file does not exist. Received: nope.yml"),
    ],
)
def test_wrong_flags_are_refused_in_one_line(flags, message):
    with pytest.raises(InputError, match=message) as error:
        load_flags(flags.split())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text, message",
    [
        ("size: [", "not valid YAML"),
        ("- size\n- 64", "must hold `knob: value` lines"),
        ("sise: 64", "unknown knob. Received: sise. Allowed: size"),
        ("size: big", "size is not valid. Received: 'big'"),
        ("flip: 1", "flip is not valid. Received: 1. Allowed: true or false"),
        ("recipe: nope", "recipe does not exist. Received: nope"),
        ("recipe: [1]", "recipe"),
        ("name: !!python/object/apply:os.getcwd []", "not valid YAML"),
        ("1: 2", "unknown knob. Received: 1"),
    ],
)
def test_wrong_files_are_refused_in_one_line(text, message, tmp_path):
    file = tmp_path / "my.yml"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        load_config(str(file))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"aug_prob": "1"},
        {"size": None},
        {"size": 64.0},
        {"epochs": True},
        {"epochs": 2.5},
        {"flip": "no"},
        {"data": None},
        {"name": 5},
        {"g_widths": "abcd"},
        {"loss": ["bce"]},
    ],
)
def test_a_config_made_in_python_is_checked_too(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Config(**wrong)


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
