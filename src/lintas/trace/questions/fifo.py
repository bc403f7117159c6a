"""The question of a trail: where is this money now, or where did it come from; first in, first out by default."""

import time
from collections.abc import Callable
from datetime import datetime

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.trace.engine.index import Index
from lintas.trace.ledgers.ledger import from_microseconds, microseconds
from lintas.trace.questions.haircut import Haircut
from lintas.trace.questions.leaves import Piece
from lintas.trace.questions.lifo import Lifo
from lintas.trace.questions.poison import Poison
from lintas.trace.questions.trail import Limits, Trail
from lintas.trace.questions.walk import Walk


class Fifo(Walk):
    """First in, first out (Clayton's case, 1816): what a line got at a position leaves at the same one."""

    method = "fifo"

    def _split(self, piece: Piece, line: int, low: int, high: int) -> list[Piece]:
        index, backward = self._index, self._backward
        base = (index.po if backward else index.pi)[piece.transfer]
        if backward:
            cuts, edge = index.inflows(line, base + low, base + high)
            rest = (low, edge - base)
        else:
            cuts, edge = index.outflows(line, base + low, base + high, self._until)
            rest = (edge - base, high)
        if rest[0] < rest[1]:
            self._leaves.rest(piece, line, *rest, self._origins(piece, low, high, *rest))
        children, position = [], edge - base if backward else low
        for cut in cuts:
            after = position + cut.end - cut.start
            children.append(self._child(piece, line, cut, self._origins(piece, low, high, position, after)))
            position = after
        return children


#: The methods by name: each says differently which of the money in an account a payment takes.
METHODS: dict[str, type[Fifo] | type[Lifo] | type[Haircut] | type[Poison]] = {
    each.method: each for each in (Fifo, Lifo, Haircut, Poison)
}


def trace(
    index: Index,
    transfer: str,
    interval: tuple[int, int] | None = None,
    *,
    method: str = "fifo",
    as_of: datetime | None = None,
    backward: bool = False,
    limits: Limits | None = None,
    origin: tuple[int, int] | None = None,
    stops: frozenset[str] = frozenset(),
    clock: Callable[[], float] = time.monotonic,
) -> Trail:
    """Follow ``interval`` (minor units of the settled amount; None: all of it) of ``transfer`` through this holder.

    ``as_of`` counts only transfers up to and including that time. ``backward`` asks where the money came from.
    ``origin``: the part of some earlier transfer that the interval stands for, when this trail takes over a baton; its
    leaves are then measured in that one. ``stops``: accounts at which a forward trail ends. ``clock`` gives seconds and is
    asked only where there is a deadline. Raises NotFound for an unknown transfer, BadInput for an interval outside it, a
    time before it, or an unknown method.
    """
    if method not in METHODS:
        raise BadInput(f"there is no method {method[:40]!r}", f"use {', '.join(METHODS)}")
    number = index.number(transfer)
    start, end = _checked(index, number, interval)
    if as_of is not None and microseconds(as_of) < index.time[number]:
        arrived = times.render(from_microseconds(index.time[number]))
        raise BadInput(f"as_of is before the transfer, which was at {arrived}", "ask for that time or a later one")
    low, high = (start, end) if origin is None else origin
    if not 0 <= low <= high:
        raise BadInput(f"the origin [{low}, {high}) is no interval", "give 0 <= from <= to")
    limits = limits or Limits()
    until, late = None if as_of is None else microseconds(as_of), _late(limits, clock)
    walk = METHODS[method](index, until, backward, limits, late=late, stops=stops)
    return walk.run(Piece(number, start, end, 0, low, high), None if as_of is None else times.render(as_of))


def _checked(index: Index, number: int, interval: tuple[int, int] | None) -> tuple[int, int]:
    amount = index.settled[number]
    start, end = interval if interval is not None else (0, amount)
    if not 0 <= start < end <= amount:
        what = f"the interval [{start}, {end}) does not lie inside the transfer"
        raise BadInput(what, f"give 0 <= from < to <= {amount} (minor units of {index.code(number)})")
    return start, end


def _late(limits: Limits, clock: Callable[[], float]) -> Callable[[], bool] | None:
    if limits.deadline_ms is None:
        return None
    end = clock() + limits.deadline_ms / 1000
    return lambda: clock() >= end
