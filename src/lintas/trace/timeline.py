"""The order of transfers on a line: by time, those of one moment by their ids as bytes; never by the number they have here."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from lintas.trace.index import Index


def precedes(index: Index, first: int, second: int) -> bool:
    """Say whether a transfer comes before another one."""
    one, other = index.time[first], index.time[second]
    if one != other:
        return one < other
    return index.reference(first).encode() < index.reference(second).encode()


def count_before(index: Index, transfers: Sequence[int], event: int) -> int:
    """Count the transfers of a line (one side of it, in order) that come before another one."""
    at = bisect_left(transfers, index.time[event], key=index.time.__getitem__)
    while at < len(transfers) and precedes(index, transfers[at], event):
        at += 1
    return at


def moves(index: Index, line: int) -> Iterator[tuple[int, bool]]:
    """Give the transfers of a line in order, each with whether it left."""
    ins, outs = index.ins(line), index.outs(line)
    at = 0
    for out in outs:
        while at < len(ins) and precedes(index, ins[at], out):
            yield ins[at], False
            at += 1
        yield out, True
    for place in range(at, len(ins)):
        yield ins[place], False
