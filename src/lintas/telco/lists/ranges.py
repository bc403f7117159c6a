"""Ranges cut into segments that do not overlap, so that one bisection finds every range over a number."""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

from lintas.telco.lists.entries import Key, Row

#: Of ranges over one number this many are kept, the strongest; more say nothing that a call needs.
DEEPEST = 64


class Segments(NamedTuple):
    """Where segments begin, and the numbers of the ranges over each: segment i has ``members[offsets[i]:offsets[i + 1]]``."""

    cuts: Sequence[int]
    offsets: Sequence[int]
    members: Sequence[int]


class Found(NamedTuple):
    """A range over a number."""

    first: int
    last: int
    row: Row


class Ranges:
    """Ranges to be asked by number; the columns may lie in a mapped file or in memory."""

    def __init__(self, segments: Segments, count: int, range_at: Callable[[int], Found]) -> None:
        self._cuts, self._offsets, self._members = segments
        self._count, self._range_at = count, range_at

    @classmethod
    def compiled(cls, entries: Mapping[Key, Row]) -> Self:
        """Cut ranges that are held in memory."""
        held = [Found(key.first, key.last, row) for key, row in entries.items()]
        return cls(cut(held), len(held), held.__getitem__)

    def __len__(self) -> int:
        """Count the ranges."""
        return self._count

    def over(self, number: int) -> Sequence[Found]:
        """Return the ranges that hold a number."""
        at = bisect_right(self._cuts, number) - 1
        if at < 0:
            return ()
        return [self._range_at(each) for each in self._members[self._offsets[at] : self._offsets[at + 1]]]

    def __iter__(self) -> Iterator[Found]:
        """Give every range."""
        return map(self._range_at, range(self._count))


def cut(ranges: Sequence[Found]) -> Segments:
    """Sweep over the ends of ranges; a gap between ranges is a segment without members."""
    starts = sorted(range(len(ranges)), key=lambda at: ranges[at].first)
    ends = sorted(starts, key=lambda at: ranges[at].last)
    points = sorted({each.first for each in ranges} | {each.last + 1 for each in ranges})
    cuts: list[int] = []
    offsets, members = [0], list[int]()
    over: list[tuple[tuple[int, int, str], int]] = []
    opening = closing = 0
    for point in points:
        while closing < len(ends) and ranges[ends[closing]].last < point:
            over.remove((ranges[ends[closing]].row.place, ends[closing]))
            closing += 1
        while opening < len(starts) and ranges[starts[opening]].first == point:
            insort(over, (ranges[starts[opening]].row.place, starts[opening]))
            opening += 1
        cuts.append(point)
        members += [at for _, at in over[:DEEPEST]]
        offsets.append(len(members))
    return Segments(cuts, offsets, members)
