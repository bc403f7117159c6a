"""The door for ledgers: reads a holder's files, each layout by its own reader, into one Ledger.

A layout is recognised by its first bytes and its columns, never by a file's name; docs/ledgers.md lists them.
"""

from pathlib import Path

from lintas.model.errors import BadInput
from lintas.trace.ledger import Collector, Ledger, with_openings
from lintas.trace.messages import add_messages
from lintas.trace.readers import columns
from lintas.trace.readers.plain import OPENINGS, add_csv, add_rows, read_openings

__all__ = ["OPENINGS", "add_csv", "read_ledger", "read_openings"]


def read_ledger(files: list[Path], *, bank: str = "") -> Ledger:
    """Read the files of one holder into one Ledger.

    ``bank`` is the holder's own code: a side that names it, or names no bank, has its account here. Balances are
    taken from `opening_balances.csv` beside the first file, if it is there. Raises BadInput or MalformedInput naming
    file, line (row) and column; OSError where a file cannot be read.
    """
    beside = files[0].parent / OPENINGS if files else None
    openings = read_openings(beside.read_bytes(), where=OPENINGS) if beside and beside.is_file() else None
    ledger = _in_columns(files, bank) or _row_by_row(files, bank)
    if not len(ledger.ids):
        raise BadInput("no transfer that moves money was found", "check the file", where=files[0].name if files else "")
    return ledger if openings is None else with_openings(ledger, openings)


def _in_columns(files: list[Path], bank: str) -> Ledger | None:
    """Read large files, and Parquet, by columns; None where that is not worth it or only the rows can tell."""
    parquet = [columns.is_parquet(file) for file in files]
    if not any(parquet) and sum(file.stat().st_size for file in files) < columns.WORTH_IT:
        return None
    return columns.read_columns(files, bank=bank)


def _row_by_row(files: list[Path], bank: str) -> Ledger:
    collector, width = Collector(), 0
    for file in files:
        if columns.is_parquet(file):
            names, rows = columns.parquet_rows(file)
            width = max(width, add_rows(collector, names, rows, bank=bank))
        elif file.suffix.lower() == ".xml":
            add_messages(collector, file.read_bytes(), bank=bank, where=file.name)
        else:
            width = max(width, add_csv(collector, file.read_bytes(), bank=bank, where=file.name))
    return collector.ledger(id_width=width)
