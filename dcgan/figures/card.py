"""The model card: a run's README.md, as model hubs show it."""

from dataclasses import replace
from html import escape

import yaml

from dcgan.credit import is_openmoji, last_part, started_from
from dcgan.data.holdout import number_aside
from dcgan.data.openmoji import SOURCE
from dcgan.epochs import epoch_files
from dcgan.figures.scores import (
    MEANINGS,
    current_scores,
    latest_scores,
    score_tables,
)
from dcgan.files import whole_file
from dcgan.origin import read_origin
from dcgan.provenance import command_of
from dcgan.run import CARD_MARK
from dcgan.tables import read_table

KINDS = {1: "grey", 3: "RGB", 4: "transparent (RGBA)"}
# The scores that tell copying; the others tell quality and variety.
COPYING = ("authpct", "authpct_real", "ct_score", "near_copies", "near_copies_real")
COPYING += ("gap",)
PACKAGES = {"python": "Python", "tensorflow": "TensorFlow", "keras": "Keras"}
FILL_IN = (
    "**To be filled in:** whose pictures they are, under which licence, and what that "
    "allows for this model and what it draws."
)
NOT_MEASURED = "Not measured. `python -m dcgan.evaluate` with this folder does it."


def write_card(run):
    """Writes the model card of a run; one that the user has written is left alone.

    It depends on the run alone, not on the time or the machine's folders, so that
    equal runs have equal cards.

    Args:
        run: The `Run`.
    """
    if not run.generator_file.is_file() or not run.may_write_card():
        return
    config = _shareable(run.config)
    side = _side_of(run)
    front = yaml.safe_dump(_front_matter(config, side), sort_keys=False)
    parts = {
        "Data and licence": _data(run, config),
        "Use": _use(run, config, side),
        "Quality": _quality(run),
        "Copies": _copies(run),
        "Limits": _limits(run, config, side),
        "Training it again": _again(run, config),
    }
    sections = [f"## {name}\n\n{text}\n" for name, text in parts.items()]
    page = [f"---\n{front}---\n", f"# {config.name}\n", CARD_MARK + "\n"]
    page += [_about(run, config, side), *sections]
    with whole_file(run.card) as temporary:
        temporary.write_text("\n".join(page), encoding="utf-8")


def _side_of(run):
    """Returns the side of the pictures that the newest generator makes."""
    if run.config.progressive:  # stopped in an early stage, it is a smaller one
        return run.load_generator().output_shape[1]
    return run.config.size


def _shareable(config):
    """Without what only this machine has: paths, and how long an epoch takes."""
    changes = {"runs": "runs", "minutes": 0.0, "overwrite": False}
    if config.init_from:
        changes["init_from"] = last_part(config.init_from)
    if config.data != "openmoji":
        name = last_part(config.data)
        changes["data"] = "pictures" if name == "openmoji" else name  # it is not that
    return replace(config, **changes)


def _front_matter(config, side):
    return {
        "license": "cc-by-sa-4.0" if is_openmoji(config) else "other",
        "library_name": "keras",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan", "dcgan", "image-generation", f"{side}x{side}"],
    }


def _about(run, config, side):
    epochs = run.epoch_of("newest")
    text = (
        f"A small generative adversarial network that draws {KINDS[config.channels]} "
        f"pictures of {side}x{side} pixels from {config.latent_dim} "
        f"random numbers. It was trained for {epochs} of {config.epochs} epochs by the "
        f"Python package `dcgan`, recipe `{config.recipe}`.\n"
    )
    sheets = epoch_files(run.samples, r"\.png")
    if sheets:
        newest = max(sheets)
        sheet = sheets[newest].relative_to(run.folder).as_posix()
        text += f"\n![Generated pictures]({sheet})\n\n*Not chosen: the first ones of "
        text += f"seed {config.seed}, after epoch {newest}.*\n"
    return text


