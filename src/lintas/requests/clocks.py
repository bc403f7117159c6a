"""Every clock that runs on a request, an order or money to be asked for, in one queue; what runs out is noted, once.

What ends by its clock is ended elsewhere (``endings``, ``undo``); here are the clocks by which somebody has to act.
"""

import logging
from collections.abc import Collection

import msgspec

from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import NotFound
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.requests import clocks_store, rules
from lintas.requests.clock_records import CLOCK_KINDS, ClockKind, Escalated, Escalation, Running
from lintas.requests.records import Hold, Order, Share
from lintas.storage.engine import Transaction

log = logging.getLogger("lintas.requests")


class Clocks:
    """The clocks of one authority."""

    def __init__(self, *, bus: Bus, clock: Clock, ids: IdSource) -> None:
        self._bus, self._clock, self._ids = bus, clock, ids

    def running(
        self, tx: Transaction, kinds: Collection[ClockKind] = (), *, after: str = "", limit: int = 200
    ) -> list[Running]:
        """Return the clocks that run (of ``kinds``, or all), the one that runs out first at the head; over ones among them.

        ``after`` is the subject of the last one of the page before. NotFound for what has no clock.
        """
        last = clocks_store.subject(tx, after) if after else None
        seen = None if last is None else _running(last, over=False)
        if after and seen is None:
            raise NotFound(f"no clock runs on {after!r}", "begin at the first page")
        since = ("", "") if seen is None else (seen.due, seen.subject)
        rows, now = clocks_store.running(tx, kinds or CLOCK_KINDS, since, limit), self._clock.now()
        found = filter(None, (_running(row, over=False) for row in rows))
        return [msgspec.structs.replace(each, over=rules.ended(each.due, now)) for each in found]

    # ---- what ran out

    def over(self, tx: Transaction) -> bool:
        """Tell whether a clock ran out, or somebody acted on one that had, and nobody noted it yet."""
        return bool(clocks_store.ran_out(tx, self._now(), 1) or clocks_store.settled(tx, 1))

    def escalate(self, tx: Transaction) -> None:
        """Note what ran out, each clock once, and what was settled since."""
        now = self._now()
        for row in clocks_store.ran_out(tx, now, rules.MOST_AT_ONCE):
            late = _running(row, over=True)
            if late is None:
                continue
            raised = Escalation(
                id=self._ids.new("late"),
                kind=late.kind,
                subject=late.subject,
                case=late.case,
                hold=late.hold,
                who=late.who,
                due=late.due,
                raised_at=now,
            )
            clocks_store.keep(tx, raised)
            self._bus.emit(tx, Escalated(raised.id, raised.kind, raised.case))
            log.warning("a clock ran out", extra={"clock": raised.kind, "subject": raised.subject})
        for each in clocks_store.settled(tx, rules.MOST_AT_ONCE):
            clocks_store.keep(tx, msgspec.structs.replace(each, settled_at=now))

    def escalations(
        self, tx: Transaction, *, open_only: bool = True, after: str = "", limit: int = 200
    ) -> list[Escalation]:
        """Return what ran out, oldest first; by default what nobody has acted on yet.

        ``after`` is the last one of the page before. NotFound for one that is none.
        """
        last = clocks_store.escalation(tx, after) if after else None
        if after and last is None:
            raise NotFound(f"no escalation {after!r}", "begin at the first page")
        since = (last.raised_at, last.id) if last else ("", "")
        return list(clocks_store.escalated(tx, open_only=open_only, after=since, limit=limit))

    def _now(self) -> str:
        return times.render(self._clock.now())


def _running(row: Hold | Order | Share, *, over: bool) -> Running | None:
    """Return the clock that runs on a row; None where none does."""
    kind: ClockKind
    match row:
        case Hold():
            kind, due = "peer_answer" if row.direction == "asked" else "decide", row.answer_by
            who, hold, amount, currency = row.peer, row.id, row.amount_minor, row.currency
        case Order():
            kind, due = "bank_answer" if row.answer is None else "confirm", rules.due(row)
            who, hold, amount, currency = row.bank, row.hold, row.amount_minor, row.currency
        case Share():
            kind, due, hold = "chase", row.ask_by, ""
            who, amount = row.holder, row.baton.amount_minor if row.baton else row.amount_minor
            currency = row.baton.currency if row.baton else ""
    if due is None:
        return None
    return Running(
        kind=kind,
        subject=row.id,
        case=row.case,
        due=due,
        over=over,
        who=who,
        hold=hold,
        amount_minor=amount,
        currency=currency,
    )
