"""The tables of a run: CSV files that grow by a line at a time."""

import csv
import io
from pathlib import Path

from dcgan.files import whole_file


def append_row(path, header, values):
    """Appends a line to a CSV file, which begins with its header.

    Args:
        path: The file.
        header: Names of the columns.
        values: Dict from names to values; what it lacks stays empty.
    """
    lines = [] if path.exists() else [header]
    lines.append([_cell(values.get(name)) for name in header])
    with open(path, "a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def forget_after(path, epoch, header):
    """Takes the lines after an epoch out of a table of the run.

    A training that goes on from a checkpoint writes them anew. A table of an earlier
    version, with other columns, gets those of `header`.
    """
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = lines[:1] + [line for line in lines[1:] if _is_up_to(epoch, line)]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, "", "ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(csv.DictReader(kept))
    with whole_file(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def read_table(path):
    """Reads a table: list of dicts of texts, one a line; empty if there is none."""
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_rows(path):
    """Reads a table of numbers: list of dicts of floats, without what is empty."""
    return [
        {name: float(text) for name, text in row.items() if text}
        for row in read_table(path)
    ]


def read_columns(path):
    """Reads a table of numbers by its columns: dict of lists, None where empty."""
    rows = read_table(Path(path))
    names = rows[0] if rows else []
    return {name: [_number(row[name]) for row in rows] for name in names}


def _number(text):
    return float(text) if text else None


def _is_up_to(epoch, line):
    number = line.partition(",")[0]
    return line.endswith("\n") and number.isdecimal() and int(number) <= epoch


def _cell(value):
    return f"{value:.6g}" if isinstance(value, float) else value
