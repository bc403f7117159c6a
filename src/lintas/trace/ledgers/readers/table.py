"""Rows of a file, by named columns: what one value may be, and the place that each error names."""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lintas.model import money, times
from lintas.model.errors import BadInput, LintasError, MalformedInput
from lintas.trace.ledgers.ledger import check_amount, microseconds

MAX_NAME = 128


class Row:
    """One row of a table: its values by column, each checked where it is read; knows the place of each of them."""

    def __init__(self, where: str, values: Mapping[str, str]) -> None:
        self.where, self.values = where, values

    def place(self, column: str = "") -> str:
        """Return where a value stands: file, line and column."""
        return f"{self.where}, column {column}" if column else self.where

    def text(self, column: str) -> str:
        """Return a value, "" where there is none or no such column."""
        return self.values.get(column, "")

    def name(self, column: str) -> str:
        """Return an account or id: printable, not empty, short enough to be one."""
        text = self.text(column)
        if not text or len(text) > MAX_NAME or not text.isprintable():
            what = "the value is empty" if not text else "the value is too long or holds invisible characters"
            raise BadInput(what, f"give 1 to {MAX_NAME} printable characters", where=self.place(column))
        return text

    def currency(self, column: str) -> str:
        """Return a currency that the vocabularies know."""
        text = self.text(column)
        if text not in money.exponents():
            do = "use a code listed in currencies.yaml or crypto_assets.yaml, in capitals"
            raise BadInput(f"unknown currency {text[:40]!r}", do, where=self.place(column))
        return text

    def amount(self, column: str) -> int:
        """Return minor units > 0."""
        text = self.text(column)
        if len(text) < 16 and text.isascii() and text.isdigit() and int(text) > 0:
            return int(text)
        return check_amount(text, self.place(column))

    def whole(self, column: str, *, default: int | None = None) -> int:
        """Return a whole number >= 0 of any size (wei, block numbers); ``default`` where the value is empty."""
        text = self.text(column)
        if not text and default is not None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 78):
            raise BadInput(f"{text[:40]!r} is not a whole number", "write digits only", where=self.place(column))
        return int(text)

    def time(self, column: str = "time") -> int:
        """Return microseconds since 1970 of an RFC 3339 time."""
        text = self.text(column)
        try:
            return microseconds(times.parse(text))
        except LintasError as wrong:
            raise BadInput(wrong.what, wrong.do, where=self.place(column)) from None
        except OverflowError:
            raise BadInput(f"the time {text!r} is out of range", "check it", where=self.place(column)) from None


def header_of(data: bytes) -> set[str]:
    """Return the column names that a CSV begins with; no error: reading it will name what is wrong."""
    first = data[: data.find(b"\n") if b"\n" in data else None].decode("utf-8-sig", "replace")
    return {name.strip().strip('"') for name in first.split(",")}


def csv_rows(
    data: bytes, where: str, required: tuple[str, ...], *, ends_noticed: Collection[str] = ()
) -> tuple[list[str], Iterator[Row]]:
    """Decode and open a CSV table: its columns, and its rows.

    ``ends_noticed``: columns whose value cut short is no value of its kind; where the last column is none of them, the
    file has to end in a line break. Raises MalformedInput or BadInput naming file and line.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        column = wrong.start - data.rfind(b"\n", 0, wrong.start)
        place = f"{where}, line {line}, byte {column}"
        raise MalformedInput("the file is not UTF-8 here", "save it as UTF-8", where=place) from None
    rows = _lines(text, where)
    _, names = next(rows, (1, []))
    names = [name.strip() for name in names]
    missing = [name for name in required if name not in names]
    if missing:
        told = f"missing column{'s' * (len(missing) > 1)} {', '.join(missing)}"
        raise BadInput(told, f"the first line names the columns: {','.join(required)}", where=f"{where}, line 1")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"column {twice[0][:40]!r} is there twice", "keep one of them", where=f"{where}, line 1")
    if names[-1] not in ends_noticed:
        check_end(text, where)
    return names, _of_width(rows, names, where)


def check_end(text: str, where: str) -> None:
    """Refuse a text whose last line has no end: it may be cut, and what is left may look whole."""
    if text and not text.endswith(("\n", "\r")):
        line = text.count("\n") + 1
        what = "the last line has no end, and the file may be cut"
        raise MalformedInput(what, "send it whole, ending in a line break", where=f"{where}, line {line}")


def _lines(text: str, where: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            place = f"{where}, line {reader.line_num}"
            raise MalformedInput(f"the CSV is broken ({wrong})", "close quotes; commas between", where=place) from None
        if values:
            yield reader.line_num, values


def _of_width(rows: Iterator[tuple[int, list[str]]], names: list[str], where: str) -> Iterator[Row]:
    width = len(names)
    for line, values in rows:
        if len(values) != width:
            what = f"{len(values)} values, the header names {width}"
            raise MalformedInput(what, "send the file whole, one value per column", where=f"{where}, line {line}")
        yield Row(f"{where}, line {line}", dict(zip(names, map(str.strip, values), strict=True)))


def json_lines(data: bytes, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read JSON Lines: the place and the object of each. MalformedInput for what is no object, or a file that was cut."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise MalformedInput("the file is not UTF-8", "save it as UTF-8", where=f"{where}, line {line}") from None
    for number, line_text in enumerate(text.split("\n"), 1):
        if not line_text.strip():
            continue
        place = f"{where}, line {number}"
        try:
            found = json.loads(line_text, parse_float=str)
        except (ValueError, RecursionError):
            do = "send the file whole, one JSON object to a line"
            raise MalformedInput("the line is no JSON object", do, where=place) from None
        if not isinstance(found, dict):
            raise MalformedInput("the line is no JSON object", "write one JSON object to a line", where=place)
        yield place, found


def row_of(place: str, values: Mapping[str, Any]) -> Row:
    """Return a flat JSON object as a row: numbers as digits, null as empty, lists and objects left out."""
    flat = {name: _text(value) for name, value in values.items() if not isinstance(value, (list, dict))}
    return Row(place, flat)


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value).strip()
