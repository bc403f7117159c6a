"""The lines of a trail by first in, first out or last in, first out: for each part of a transfer, what overlaps and what rests.

A line of an account is counted in one of two ways. First in, first out: by all that has come (or gone) so far. Last in,
first out: by the height of the balance. In both, a part is meant where its positions overlap with what is still unmatched, in
the order of the rows. Only the asked transfer and those that carry a part of it are shown; what else moved is in sums only.
"""

from collections.abc import Iterator

from lintas.model import times
from lintas.trace.derivations.steps import Row, departure, named, of_transfer, opening_row
from lintas.trace.engine.index import Cut, Index
from lintas.trace.ledgers.ledger import microseconds
from lintas.trace.questions.leaves import Piece
from lintas.trace.questions.lifo import OPENING, Match, Matching
from lintas.trace.questions.timeline import balance_before, gone_until, moves
from lintas.trace.questions.trail import Interval, Trail
from lintas.trace.questions.walk import on_line, settled_part


class Positions:
    """Redoes a trail by first in, first out or last in, first out, step by step."""

    def __init__(self, index: Index, trail: Trail, stops: frozenset[str]) -> None:
        self._index, self._trail, self._stops = index, trail, stops
        self._backward, self._lifo = trail.direction == "backward", trail.method == "lifo"
        self._until = None if trail.as_of is None else microseconds(times.parse(trail.as_of))
        self._steps = {part: number for number, part in enumerate(trail.intervals, 1)}
        self._cut_off = {(left.transfer, left.start, left.end, left.hop): left.reason for left in trail.unfollowed}
        self._matchings: dict[int, Matching] = {}
        self._seen: set[int] = set()

    def rows(self) -> Iterator[Row]:
        """Give the rows in the order of the trail's intervals; step n is the n-th of them."""
        index = self._index
        for part, step in self._steps.items():
            piece = Piece(self._index.number(part.transfer), part.start, part.end, part.hop, 0, 0)
            line = (self._index.out_line if self._backward else self._index.in_line)[piece.transfer]
            if line < 0:
                goes, whole = departure(index, piece.transfer, self._backward), of_transfer(index, *piece[:3])
                yield Row(step=step, row="departs", hop=piece.hop, next=goes, **whole)
                continue
            if line not in self._seen:
                self._seen.add(line)
                yield opening_row(index, step, piece.hop, line)
            yield from self._on_account(step, piece, line)

    def _on_account(self, step: int, piece: Piece, line: int) -> Iterator[Row]:
        index, (low, high) = self._index, on_line(self._index, piece, self._backward)
        base, about = self._position(line, piece.transfer, self._backward), named(index, line)
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
            **about,
            **of_transfer(index, piece.transfer, piece.start, piece.end),
        )
        if low == high:
            return
        if not self._backward and index.account(line) in self._stops:
            rest = (base[0] + low, base[0] + high)
            yield Row(
                step=step, row="rest", hop=piece.hop, taint_from=rest[0], taint_to=rest[1], next="custody", **about
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
            **named(index, line),
            **of_transfer(index, transfer, start, end),
        )

    def _rest(self, step: int, piece: Piece, line: int, start: int, end: int) -> Row:
        if self._backward:
            level = self._index.opening[line]
        elif self._lifo:
            level = self._lowest(line, piece.transfer)
        else:
            level = gone_until(self._index, line, self._until)
        return Row(
            step=step,
            row="rest",
            hop=piece.hop,
            line_to=level,
            taint_from=start,
            taint_to=end,
            **named(self._index, line),
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
