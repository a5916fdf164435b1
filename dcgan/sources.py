"""Where settings come from: the recipes and YAML files."""

from pathlib import Path

import yaml

from dcgan.errors import InputError, invalid

RECIPES = Path(__file__).parent / "recipes"


def recipe_names():
    """Returns the names of the recipes that ship with the package, sorted."""
    return sorted(path.stem for path in RECIPES.glob("*.yml"))


def read_recipe(name):
    """Returns the overrides of a recipe, a dict.

    Raises:
        InputError: If there is no such recipe.
    """
    if name not in recipe_names():
        raise _unknown_recipe(name)
    return read_yaml(RECIPES / f"{name}.yml")


def read_yaml(path):
    """Returns the `knob: value` lines of a YAML file, a dict.

    Raises:
        InputError: If it cannot be read, or holds something else.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise invalid("config", str(path), "a YAML file, not a folder")
        if not path.is_file():
            if path.suffix in (".yml", ".yaml"):
                raise InputError(f"config file does not exist. Received: {path}")
            raise _unknown_recipe(path)
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError, OSError) as error:
        reason = " ".join(str(error).split())
        message = f"config file is not valid YAML. Received: {path}: {reason}"
        raise InputError(message) from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError(
            f"config file must hold `knob: value` lines. Received: {path}: "
            f"{type(values).__name__}"
        )
    return values


def _unknown_recipe(name):
    allowed = ", ".join(recipe_names())
    return InputError(
        f"recipe does not exist. Received: {name}. Allowed: {allowed}, or a .yml file"
    )
