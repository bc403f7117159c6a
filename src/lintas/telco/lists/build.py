"""Writes base files: sorts entries, drops what another entry says better, and packs what is left into columns."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from lintas.model.errors import TooLarge
from lintas.telco.lists.base import APART, CLASS_BITS, MAGIC, PREFIX, Header, aligned
from lintas.telco.lists.entries import RANK, Key, Row
from lintas.telco.lists.ranges import Found, cut

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint64]
Classes = npt.NDArray[np.uint32]

#: More classes than this are a header that no gateway reads in time.
MOST_CLASSES = 1_000_000
#: What an expiry keeps beside its class when there are too many: 18 hours in two bytes.
LATE_BITS = 16


class Entries(NamedTuple):
    """Numbers, for each the place of its row among ``rows``, and ranges."""

    numbers: Numbers
    classes: Classes
    rows: Sequence[Row]
    ranges: Mapping[Key, Row]

    @classmethod
    def of(cls, held: Mapping[Key, Row]) -> "Entries":
        """Take entries that lie in memory, numbers and ranges."""
        singles = {key: row for key, row in held.items() if key.first == key.last}
        numbers = np.array([key.first for key in singles], np.uint64)
        classes = np.arange(len(singles), dtype=np.uint32)
        return cls(numbers, classes, list(singles.values()), {key: held[key] for key in held if key not in singles})


class Origin(NamedTuple):
    """Which list it is, the last delta that is in it (number and id), and when that was known."""

    name: str
    version: int
    head: str
    made: int


class Built(NamedTuple):
    """What came of building: the file's header, and how many entries another one with the same key replaced."""

    header: Header
    repeated: int


def build(path: Path, entries: Entries, origin: Origin) -> Built:
    """Write a base file beside ``path`` and rename it there once it is on disk.

    Of entries with one number, kind and owner the one that is valid longest stays.
    """
    numbers, classes, rows = _sorted(entries)
    for other in (_unlike_before, _first_of_each):
        keep = other(numbers, classes, rows)
        numbers, classes = numbers[keep], classes[keep]
    repeated = len(entries.numbers) - len(numbers)
    packed = _packed(numbers, classes, rows)
    del numbers, classes
    found = [Found(key.first, key.last, row) for key, row in sorted(entries.ranges.items())]
    names = _Names(packed.rows)
    range_class = [names.add(each.row._replace(expires=0)) for each in found]
    cuts, offsets, members = cut(found)
    columns: list[npt.NDArray[Any]] = [
        packed.words,
        packed.late,
        packed.apart_at,
        packed.apart_class,
        np.array([each.first for each in found], np.uint64),
        np.array([each.last for each in found], np.uint64),
        np.array([each.row.expires for each in found], np.uint64),
        np.array(range_class, np.uint32),
        np.array(cuts, np.uint64),
        np.array(offsets, np.uint32),
        np.array(members, np.uint32),
    ]
    header = Header(
        **origin._asdict(),
        entries=len(packed.words),
        late=len(packed.late) > 0,
        apart=len(packed.apart_at),
        ranges=len(found),
        cuts=len(cuts),
        members=len(members),
        body="",
        **names.words(),
    )
    return Built(_write(path, header, columns), repeated)


class _Packed(NamedTuple):
    words: Words
    late: npt.NDArray[np.uint16]
    apart_at: npt.NDArray[np.uint32]
    apart_class: npt.NDArray[np.uint32]
    rows: Sequence[Row]


