"""Named comparisons: which trainings they consist of."""

import re
from dataclasses import dataclass, fields
from pathlib import Path

from dcgan.bias import on_equal_terms
from dcgan.config import Config, load_config
from dcgan.errors import InputError, invalid
from dcgan.length import check_one, settle_minutes
from dcgan.run import Run
from dcgan.sources import read_yaml

EXPERIMENTS = Path(__file__).parent / "experiments"
KEYS = {"about", "seeds", "base", "cells"}
THE_CELLS = ("name", "seed")  # knobs that a comparison gives to its cells


@dataclass(frozen=True)
class Cell:
    """One training of a comparison.

    Attributes:
        name: What the cell is called, the same for all seeds.
        config: Its `Config`.
    """

    name: str
    config: Config

    @property
    def run(self):
        """The `Run`."""
        return Run(Path(self.config.runs) / self.config.name)

    @property
    def title(self):
        """The name with the seed."""
        return f"{self.name} (seed {self.config.seed})"


def experiment_names():
    """Returns the names of the comparisons that come with the package."""
    return sorted(path.stem for path in EXPERIMENTS.glob("*.yml"))


def plan_cells(source, seeds=None, **overrides):
    """Reads a comparison.

    Args:
        source: The name of one that comes with the package, or the path of a YAML file
            with `cells`, a dict from names to knobs, and optionally `base`, the knobs
            that all share, `seeds`, a list, and `about`, a text. Each cell may name its
            own `recipe`.
        seeds: List of seeds that win over those of the file.
        **overrides: Knobs that win over those of all cells.

    Returns:
        `(name, about, cells)`: the comparison's name, what it compares, and a list of
        `Cell`s, whose runs are in `runs/NAME/`.

    Raises:
        InputError: If the file or a knob is not valid.

    Example:
        >>> name, about, cells = plan_cells("diffaugment", epochs=50)
        >>> cells[0].name, cells[0].config.aug_prob
        ('aug_prob 0', 0.0)
    """
    known = str(source) in experiment_names()
    path = EXPERIMENTS / f"{source}.yml" if known else Path(source)
    if not path.is_file():
        allowed = f"{', '.join(experiment_names())}, or a .yml file, before all flags"
        raise InputError(f"no such experiment. Received: {source}. Allowed: {allowed}")
    content = read_yaml(path)
    _check(path, content)
    base = content.get("base") or {}
    check_one(overrides)
    for place, layer in {"base": base, **content["cells"]}.items():
        try:
            check_one(layer or {})
        except InputError as error:
            raise InputError(f"{path.name}: {place}: {error}") from error
    runs = Path(overrides.pop("runs", base.get("runs", "runs"))) / path.stem
    names, configs = [], []
    seeds = seeds or content.get("seeds") or [0]
    if len(set(seeds)) < len(seeds):
        raise invalid("seeds", seeds, "numbers that differ")
    for seed in seeds:
        for name, knobs in content["cells"].items():
            chosen = {**base, **(knobs or {}), **overrides, "seed": seed}
            chosen |= settle_minutes([base, knobs or {}, overrides])
            if chosen.get("minutes"):  # those of another layer
                chosen.pop("epochs", None)
            recipe = chosen.pop("recipe", "default")
            place = {"runs": str(runs), "name": f"{_slug(name)}-seed{seed}"}
            try:
                configs.append(load_config(recipe, **chosen | place))
                names.append(str(name))
            except InputError as error:
                raise InputError(f"cell {name!r}: {error}") from error
    cells = list(map(Cell, names, on_equal_terms(configs)))
    folders = [config.name for config in configs]
    if len(set(folders)) < len(folders):
        raise invalid("cells", folders, "names that differ in letters or digits")
    return path.stem, str(content.get("about", path.stem)), cells


def _check(path, content):
    if unknown := set(content) - KEYS:
        raise _unknown_key(path.name, unknown, f"one of {', '.join(sorted(KEYS))}")
    cells = content.get("cells")
    if not isinstance(cells, dict) or not cells:
        raise invalid(f"{path.name}: cells", cells, "a dict from names to knobs")
    _check_knobs(f"{path.name}: base", content.get("base"), THE_CELLS)
    for name, knobs in cells.items():
        _check_knobs(f"{path.name}: {name}", knobs, (*THE_CELLS, "runs"))
    seeds = content.get("seeds") or [0]
    if not isinstance(seeds, list) or not all(isinstance(s, int) for s in seeds):
        raise invalid(f"{path.name}: seeds", seeds, "a list of whole numbers")
    if not re.fullmatch(r"\w[\w.-]*", path.stem):
        raise invalid("experiment", path.name, "letters, digits, - _ and ., not first")


def _check_knobs(where, knobs, reserved):
    if not isinstance(knobs, dict | None):
        raise invalid(where, knobs, "a dict of knobs")
    known = {knob.name for knob in fields(Config)} - set(reserved)
    if unknown := set(knobs or {}) - known:
        raise _unknown_key(where, unknown, f"knobs but {', '.join(reserved)}")
    for knob in ("recipe", "runs"):
        if not isinstance((knobs or {}).get(knob, ""), str):
            raise invalid(f"{where}: {knob}", knobs[knob], "a text")


def _unknown_key(where, keys, allowed):
    key = sorted(map(str, keys))[0]
    return InputError(f"{where}: unknown key. Received: {key}. Allowed: {allowed}")


def _slug(name):
    """Returns a name as a folder can have it."""
    return re.sub(r"[^a-z0-9.]+", "-", str(name).lower()).strip("-.") or "cell"
