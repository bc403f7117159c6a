"""The sweep that methods without positions share: the transfers of the lines that were touched, one by one in order of time.

Pro rata and poison know amounts in an account, not which unit is which. They need every transfer that leaves a touched line,
and no other: a heap holds the next one of each. Backward is the mirror: the latest first, and what came in instead.
"""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from lintas.model.money import rescale
from lintas.trace.engine.index import Index
from lintas.trace.questions.leaves import Leaves, Piece
from lintas.trace.questions.timeline import balance_before, count_before, precedes
from lintas.trace.questions.trail import Limits, Trail


@dataclass
class Pool:
    """A touched line: how much of it is meant (``amount``), which is ``origin`` of the asked transfer's minor units.

    ``hop`` is the fewest hops by which any of it came, ``last`` the transfer by which the latest came. ``whole`` and the
    three behind it are the current stretch: the balance it began with, how much has left since, and what of that was meant.
    """

    line: int
    amount: int = 0
    origin: int = 0
    hop: int = 0
    last: int = -1
    waiting: bool = False
    stretch: int = -1
    whole: int = 0
    left: int = 0
    share: tuple[int, int] = (0, 0)
    given: tuple[int, int] = (0, 0)


class _Event:
    """A transfer that will leave a touched line; events compare by order of time, backward the other way round."""

    __slots__ = ("pool", "sweep", "transfer")

    def __init__(self, sweep: "Sweep", pool: Pool, transfer: int) -> None:
        self.sweep, self.pool, self.transfer = sweep, pool, transfer

    def __lt__(self, other: "_Event") -> bool:
        """Say which is to be looked at first."""
        first, second = (other, self) if self.sweep.backward else (self, other)
        return precedes(self.sweep.index, first.transfer, second.transfer)


