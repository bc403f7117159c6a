"""The walk that methods with positions share: pieces of transfers, breadth first, from line to line, exact through conversions.

A method that says which unit leaves with which (first in, first out; last in, first out) only splits a part of a line.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from lintas.model.money import rescale
from lintas.trace.engine.index import Cut, Index
from lintas.trace.questions.leaves import Leaves, Piece
from lintas.trace.questions.trail import Limits, Trail


class Walk(ABC):
    """One run of the question; a subclass names its ``method`` and splits what is on a line.

    ``until``: microseconds up to which transfers count, None for all. ``late`` says whether the time is up. ``stops``: the
    accounts at which the trail ends, because somebody else keeps the customer's account from there on.
    """

    method = ""

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
        self._index, self._until, self._backward, self._limits = index, until, backward, limits
        self._late, self._stops = late, stops
        self._visited: list[Piece] = []
        self._leaves = Leaves(index, backward)

    def run(self, first: Piece, as_of: str | None) -> Trail:
        """Follow a piece to its leaves."""
        queue = deque([first])
        self._leaves.flow[self._index.code(first.transfer)] += first.end - first.start
        while queue:
            piece = queue.popleft()
            if len(self._visited) >= self._limits.max_intervals:
                self._leaves.leave(piece, "max_intervals")
                continue
            if self._late is not None and self._late():
                self._leaves.leave(piece, "deadline")
                continue
            self._visited.append(piece)
            queue.extend(child for child in self._follow(piece) if self._wanted(child))
        return self._leaves.trail(first, self._visited, method=self.method, as_of=as_of)

    def _wanted(self, piece: Piece) -> bool:
        """Say whether to follow a piece; one that is not followed becomes a leaf."""
        if piece.start == piece.end:
            self._leaves.leave(piece, "rounding")
        elif piece.hop > self._limits.max_hops:
            self._leaves.leave(piece, "max_hops")
        elif piece.origin_to - piece.origin_from < self._limits.min_amount > 1:
            self._leaves.leave(piece, "min_amount")
        else:
            return True
        return False

    def _follow(self, piece: Piece) -> list[Piece]:
        index, backward, leaves = self._index, self._backward, self._leaves
        line = (index.out_line if backward else index.in_line)[piece.transfer]
        if line < 0:
            leaves.depart(piece)
            return []
        leaves.lines.add(line)
        low, high = on_line(index, piece, backward)
        leaves.flow[index.code(piece.transfer)] -= piece.end - piece.start
        leaves.flow[index.line_code(line)] += high - low
        if low == high:
            if piece.origin_from < piece.origin_to:
                leaves.stop(piece, line, 0, "rounding")
            return []
        if self._stops and not backward and index.account(line) in self._stops:
            leaves.rest(piece, line, low, high, (piece.origin_from, piece.origin_to))
            return []
        return self._split(piece, line, low, high)

    @abstractmethod
    def _split(self, piece: Piece, line: int, low: int, high: int) -> list[Piece]:
        """Return what became of a piece that is ``[low, high)`` of what its line got (backward: lost); add what rests."""

    def _origins(self, piece: Piece, low: int, high: int, start: int, end: int) -> tuple[int, int]:
        """Measure the part ``[start, end)`` of the piece's ``[low, high)`` on its line in the asked transfer's units.

        By way of the piece's own settled units, as the holder who takes it over as a baton would measure.
        """
        settled, asked = piece.end - piece.start, piece.origin_to - piece.origin_from
        first = rescale(rescale(start - low, high - low, settled), settled, asked)
        last = rescale(rescale(end - low, high - low, settled), settled, asked)
        return piece.origin_from + first, piece.origin_from + last

    def _child(self, piece: Piece, line: int, cut: Cut, origins: tuple[int, int]) -> Piece:
        """Carry a cut of a line to the settled amount of the transfer that took it (backward: brought it)."""
        start, end = settled_part(self._index, cut, self._backward)
        self._leaves.flow[self._index.line_code(line)] -= cut.end - cut.start
        self._leaves.flow[self._index.code(cut.transfer)] += end - start
        return Piece(cut.transfer, start, end, piece.hop + 1, *origins)


def on_line(index: Index, piece: Piece, backward: bool) -> tuple[int, int]:
    """Carry a piece from the settled amount to what its line got (backward: lost)."""
    transfer = piece.transfer
    settled = index.settled[transfer]
    if backward:
        lost = index.debited(transfer)
        return _carry_back(piece.start, settled, lost), _carry_back(piece.end, settled, lost)
    got = index.credited(transfer)
    return rescale(piece.start, settled, got), rescale(piece.end, settled, got)


def settled_part(index: Index, cut: Cut, backward: bool) -> tuple[int, int]:
    """Carry a part of what a line lost (backward: got) by a transfer to the settled amount of that transfer."""
    settled = index.settled[cut.transfer]
    if backward:
        got = index.credited(cut.transfer)
        return _carry_back(cut.start, got, settled), _carry_back(cut.end, got, settled)
    lost = index.debited(cut.transfer)
    return rescale(cut.start, lost, settled), rescale(cut.end, lost, settled)


def _carry_back(position: int, total: int, before: int) -> int:
    """Return the first position on ``[0, before]`` that :func:`rescale` carries to ``position`` or beyond."""
    return before - rescale(total - position, total, before)
