"""The order of transfers on a line: by time, those of one moment by their ids as bytes; never by the number they have here."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from lintas.trace.engine.index import Index


def precedes(index: Index, first: int, second: int) -> bool:
    """Say whether a transfer comes before another one."""
    one, other = index.time[first], index.time[second]
    if one != other:
        return one < other
    return index.reference(first).encode() < index.reference(second).encode()


def count_before(index: Index, transfers: Sequence[int], event: int) -> int:
    """Count the transfers of a line (one side of it, in order) that come before another one."""
    at = bisect_left(transfers, index.time[event], key=index.time.__getitem__)
    while at < len(transfers) and transfers[at] != event and precedes(index, transfers[at], event):
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


def came_before(index: Index, line: int, event: int) -> int:
    """Return what a line has got before an event, its opening balance included, in minor units."""
    ins = index.ins(line)
    return _came(index, line, ins, count_before(index, ins, event))


def gone_before(index: Index, line: int, event: int) -> int:
    """Return what a line has lost before an event, in minor units."""
    outs = index.outs(line)
    return _gone(index, outs, count_before(index, outs, event))


def balance_before(index: Index, line: int, event: int) -> int:
    """Return the balance of a line just before an event, in minor units."""
    return came_before(index, line, event) - gone_before(index, line, event)


def gone_until(index: Index, line: int, until: int | None) -> int:
    """Return what a line has lost up to and including a time (microseconds; None: in all), in minor units."""
    outs = index.outs(line)
    return _gone(index, outs, _count_until(index, outs, until))


def balance_at(index: Index, line: int, until: int | None) -> int:
    """Return the balance of a line after everything up to and including a time (microseconds; None: at the end)."""
    ins = index.ins(line)
    return _came(index, line, ins, _count_until(index, ins, until)) - gone_until(index, line, until)


def _count_until(index: Index, transfers: Sequence[int], until: int | None) -> int:
    return len(transfers) if until is None else bisect_right(transfers, until, key=index.time.__getitem__)


def _came(index: Index, line: int, ins: Sequence[int], count: int) -> int:
    if count < len(ins):
        return index.pi[ins[count]]
    return index.pi[ins[-1]] + index.credited(ins[-1]) if len(ins) else index.opening[line]


def _gone(index: Index, outs: Sequence[int], count: int) -> int:
    if count < len(outs):
        return index.po[outs[count]]
    return index.po[outs[-1]] + index.debited(outs[-1]) if len(outs) else 0
