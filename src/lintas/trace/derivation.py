"""The lines of a trail that a court can redo by hand: for each hop, where on which account, what overlaps, what rests.

A line of an account is counted in one of two ways. First in, first out: by all that has come (or gone) so far. Last in,
first out: by the height of the balance. In both, a part is meant where its positions overlap with what is still unmatched, in
the order of the rows. Only the asked transfer and those that carry a part of it are shown; what else moved is in sums only.
"""

from collections.abc import Iterator
from typing import Literal, TypedDict

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.trace.index import Cut, Index
from lintas.trace.leaves import Piece
from lintas.trace.ledger import KINDS, from_microseconds, microseconds
from lintas.trace.lifo import OPENING, Match, Matching
from lintas.trace.timeline import balance_before, moves
from lintas.trace.trail import Interval, Trail
from lintas.trace.walk import on_line, settled_part

Kind = Literal["opening", "meant", "match", "rest", "departs"]

#: The methods that say which unit goes with which, and so have lines to redo.
EXPLAINED = ("fifo", "lifo")


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the derivation; all amounts and positions are minor units, and every ``..._to`` is exclusive.

    ``opening``: the account's opening balance ``line_minor``, "given" or "assumed" in ``next``. ``meant``: the part
    ``[part_from, part_to)`` of a transfer's settled amount, which is ``[taint_from, taint_to)`` on the account. ``match``: a
    transfer at ``[line_from, line_to)``; of it ``[taint_from, taint_to)`` is meant, which is ``[part_from, part_to)`` of
    its settled amount, and goes on in step ``next``, or is cut off for the reason there. ``rest``: what is still there
    (backward: came from the opening balance), and in ``line_to`` why: the position up to which everything had left, or the
    lowest balance since. ``departs``: the part leaves this ledger; ``next`` says to or from whom, or how it was spent.
    """

    step: int
    row: Kind
    hop: int
    account: str = ""
    transfer: str = ""
    time: str = ""
    settled_minor: int | None = None
    settled_currency: str = ""
    line_minor: int | None = None
    line_currency: str = ""
    line_from: int | None = None
    line_to: int | None = None
    taint_from: int | None = None
    taint_to: int | None = None
    part_from: int | None = None
    part_to: int | None = None
    next: str = ""


class Derivation(msgspec.Struct, frozen=True, kw_only=True):
    """A trail and its lines, in the order of its steps; step n is the n-th interval of the trail."""

    trail: Trail
    rows: tuple[Row, ...]


def derive(index: Index, trail: Trail, *, stops: frozenset[str] = frozenset()) -> Derivation:
    """Return the lines of a trail on the index that gave it; ``stops`` are those it was asked with.

    Raises BadInput for a method that does not say which unit goes with which.
    """
    if trail.method not in EXPLAINED:
        what = f"there are no lines to redo by {trail.method}: it knows amounts, not which money is which"
        raise BadInput(what, f"use {' or '.join(EXPLAINED)}")
    return Derivation(trail=trail, rows=tuple(_Deriving(index, trail, stops).rows()))


class _Named(TypedDict):
    account: str
    line_currency: str


class _Of(TypedDict):
    transfer: str
    time: str
    settled_minor: int
    settled_currency: str
    part_from: int
    part_to: int


class _Deriving:
    def __init__(self, index: Index, trail: Trail, stops: frozenset[str]) -> None:
        self._index, self._trail, self._stops = index, trail, stops
        self._backward, self._lifo = trail.direction == "backward", trail.method == "lifo"
        self._until = None if trail.as_of is None else microseconds(times.parse(trail.as_of))
        self._steps = {part: number for number, part in enumerate(trail.intervals, 1)}
        self._cut_off = {(left.transfer, left.start, left.end, left.hop): left.reason for left in trail.unfollowed}
        self._matchings: dict[int, Matching] = {}
        self._seen: set[int] = set()

    def rows(self) -> Iterator[Row]:
        for part, step in self._steps.items():
            piece = Piece(self._index.number(part.transfer), part.start, part.end, part.hop, 0, 0)
            line = (self._index.out_line if self._backward else self._index.in_line)[piece.transfer]
            if line < 0:
                yield self._departs(step, piece)
                continue
            if line not in self._seen:
                self._seen.add(line)
                yield self._opening(step, piece, line)
            yield from self._on_account(step, piece, line)

    def _departs(self, step: int, piece: Piece) -> Row:
        index, kind = self._index, self._index.kind(piece.transfer)
        if kind and not self._backward:
            goes = f"spent: {KINDS[kind]}"
        else:
            bank = index.other_bank(piece.transfer) or "another holder"
            goes = f"from {bank}" if self._backward else f"to {bank}"
        return Row(
            step=step, row="departs", hop=piece.hop, next=goes, **self._of(piece.transfer, piece.start, piece.end)
        )

    def _opening(self, step: int, piece: Piece, line: int) -> Row:
        return Row(
            step=step,
            row="opening",
            hop=piece.hop,
            account=self._index.account(line),
            line_minor=self._index.opening[line],
            line_currency=self._index.line_code(line),
            next="assumed" if self._index.assumed[line] or self._index.balances == "assumed" else "given",
        )

    def _on_account(self, step: int, piece: Piece, line: int) -> Iterator[Row]:
        index, (low, high) = self._index, on_line(self._index, piece, self._backward)
        base, named = self._position(line, piece.transfer, self._backward), self._named(line)
        yield Row(
            step=step,
            row="meant",
            hop=piece.hop,
            line_minor=index.debited(piece.transfer) if self._backward else index.credited(piece.transfer),
            line_from=base[0],
            line_to=base[1],
            taint_from=base[0] + low,
            taint_to=base[0] + high,
            next="" if low < high else "rounding",
            **named,
            **self._of(piece.transfer, piece.start, piece.end),
        )
        if low == high:
            return
        if not self._backward and index.account(line) in self._stops:
            rest = (base[0] + low, base[0] + high)
            yield Row(
                step=step, row="rest", hop=piece.hop, taint_from=rest[0], taint_to=rest[1], next="custody", **named
            )
            return
        for match in self._in_time(self._matches(line, piece.transfer, low, high)):
            if match.transfer != OPENING:
                yield self._match(step, piece, line, match, base[0])
        for start, end in self._rests(line, piece.transfer, low, high):
            yield self._rest(step, piece, line, base[0] + start, base[0] + end)

    def _matches(self, line: int, transfer: int, low: int, high: int) -> list[Match]:
        """Return what ``[low, high)`` of a transfer on its line went or came by; positions count inside the transfer."""
        index, base = self._index, (self._index.po if self._backward else self._index.pi)[transfer]
        if not self._lifo:
            if self._backward:
                cuts, edge = index.inflows(line, base + low, base + high)
            else:
                cuts, _ = index.outflows(line, base + low, base + high, self._until)
                edge = base + low
            found, position = list[Match](), edge - base
            for cut in cuts:
                found.append(Match(position, position + cut.end - cut.start, cut.transfer, cut.start))
                position += cut.end - cut.start
            return found
        if line not in self._matchings:
            self._matchings[line] = Matching(index, line)
        until, found = None if self._backward else self._until, []
        for match in self._matchings[line].between(
            index, base + low, base + high, backward=self._backward, until=until
        ):
            start, end = max(match.start - base, low), min(match.end - base, high)
            found.append(Match(start, end, match.transfer, match.at + start + base - match.start))
        return found

    def _rests(self, line: int, transfer: int, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Give the parts of ``[low, high)`` that no transfer took or brought."""
        edge = low
        for match in self._matches(line, transfer, low, high):
            if match.transfer == OPENING:
                continue
            if edge < match.start:
                yield edge, match.start
            edge = match.end
        if edge < high:
            yield edge, high

    def _in_time(self, matches: list[Match]) -> list[Match]:
        """Put matches in the order in which a person goes through them: on from the meant transfer, by time."""
        if not self._lifo:
            return matches
        # What lies higher leaves earlier; going back, what lies higher came later.
        return sorted(matches, key=lambda match: -match.start)

    def _match(self, step: int, piece: Piece, line: int, match: Match, base: int) -> Row:
        index, transfer = self._index, match.transfer
        cut = Cut(transfer, match.at, match.at + match.end - match.start)
        start, end = settled_part(index, cut, self._backward)
        child = Interval(index.reference(transfer), start, end, piece.hop + 1)
        place = self._position(line, transfer, not self._backward)
        leads = self._cut_off.get((child.transfer, start, end, child.hop), "rounding")
        return Row(
            step=step,
            row="match",
            hop=piece.hop,
            line_minor=index.credited(transfer) if self._backward else index.debited(transfer),
            line_from=place[0],
            line_to=place[1],
            taint_from=base + match.start,
            taint_to=base + match.end,
            next=str(self._steps[child]) if child in self._steps else leads,
            **self._named(line),
            **self._of(transfer, start, end),
        )

    def _rest(self, step: int, piece: Piece, line: int, start: int, end: int) -> Row:
        if self._backward:
            level = self._index.opening[line]
        elif self._lifo:
            level = self._lowest(line, piece.transfer)
        else:
            level = self._all_gone(line)
        return Row(
            step=step,
            row="rest",
            hop=piece.hop,
            line_to=level,
            taint_from=start,
            taint_to=end,
            **self._named(line),
        )

    def _position(self, line: int, transfer: int, leaves: bool) -> tuple[int, int]:
        """Return where a transfer is on its line, in the way of counting of the method."""
        index = self._index
        amount = index.debited(transfer) if leaves else index.credited(transfer)
        if not self._lifo:
            start = (index.po if leaves else index.pi)[transfer]
        else:
            start = balance_before(index, line, transfer) - (amount if leaves else 0)
        return start, start + amount

    def _all_gone(self, line: int) -> int:
        """Return the position up to which everything had left by the asked time."""
        gone = 0
        for transfer in self._index.outs(line):
            if self._until is not None and self._index.time[transfer] > self._until:
                break
            gone = self._index.po[transfer] + self._index.debited(transfer)
        return gone

    def _lowest(self, line: int, since: int) -> int:
        """Return the lowest balance after a transfer came, by the asked time."""
        index, balance, lowest = self._index, self._index.opening[line], -1
        for transfer, left in moves(index, line):
            if self._until is not None and index.time[transfer] > self._until:
                break
            balance += -index.debited(transfer) if left else index.credited(transfer)
            if transfer == since or lowest >= 0:
                lowest = balance if lowest < 0 else min(lowest, balance)
        return lowest

    def _named(self, line: int) -> _Named:
        return {"account": self._index.account(line), "line_currency": self._index.line_code(line)}

    def _of(self, transfer: int, start: int, end: int) -> _Of:
        return {
            "transfer": self._index.reference(transfer),
            "time": times.render(from_microseconds(self._index.time[transfer])),
            "settled_minor": self._index.settled[transfer],
            "settled_currency": self._index.code(transfer),
            "part_from": start,
            "part_to": end,
        }
