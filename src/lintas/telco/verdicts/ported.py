"""Ported numbers: whose a number is now, out of a file that the clearing house gives; it lies over the ranges of the plan."""

import csv
from array import array
from bisect import bisect_left
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from lintas.model.errors import BadInput, MalformedInput

_MOST_OPERATORS = 255


class Ported:
    """Numbers and operators in two columns, nine bytes a number; asked by bisection."""

    def __init__(self, entries: dict[int, str]) -> None:
        self._operators = sorted(set(entries.values()))
        if len(self._operators) > _MOST_OPERATORS:
            raise BadInput(f"there are {len(self._operators)} operators", f"name at most {_MOST_OPERATORS}")
        known = {operator: place for place, operator in enumerate(self._operators)}
        self._numbers = array("Q", sorted(entries))
        self._whose = bytes(known[entries[number]] for number in self._numbers)

    def __len__(self) -> int:
        """Return how many numbers were ported."""
        return len(self._numbers)

    def get(self, number: int, /) -> str | None:
        """Return the operator that an E.164 number was ported to; None for one that was not."""
        at = bisect_left(self._numbers, number)
        return self._operators[self._whose[at]] if at < len(self._numbers) and self._numbers[at] == number else None


def read_ported(path: Path) -> Ported:
    """Read a CSV file: number (E.164, with or without plus sign) and code of the operator that has it now.

    A first line may name the columns ``number`` and ``operator``, among others and in any order; without one they are the first
    two. BadInput names the line that is wrong: no number, no operator, or a number ported to two.
    """
    entries: dict[int, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.reader(opened)
            first = next(rows, [])
            at = _columns(first, str(path))
            for row in rows if at.named else chain([first], rows):
                if row:
                    number, operator = (row[each] if each < len(row) else "" for each in (at.number, at.operator))
                    _take(entries, number, operator, where=f"{path}:{rows.line_num}")
    except OSError as wrong:
        what = f"this file cannot be read ({wrong.strerror})"
        raise BadInput(what, "name one that is there", where=str(path)) from None
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise MalformedInput(f"this is no CSV file: {wrong}", "give UTF-8 text", where=str(path)) from None
    return Ported(entries)


class _Columns(NamedTuple):
    """Where the two columns are, and whether the first line names them."""

    number: int
    operator: int
    named: bool


def _columns(first: list[str], where: str) -> _Columns:
    names = [cell.strip().lower() for cell in first]
    if "number" in names and "operator" in names:
        return _Columns(names.index("number"), names.index("operator"), True)
    if not first or not _digits(first[0]):
        what = "the first line neither names the columns number and operator nor begins with a number"
        raise BadInput(what, "write number,operator and then a line for each number", where=where)
    return _Columns(0, 1, False)


def _digits(number: str) -> str:
    """Return the digits of a number in E.164, "" for anything else."""
    digits = number.strip().removeprefix("+")
    return digits if digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15 else ""


def _take(entries: dict[int, str], number: str, operator: str, where: str) -> None:
    digits, whose = _digits(number), operator.strip()
    if not digits:
        raise BadInput(f"{number[:30]!r} is no number in E.164", "write +9991… or 9991…", where=where)
    if not whose:
        raise BadInput("the operator is missing", "write its code", where=where)
    if entries.setdefault(int(digits), whose) != whose:
        raise BadInput(f"{digits} is ported to two operators", "leave one line", where=where)
