"""Where settings come from: recipes and YAML files, or one line of complaint."""

import pytest

from dcgan.errors import InputError
from dcgan.sources import RECIPES, read_recipe, read_yaml, recipe_names


def test_recipes_are_the_files_that_ship_with_the_package(tmp_path, monkeypatch):
    assert recipe_names() == sorted(recipe_names())
    assert "default" in recipe_names() and "progan" in recipe_names()
    for name in ("b.yml", "a.yml", "notes.txt"):
        (tmp_path / name).touch()
    monkeypatch.setattr("dcgan.sources.RECIPES", tmp_path)
    assert recipe_names() == ["a", "b"]


def test_a_recipe_is_the_dict_in_its_file():
    overrides = read_recipe("progan")
    assert overrides == read_yaml(RECIPES / "progan.yml")
    assert overrides["progressive"] == [16, 32, 64]
    assert overrides["cycle"] == [{"lr": 1e-3, "epochs": 100}]


def test_an_empty_file_overrides_nothing(tmp_path):
    file = tmp_path / "empty.yml"
    file.write_text("# nothing yet\n")
    assert read_yaml(file) == read_yaml(str(file)) == {}


def test_any_ending_will_do(tmp_path):
    file = tmp_path / "settings.txt"
    file.write_text("size: 32\n")
    assert read_yaml(file) == {"size": 32}


@pytest.mark.parametrize("name", ["nope", "../progan", "progan.yml", "", "Progan"])
def test_an_unknown_recipe_is_refused_with_the_known_ones(name):
    with pytest.raises(InputError, match="recipe does not exist.*default, .*progan"):
        read_recipe(name)


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path):
    with pytest.raises(InputError, match="config is not valid.*not a folder"):
        read_yaml(tmp_path)
    with pytest.raises(InputError, match="config file does not exist.*nope.yaml"):
        read_yaml(tmp_path / "nope.yaml")
    with pytest.raises(InputError, match="recipe does not exist.*or a .yml file"):
        read_yaml(tmp_path / "nope")


@pytest.mark.parametrize(
    "content, message",
    [
        (b"size: [16", "not valid YAML"),
        (b"size: \xff\xfe", "not valid YAML"),
        (b"a: &a [*a]\nb: !!python/name:os.system", "not valid YAML"),
        (b"[" * 20_000, "not valid YAML"),
        (b"when: 2024-13-45", "not valid YAML"),
        (b"- size\n", "must hold `knob: value` lines.*list"),
        (b"just words\n", "must hold `knob: value` lines.*str"),
        (b"5\n", "must hold `knob: value` lines.*int"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_in_one_line(content, message, tmp_path):
    file = tmp_path / "bad.yml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        read_yaml(file)
    assert "bad.yml" in str(refused.value) and "\n" not in str(refused.value)
