"""A list as of one moment: a base file and what deltas changed of it. Each delta gives a new snapshot; none ever changes.

What deltas change is held by number: the whole of what is listed of it, nothing for one that was withdrawn. So a look-up asks a
dictionary, and the file only for what no delta spoke of. A number listed itself wins over a range that holds it, but
for a protected range: that wins over everything.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from lintas.model.errors import Conflict
from lintas.telco.lists.base import CLASS_BITS, Base
from lintas.telco.lists.e164 import read_value, write
from lintas.telco.lists.entries import Change, Key, Row, winner
from lintas.telco.lists.ids import redress_ids
from lintas.telco.lists.ranges import Found, Ranges
from lintas.telco.lists.signed import Delta
from lintas.telco.records import Listed

Clock = Callable[[], float]


class Gap(Conflict):
    """A delta does not follow what is held: one is missing. The list in force stays; fetch from ``version + 1``, or a base."""

    title = "Gap between deltas"


class Forked(Conflict):
    """A delta of a number that is held already, or that follows another history; fetch the base file and all after it."""

    title = "Another history of the list"


class Snapshot:
    """A list in local memory; ``lintas.telco.records.Lookup``. Times of expiry are compared with ``clock`` at look-up."""

    def __init__(self, base: Base, key: bytes, *, clock: Clock = time.time) -> None:
        header = base.header
        self.base, self.key, self.clock = base, key, clock
        self._id = redress_ids(key)
        self.name, self.version, self.head, self.at = header.name, header.version, header.head, header.made
        self.entries = len(base)
        self._ids: Mapping[int, str] = {header.version: header.head}
        self._numbers: Mapping[int, tuple[Row, ...]] = {}
        self._own_ranges: Mapping[Key, Row] | None = None
        self.ranges = base.ranges

    @property
    def changed(self) -> int:
        """Count the numbers of which a delta spoke: what a new base file would take in."""
        return len(self._numbers) + len(self._own_ranges or ())

    def find(self, number: int) -> Listed | None:
        """Return what is listed now of a number; a protected range first, itself before other ranges."""
        held = self._numbers.get(number)
        if held is None:
            held = self.base.rows(number)
        if not held and not self.ranges:
            return None
        now = self.clock()
        if held and (row := held[0] if len(held) == 1 else winner(held, now)) is not None and row.expires > now:
            kind, owner, reason, expires = row
            if not self.ranges or kind == "protected" or not self._protects(number, now):
                return Listed(kind, self._id(kind, f"+{number}"), owner, reason, expires)
        if not self.ranges:
            return None
        over = [each for each in self.ranges.over(number) if each.row.expires > now]
        best = min(over, key=_place, default=None)
        if best is None:
            return None
        row = best.row
        return Listed(row.kind, self._id(row.kind, write(best.first, best.last)), row.owner, row.reason, row.expires)

    def _protects(self, number: int, now: float) -> bool:
        """Tell whether a protected range holds a number: no list blocks a number of those, whoever lists it."""
        return any(each.row.kind == "protected" and each.row.expires > now for each in self.ranges.over(number))

    def find_many(self, numbers: Sequence[int]) -> list[Listed | None]:
        """Return ``find`` of each number; those that nothing lists cost a tenth."""
        if self.ranges:
            return [self.find(number) for number in numbers]
        found: list[Listed | None] = [None] * len(numbers)
        now, changed, base, make = self.clock(), self._numbers, self.base, self._id
        for place, (number, at) in enumerate(zip(numbers, base.places(numbers), strict=True)):
            held = changed.get(number) if changed else None
            if held is None:
                if at < 0:
                    continue
                held = base.rows_from(at, number << CLASS_BITS)
            if (row := winner(held, now)) is not None:
                kind, owner, reason, expires = row
                found[place] = Listed(kind, make(kind, f"+{number}"), owner, reason, expires)
        return found

    def rows(self, number: int) -> tuple[Row, ...]:
        """Return everything listed of a number itself, whether expired or not."""
        held = self._numbers.get(number)
        return self.base.rows(number) if held is None else held

    def numbers(self) -> Mapping[int, tuple[Row, ...]]:
        """Return what deltas changed, by number; an empty tuple is a withdrawal."""
        return self._numbers

    def range_rows(self) -> dict[Key, Row]:
        """Return every range."""
        if self._own_ranges is not None:
            return dict(self._own_ranges)
        return {Key(each.first, each.last, each.row.kind, each.row.owner): each.row for each in self.base.ranges}

    def apply(self, delta: Delta) -> Self:
        """Return the snapshot after a delta; itself for one that is in it already.

        Gap when one is missing between, Forked when it tells another history, Conflict for another list's.
        """
        if delta.statement.list != self.name:
            raise Conflict(f"a delta of {delta.statement.list}, and the list is {self.name}", "check the source")
        if delta.number <= self.version:
            if self._ids.get(delta.number, delta.id) != delta.id:
                raise Forked(f"there are two deltas {delta.number}", "fetch the base file, and ask its publisher")
            return self
        if delta.number != self.version + 1:
            raise Gap(f"delta {delta.number} came, and the list is at {self.version}", "fetch those between")
        if delta.statement.follows != self.head:
            raise Forked(f"delta {delta.number} does not follow the list that is held", "fetch the base file")
        return self._after(delta)

    def _after(self, delta: Delta) -> Self:
        numbers, ranges = dict(self._numbers), None
        entries = self.entries
        for change in delta.changes:
            key = key_of(change)
            if key.first == key.last:
                before = numbers.get(key.first)
                if before is None:
                    before = self.base.rows(key.first)
                after = tuple(row for row in before if (row.kind, row.owner) != (key.kind, key.owner))
                if not change.withdraw:
                    after += (row_of(change),)
                numbers[key.first] = after
                entries += len(after) - len(before)
                continue
            if ranges is None:
                ranges = self.range_rows()
            entries -= ranges.pop(key, None) is not None
            if not change.withdraw:
                ranges[key] = row_of(change)
                entries += 1
        after_all = type(self)(self.base, self.key, clock=self.clock)
        after_all._numbers, after_all.entries = numbers, entries
        after_all._own_ranges = self._own_ranges if ranges is None else ranges
        after_all.ranges = self.ranges if ranges is None else Ranges.compiled(ranges)
        after_all.version, after_all.head, after_all.at = delta.number, delta.id, delta.statement.at
        after_all._ids = {**self._ids, delta.number: delta.id}
        return after_all


def _place(found: Found) -> tuple[tuple[int, int, str], int, int]:
    return found.row.place, found.first, found.last


def key_of(change: Change) -> Key:
    """Return what entry a change is about."""
    held = read_value(change.value)
    assert held is not None  # noqa: S101 — values are checked where deltas are read
    return Key(*held, change.kind, change.owner)


def row_of(change: Change) -> Row:
    """Return the entry that a change adds."""
    return Row(change.kind, change.owner, change.reason, change.expires)
