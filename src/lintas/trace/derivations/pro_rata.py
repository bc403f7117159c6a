"""The lines of a trail by haircut that a court can redo by hand: for each account what arrived, and what each payment took.

A step is an account. What a payment took is floor(line_to * T / B) - floor(line_from * T / B), where B is the balance
(``whole_minor``) and T the meant money in it (``meant_minor``) when the stretch began, and ``line_from`` to ``line_to`` what
had left since. So a payment that took nothing need not be shown, and no other customer's is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.model.money import rescale
from lintas.trace.derivations.steps import Row, departure, named, of_transfer, opening_row
from lintas.trace.engine.index import Index
from lintas.trace.ledgers.ledger import microseconds
from lintas.trace.questions.timeline import balance_before, came_before, count_before, gone_before
from lintas.trace.questions.trail import Interval, Trail


@dataclass
class _Stretch:
    """The balance when it began, what of it is meant, how much has left since, and what of that was meant."""

    other: int
    whole: int
    meant: int
    left: int = 0
    gone: int = 0


class ProRata:
    """Redoes a trail by haircut, account by account; raises BadInput for one that ran out of time."""

    def __init__(self, index: Index, trail: Trail, stops: frozenset[str]) -> None:
        if any(left.reason == "deadline" for left in trail.unfollowed):
            raise BadInput("the trail ran out of time, so no account's lines are whole", "ask without a deadline")
        self._index, self._trail, self._stops = index, trail, stops
        self._backward = trail.direction == "backward"
        self._until = None if trail.as_of is None else microseconds(times.parse(trail.as_of))
        self._cut_off = {left.transfer: left.reason for left in trail.unfollowed}
        self._arrivals: dict[int, list[tuple[int, Interval]]] = {}
        numbered = [(index.number(part.transfer), part) for part in trail.intervals]
        numbered.sort(key=lambda each: index.place(each[0]), reverse=self._backward)
        self._line_of = {number: self._line(number) for number, _ in numbered}
        for number, part in numbered:
            if self._line_of[number] >= 0:
                self._arrivals.setdefault(self._line_of[number], []).append((number, part))
        self._steps = {line: step for step, line in enumerate(self._arrivals, 1)}

    def rows(self) -> Iterator[Row]:
        """Give the rows, account by account, in the order in which the trail reached them."""
        if not self._steps:
            asked = self._trail.intervals[0]
            number = self._index.number(asked.transfer)
            goes, part = departure(self._index, number, self._backward), (asked.start, asked.end)
            yield Row(step=1, row="departs", hop=0, next=goes, **of_transfer(self._index, number, *part))
        for line, step in self._steps.items():
            yield opening_row(self._index, step, self._arrivals[line][0][1].hop, line)
            yield from self._on_account(step, line)

    def _line(self, transfer: int) -> int:
        return int((self._index.out_line if self._backward else self._index.in_line)[transfer])

    def _on_account(self, step: int, line: int) -> Iterator[Row]:
        meant, stretch, hop = 0, None, self._arrivals[line][0][1].hop
        for transfer, part in self._events(line):
            if part is not None:
                hop, stretch = min(hop, part.hop) if meant else part.hop, None
                row = self._arrived(step, line, transfer, part)
                yield row
                if self._stopped(line):
                    rest = (row.taint_to or 0) - (row.taint_from or 0)
                    yield Row(
                        step=step,
                        row="rest",
                        hop=hop,
                        taint_from=0,
                        taint_to=rest,
                        next="custody",
                        **named(self._index, line),
                    )
                else:
                    meant += row.taint_to or 0
                continue
            if not meant:
                continue
            amount = self._amount(transfer)
            other = (gone_before if self._backward else came_before)(self._index, line, transfer)
            if stretch is None or stretch.other != other:
                before = balance_before(self._index, line, transfer)
                stretch = _Stretch(other, before + amount if self._backward else before, meant)
            start, gone = stretch.left, stretch.gone
            stretch.left += amount
            stretch.gone = rescale(stretch.left, stretch.whole, stretch.meant)
            meant -= stretch.gone - gone
            if stretch.gone > gone:
                yield self._took(step, hop, line, transfer, stretch, (start, stretch.left), stretch.gone - gone)
        if meant:
            yield Row(step=step, row="rest", hop=hop, taint_from=0, taint_to=meant, **named(self._index, line))

    def _events(self, line: int) -> Iterator[tuple[int, Interval | None]]:
        """Give what arrived on a line and, from then on, every transfer that left it; backward the latest first."""
        index, backward, arrivals = self._index, self._backward, self._arrivals[line]
        leaving = index.ins(line) if backward else index.outs(line)
        first = count_before(index, leaving, arrivals[0][0])
        after = [leaving[at] for at in (range(first - 1, -1, -1) if backward else range(first, len(leaving)))]
        events: list[tuple[int, Interval | None]] = [*arrivals, *((transfer, None) for transfer in after)]
        events.sort(key=lambda event: index.place(event[0]), reverse=backward)
        for transfer, part in events:
            if not backward and self._until is not None and index.time[transfer] > self._until:
                return
            yield transfer, part

    def _stopped(self, line: int) -> bool:
        return not self._backward and self._index.account(line) in self._stops

    def _amount(self, transfer: int) -> int:
        """Return what a transfer took from the line that it leaves (backward: brought to it)."""
        return self._index.credited(transfer) if self._backward else self._index.debited(transfer)

    def _arrived(self, step: int, line: int, transfer: int, part: Interval) -> Row:
        index = self._index
        there = index.debited(transfer) if self._backward else index.credited(transfer)
        settled = index.settled[transfer]
        amount = rescale(part.end, settled, there) - rescale(part.start, settled, there)
        return Row(
            step=step,
            row="meant",
            hop=part.hop,
            line_minor=there,
            taint_from=0,
            taint_to=amount,
            next="" if amount else "rounding",
            **named(index, line),
            **of_transfer(index, transfer, part.start, part.end),
        )

    def _took(
        self, step: int, hop: int, line: int, transfer: int, stretch: _Stretch, left: tuple[int, int], taken: int
    ) -> Row:
        index, amount = self._index, self._amount(transfer)
        settled = rescale(taken, amount, index.settled[transfer])
        return Row(
            step=step,
            row="match",
            hop=hop,
            line_minor=amount,
            line_from=left[0],
            line_to=left[1],
            whole_minor=stretch.whole,
            meant_minor=stretch.meant,
            taint_from=0,
            taint_to=taken,
            next=self._next(transfer),
            **named(index, line),
            **of_transfer(index, transfer, 0, settled),
        )

    def _next(self, transfer: int) -> str:
        if transfer not in self._line_of:
            return self._cut_off.get(self._index.reference(transfer), "rounding")
        line = self._line_of[transfer]
        return str(self._steps[line]) if line >= 0 else departure(self._index, transfer, self._backward)
