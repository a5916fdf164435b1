"""The tables of a run: CSV files that grow by a line at a time."""

import csv
import io
import math
from pathlib import Path

from dcgan.errors import InputError
from dcgan.files import append_bytes, whole_file


def append_row(path, header, values):
    """Appends a line to a CSV file, which begins with its header.

    Args:
        path: The file.
        header: Names of the columns.
        values: Dict from names to values; what it lacks stays empty.
    """
    lines = [] if path.exists() and path.stat().st_size else [header]
    lines.append([_cell(values.get(name)) for name in header])
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    append_bytes(path, text.getvalue().encode())


def forget_after(path, epoch, header):
    """Takes the lines after an epoch out of a table of the run.

    A training that goes on from a checkpoint writes them anew. A table of an earlier
    version, with other columns, gets those of `header`.
    """
    if path.exists():
        lines = _lines(path)
        kept = lines[:1] + [line for line in lines[1:] if _is_up_to(epoch, line)]
        _rewrite(path, csv.DictReader(kept), header)


def forget_named(path, name, header):
    """Takes the lines with a name out of a table of the run."""
    rows = read_table(path)
    if any(row["name"] == name for row in rows):
        _rewrite(path, [row for row in rows if row["name"] != name], header)


def read_table(path):
    """Reads a table: list of dicts of texts, one a line; empty if there is none."""
    if not path.is_file():
        return []
    try:
        return list(csv.DictReader(_lines(path)))
    except csv.Error as error:
        raise _damaged(path, str(error)) from error


def read_rows(path):
    """Reads a table of numbers: list of dicts of floats, without what is empty.

    Raises:
        InputError: If there is something else in it, or no epochs.
    """
    rows = [
        {name: _number(path, text) for name, text in row.items() if text}
        for row in read_table(path)
    ]
    if not all(math.isfinite(row.get("epoch", math.nan)) for row in rows):
        raise _damaged(path, "a line without an epoch")
    return rows


def read_columns(path):
    """Reads a table of numbers by its columns: dict of lists, None where empty.

    Raises:
        InputError: If there is something else in it.
    """
    path = Path(path)
    rows = read_table(path)
    names = rows[0] if rows else []
    return {
        name: [_number(path, row[name]) if row[name] else None for row in rows]
        for name in names
    }


def as_written(value):
    """Returns a number as it is read again, so that a stop changes no decision."""
    return float(_cell(float(value)))


def _rewrite(path, rows, header):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, "", "ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with whole_file(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def _lines(path):
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return list(file)
    except UnicodeDecodeError as error:
        raise _damaged(path, "bytes that are no text") from error


def _number(path, text):
    try:
        return float(text)
    except (TypeError, ValueError):
        raise _damaged(path, repr(text)) from None


def _damaged(path, what):
    return InputError(
        f"run: a table is damaged. Received: {what} in {path}. Allowed: numbers"
    )


def _is_up_to(epoch, line):
    number = line.partition(",")[0]
    return line.endswith("\n") and number.isdecimal() and int(number) <= epoch


def _cell(value):
    return f"{value:.6g}" if isinstance(value, float) else value
