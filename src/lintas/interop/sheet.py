"""Writes CSV (RFC 4180, UTF-8) that no spreadsheet takes for a formula: what others wrote is text, whatever it begins with."""

import csv
import io
from collections.abc import Iterable, Sequence

#: With one of these a spreadsheet begins a formula, also behind what it skips (OWASP, CSV injection).
_BEGINS = tuple(
    "=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)

Cell = str | int | None


def safe(cell: Cell) -> str:
    """Return a cell as text; one that a spreadsheet would run gets an apostrophe before it, numbers stay numbers."""
    if cell is None:
        return ""
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.lstrip(" ").startswith(_BEGINS) else text


def write(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a sheet with a row of heads."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
