"""What ends by its own clock on the holding side: orders, which hold nothing from then on, and requests nobody answered."""

import logging
from collections.abc import Sequence

import msgspec

from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import LintasError
from lintas.model.ids import IdSource
from lintas.model.messages import HoldAnswer
from lintas.model.tainted import MAX_PARTS, Span
from lintas.model.times import Clock
from lintas.requests import changes_store, orders_store, rules, store
from lintas.requests.chase import Chase
from lintas.requests.effects import Effects
from lintas.requests.orders import Orders
from lintas.requests.records import Amendment, Hold, Order, OrderAmended
from lintas.storage.engine import Transaction

log = logging.getLogger("lintas.requests")


class Endings:
    """What one authority's clock ends."""

    def __init__(
        self, *, chase: Chase, orders: Orders, effects: Effects, bus: Bus, clock: Clock, ids: IdSource
    ) -> None:
        self._chase, self._orders, self._effects = chase, orders, effects
        self._bus, self._clock, self._ids = bus, clock, ids

    def due(self, tx: Transaction) -> bool:
        """Tell whether anything has ended that was not closed yet."""
        now = self._now()
        return bool(orders_store.ended_orders(tx, now, 1) or store.ended_holds(tx, now, 1))

    def close(self, tx: Transaction) -> None:
        """End what has ended: orders, which hold nothing from then on, and requests that nobody decided on or answered."""
        now = self._now()
        for order in orders_store.ended_orders(tx, now, rules.MOST_AT_ONCE):
            try:
                with tx.begin_nested():
                    self._end_order(tx, order)
            except (LintasError, msgspec.MsgspecError) as wrong:
                # Whatever cannot be told of one order, it ends, and those behind it end too.
                log.error("an order ended in silence", extra={"order": order.id, "why": type(wrong).__name__})
                self._effects.let_go(tx, order, [] if order.answer is None else rules.still_held(order), "expired")
        for hold in store.ended_holds(tx, now, rules.MOST_AT_ONCE):
            reason = "nobody decided before the request ended" if hold.direction == "received" else "no answer came"
            self._end_hold(tx, hold, reason)

    def _end_order(self, tx: Transaction, order: Order) -> None:
        hold, held = self._orders.hold(tx, order.hold), [] if order.answer is None else rules.still_held(order)
        self._effects.let_go(tx, order, held, "expired")
        # The answer first: whoever hears of a release that it never got an answer about would not understand it.
        if order.answer is None:
            self._end_hold(tx, hold, "the bank did not answer before the order ended")
        elif held:
            self._effects.tell_released(tx, hold, held, order)
            self._tell_bank_over(tx, order, held)
        for amendment in changes_store.amendments_of(tx, order=order.id):
            self._moot(tx, amendment, order)
        for appeal in changes_store.appeals_of(tx, order=order.id):
            if appeal.state == "open":
                ended = {
                    "state": "dismissed",
                    "decided_at": self._now(),
                    "reason": "the hold has ended: the money is free",
                }
                changes_store.keep_appeal(tx, msgspec.structs.replace(appeal, **ended))

    def _tell_bank_over(self, tx: Transaction, order: Order, held: Sequence[Span]) -> None:
        """Tell the bank to let go of what it held until now: the order's own end says so, and nobody's new decision."""
        over = Amendment(
            id=self._ids.new("amend"),
            order=order.id,
            hold=order.hold,
            case=order.case,
            bank=order.bank,
            kind="release",
            asked_at=self._now(),
            spans=tuple(held) if len(held) <= MAX_PARTS else (order.baton.span,),
            code="expired",
            reason=f"the order ended at {order.expires}",
            state="ordered",
            approver=order.approver,
            second_approver=order.second_approver,
            issued_at=self._now(),
        )
        changes_store.keep_amendment(tx, over)
        self._bus.emit(tx, OrderAmended(over.id, order.id, order.bank))

    def _moot(self, tx: Transaction, amendment: Amendment, order: Order) -> None:
        """Settle what was under way about an order that ended; a bank that was told to hold on is told to let go."""
        if amendment.state == "awaiting_approval":
            moot = msgspec.structs.replace(amendment, state="declined", reason=amendment.reason + rules.BY_ITS_END)
            changes_store.keep_amendment(tx, moot)
        elif amendment.state == "ordered" and amendment.kind != "release":
            # The bank may have done it already and its word be on the way: that word must not end what it is told now.
            moot = msgspec.structs.replace(amendment, state="declined", reason=amendment.reason + rules.BY_ITS_END)
            changes_store.keep_amendment(tx, moot)
        elif amendment.state == "ordered" and order.answered_at is None:
            # Its bank never held anything that it could let go, and is not asked any more.
            self._effects.carried_out(tx, amendment)

    def _end_hold(self, tx: Transaction, hold: Hold, reason: str) -> None:
        ended = msgspec.structs.replace(
            hold, state="expired", outcome="expired", reason=reason, answered_at=self._now()
        )
        store.keep_hold(tx, ended)
        if hold.direction == "received":
            self._orders.tell(tx, ended, HoldAnswer(hold=hold.id, outcome="expired", reason=reason))
        else:
            self._chase.free(tx, ended)

    def _now(self) -> str:
        return times.render(self._clock.now())
