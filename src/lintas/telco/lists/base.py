"""The base file of a list: sorted numbers in a mapped file, opened in milliseconds and asked by bisection.

Layout, little-endian, every column at a multiple of eight bytes:

    magic          16 bytes
    header length  8 bytes, then SHA-256 of the header (32 bytes), then the header as JSON
    words          u64[entries]   number << 14 | class; sorted
    late           u16[entries]   seconds to add to the class's expiry; only where the header says ``late``
    apart_at       u32[apart]     places of entries whose class has no room in the word (there it reads 16383), sorted
    apart_class    u32[apart]     their classes
    range_first, range_last, range_expires  u64[ranges]
    range_class    u32[ranges]
    cuts           u64[cuts]; offsets u32[cuts + 1]; members u32[members]

A class is (kind, owner, reason, expires): the header lists them as indexes into its own words. So a list of ten million
numbers with up to 16,383 classes is 80 MB; with more times of expiry than that 100 MB; exact in both.
"""

import hashlib
import mmap
import os
import struct
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

import msgspec
import numpy as np

from lintas.model.errors import BadInput, LintasError, TooLarge
from lintas.telco.lists.entries import KINDS, Row, Seconds
from lintas.telco.lists.ranges import Found, Ranges, Segments
from lintas.trust.keys import UNREADABLE

MAGIC = b"lintas-list-v1\n\0"
PREFIX = struct.Struct("<16sQ32s")
CLASS_BITS = 14
#: The class number in a word that says: look among those apart.
APART = (1 << CLASS_BITS) - 1
#: Every so many words one is kept apart, so that a search ends on one page of the file.
STEP = 256
MAX_HEADER = 1 << 28
#: Eight, four or two bytes, unsigned.
Form = Literal["Q", "I", "H"]

_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class Damaged(BadInput):
    """The file is no list, or not all of one; the list that was in force before stays in force."""

    title = "Damaged list"


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a base file says of itself.

    ``version`` and ``head`` name the last delta that is in it: its number, and its id, which the next one follows. ``made``
    is when that was known, in seconds since 1970; ``body`` the SHA-256 of all columns.
    """

    name: str
    version: _Count
    head: str
    made: Seconds
    entries: _Count
    late: bool
    apart: _Count
    ranges: _Count
    cuts: _Count
    members: _Count
    body: str
    owners: tuple[str, ...]
    reasons: tuple[str, ...]
    classes: tuple[tuple[_Count, _Count, _Count, _Count], ...]

    def columns(self) -> list[tuple[Form, int]]:
        """Return (format, length) of each column in the order in which they lie."""
        shape: list[tuple[Form, int]] = [
            ("Q", self.entries),
            ("H", self.entries if self.late else 0),
            ("I", self.apart),
            ("I", self.apart),
        ]
        wide: tuple[Form, int] = ("Q", self.ranges)
        return [
            *shape,
            wide,
            wide,
            wide,
            ("I", self.ranges),
            ("Q", self.cuts),
            ("I", self.cuts + 1),
            ("I", self.members),
        ]


def aligned(size: int) -> int:
    """Round up to eight bytes."""
    return size + -size % 8


class Classes:
    """The header's classes as rows, made when they are first asked for."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self.held: list[Row | None] = [None] * len(header.classes)

    def row(self, index: int) -> Row:
        """Return a class."""
        row = self.held[index]
        if row is None:
            kind, owner, reason, expires = self._header.classes[index]
            row = self.held[index] = Row(KINDS[kind], self._header.owners[owner], self._header.reasons[reason], expires)
        return row


class RangeColumns(NamedTuple):
    """The columns that say what ranges there are. Nothing here knows the Base: one that is replaced is let go at once."""

    rows: Classes
    first: Sequence[int]
    last: Sequence[int]
    expires: Sequence[int]
    classes: Sequence[int]

    def at(self, place: int) -> Found:
        """Return a range."""
        row = self.rows.row(self.classes[place])._replace(expires=self.expires[place])
        return Found(self.first[place], self.last[place], row)


