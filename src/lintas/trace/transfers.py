"""Read a holder's transfers from CSV: each row checked, each error naming file, line and column.

Columns: `time,sender,receiver,amount_minor,currency`, and optionally `id` (else zero-padded row numbers),
`debited_minor,debited_currency` and `credited_minor,credited_currency` (what left the sender's and reached the
receiver's account where that differs from the amount settled between the banks), `sender_bank,receiver_bank`
(the holder of a side that has no account here) and `kind` (`transfer`, `merchant`, `cash_out`). Others are not read.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from lintas.model import money, times
from lintas.model.errors import BadInput, LintasError, MalformedInput
from lintas.trace.ledger import KINDS, Collector, Ledger, Opening, check_amount, microseconds
from lintas.trace.messages import Books

REQUIRED = ("time", "sender", "receiver", "amount_minor", "currency")
OPTIONAL = (
    "id",
    "debited_minor",
    "debited_currency",
    "credited_minor",
    "credited_currency",
    "sender_bank",
    "receiver_bank",
    "kind",
)
OPENINGS = "opening_balances.csv"
#: Cut short, a value of these columns still looks like one of its kind.
_ENDS_NOTICED = {"time", "currency", "debited_currency", "credited_currency", "kind"}
_MAX_NAME = 128


def read_ledger(files: list[Path], *, bank: str = "") -> Ledger:
    """Read CSV files and ISO 20022 messages (`*.xml`) of one holder into one Ledger.

    ``bank`` is the holder's own code: a side that names it, or names no bank, has its account here. Balances are
    taken from `opening_balances.csv` beside the first file, if it is there, else from statements. Raises
    BadInput or MalformedInput naming file, line and column; OSError where a file cannot be read.
    """
    collector, books, width = Collector(), Books(bank), 0
    for file in files:
        data, name = file.read_bytes(), file.name
        if file.suffix.lower() == ".parquet" or data[:4] == b"PAR1":
            raise BadInput("Parquet is not read here", "export the transfers as CSV", where=name)
        if file.suffix.lower() == ".xml":
            books.read(data, where=name)
        else:
            width = max(width, add_csv(collector, data, bank=bank, where=name))
    stated = books.give(collector)
    if not collector.ids:
        raise BadInput("no transfer that moves money was found", "check the file", where=files[0].name if files else "")
    beside = files[0].parent / OPENINGS
    given = read_openings(beside.read_bytes(), where=beside.name) if beside.is_file() else []
    known = {opening.account for opening in given}
    openings = [*given, *(opening for opening in stated if opening.account not in known)]
    return collector.ledger(openings if openings or beside.is_file() else None, id_width=width)


def add_csv(collector: Collector, data: bytes, *, bank: str = "", where: str = "CSV") -> int:
    """Add the rows of one CSV file; return the width of the row numbers given as ids, 0 where the file has ids."""
    header, rows = _table(data, where, REQUIRED)
    for pair in ("debited", "credited"):
        if (f"{pair}_minor" in header) != (f"{pair}_currency" in header):
            do = f"give {pair}_minor and {pair}_currency together"
            raise BadInput(f"only one of the two {pair} columns is there", do, where=f"{where}, line 1")
    body = list(rows)
    width = 0 if "id" in header else len(str(len(body)))
    row = _Row(header, where)
    for number, (line, values) in enumerate(body, 1):
        row.line, row.values = line, values
        _add_row(collector, row, bank, f"{number:0{width}d}" if width else row.name("id"))
    return width


def read_openings(data: bytes, *, where: str = OPENINGS) -> list[Opening]:
    """Read `account,amount_minor` and optionally `currency`; balances are >= 0."""
    header, rows = _table(data, where, ("account", "amount_minor"))
    row, found = _Row(header, where), []
    for row.line, row.values in rows:
        text = row.text("amount_minor")
        amount = 0 if text and not text.strip("0") else check_amount(text, row.place("amount_minor"))
        code = row.currency("currency") if row.text("currency") else None
        found.append(Opening(row.name("account"), amount, code, f"{where}, line {row.line}"))
    return found


class _Row:
    """One row of a table; knows the place of each of its values."""

    def __init__(self, header: dict[str, int], where: str) -> None:
        self._header, self._where = header, where
        self.line, self.values = 1, list[str]()

    def place(self, column: str) -> str:
        return f"{self._where}, line {self.line}, column {column}"

    def text(self, column: str) -> str:
        return self.values[self._header[column]] if column in self._header else ""

    def name(self, column: str) -> str:
        """Return an account or id: printable, not empty, short enough to be one."""
        text = self.text(column)
        if not text or len(text) > _MAX_NAME or not text.isprintable():
            what = "the value is empty" if not text else "the value is too long or holds invisible characters"
            raise BadInput(what, f"give 1 to {_MAX_NAME} printable characters", where=self.place(column))
        return text

    def currency(self, column: str) -> str:
        text = self.text(column)
        if text not in money.exponents():
            do = "use an ISO 4217 code listed in currencies.yaml, in capitals"
            raise BadInput(f"unknown currency {text[:40]!r}", do, where=self.place(column))
        return text

    def money(self, pair: str) -> tuple[int, str] | None:
        """Return the optional amount of this pair of columns; None where both are empty."""
        if f"{pair}_minor" not in self._header:
            return None
        if not self.text(f"{pair}_minor") and not self.text(f"{pair}_currency"):
            return None
        return self.amount(f"{pair}_minor"), self.currency(f"{pair}_currency")

    def amount(self, column: str) -> int:
        text = self.text(column)
        if len(text) < 16 and text.isascii() and text.isdigit() and int(text) > 0:
            return int(text)
        return check_amount(text, self.place(column))

    def time(self) -> int:
        text = self.text("time")
        try:
            return microseconds(times.parse(text))
        except LintasError as wrong:
            raise BadInput(wrong.what, wrong.do, where=self.place("time")) from None
        except OverflowError:
            raise BadInput(f"the time {text!r} is out of range", "check it", where=self.place("time")) from None


def _add_row(collector: Collector, row: _Row, bank: str, reference: str) -> None:
    settled = row.amount("amount_minor"), row.currency("currency")
    kind_text = row.text("kind") or "transfer"
    if kind_text not in KINDS:
        raise BadInput(f"unknown kind {kind_text[:40]!r}", f"use one of {', '.join(KINDS)}", where=row.place("kind"))
    kind = KINDS.index(kind_text)
    sender_bank, receiver_bank = row.text("sender_bank"), row.text("receiver_bank")
    comes_in, goes_out = sender_bank not in ("", bank), receiver_bank not in ("", bank)
    if comes_in and (goes_out or kind):
        what = "neither side has an account here"
        do = "leave the row out, or name this holder's own code"
        raise BadInput(what, do, where=row.place("receiver_bank" if goes_out else "kind"))
    sender, receiver = row.name("sender"), row.name("receiver") if row.text("receiver") or not kind else ""
    collector.add(
        reference,
        row.time(),
        None if comes_in else sender,
        None if goes_out or kind else receiver,
        settled,
        where=row.place("id"),
        debited=row.money("debited"),
        credited=row.money("credited"),
        bank=sender_bank if comes_in else receiver_bank if goes_out else "",
        party=sender if comes_in else receiver if goes_out or kind else "",
        kind=kind,
    )


def _table(
    data: bytes, where: str, required: tuple[str, ...]
) -> tuple[dict[str, int], Iterator[tuple[int, list[str]]]]:
    """Decode and open a CSV table: column -> position, and its rows with their line numbers."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        column = wrong.start - data.rfind(b"\n", 0, wrong.start)
        place = f"{where}, line {line}, byte {column}"
        raise MalformedInput("the file is not UTF-8 here", "save it as UTF-8", where=place) from None
    rows = _rows(text, where)
    _, names = next(rows, (1, []))
    names = [name.strip() for name in names]
    missing = [name for name in required if name not in names]
    if missing:
        told = f"missing column{'s' * (len(missing) > 1)} {', '.join(missing)}"
        raise BadInput(told, f"the first line names the columns: {','.join(required)}", where=f"{where}, line 1")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"column {twice[0][:40]!r} is there twice", "keep one of them", where=f"{where}, line 1")
    if names[-1] not in _ENDS_NOTICED and not text.endswith(("\n", "\r")):
        line = text.count("\n") + 1
        what = "the last line has no end, and the file may be cut"
        raise MalformedInput(what, "send it whole, ending in a line break", where=f"{where}, line {line}")
    return {name: at for at, name in enumerate(names)}, _of_width(rows, len(names), where)


def _rows(text: str, where: str) -> Iterator[tuple[int, list[str]]]:
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


def _of_width(rows: Iterator[tuple[int, list[str]]], width: int, where: str) -> Iterator[tuple[int, list[str]]]:
    for line, values in rows:
        if len(values) != width:
            what = f"{len(values)} values, the header names {width}"
            raise MalformedInput(what, "send the file whole, one value per column", where=f"{where}, line {line}")
        yield line, [value.strip() for value in values]
