"""The question of a trail: follow a part of a transfer by first in, first out, to where the money is now or came from."""

from collections import Counter, deque
from datetime import datetime
from typing import NamedTuple, TypedDict

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.model.money import rescale
from lintas.trace.index import Cut, Index
from lintas.trace.ledger import KINDS, from_microseconds, microseconds
from lintas.trace.trail import Baton, Held, Interval, Limits, Part, Reason, Spent, Trail, Unfollowed


class _Piece(NamedTuple):
    """The part ``[start, end)`` of a transfer's settled amount, being ``[origin_from, origin_to)`` of the asked one."""

    transfer: int
    start: int
    end: int
    hop: int
    origin_from: int
    origin_to: int


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
) -> Trail:
    """Follow ``interval`` (minor units of the settled amount; None: all of it) of ``transfer`` through this holder.

    ``as_of`` counts only transfers up to and including that time. ``backward`` asks where the money came from.
    ``origin``: the part of some earlier transfer that the interval stands for, when this trail takes over a baton; its
    leaves are then measured in that one. Raises NotFound for an unknown transfer, BadInput for an interval outside it, a
    time before it, or a method other than "fifo".
    """
    if method != "fifo":
        raise BadInput(f"the method {method!r} is not available yet", "use fifo")
    number = index.number(transfer)
    start, end = _checked(index, number, interval)
    if as_of is not None and microseconds(as_of) < index.time[number]:
        arrived = times.render(from_microseconds(index.time[number]))
        raise BadInput(f"as_of is before the transfer, which was at {arrived}", "ask for that time or a later one")
    low, high = (start, end) if origin is None else origin
    if not 0 <= low <= high:
        raise BadInput(f"the origin [{low}, {high}) is no interval", "give 0 <= from <= to")
    walk = _Walk(index, None if as_of is None else microseconds(as_of), backward, limits or Limits())
    walk.run(_Piece(number, start, end, 0, low, high))
    return walk.trail(_Piece(number, start, end, 0, low, high), None if as_of is None else times.render(as_of))


def _checked(index: Index, number: int, interval: tuple[int, int] | None) -> tuple[int, int]:
    amount = index.settled[number]
    start, end = interval if interval is not None else (0, amount)
    if not 0 <= start < end <= amount:
        what = f"the interval [{start}, {end}) does not lie inside the transfer"
        raise BadInput(what, f"give 0 <= from < to <= {amount} (minor units of {index.code(number)})")
    return start, end