class Base:
    """An opened base file. It must only ever be replaced by renaming another over it, never be written in place."""

    def __init__(self, header: Header, held: memoryview, start: int, inode: int) -> None:
        self.header, self.inode = header, inode
        columns = []
        for form, length in header.columns():
            size = length * struct.calcsize(form)
            columns.append(held[start : start + size].cast(form))
            start += aligned(size)
        self.words, self.late, self.apart_at, self.apart_class, *ranges = columns
        first, last, expires, self.range_class, cuts, offsets, members = ranges
        self._count = header.entries
        self._array = np.frombuffer(self.words, np.uint64)
        self._pages = self._array[::STEP].copy()
        self._steps: list[int] = self._pages.tolist()
        self._classes = Classes(header)
        self._rows = self._classes.held
        self.segments = (cuts, offsets, members)
        self.ranges = Ranges(
            Segments(*self.segments),
            header.ranges,
            RangeColumns(self._classes, first, last, expires, self.range_class).at,
        )

    @classmethod
    def open(cls, path: Path, *, whole: bool = True) -> Self:
        """Map a base file; Damaged when it is none, is cut off or was changed. ``whole=False`` reads only its header."""
        try:
            with path.open("rb") as file:
                about = os.fstat(file.fileno())
                size = about.st_size
                if size < PREFIX.size:
                    raise Damaged("the file is too short for a list", "fetch it again", where=str(path))
                held = memoryview(mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ))
        except OSError as wrong:
            raise Damaged(f"the list cannot be read ({wrong.strerror})", "check the path", where=str(path)) from None
        try:
            header, start = _header(held)
            if whole and hashlib.sha256(held[start:]).hexdigest() != header.body:
                raise Damaged("the list was changed or damaged after it was made", "fetch it again")
            return cls(header, held, start, about.st_ino)
        except LintasError as wrong:
            raise Damaged(wrong.what, wrong.do, where=str(path)) from None

    def __len__(self) -> int:
        """Count the entries, ranges included."""
        return self.header.entries + self.header.ranges

    def rows(self, number: int) -> tuple[Row, ...]:
        """Return what the file says of one number, ranges aside."""
        words, count, least = self.words, self._count, number << CLASS_BITS
        step = bisect_left(self._steps, least) * STEP
        at = bisect_left(words, least, step - STEP if step else 0, step if step < count else count)
        # The class is the lower bits: what is of this number is less than a class above ``least``.
        if at == count or words[at] - least > APART:
            return ()
        return self.rows_from(at, least)

    def rows_from(self, at: int, least: int) -> tuple[Row, ...]:
        """Return the entries of one number by the place of the first and the least word of that number."""
        words, count, end = self.words, self._count, at + 1
        if end == count or words[end] - least > APART:
            return (self.row(at),)
        while end < count and words[end] - least <= APART:
            end += 1
        return tuple(map(self.row, range(at, end)))

    def places(self, numbers: Sequence[int]) -> list[int]:
        """Return of each of many numbers the place of its first entry, -1 where there is none, ranges aside."""
        words, last = self._array, self._count - 1
        if last < 0:
            return [-1] * len(numbers)
        asked = np.array(numbers, np.uint64)
        least = asked << np.uint64(CLASS_BITS)
        # First among the words kept apart, which stay in the processor's cache, then on one page of the file.
        at, half = np.maximum(self._pages.searchsorted(least) - 1, 0) * STEP, STEP
        while half > 1:
            half //= 2
            middle = np.minimum(at + half, last)
            at = np.where(words[middle - 1] < least, middle, at)
        at = np.where(words[at] < least, np.minimum(at + 1, last), at)
        found: list[int] = np.where(words[at] >> np.uint64(CLASS_BITS) == asked, at, -1).tolist()
        return found

    def row(self, at: int) -> Row:
        """Return the entry at a place."""
        index = self.words[at] & APART
        if index == APART and len(self.apart_at):
            index = self.apart_class[bisect_left(self.apart_at, at)]
        row = self._rows[index] or self._classes.row(index)
        return row._replace(expires=row.expires + self.late[at]) if self.late else row

    def class_row(self, index: int) -> Row:
        """Return a class of the header."""
        return self._classes.row(index)


def _header(held: memoryview) -> tuple[Header, int]:
    magic, length, digest = PREFIX.unpack_from(held)
    if magic != MAGIC:
        raise Damaged("the file is no list in our form", "build one with `lintas telco list build`")
    if length > MAX_HEADER:
        raise TooLarge(f"a header of {length:,} bytes", "fetch the list again")
    start = PREFIX.size + aligned(length)
    raw = held[PREFIX.size : PREFIX.size + length]
    if hashlib.sha256(raw).digest() != digest:
        raise Damaged("the list's header is damaged or cut off", "fetch it again")
    try:
        header = msgspec.json.decode(raw, type=Header)
    except UNREADABLE as wrong:
        raise Damaged(f"the list's header cannot be read ({wrong})", "build the list with this version") from None
    wanted = start + sum(aligned(length * struct.calcsize(form)) for form, length in header.columns())
    if len(held) != wanted:
        raise Damaged(f"the list has {len(held):,} of {wanted:,} bytes", "fetch it again")
    return header, start
