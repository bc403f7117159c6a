"""Checks a base file's columns against each other once, where it comes in, so that no look-up meets what cannot be."""

import numpy as np

from lintas.telco.lists.base import APART, Base, Damaged
from lintas.telco.lists.entries import KINDS


def check_columns(base: Base) -> None:
    """Return when every place that a column names exists and what must be sorted is; Damaged otherwise.

    A file may be whole and signed, and still be badly made.
    """
    header, words = base.header, np.frombuffer(base.words, np.uint64)
    bounds = (len(KINDS), len(header.owners), len(header.reasons))
    if any(part >= bound for each in header.classes for part, bound in zip(each, bounds, strict=False)):
        raise _wrong("a class")
    if np.any(words[1:] >> np.uint64(14) < words[:-1] >> np.uint64(14)):
        raise _wrong("the order of numbers")
    index = words & np.uint64(APART)
    inline = index[index != APART] if header.apart else index
    apart, apart_class = np.frombuffer(base.apart_at, np.uint32), np.frombuffer(base.apart_class, np.uint32)
    if not np.array_equal(np.flatnonzero(index == APART) if header.apart else apart, apart):
        raise _wrong("an entry apart")
    range_class, (cuts, offsets, members) = np.frombuffer(base.range_class, np.uint32), base.segments
    for named in (inline, apart_class, range_class):
        if named.size and int(named.max()) >= len(header.classes):
            raise _wrong("an entry's class")
    steps, places = np.frombuffer(offsets, np.uint32), np.frombuffer(members, np.uint32)
    if places.size and int(places.max()) >= header.ranges:
        raise _wrong("a range")
    if int(steps[0]) != 0 or int(steps[-1]) != len(places) or np.any(steps[1:] < steps[:-1]):
        raise _wrong("a segment")
    sorted_cuts = np.frombuffer(cuts, np.uint64)
    if np.any(sorted_cuts[1:] <= sorted_cuts[:-1]):
        raise _wrong("the order of segments")


def _wrong(what: str) -> Damaged:
    return Damaged(f"the list is badly made: {what} cannot be", "ask its publisher for another")
