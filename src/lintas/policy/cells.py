"""Reads one cell of a table as what its column holds; every refusal names source, line, rule and column."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import NoReturn

import msgspec

from lintas.model.errors import BadInput
from lintas.policy.reading import Cell

MAX_HOURS = 87_600  # ten years: a longer "expiry" is none
MAX_TEXT = 400


class Place(msgspec.Struct, frozen=True):
    """Where a cell stands: the source, what it belongs to (``rule xa-status``), and the column once known."""

    source: str
    owner: str = ""
    column: str = ""

    def refuse(self, line: int, what: str, do: str) -> NoReturn:
        """Raise BadInput at this place."""
        parts = [f"{self.source}, line {line}", self.owner, self.column and f"column {self.column}"]
        raise BadInput(what, do, where=", ".join(part for part in parts if part))

    def at(self, column: str) -> "Place":
        """Return the place of one column of the same owner."""
        return Place(self.source, self.owner, column)


def text(cell: Cell, place: Place) -> str:
    """Return a non-empty, single-line text."""
    value = cell.value
    if not isinstance(value, str) or not value.strip():
        place.refuse(cell.line, "a text is needed here", "write one value")
    if len(value) > MAX_TEXT or not value.isprintable():
        place.refuse(
            cell.line, "this text is too long or holds control characters", f"write at most {MAX_TEXT} plain characters"
        )
    return value


def whole(cell: Cell, place: Place, *, most: int, least: int = 0) -> int:
    """Return a whole number between ``least`` and ``most``."""
    value = text(cell, place)
    if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= most):
        place.refuse(cell.line, f"{value!r} is no whole number from {least} to {most}", "write digits only")
    return int(value)


def flag(cell: Cell, place: Place) -> bool:
    """Return true or false, written in full."""
    return one(cell, ("true", "false"), place) == "true"


def day(cell: Cell, place: Place) -> date:
    """Return a calendar day."""
    value = text(cell, place)
    try:
        return date.fromisoformat(value)
    except ValueError:
        place.refuse(cell.line, f"{value!r} is no day", "write it like 2026-03-01")


def one(cell: Cell, known: Collection[str], place: Place) -> str:
    """Return one value of a closed list."""
    value = text(cell, place)
    if value not in known:
        place.refuse(cell.line, f"unknown value {value!r}", _advice(value, known))
    return value


def several(cell: Cell, known: Collection[str] | None, place: Place) -> tuple[str, ...]:
    """Return a non-empty list of distinct values, each of the closed list unless ``known`` is None."""
    if not isinstance(cell.value, list) or not cell.value:
        place.refuse(cell.line, "a list is needed here", "write [value, value], or any where the column allows it")
    values = tuple(text(item, place) if known is None else one(item, known, place) for item in cell.value)
    if len(set(values)) != len(values):
        place.refuse(cell.line, "a value stands in this list twice", "keep one of them")
    return values


def several_or_any(cell: Cell, known: Collection[str] | None, place: Place) -> tuple[str, ...] | None:
    """Return a list as ``several`` does, or None for the word ``any``."""
    return None if cell.value == "any" else several(cell, known, place)


def mapping(cell: Cell, place: Place) -> dict[str, Cell]:
    """Return a mapping's cells."""
    if not isinstance(cell.value, dict):
        place.refuse(cell.line, "columns with values are needed here", "write column: value")
    return cell.value


def items(cell: Cell, place: Place) -> list[Cell]:
    """Return a list's cells."""
    if not isinstance(cell.value, list):
        place.refuse(cell.line, "a list is needed here", "begin each entry with a dash")
    return cell.value


def check_columns(
    row: Mapping[str, Cell], line: int, place: Place, *, needed: Collection[str], allowed: Collection[str]
) -> None:
    """Refuse a column nobody knows, and a needed one that is absent."""
    for column, cell in row.items():
        if column not in allowed and column not in needed:
            place.refuse(cell.line, f"unknown column {column[:60]!r}", _advice(column, [*needed, *allowed]))
    for column in needed:
        if column not in row:
            place.refuse(line, f"the column {column} is missing", "state it; where it allows everything, write any")


def _advice(value: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # only a refusal needs it

    near = get_close_matches(value, list(known), n=1)
    return f"did you mean {near[0]}?" if near else f"use one of: {', '.join(known)}"