class _Walk:
    """One run of the question: pieces to follow, breadth first, and the leaves found."""

    def __init__(self, index: Index, until: int | None, backward: bool, limits: Limits) -> None:
        self._index, self._until, self._backward, self._limits = index, until, backward, limits
        self._visited: list[_Piece] = []
        self._lines: set[int] = set()
        self._held: list[Held] = []
        self._batons: list[Baton] = []
        self._spent: list[Spent] = []
        self._unfollowed: list[Unfollowed] = []
        #: currency -> what came into the trail in it, less what was converted out of it
        self._flow: Counter[str] = Counter()

    def run(self, first: _Piece) -> None:
        queue = deque([first])
        self._flow[self._index.code(first.transfer)] += first.end - first.start
        while queue:
            piece = queue.popleft()
            if len(self._visited) >= self._limits.max_intervals:
                self._leave(piece, "max_intervals")
                continue
            self._visited.append(piece)
            queue.extend(child for child in self._follow(piece) if self._wanted(child))

    def _wanted(self, piece: _Piece) -> bool:
        """Say whether to follow a piece; one that is not followed becomes a leaf."""
        if piece.start == piece.end:
            self._leave(piece, "rounding")
        elif piece.hop > self._limits.max_hops:
            self._leave(piece, "max_hops")
        elif piece.origin_to - piece.origin_from < self._limits.min_amount > 1:
            self._leave(piece, "min_amount")
        else:
            return True
        return False

    def _follow(self, piece: _Piece) -> list[_Piece]:
        index, backward = self._index, self._backward
        line = (index.out_line if backward else index.in_line)[piece.transfer]
        if line < 0:
            self._depart(piece)
            return []
        self._lines.add(line)
        low, high = self._on_line(piece)
        self._flow[index.code(piece.transfer)] -= piece.end - piece.start
        self._flow[index.line_code(line)] += high - low
        if low == high:
            if piece.origin_from < piece.origin_to:
                self._unfollowed.append(self._shrunk(piece, line))
            return []
        base = (index.po if backward else index.pi)[piece.transfer]
        if backward:
            cuts, edge = index.inflows(line, base + low, base + high)
            rest = (base + low, edge)
        else:
            cuts, edge = index.outflows(line, base + low, base + high, self._until)
            rest = (edge, base + high)
        if rest[0] < rest[1]:
            self._rest(piece, line, rest[1] - rest[0], self._origins(piece, low, high, rest[0] - base, rest[1] - base))
        children, position = [], edge - base if backward else low
        for cut in cuts:
            after = position + cut.end - cut.start
            children.append(self._child(piece, line, cut, self._origins(piece, low, high, position, after)))
            position = after
        return children

    def _on_line(self, piece: _Piece) -> tuple[int, int]:
        """Carry a piece from the settled amount to what its line got (backward: lost)."""
        index, transfer = self._index, piece.transfer
        settled = index.settled[transfer]
        if self._backward:
            lost = index.debited(transfer)
            return _carry_back(piece.start, settled, lost), _carry_back(piece.end, settled, lost)
        got = index.credited(transfer)
        return rescale(piece.start, settled, got), rescale(piece.end, settled, got)

    def _origins(self, piece: _Piece, low: int, high: int, start: int, end: int) -> tuple[int, int]:
        """Measure the part ``[start, end)`` of the piece's ``[low, high)`` on its line in the asked transfer's units.

        By way of the piece's own settled units, as the holder who takes it over as a baton would measure.
        """
        settled, asked = piece.end - piece.start, piece.origin_to - piece.origin_from
        first = rescale(rescale(start - low, high - low, settled), settled, asked)
        last = rescale(rescale(end - low, high - low, settled), settled, asked)
        return piece.origin_from + first, piece.origin_from + last

    def _child(self, piece: _Piece, line: int, cut: Cut, origins: tuple[int, int]) -> _Piece:
        """Carry a cut of a line to the settled amount of the transfer that took it (backward: brought it)."""
        index, transfer = self._index, cut.transfer
        settled = index.settled[transfer]
        if self._backward:
            got = index.credited(transfer)
            start, end = _carry_back(cut.start, got, settled), _carry_back(cut.end, got, settled)
        else:
            lost = index.debited(transfer)
            start, end = rescale(cut.start, lost, settled), rescale(cut.end, lost, settled)
        self._flow[index.line_code(line)] -= cut.end - cut.start
        self._flow[index.code(transfer)] += end - start
        return _Piece(transfer, start, end, piece.hop + 1, *origins)

    def _since(self, piece: _Piece) -> str:
        return times.render(from_microseconds(self._index.time[piece.transfer]))

    def _rest(self, piece: _Piece, line: int, amount: int, origins: tuple[int, int]) -> None:
        self._held.append(
            Held(
                account=self._index.account(line),
                amount_minor=amount,
                currency=self._index.line_code(line),
                since=None if self._backward else self._since(piece),
                transfer=self._index.reference(piece.transfer),
                hop=piece.hop,
                origin_from=origins[0],
                origin_to=origins[1],
            )
        )

    def _depart(self, piece: _Piece) -> None:
        """Make the leaf of a piece that leaves this holder: spent, or a baton for the holder at the other end."""
        index, transfer = self._index, piece.transfer
        kind, named = index.kind(transfer), index.other_bank(transfer) or None
        since, about = self._since(piece), _span(index, piece)
        if kind and not self._backward:
            self._spent.append(Spent(kind=KINDS[kind], since=since, **about))
        elif self._backward:
            self._batons.append(Baton(sender_bank=named, since=since, **about))
        else:
            self._batons.append(Baton(receiver_bank=named, since=since, **about))

    def _leave(self, piece: _Piece, reason: Reason) -> None:
        if piece.start == piece.end and piece.origin_from == piece.origin_to:
            return
        self._unfollowed.append(Unfollowed(reason=reason, **_span(self._index, piece)))

    def _shrunk(self, piece: _Piece, line: int) -> Unfollowed:
        """Make the leaf of a piece that is less than one minor unit of the line it reaches."""
        nothing = _span(self._index, piece)
        nothing["amount_minor"], nothing["currency"] = 0, self._index.line_code(line)
        return Unfollowed(reason="rounding", **nothing)

    def trail(self, first: _Piece, as_of: str | None) -> Trail:
        index = self._index
        visited = sorted(self._visited, key=lambda piece: (piece.hop, index.place(piece.transfer), piece.start))
        leaves: list[Part] = [*self._held, *self._batons, *self._spent, *self._unfollowed]
        assumed = index.balances == "assumed" or any(index.assumed[line] for line in self._lines)
        return Trail(
            transfer=index.reference(first.transfer),
            start=first.start,
            end=first.end,
            currency=index.code(first.transfer),
            method="fifo",
            direction="backward" if self._backward else "forward",
            as_of=as_of,
            snapshot=index.snapshot,
            opening="assumed" if assumed else "given",
            intervals=tuple(Interval(index.reference(p.transfer), p.start, p.end, p.hop) for p in visited),
            frontier=tuple(self._held),
            batons=tuple(self._batons),
            spent=tuple(self._spent),
            truncated=sum(leaf.origin_to - leaf.origin_from for leaf in self._unfollowed),
            unfollowed=tuple(self._unfollowed),
            conserved=_tiles(leaves, first.origin_from, first.origin_to) and _balances(leaves, self._flow),
        )


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


def _span(index: Index, piece: _Piece) -> _Span:
    return {
        "transfer": index.reference(piece.transfer),
        "start": piece.start,
        "end": piece.end,
        "amount_minor": piece.end - piece.start,
        "currency": index.code(piece.transfer),
        "hop": piece.hop,
        "origin_from": piece.origin_from,
        "origin_to": piece.origin_to,
    }


def _carry_back(position: int, total: int, before: int) -> int:
    """Return the first position on ``[0, before]`` that :func:`rescale` carries to ``position`` or beyond."""
    return before - rescale(total - position, total, before)


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
