"""Telco figures as sheets: a month's counters and scorecards as CSV (RFC 4180), with one header row."""

import csv
import io
from collections.abc import Iterable, Mapping

import msgspec

from lintas.model.errors import BadInput

MEDIA = "text/csv; charset=utf-8"


def sheet(kind: type[msgspec.Struct], rows: Iterable[msgspec.Struct]) -> bytes:
    """Write rows of one struct, a column for each field; all are words of closed lists, codes of settings, or numbers."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(kind.__struct_fields__)
    for row in rows:
        values = (getattr(row, name) for name in kind.__struct_fields__)
        writer.writerow(["" if value is None else value for value in values])
    return text.getvalue().encode()


def headers(name: str) -> dict[str, str]:
    """Return the headers that let a browser save a sheet."""
    return {"content-disposition": f'attachment; filename="{name}.csv"'}


def as_sheet(query: Mapping[str, str]) -> bool:
    """Tell whether a sheet is asked for; BadInput for a format that there is not."""
    wanted = query.get("format", "json")
    if wanted not in ("json", "csv"):
        raise BadInput(f"there is no format {wanted[:20]!r}", "use json or csv", where="query format")
    return wanted == "csv"