class Sweep(ABC):
    """One run of the question; a subclass says what an event takes from its pool, and what stays at the end.

    The parameters are those of :class:`lintas.trace.questions.walk.Walk`.
    """

    method = ""
    #: Why the trail is only an outer bound, where it is.
    bound: str | None = None

    def __init__(
        self,
        index: Index,
        until: int | None,
        backward: bool,
        limits: Limits,
        *,
        late: Callable[[], bool] | None = None,
        stops: frozenset[str] = frozenset(),
    ) -> None:
        self.index, self.backward = index, backward
        self._until, self._limits, self._late, self._stops = until, limits, late, stops
        self._visited: list[Piece] = []
        self._leaves = Leaves(index, backward)
        self._pools: dict[int, Pool] = {}
        #: the next event of each waiting pool, by time (backward: less of it); those of one moment compare themselves
        self._heap: list[tuple[int, _Event]] = []

    def run(self, first: Piece, as_of: str | None) -> Trail:
        """Follow a piece to its leaves."""
        self._leaves.flow[self.index.code(first.transfer)] += first.end - first.start
        self._move(first)
        out_of_time = False
        while self._heap:
            if self._late is not None and self._late():
                out_of_time = True
                break
            _, event = heapq.heappop(self._heap)
            event.pool.waiting = False
            self._leave(event.pool, event.transfer)
            self._wait(event.pool, event.transfer)
        for pool in self._pools.values():
            if pool.amount or pool.origin:
                self._end(pool, out_of_time and pool.waiting)
        return self._leaves.trail(
            first, self._visited, method=self.method, as_of=as_of, amounts_only=self.bound is None, bound=self.bound
        )

    @abstractmethod
    def _take(self, pool: Pool, transfer: int, amount: int) -> tuple[int, tuple[int, int]]:
        """Return how much of the ``amount`` that a transfer takes from the line is meant, and which origin that is."""

    @abstractmethod
    def _add(self, pool: Pool, piece: Piece, amount: int) -> None:
        """Take what arrives into the pool: ``amount`` in the line's currency."""

    def _worth(self, piece: Piece) -> int:
        """Return what the smallest part to be followed is compared with."""
        return piece.origin_to - piece.origin_from

    def _rest_of(self, pool: Pool) -> int:
        """Return the amount of a pool's leaf."""
        return pool.amount

    def _move(self, piece: Piece) -> None:
        """Follow a transfer to the line at its other end, or make a leaf of it."""
        leaves, index = self._leaves, self.index
        if piece.start == piece.end:
            return leaves.leave(piece, "rounding")
        if piece.hop > self._limits.max_hops:
            return leaves.leave(piece, "max_hops")
        if piece.hop and self._worth(piece) < self._limits.min_amount > 1:
            return leaves.leave(piece, "min_amount")
        if len(self._visited) >= self._limits.max_intervals:
            return leaves.leave(piece, "max_intervals")
        self._visited.append(piece)
        line = (index.out_line if self.backward else index.in_line)[piece.transfer]
        if line < 0:
            return leaves.depart(piece)
        return self._arrive(piece, line)

    def _arrive(self, piece: Piece, line: int) -> None:
        leaves, index = self._leaves, self.index
        leaves.lines.add(line)
        settled = index.settled[piece.transfer]
        there = index.debited(piece.transfer) if self.backward else index.credited(piece.transfer)
        amount = rescale(piece.end, settled, there) - rescale(piece.start, settled, there)
        leaves.flow[index.code(piece.transfer)] -= piece.end - piece.start
        leaves.flow[index.line_code(line)] += amount
        if not amount:
            return leaves.stop(piece, line, 0, "rounding")
        if self._stops and not self.backward and index.account(line) in self._stops:
            return leaves.rest(piece, line, 0, amount, (piece.origin_from, piece.origin_to))
        pool = self._pools.setdefault(line, Pool(line))
        pool.hop = min(pool.hop, piece.hop) if pool.amount else piece.hop
        self._add(pool, piece, amount)
        return self._wait(pool, piece.transfer)

    def _wait(self, pool: Pool, after: int) -> None:
        """Put the next transfer that leaves a pool behind ``after`` on the heap, if there is one and it counts."""
        if pool.waiting or not pool.amount:
            return
        index, backward = self.index, self.backward
        leaving = index.ins(pool.line) if backward else index.outs(pool.line)
        at = count_before(index, leaving, after)
        if backward:
            at -= 1
        elif at < len(leaving) and leaving[at] == after:
            at += 1
        if not 0 <= at < len(leaving):
            return
        if not backward and self._until is not None and index.time[leaving[at]] > self._until:
            return
        pool.waiting = True
        moment = index.time[leaving[at]]
        heapq.heappush(self._heap, (-moment if backward else moment, _Event(self, pool, leaving[at])))

    def _leave(self, pool: Pool, transfer: int) -> None:
        index = self.index
        whole = index.credited(transfer) if self.backward else index.debited(transfer)
        amount, origins = self._take(pool, transfer, whole)
        if not amount:
            return
        settled = rescale(amount, whole, index.settled[transfer])
        self._leaves.flow[index.line_code(pool.line)] -= amount
        self._leaves.flow[index.code(transfer)] += settled
        self._move(Piece(transfer, 0, settled, pool.hop + 1, *origins))

    def _end(self, pool: Pool, cut_off: bool) -> None:
        amount = pool.amount if cut_off else self._rest_of(pool)
        piece = Piece(pool.last, 0, amount, pool.hop, *self._origins_of(pool))
        if cut_off:
            self._leaves.stop(piece, pool.line, amount, "deadline")
        elif amount:
            self._leaves.rest(piece, pool.line, 0, amount, (piece.origin_from, piece.origin_to))

    def _origins_of(self, pool: Pool) -> tuple[int, int]:
        return 0, pool.origin

    def _balance(self, line: int, transfer: int, amount: int) -> int:
        """Return the balance of a line just before a transfer left it; backward: just after it came."""
        before = balance_before(self.index, line, transfer)
        return before + amount if self.backward else before
