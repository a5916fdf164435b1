"""`report.html`: all that a run has left, on one page that needs no network."""

import base64
import math
from html import escape
from pathlib import Path
from string import Template

from dcgan.epochs import epoch_files
from dcgan.figures.scores import current_scores, latest_scores, score_tables
from dcgan.files import whole_file
from dcgan.provenance import command_of, differences_from_recipe
from dcgan.tables import read_rows, read_table

TEMPLATE = Path(__file__).with_suffix(".html")
KINDS = {".gif": "image/gif", ".png": "image/png"}


def write_report(run):
    """Writes `report.html` of a run; what the run has not yet is left out.

    Args:
        run: The `Run`.
    """
    config = run.config
    parts = {
        "Health": _health(run),
        "Samples": _samples(run),
        "Scores": _scores(run),
        "Curves": _figure(run, run.losses, "losses, scores and KID by epoch"),
        "Nearest training pictures": current_scores(run)
        and _figure(
            run, run.nearest, "generated pictures beside the closest training pictures"
        ),
        "Gradients": _folded(_figure(run, run.gradients, "gradients of each layer")),
        "Settings": _settings(config),
        "Command": f"<pre>{escape(command_of(config))}</pre>",
    }
    sections = [f"<h2>{name}</h2>\n{part}" for name, part in parts.items() if part]
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(config.name),
        facts=escape(_facts(run, config)),
        body="\n".join(sections),
    )
    with whole_file(run.report) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _facts(run, config):
    rows, times = read_rows(run.log), read_rows(run.timing)
    epochs = int(rows[-1]["epoch"]) if rows else 0
    facts = [
        f"recipe {config.recipe}",
        f"pictures from {config.data} at {config.size}x{config.size}",
        f"{epochs} of {config.epochs} epochs",
    ]
    seconds = sum(row.get("seconds", 0) for row in times)
    if times and math.isfinite(seconds):
        facts.append(_minutes(seconds))
    return ", ".join(facts)


def _minutes(seconds):
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def _health(run):
    lines = [
        f'<p class="alarm">Epoch {escape(row["epoch"])}: {escape(row["sentence"])}</p>'
        for row in read_table(run.health)
        if row.get("epoch") and row.get("sentence")
    ]
    found = "Nothing was found wrong."
    if not run.scores.is_file():
        found += " Without scores only the losses tell: no collapse, no copying."
    return "\n".join(lines) or f'<p class="none">{found}</p>'


def _samples(run):
    sheets = epoch_files(run.samples, r"\.png")
    shown = [_figure(run, run.gif, "the same latent vectors while training")]
    if sheets:
        newest = max(sheets)
        caption = f"the newest sheet, after epoch {newest}"
        shown.append(_figure(run, sheets[newest], caption))
    found = "\n".join(filter(None, shown))
    return f'<div class="pair">\n{found}\n</div>' if found else ""


def _scores(run):
    scores, source = latest_scores(run)
    return "\n".join(
        f'<p class="none">{escape(text)}</p>\n{_table(rows)}'
        for text, rows in (score_tables(scores, source) if scores else [])
    )


def _settings(config):
    lines = [
        (name, str(value), str(base))
        for name, (value, base) in differences_from_recipe(config).items()
    ]
    if not lines:
        return f'<p class="none">All as in the recipe {escape(config.recipe)}.</p>'
    return _table(lines, ("knob", "this run", f"recipe {config.recipe}"))


def _table(lines, header=()):
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    rows = [f"<tr>{head}</tr>"] if header else []
    for first, *rest in lines:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        rows.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>')
    return '<div class="scroll"><table>\n' + "\n".join(rows) + "\n</table></div>"


def _folded(figure):
    """Puts a figure that few look for behind a line to click on."""
    return figure and f"<details><summary>Show them</summary>\n{figure}\n</details>"


def _figure(run, path, caption):
    """A picture inside the page, or nothing if there is none."""
    inside = path.resolve().is_relative_to(run.folder.resolve())
    if not path.is_file() or not inside:  # a link could show any file of the machine
        return ""
    content = base64.b64encode(path.read_bytes()).decode()
    source = f"data:{KINDS[path.suffix]};base64,{content}"
    image = f'<img src="{source}" alt="{escape(caption)}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"
