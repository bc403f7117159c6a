"""Ported numbers: whose a number is now, out of a file that the clearing house gives; it lies over the ranges of the plan."""

import csv
from array import array
from bisect import bisect_left
from pathlib import Path

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
    """Read a CSV file with the columns ``number`` (E.164, with or without plus sign) and ``operator`` (its code in the plan).

    BadInput names the line that is wrong: no number, no operator, or a number ported to two.
    """
    entries: dict[int, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.DictReader(opened)
            if not {"number", "operator"} <= set(rows.fieldnames or ()):
                raise BadInput(
                    "the columns number and operator are missing", "name them in the first line", where=str(path)
                )
            for row in rows:
                _take(entries, row.get("number") or "", row.get("operator") or "", f"{path}:{rows.line_num}")
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise MalformedInput(f"this is no CSV file: {wrong}", "give UTF-8 text", where=str(path)) from None
    return Ported(entries)


def _take(entries: dict[int, str], number: str, operator: str, where: str) -> None:
    digits = number.strip().removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15):
        raise BadInput(f"{number[:30]!r} is no number in E.164", "write +9991… or 9991…", where=where)
    whose = operator.strip()
    if not whose:
        raise BadInput("the operator is missing", "write its code", where=where)
    if entries.setdefault(int(digits), whose) != whose:
        raise BadInput(f"{digits} is ported to two operators", "leave one line", where=where)
