"""What the documents tell of the recipes is true and whole."""

from dataclasses import fields
from pathlib import Path
from typing import get_args

from dcgan import build_discriminator, build_generator
from dcgan.config import Config, load_config
from dcgan.sources import recipe_names


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
