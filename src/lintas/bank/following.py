"""Follows a bank's ledger files as they change: rows appended to a CSV file are added to the index; else it is built anew."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from lintas.model.errors import BadInput, LintasError
from lintas.trace.engine.index import Index
from lintas.trace.engine.lines import build
from lintas.trace.engine.live import Live
from lintas.trace.engine.rows import Row, rows
from lintas.trace.ledgers.ledger import Collector
from lintas.trace.ledgers.transfers import OPENINGS, add_csv, read_ledger


class _Read(NamedTuple):
    """What was read of a file: so many bytes, and their SHA-256."""

    size: int
    digest: str


class Following:
    """The index of the ledger files in a directory: CSV, and pacs.008 messages (``*.xml``).

    The answers are those of an index built anew from all files, but for the snapshot's name, which tells the state that
    was read first and every row since.
    """

    def __init__(self, directory: Path, bank: str) -> None:
        self._directory, self._bank = directory, bank
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._read: dict[Path, _Read] = {}
        self._balances: bytes | None = None
        self._index: Index | None = None

    def index(self) -> Index:
        """Return the index of the files as they are now; errors as those of reading them all."""
        files, seen = self._look()
        if self._index is not None and (seen == self._seen or self._grow(files)):
            self._seen = seen
            return self._index
        if not files:
            raise BadInput(
                "there is no ledger file here", "put CSV or pacs.008 files in it", where=str(self._directory)
            )
        self._balances = self._given()
        self._index, self._read = build(read_ledger(files, bank=self._bank)), {}
        if self._look()[1] == seen:  # else what was indexed is not what is there now
            self._read = {file: _digested(file.read_bytes()) for file in files}
        self._seen = seen
        return self._index

    def _look(self) -> tuple[list[Path], tuple[tuple[str, int, int], ...]]:
        every = sorted(path for path in self._directory.iterdir() if path.suffix.lower() in (".csv", ".xml"))
        seen = tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in every)
        return [path for path in every if path.name != OPENINGS], seen

    def _given(self) -> bytes | None:
        balances = self._directory / OPENINGS
        return balances.read_bytes() if balances.is_file() else None

    def _grow(self, files: list[Path]) -> bool:
        """Add the rows that files got at their ends; False where more than that happened, or where a row is refused."""
        index = self._index
        if index is None or not files or list(self._read) != files or self._given() != self._balances:
            return False
        if index.self_transfers != len(index.idle):
            return False
        collector, read = Collector(), dict[Path, _Read]()
        live = index if isinstance(index, Live) else Live(index)
        try:
            for file in files:
                data, known = file.read_bytes(), self._read[file]
                read[file] = _digested(data)
                if read[file] != known:
                    if not _only_grew(file, data, known):
                        return False
                    head = data[: data.index(b"\n") + 1]
                    add_csv(collector, head + data[known.size :], bank=self._bank, where=file.name)
            new = list(rows(collector.ledger()))
            if collector.idle or not all(self._has_lines(live, row) for row in new):
                return False
            for row in new:
                live.append(row)
        except LintasError:
            self._index = None  # some rows may be in it; reading all files again says what is wrong with its place
            return False
        self._index, self._read = live, read
        return True

    def _has_lines(self, live: Live, row: Row) -> bool:
        """Say whether no opening balance is needed that was of no use before."""
        if live.balances == "assumed":
            return True
        sides = (row.sender, row.lost[1]), (row.receiver, row.got[1])
        return all(live.line(account, code) is not None for account, code in sides if account is not None)


def _digested(data: bytes) -> _Read:
    return _Read(len(data), hashlib.sha256(data).hexdigest())


def _only_grew(file: Path, data: bytes, known: _Read) -> bool:
    """Say whether whole rows with ids of their own were added to what is there."""
    before = data[: known.size]
    if file.suffix.lower() != ".csv" or len(data) < known.size or not before.endswith(b"\n"):
        return False
    names = before[: before.find(b"\n")].decode("utf-8-sig", "replace").split(",")
    return "id" in (name.strip() for name in names) and _digested(before) == known
