"""Flags, files and values that are refused, in one line."""

import pytest

from dcgan.config import Config, load_config, load_flags
from dcgan.errors import InputError


def test_a_recipe_that_contradicts_itself_is_refused(tmp_path, monkeypatch):
    (tmp_path / "bad.yml").write_text("name: bad\nloss: wgan\nlabel_noise: 0.1\n")
    monkeypatch.setattr("dcgan.sources.RECIPES", tmp_path)
    with pytest.raises(InputError, match="label_noise does not go with this loss"):
        load_config("bad")


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
