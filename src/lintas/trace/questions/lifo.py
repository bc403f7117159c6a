"""Last in, first out: a line is a stack, and what leaves is taken from its top, as one block whose units keep their order.

The opening balance lies at the bottom. An outflow of n takes the n topmost units; the deepest of them is its first one. A line
is replayed when a trail first touches it, and its matching is kept for the rest of the run.
"""

from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple

from lintas.trace.engine.index import Cut, Index
from lintas.trace.questions.leaves import Piece
from lintas.trace.questions.timeline import moves
from lintas.trace.questions.walk import Walk

#: In place of a transfer: the opening balance.
OPENING = -1


class Match(NamedTuple):
    """``[start, end)`` of one side of a line went by ``transfer`` on the other side, beginning at unit ``at`` of it."""

    start: int
    end: int
    transfer: int
    at: int


class Matching:
    """One line: which position on the in-line left at which on the out-line.

    ``went`` says it by positions on the in-line, ``came`` by those on the out-line; both are in order of ``start``.
    """

    def __init__(self, index: Index, line: int) -> None:
        went, came, stack = list[Match](), list[Match](), [(0, index.opening[line], OPENING)]
        for transfer, left in moves(index, line):
            if not left:
                stack.append((index.pi[transfer], index.pi[transfer] + index.credited(transfer), transfer))
                continue
            first = index.po[transfer]
            edge = first + index.debited(transfer)
            while edge > first:
                start, end, brought = stack.pop()
                low = max(start, end - (edge - first))
                if low > start:
                    stack.append((start, low, brought))
                begin = edge - (end - low)
                if low < end:
                    went.append(Match(low, end, transfer, begin - first))
                    came.append(Match(begin, edge, brought, low - (index.pi[brought] if brought >= 0 else 0)))
                edge = begin
        self.went, self.came = sorted(went), sorted(came)

    def between(self, index: Index, start: int, end: int, *, backward: bool, until: int | None) -> list[Match]:
        """Return the matches that overlap ``[start, end)``, in order, whole; outflows after ``until`` are none."""
        every, found = self.came if backward else self.went, list[Match]()
        for at in range(max(bisect_right(every, start, key=lambda match: match.start) - 1, 0), len(every)):
            match = every[at]
            if match.start >= end:
                break
            if match.end > start and (until is None or index.time[match.transfer] <= until):
                found.append(match)
        return found


class Lifo(Walk):
    """The walk by last in, first out; conserved and tiling like first in, first out."""

    method = "lifo"

    @cached_property
    def _matchings(self) -> dict[int, Matching]:
        """Keep each line's matching for the run."""
        return {}

    def _split(self, piece: Piece, line: int, low: int, high: int) -> list[Piece]:
        index, backward = self._index, self._backward
        base = (index.po if backward else index.pi)[piece.transfer]
        children, edge = list[Piece](), low
        for match in self._matches(line, base + low, base + high):
            start, end = max(match.start - base, low), min(match.end - base, high)
            if edge < start:
                self._leaves.rest(piece, line, edge, start, self._origins(piece, low, high, edge, start))
            edge = end
            origins, inside = self._origins(piece, low, high, start, end), match.at + start + base - match.start
            if match.transfer == OPENING:
                self._leaves.rest(piece, line, start, end, origins)
            else:
                cut = Cut(match.transfer, inside, inside + end - start)
                children.append(self._child(piece, line, cut, origins))
        if edge < high:
            self._leaves.rest(piece, line, edge, high, self._origins(piece, low, high, edge, high))
        return children

    def _matches(self, line: int, start: int, end: int) -> list[Match]:
        if line not in self._matchings:
            self._matchings[line] = Matching(self._index, line)
        until = None if self._backward else self._until
        return self._matchings[line].between(self._index, start, end, backward=self._backward, until=until)
