"""Keeps an operator's table on disk: appended and forced out, read back after a restart, written anew when it grew long.

Two kinds of files, each with a generation: ``base-N`` is a whole table, ``log-N`` what came after it. A new generation begins
with its log; its base follows, written aside and renamed when it is complete, and only then are older files removed. A crash
at any point leaves a base and all logs since it.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from lintas.model.errors import LintasError
from lintas.telco.home.records import Change, What

_KINDS: tuple[What, ...] = ("assigned", "released", "abroad", "home", "sim")
_CODE = {what: code for code, what in enumerate(_KINDS, 1)}
_FACT = struct.Struct("<BQI")
_RECORD = struct.Struct("<BQII")
#: What one flush may write at most: damage longer than that before the end of a log is no torn write.
MAX_BATCH = 1 << 20
#: A log shorter than this is never written anew, bytes.
SHORT = 4 << 20


class Damaged(LintasError):
    """A file of the table is not what was written."""

    title = "The table on disk is damaged"


class Journal:
    """The files of one table in one directory, readable by their owner only."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        for left in directory.glob("*.new"):
            left.unlink()
        self._generation = max((_generation(path) for path in directory.glob("log-*")), default=0)
        #: Bytes at the end of a log that a crash left unfinished, and that were cut off.
        self.torn = 0
        self._file = -1
        self.written = 0

    def replay(self) -> Iterator[Change]:
        """Yield everything that is kept, oldest first, and open the log for more; Damaged where one is not as written."""
        bases = sorted(self._directory.glob("base-*"), key=_generation)
        start = _generation(bases[-1]) if bases else 0
        if bases:
            data = bases[-1].read_bytes()
            yield from _read(data, bases[-1])
        logs = sorted((path for path in self._directory.glob("log-*") if _generation(path) >= start), key=_generation)
        for path in logs:
            data = path.read_bytes()
            whole = _whole(data)
            if len(data) - whole > MAX_BATCH or (whole < len(data) and path != logs[-1]):
                raise Damaged(f"byte {whole:,} is not what was written", "restore a backup", where=path.name)
            yield from _read(data[:whole], path)
            if whole < len(data):
                self.torn += len(data) - whole
                os.truncate(path, whole)
            self.written += whole
        self._file = self._open(self._generation)

    def append(self, changes: Iterable[Change]) -> None:
        """Write changes and force them to the disk; when this returns a crash does not lose them.

        OSError when the disk does not take them; then none of this batch is in the log.
        """
        data, before = b"".join(_bytes(change) for change in changes), os.fstat(self._file).st_size
        try:
            for start in range(0, len(data), MAX_BATCH - MAX_BATCH % _RECORD.size):
                _write(self._file, data[start : start + MAX_BATCH - MAX_BATCH % _RECORD.size])
                os.fsync(self._file)
        except OSError:
            # Half a record in the middle would make the log unreadable for ever.
            os.ftruncate(self._file, before)
            raise
        self.written += len(data)

    def is_long(self, kept: int) -> bool:
        """Return whether a base would be worth its while, for a table with so many facts."""
        return self.written > SHORT and self.written > 2 * kept * _RECORD.size

    def begin(self) -> int:
        """Begin a new generation: what is appended from now on goes into its log. Returns it, for ``finish``."""
        old = self._file
        self._generation += 1
        self._file, self.written = self._open(self._generation), 0
        os.close(old)
        return self._generation

    def finish(self, generation: int, changes: Iterable[Change]) -> None:
        """Write the base of a generation, the table as it was when that began, and remove what is older."""
        path, aside = self._directory / f"base-{generation}", self._directory / f"base-{generation}.new"
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            batch: list[bytes] = []
            for change in changes:
                batch.append(_bytes(change))
                if len(batch) >= 10_000:
                    _write(file, b"".join(batch))
                    batch.clear()
            _write(file, b"".join(batch))
            os.fsync(file)
        finally:
            os.close(file)
        aside.rename(path)
        self._sync_directory()
        for old in [*self._directory.glob("base-*"), *self._directory.glob("log-*")]:
            if _generation(old) < generation:
                old.unlink()

    def close(self) -> None:
        """Close the log; nothing waits to be written."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self, generation: int) -> int:
        file = os.open(self._directory / f"log-{generation}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._sync_directory()
        return file

    def _sync_directory(self) -> None:
        handle = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _bytes(change: Change) -> bytes:
    fact = _FACT.pack(_CODE[change.what], change.number, change.at)
    return fact + zlib.crc32(fact).to_bytes(4, "little")


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _whole(data: bytes) -> int:
    """Return how many bytes from the start are whole records."""
    size = _RECORD.size
    for start in range(0, len(data) - len(data) % size, size):
        fact, crc = data[start : start + _FACT.size], data[start + _FACT.size : start + size]
        if zlib.crc32(fact) != int.from_bytes(crc, "little") or not 1 <= fact[0] <= len(_KINDS):
            return start
    return len(data) - len(data) % size


def _read(data: bytes, path: Path) -> Iterator[Change]:
    if _whole(data) != len(data):
        raise Damaged("this is not what was written", "restore a backup", where=path.name)
    for code, number, at, _ in _RECORD.iter_unpack(data):
        yield Change(_KINDS[code - 1], number, at)


def _generation(path: Path) -> int:
    text = path.name.rpartition("-")[2]
    return int(text) if text.isdecimal() else 0
