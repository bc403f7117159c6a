"""A sheet: read back by Python's own reader it is what was written, and nothing in it runs."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.interop import sheet

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@given(st.lists(st.lists(texts, min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read_back_and_runs_nowhere(rows: list[list[str]]) -> None:
    heads, *found = csv.reader(io.StringIO(sheet.write(["a", "b"], rows).decode(), newline=""))
    assert heads == ["a", "b"]
    for row, kept in zip(rows, found, strict=True):
        for cell, text in zip(row, kept, strict=True):
            assert text in (cell, f"'{cell}")
            assert not text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))


@pytest.mark.parametrize("cell", ["=1+1", "  =cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\uff1d1"])
def test_a_formula_becomes_text(cell: str) -> None:
    assert sheet.safe(cell) == f"'{cell}"


def test_numbers_and_nothing_stay_what_they_are() -> None:
    assert [sheet.safe(each) for each in (-5, 0, None, "a=1", "50000.00")] == ["-5", "0", "", "a=1", "50000.00"]
