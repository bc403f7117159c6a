"""The leaves of a trail as a walk finds them, whatever its method: at rest, gone on to another holder, spent, or cut off."""

from collections import Counter
from typing import NamedTuple, TypedDict, TypeVar

import msgspec

from lintas.model import times
from lintas.trace.engine.index import Index
from lintas.trace.ledgers.ledger import KINDS, from_microseconds
from lintas.trace.questions.trail import Baton, Held, Interval, Part, Reason, Spent, Trail, Unfollowed

_Leaf = TypeVar("_Leaf", bound=Part)


class Piece(NamedTuple):
    """The part ``[start, end)`` of a transfer's settled amount, being ``[origin_from, origin_to)`` of the asked one."""

    transfer: int
    start: int
    end: int
    hop: int
    origin_from: int
    origin_to: int


class _Span(TypedDict):
    """What every leaf that is a part of a transfer says."""

    transfer: str
    start: int
    end: int
    amount_minor: int
    currency: str
    hop: int
    origin_from: int
    origin_to: int


class Leaves:
    """What one run of a question has found; ``flow`` is kept by the walk.

    ``flow``: currency -> what came into the trail in it, less what was converted out of it. ``lines``: the lines it visited.
    """

    def __init__(self, index: Index, backward: bool) -> None:
        self._index, self._backward = index, backward
        self.lines: set[int] = set()
        self.flow: Counter[str] = Counter()
        self._held: list[Held] = []
        self._batons: list[Baton] = []
        self._spent: list[Spent] = []
        self._unfollowed: list[Unfollowed] = []

    def rest(self, piece: Piece, line: int, start: int, end: int, origins: tuple[int, int]) -> None:
        """Add money at rest on a line: ``[start, end)`` of what the line got (backward: lost) by the piece's transfer."""
        self._held.append(
            Held(
                account=self._index.account(line),
                amount_minor=end - start,
                currency=self._index.line_code(line),
                since=None if self._backward else self._since(piece),
                transfer=self._index.reference(piece.transfer),
                start=start,
                end=end,
                hop=piece.hop,
                origin_from=origins[0],
                origin_to=origins[1],
            )
        )

    def depart(self, piece: Piece) -> None:
        """Add the leaf of a piece that leaves this holder: spent, or a baton for the holder at the other end."""
        index, transfer = self._index, piece.transfer
        kind, named = index.kind(transfer), index.other_bank(transfer) or None
        since, about = self._since(piece), self._span(piece)
        if kind and not self._backward:
            self._spent.append(Spent(kind=KINDS[kind], since=since, **about))
        elif self._backward:
            self._batons.append(Baton(sender_bank=named, since=since, **about))
        else:
            self._batons.append(Baton(receiver_bank=named, since=since, **about))

    def leave(self, piece: Piece, reason: Reason) -> None:
        """Add the leaf of a piece that is not followed; one that is nothing at all is no leaf."""
        if piece.start == piece.end and piece.origin_from == piece.origin_to:
            return
        self._unfollowed.append(Unfollowed(reason=reason, **self._span(piece)))

    def stop(self, piece: Piece, line: int, amount: int, reason: Reason) -> None:
        """Add the leaf of what reached a line by a piece and is not followed there: ``amount`` in the line's currency."""
        about = self._span(piece)
        about["amount_minor"], about["currency"] = amount, self._index.line_code(line)
        self._unfollowed.append(Unfollowed(reason=reason, **about))

    def trail(
        self,
        first: Piece,
        visited: list[Piece],
        *,
        method: str,
        as_of: str | None,
        amounts_only: bool = False,
        bound: str | None = None,
    ) -> Trail:
        """Return the answer; ``amounts_only``: the leaves' origins are amounts, to be laid end to end."""
        index = self._index
        if amounts_only:
            self._lay_out(first.origin_from)
        ordered = sorted(visited, key=lambda piece: (piece.hop, index.place(piece.transfer), piece.start))
        every: list[Part] = [*self._held, *self._batons, *self._spent, *self._unfollowed]
        cut_off = sum(leaf.origin_to - leaf.origin_from for leaf in self._unfollowed)
        adds_up = _tiles(every, first.origin_from, first.origin_to) and _balances(every, self.flow)
        assumed = index.balances == "assumed" or any(index.assumed[line] for line in self.lines)
        return Trail(
            transfer=index.reference(first.transfer),
            start=first.start,
            end=first.end,
            currency=index.code(first.transfer),
            method=method,
            direction="backward" if self._backward else "forward",
            as_of=as_of,
            snapshot=index.snapshot,
            opening="assumed" if assumed else "given",
            intervals=tuple(Interval(index.reference(p.transfer), p.start, p.end, p.hop) for p in ordered),
            frontier=tuple(self._held),
            batons=tuple(self._batons),
            spent=tuple(self._spent),
            truncated=cut_off if bound is None else min(cut_off, first.origin_to - first.origin_from),
            unfollowed=tuple(self._unfollowed),
            conserved=bound is None and adds_up,
            bound=bound,
        )

    def _since(self, piece: Piece) -> str:
        return times.render(from_microseconds(self._index.time[piece.transfer]))

    def _span(self, piece: Piece) -> _Span:
        return {
            "transfer": self._index.reference(piece.transfer),
            "start": piece.start,
            "end": piece.end,
            "amount_minor": piece.end - piece.start,
            "currency": self._index.code(piece.transfer),
            "hop": piece.hop,
            "origin_from": piece.origin_from,
            "origin_to": piece.origin_to,
        }

    def _lay_out(self, edge: int) -> None:
        self._held, edge = _laid_out(self._held, edge)
        self._batons, edge = _laid_out(self._batons, edge)
        self._spent, edge = _laid_out(self._spent, edge)
        self._unfollowed, edge = _laid_out(self._unfollowed, edge)


def _laid_out(leaves: list[_Leaf], edge: int) -> tuple[list[_Leaf], int]:
    """Lay the leaves' origins end to end from ``edge``; return them, and where the last one ends."""
    placed = []
    for leaf in leaves:
        after = edge + leaf.origin_to - leaf.origin_from
        placed.append(msgspec.structs.replace(leaf, origin_from=edge, origin_to=after))
        edge = after
    return placed, edge


def _tiles(leaves: list[Part], start: int, end: int) -> bool:
    """Check that the leaves' origins cover ``[start, end)`` without gap or overlap."""
    edge = start
    for low, high in sorted((leaf.origin_from, leaf.origin_to) for leaf in leaves):
        if low < high:
            if low != edge:
                return False
            edge = high
    return edge == end


def _balances(leaves: list[Part], flow: Counter[str]) -> bool:
    """Check that in every currency the leaves hold exactly what reached it."""
    held: Counter[str] = Counter()
    for leaf in leaves:
        held[leaf.currency] += leaf.amount_minor
    return all(held[code] == flow[code] for code in held.keys() | flow.keys())
