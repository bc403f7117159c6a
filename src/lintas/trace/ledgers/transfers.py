"""The door for ledgers: reads a holder's files, each layout by its own reader, into one Ledger.

A layout is recognised by its first bytes and its columns, never by a file's name; docs/ledgers.md lists them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lintas.model import money
from lintas.model.errors import BadInput, MalformedInput
from lintas.trace.ledgers.ledger import Collector, Ledger, Opening, with_openings
from lintas.trace.ledgers.messages import Books
from lintas.trace.ledgers.readers import accounts, amlsim, columns, utxo
from lintas.trace.ledgers.readers.chain import Chain, Holders, Told
from lintas.trace.ledgers.readers.plain import ENDS_NOTICED, OPENINGS, add_csv, add_rows, read_openings
from lintas.trace.ledgers.readers.table import Row, csv_rows, header_of, json_lines, row_of

__all__ = ["OPENINGS", "Holders", "Told", "add_csv", "read_ledger", "read_openings"]

_HEAD = 1 << 16


def read_ledger(
    files: list[Path],
    *,
    bank: str = "",
    currency: str = "",
    holders: Holders | None = None,
    told: Told | None = None,
) -> Ledger:
    """Read the files of one holder into one Ledger.

    ``bank`` is the holder's own code: a side that names it, or names no bank, has its account here. ``currency`` is for
    layouts that name none (AMLSim; for chains the native asset, BTC or ETH by default), ``holders`` for chains: addresses
    that another holder has. ``told`` counts what was cut or left out. Balances are taken from `opening_balances.csv` beside
    the first file (AMLSim: `nodes.csv`), if it is there; statements give those of accounts that it does not name. Raises
    BadInput or MalformedInput naming file, line (row) and column; OSError where a file cannot be read.
    """
    heads = [_head(file) for file in files]
    openings = _openings(files, heads, currency)
    ledger = _in_columns(files, heads, bank)
    if ledger is None:
        rows = _Rows(bank, currency, holders or {}, Counter() if told is None else told)
        for file, head in zip(files, heads, strict=True):
            rows.take(file, head)
        ledger, stated = rows.ledger()
        openings = _with_stated(openings, stated)
    if not len(ledger.ids):
        raise BadInput("no transfer that moves money was found", "check the file", where=files[0].name if files else "")
    return ledger if openings is None else with_openings(ledger, openings)


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_HEAD).removeprefix(b"\xef\xbb\xbf")


def _is_json(head: bytes) -> bool:
    return head.lstrip()[:1] == b"{"


def _openings(files: list[Path], heads: list[bytes], currency: str) -> list[Opening] | None:
    if not files:
        return None
    beside, nodes = files[0].with_name(OPENINGS), files[0].with_name(amlsim.NODES)
    if beside.is_file():
        return read_openings(beside.read_bytes(), where=OPENINGS)
    if header_of(heads[0]).issuperset(amlsim.REQUIRED) and nodes.is_file():
        return amlsim.read_nodes(nodes.read_bytes(), currency=currency)
    return None


def _with_stated(given: list[Opening] | None, stated: list[Opening]) -> list[Opening] | None:
    """Add the balances of statements to those given, which win; None where neither says anything."""
    known = {opening.account for opening in given or ()}
    added = [opening for opening in stated if opening.account not in known]
    return [*(given or ()), *added] if added else given


def _in_columns(files: list[Path], heads: list[bytes], bank: str) -> Ledger | None:
    """Read large files, and Parquet, by columns; None where that is not worth it or only the rows can tell."""
    parquet = [columns.is_parquet(file) for file in files]
    if not any(parquet) and sum(file.stat().st_size for file in files) < columns.WORTH_IT:
        return None
    ours = (header_of(head).issuperset(("sender", "receiver")) for head in heads)
    return columns.read_columns(files, bank=bank) if all(map(max, parquet, ours)) else None


@dataclass
class _Rows:
    """Takes files row by row; chains and messages are kept until all are there, since one file explains another."""

    bank: str
    currency: str
    holders: Holders
    told: Told
    _collector: Collector = field(default_factory=Collector)
    _width: int = 0
    _books: Books = field(init=False)
    _coins: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _accounts: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._books = Books(self.bank)

    def take(self, file: Path, head: bytes) -> None:
        """Take one file."""
        where, header = file.name, header_of(head)
        layout = accounts.layout_of(header)
        if columns.is_parquet(file):
            names, rows = columns.parquet_rows(file)
            self._width = max(self._width, add_rows(self._collector, names, rows, bank=self.bank, where=where))
        elif head.lstrip()[:1] == b"<" or file.suffix.lower() == ".xml":
            self._books.read(file.read_bytes(), where=where)
        elif _is_json(head):
            self._take_json(json_lines(file.read_bytes(), where))
        elif header.issuperset(amlsim.REQUIRED):
            width = amlsim.add_amlsim(self._collector, file.read_bytes(), currency=self.currency, where=where)
            self._width = max(self._width, width)
        elif layout:
            wanted = accounts.LAYOUTS[layout]
            self._accounts[layout].extend(csv_rows(file.read_bytes(), where, wanted, ends_noticed=ENDS_NOTICED)[1])
        else:
            self._width = max(self._width, add_csv(self._collector, file.read_bytes(), bank=self.bank, where=where))

    def _take_json(self, records: Iterable[tuple[str, dict[str, Any]]]) -> None:
        for where, record in records:
            layout = accounts.layout_of(record)
            if utxo.is_utxo(record):
                self._coins.append((where, record))
            elif layout:
                self._accounts[layout].append(row_of(where, record))
            elif record.get("type") not in ("block", "log", "contract", "trace"):
                do = "send transactions as bitcoin-etl or ethereum-etl writes them"
                raise MalformedInput("the object is of no layout that is read", do, where=where)

    def ledger(self) -> tuple[Ledger, list[Opening]]:
        """Return all that was taken, and the opening balances that statements give."""
        if self._coins and self._accounts:
            raise BadInput("files of two kinds of chain are given together", "index each chain by itself")
        if self._coins:
            utxo.add_utxo(self._chain("BTC"), self._coins)
        if self._accounts:
            accounts.add_accounts(self._chain("ETH"), self._accounts)
        stated = self._books.give(self._collector)
        return self._collector.ledger(id_width=self._width), stated

    def _chain(self, usual: str) -> Chain:
        return Chain(money.currency(self.currency or usual), self._collector, self.holders, self.told, self.bank)
