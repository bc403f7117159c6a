"""What a change of an order comes to once it is done: in the order, in the bar, and for the authority that asked."""

from collections.abc import Sequence

import msgspec

from lintas.border.service import Border
from lintas.model import times
from lintas.model.messages import HoldRelease, HoldStatus, Message, Purpose, ReleaseCode
from lintas.model.tainted import MAX_PARTS, Span, merged, overlaps
from lintas.model.times import Clock
from lintas.requests import changes_store, orders_store, rules, store
from lintas.requests.asking import PLANE_B
from lintas.requests.orders import Orders
from lintas.requests.records import Amendment, Hold, Order
from lintas.storage.engine import Transaction


class Effects:
    """What follows from changes of one authority's orders."""

    def __init__(self, *, orders: Orders, border: Border, clock: Clock) -> None:
        self._orders, self._border, self._clock = orders, border, clock

    def carried_out(self, tx: Transaction, amendment: Amendment) -> Amendment:
        """Note that an amendment was done, and what follows: in the order, in the bar, and for who asked."""
        done = msgspec.structs.replace(amendment, state="done", done_at=self._now())
        changes_store.keep_amendment(tx, done)
        order = self._orders.order(tx, amendment.order)
        hold = self._orders.hold(tx, order.hold)
        if amendment.kind != "confirm":
            if amendment.code == "expired" and order.closed_at:
                return done  # everybody else was told when it ended
            held = rules.still_held(order) if amendment.kind == "release" else [order.baton.span]
            freed = overlaps(held, amendment.spans)
            self.let_go(tx, order, freed, amendment.code, amendment.asked_by)
            self.tell_released(tx, hold, freed, amendment)
        elif amendment.expires is not None:
            self._lengthen(tx, order, hold, amendment, amendment.expires)
        return done

    def _lengthen(self, tx: Transaction, order: Order, hold: Hold, amendment: Amendment, until: str) -> None:
        now = self._now()
        longer = msgspec.structs.replace(order, expires=until, confirmed_at=now, reference=amendment.reason)
        orders_store.keep_order(tx, longer)
        for share in store.shares_under(tx, hold.id):
            if share.state == "held":
                store.keep_share(tx, msgspec.structs.replace(share, until=until))
        self.tell(tx, hold, HoldStatus(hold=hold.id, state="confirmed", at=now, expires=until))

    def tell_released(self, tx: Transaction, hold: Hold, spans: Sequence[Span], why: Amendment | Order) -> None:
        """Tell the asker what is held no more, in as many statements as it takes; at least one, which answers a withdrawal."""
        for first in range(0, max(1, len(spans)), MAX_PARTS):
            told = HoldRelease(
                hold=hold.id,
                code="expired" if isinstance(why, Order) else why.code,
                at=self._now(),
                spans=tuple(spans[first : first + MAX_PARTS]),
                basis=why.basis,
                approver=why.approver,
                second_approver=why.second_approver,
                reason="" if isinstance(why, Order) else why.reason,
            )
            self.tell(tx, hold, told)

    def let_go(self, tx: Transaction, order: Order, spans: Sequence[Span], code: ReleaseCode, by: str = "") -> None:
        """Note what an order holds no more, in the order and in the bar."""
        changed = msgspec.structs.replace(order, released=tuple(merged([*order.released, *spans])))
        if code == "returned":
            changed = msgspec.structs.replace(changed, returned=tuple(merged([*order.returned, *spans])))
        if code == "expired" or (order.answer is not None and not rules.still_held(changed)):
            changed = msgspec.structs.replace(changed, closed_at=order.closed_at or self._now())
        orders_store.keep_order(tx, changed)
        for share in store.shares_under(tx, order.hold):
            if rules.can_go(share, code):
                store.part_share(tx, share, rules.let_go(share, spans, code, by))

    def tell(self, tx: Transaction, hold: Hold, body: HoldRelease | HoldStatus) -> None:
        """Tell the authority that asked; a hold of our own concerns nobody else."""
        if hold.direction != "received":
            return
        purpose: Purpose = "release_funds" if isinstance(body, HoldRelease) else "status"
        release = self._border.release(
            tx, Message(purpose=purpose, marking=PLANE_B, bodies=(body,), case=hold.case), hold.peer
        )
        stored = store.hold(tx, hold.id)
        if not release.permitted and stored is not None:
            store.keep_hold(tx, msgspec.structs.replace(stored, decision=release.decision.sentence))

    def _now(self) -> str:
        return times.render(self._clock.now())
