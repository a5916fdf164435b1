"""The CSV files of a run."""

import pytest

from dcgan.tables import append_row, forget_after, read_columns, read_rows, read_table

HEADER = ["epoch", "kid", "gap"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    append_row(path, HEADER, {"epoch": 1, "kid": 1234.5678, "more": 3})
    append_row(path, HEADER, {"epoch": 10, "gap": -0.25})
    return path


def test_a_table_begins_with_its_header_and_lacks_what_was_not_measured(table):
    assert table.read_text() == "epoch,kid,gap\n1,1234.57,\n10,,-0.25\n"


def test_it_is_read_by_rows_and_by_columns(table):
    assert read_table(table)[1] == {"epoch": "10", "kid": "", "gap": "-0.25"}
    assert read_rows(table) == [
        {"epoch": 1.0, "kid": 1234.57},
        {"epoch": 10.0, "gap": -0.25},
    ]
    columns = {"epoch": [1.0, 10.0], "kid": [1234.57, None], "gap": [None, -0.25]}
    assert read_columns(table) == columns


def test_a_table_that_is_not_there_is_empty(tmp_path):
    assert read_rows(tmp_path / "none") == [] and read_columns(tmp_path / "none") == {}


def test_later_epochs_and_half_written_lines_are_forgotten(table):
    with open(table, "a") as file:
        file.write("2,7")
    forget_after(table, 9, HEADER)
    assert table.read_text() == "epoch,kid,gap\n1,1234.57,\n"
    forget_after(table.with_name("none"), 9, HEADER)  # which is no matter


def test_a_table_of_an_earlier_version_gets_the_columns_of_today(table):
    append_row(table, HEADER, {"epoch": 11, "kid": 'with "quotes", too'})
    forget_after(table, 11, ["epoch", "fid", "kid"])
    lines = table.read_text().splitlines()
    assert lines == [
        "epoch,fid,kid",
        "1,,1234.57",
        "10,,",
        '11,,"with ""quotes"", too"',
    ]