def _data(run, config):
    count = len((read_origin(run) or {}).get("pictures", ()))
    known = config.data == "openmoji"
    source = SOURCE if known else f"a folder called {_code(config.data)}"
    text = f"{count or 'An unknown number of'} pictures of {source}."
    if config.holdout:
        aside = number_aside(count, config.holdout) if count else "some"
        text += f" `--holdout {config.holdout}` set {aside} of them aside, on which the"
        text += " networks were not trained."
    if is_openmoji(config):
        text += " This model and what it draws are made from them, under the same"
        return f"{text} licence."
    text += "" if known else f" {FILL_IN}"
    if config.init_from:
        text += f"\n\n{started_from(_code(config.init_from))} {FILL_IN}"
    return text


def _use(run, config, side):
    text = f"""```python
import dcgan, keras
generator = keras.models.load_model("generator.keras", compile=False)
pictures = dcgan.to_uint8(generator(dcgan.draw_latents(16, {config.latent_dim})))
```

It needs the Python package `dcgan`, installed from its repository. `pictures` is a
uint8 array (16, {side}, {side}, {config.channels})."""
    if run.best_file.is_file():
        best = run.best_file.relative_to(run.folder).as_posix()
        text += f" The generator with the lowest KID while training is `{best}`."
    return text


def _quality(run):
    names = [name for name in MEANINGS if name not in COPYING]
    tables = _tables(run, names)
    return f"{tables}\n\n`+-` is one standard error." if tables else NOT_MEASURED


def _copies(run):
    text = (
        "A network that is trained on few pictures can learn them by heart, and a copy "
        "gets the best score of all.\n\n"
    )
    text += _tables(run, COPYING) or NOT_MEASURED
    if current_scores(run) and run.nearest.is_file():
        text += f"\n\n![Suspects]({run.nearest.name})\n\n*Generated pictures beside "
        text += "the training pictures that they are closest to.*"
    return text


def _tables(run, names):
    scores, source = latest_scores(run)
    found = score_tables(scores, source, names) if scores else []
    return "\n\n".join(_table(*table) for table in found if table[1])


def _table(source, rows):
    lines = ["| score | value | what it says |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return f"{_sentence(source)}\n\n" + "\n".join(lines)


def _limits(run, config, side):
    lines = [
        f"It draws what resembles its training pictures, {side}x{side} "
        "pixels large, and nothing on demand.",
        "Parts, colours or whole pictures may be those of a training picture: look "
        "before you use one.",
        "The scores are for comparing trainings on these pictures. Those of other "
        "pictures, sizes or numbers of samples are no measure for them.",
    ]
    if config.projected:
        lines.append(
            "Features of EfficientNet-Lite0 (Apache-2.0), which was trained on "
            "ImageNet, helped to train it."
        )
    for row in read_table(run.health):
        if row.get("epoch") and row.get("sentence"):
            noticed = escape(" ".join(row["sentence"].split()), quote=False)
            lines.append(f"Noticed in epoch {escape(row['epoch'])}: {noticed}")
    return "\n".join(f"- {line}" for line in lines)


def _again(run, config):
    command = " ".join(command_of(config).splitlines())  # no name ends the block
    starts = (read_origin(run) or {}).get("starts") or [{}]
    machine = starts[-1].get("machine", {})
    used = [
        f"{name} {machine[key]}" for key, name in PACKAGES.items() if key in machine
    ]
    text = f"    {command}"
    if used:
        text += f"\n\nwith {', '.join(used)}."
    if str(machine.get("device", "")).startswith("the CPU"):  # sums on others vary
        whole = run.epoch_of("newest") == config.epochs
        text += " The same pictures, versions and processor give the same weights"
        text += "." if whole else " after as many steps."
    return text


def _code(text):
    return f"`{' '.join(text.replace('`', ' ').split())}`"


def _sentence(text):
    return escape(text[:1].upper() + text[1:], quote=False) + "."