class _Names:
    """Classes as indexes into words that are written once."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._owners: dict[str, int] = {}
        self._reasons: dict[str, int] = {}
        self._classes: dict[tuple[int, int, int, int], int] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> int:
        """Return the number of a class."""
        owner = self._owners.setdefault(row.owner, len(self._owners))
        reason = self._reasons.setdefault(row.reason, len(self._reasons))
        return self._classes.setdefault((RANK[row.kind], owner, reason, row.expires), len(self._classes))

    def words(self) -> dict[str, Any]:
        """Return what the header holds of them."""
        if len(self._classes) > MOST_CLASSES:
            raise TooLarge(
                f"{len(self._classes):,} different kinds, owners, reasons and times",
                f"a list holds {MOST_CLASSES:,}: give entries of one campaign one reason",
            )
        return {"owners": tuple(self._owners), "reasons": tuple(self._reasons), "classes": tuple(self._classes)}


def _sorted(entries: Entries) -> tuple[Numbers, Classes, list[Row]]:
    """Return numbers and classes by number, then by the row's place, and the rows in the order of their places."""
    order = sorted(range(len(entries.rows)), key=lambda at: (entries.rows[at].place, entries.rows[at].reason))
    rank = np.empty(max(len(order), 1), np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    classes = rank[entries.classes]
    rows = [entries.rows[at] for at in order]
    if len(rows) <= 1 << CLASS_BITS:
        words = entries.numbers << np.uint64(CLASS_BITS)
        words |= classes
        words.sort()
        return words >> np.uint64(CLASS_BITS), (words & np.uint64(APART)).astype(np.uint32), rows
    by = np.lexsort((classes, entries.numbers))
    return entries.numbers[by], classes[by], rows


def _unlike_before(numbers: Numbers, classes: Classes, rows: Sequence[Row]) -> npt.NDArray[np.bool_]:
    """Mark entries that are not word for word the one before."""
    keep = np.ones(len(numbers), np.bool_)
    keep[1:] = (numbers[1:] != numbers[:-1]) | (classes[1:] != classes[:-1])
    return keep


def _first_of_each(numbers: Numbers, classes: Classes, rows: Sequence[Row]) -> npt.NDArray[np.bool_]:
    """Mark the first entry of each number, kind and owner: rows' places put the longest valid first."""
    keep = np.ones(len(numbers), np.bool_)
    same = np.flatnonzero(numbers[1:] == numbers[:-1]) + 1
    # Few numbers are listed twice by different words: only those are looked at one by one.
    seen: set[tuple[str, str]] = set()
    before = -1
    for at in same.tolist():
        if at != before + 1:
            first = rows[classes[at - 1]]
            seen = {(first.kind, first.owner)}
        row = rows[classes[at]]
        keep[at] = (row.kind, row.owner) not in seen
        seen.add((row.kind, row.owner))
        before = at
    return keep


def _packed(numbers: Numbers, classes: Classes, rows: Sequence[Row]) -> _Packed:
    """Put the class into the word; where there are too many, first parts of the expiry aside, then the rarest classes."""
    used = np.flatnonzero(np.bincount(classes, minlength=len(rows))) if len(classes) else np.empty(0, np.int64)
    distinct: dict[Row, int] = {}
    place = np.zeros(max(len(rows), 1), np.uint32)
    place[used] = [distinct.setdefault(rows[at], len(distinct)) for at in used.tolist()]
    classes, held = place[classes], list(distinct)
    late = np.empty(0, np.uint16)
    if len(held) > APART:
        expires = np.array([row.expires for row in held], np.uint64)
        late = (expires & np.uint64((1 << LATE_BITS) - 1)).astype(np.uint16)[classes]
        coarse: dict[Row, int] = {}
        index = [
            coarse.setdefault(row._replace(expires=row.expires >> LATE_BITS << LATE_BITS), len(coarse)) for row in held
        ]
        classes, held = np.array(index, np.uint32)[classes], list(coarse)
    if len(held) > APART:
        frequent = np.argsort(-np.bincount(classes, minlength=len(held)), kind="stable")
        place = np.empty(len(held), np.uint32)
        place[frequent] = np.arange(len(held), dtype=np.uint32)
        classes, held = place[classes], [held[at] for at in frequent.tolist()]
    apart_at = np.flatnonzero(classes >= APART).astype(np.uint32)
    apart_class = classes[apart_at]
    words = numbers << np.uint64(CLASS_BITS)
    words |= np.minimum(classes, APART)
    # Classes were renumbered: of one number they may now stand the other way round, which only the order within it sees.
    return _Packed(words, late, apart_at, apart_class, held)


def _write(path: Path, header: Header, columns: Sequence[npt.NDArray[Any]]) -> Header:
    digest = hashlib.sha256()
    chunks: list[memoryview | bytes] = []
    for column in columns:
        raw = column.view(np.uint8).data
        chunks += [raw, bytes(-len(raw) % 8)]
    for chunk in chunks:
        digest.update(chunk)
    header = msgspec.structs.replace(header, body=digest.hexdigest())
    raw_header = msgspec.json.encode(header)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            file.write(PREFIX.pack(MAGIC, len(raw_header), hashlib.sha256(raw_header).digest()))
            file.write(raw_header.ljust(aligned(len(raw_header)), b"\0"))
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return header
