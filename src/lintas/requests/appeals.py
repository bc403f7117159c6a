"""Objections: whoever holds an order's token may object to it, and an officer who did not approve the order decides."""

import msgspec

from lintas.model import times
from lintas.model.errors import Conflict, NotAllowed, NotFound
from lintas.model.ids import IdSource
from lintas.model.people import same_person
from lintas.model.times import Clock
from lintas.requests import changes_store, letter, orders_store, rules
from lintas.requests.amendments import Amendments
from lintas.requests.forms import AppealDecision, AppealForm
from lintas.requests.orders import Orders
from lintas.requests.records import Amendment, Appeal, Order
from lintas.storage.engine import Transaction

#: Objections to one order that may wait at once: nobody buries an honest one under others.
MAX_OPEN = 5


class Appeals:
    """The objections to one authority's orders."""

    def __init__(self, *, orders: Orders, amendments: Amendments, clock: Clock, ids: IdSource) -> None:
        self._orders, self._amendments, self._clock, self._ids = orders, amendments, clock, ids

    def order(self, tx: Transaction, token: str) -> Order:
        """Return the order that a token belongs to; NotFound for any other text, which says nothing about any order."""
        order = orders_store.order_by_token(tx, letter.token_hash(token.strip().lower()))
        if order is None:
            raise NotFound("no order has this token", "copy the address from the letter that the bank gave you")
        return order

    def against(self, tx: Transaction, order: Order) -> list[Appeal]:
        """Return the objections to an order, oldest first."""
        return changes_store.appeals_of(tx, order=order.id)

    def file(self, tx: Transaction, token: str, form: AppealForm) -> Appeal:
        """Take an objection; Conflict when nothing is held any more, or too many wait."""
        order = self.order(tx, token)
        if not rules.still_held(order):
            raise Conflict("nothing is held under this order any more", "there is nothing to object to")
        waiting = [each for each in self.against(tx, order) if each.state == "open"]
        if any((each.name, each.contact, each.text) == (form.name, form.contact, form.text) for each in waiting):
            raise Conflict("this objection is on file already", "wait for the decision")
        if len(waiting) >= MAX_OPEN:
            raise Conflict(f"{MAX_OPEN} objections to this order wait already", f"call {order.contact}")
        appeal = Appeal(
            id=self._ids.new("appeal"),
            order=order.id,
            hold=order.hold,
            case=order.case,
            received_at=times.render(self._clock.now()),
            name=form.name.strip(),
            contact=form.contact.strip(),
            text=form.text.strip(),
        )
        changes_store.keep_appeal(tx, appeal)
        return appeal

    def appeal(self, tx: Transaction, appeal_id: str) -> Appeal:
        """Return one objection; NotFound when there is none."""
        found = changes_store.appeal(tx, appeal_id)
        if found is None:
            raise NotFound(f"no appeal {appeal_id!r}", "take the id from the list of appeals")
        return found

    def pending(
        self, tx: Transaction, state: str | None = "open", *, after: str = "", limit: int = 200
    ) -> list[Appeal]:
        """Return objections in a state, oldest first; by default those that wait for a decision.

        ``after`` is the last one of the page before. NotFound for one that is none.
        """
        last = self.appeal(tx, after) if after else None
        since = (last.received_at, last.id) if last else ("", "")
        return changes_store.appeals_in(tx, state, after=since, limit=limit)

    def of_case(self, tx: Transaction, case: str) -> list[Appeal]:
        """Return the objections in a case, oldest first."""
        return changes_store.appeals_of(tx, case=case)

    def decide(self, tx: Transaction, appeal_id: str, officer: str, decision: AppealDecision) -> Appeal:
        """Decide on an objection; upheld, the release is ordered at once in the officer's name.

        Where its rule asks for two people, the objection stays open after the first one's yes, until another officer upholds it
        too, or anybody dismisses it. NotAllowed for who approved the order, and where this authority's law lets nothing go.
        """
        appeal = self.appeal(tx, appeal_id)
        if appeal.state != "open":
            raise Conflict(f"this appeal was {appeal.state} by {appeal.decided_by}", "it is decided")
        order = self._orders.order(tx, appeal.order)
        if rules.approved_by(order, officer):
            raise NotAllowed("who approved the order cannot decide on the objection", "another officer must decide")
        wishes = [each for each in changes_store.amendments_of(tx, order=order.id) if each.kind == "release"]
        if decision.uphold and any(same_person(each.asked_by, officer) for each in wishes):
            raise NotAllowed("who asked for a release cannot uphold an objection", "another officer must decide")
        release = self._release(tx, appeal, order, officer, decision)
        appeal = msgspec.structs.replace(appeal, release=release.id if release else appeal.release)
        if release is not None and release.state == "awaiting_approval":
            waits = msgspec.structs.replace(appeal, reason=decision.reason)
            changes_store.keep_appeal(tx, waits)
            return waits
        decided = msgspec.structs.replace(
            appeal,
            state="upheld" if decision.uphold else "dismissed",
            decided_by=officer,
            decided_at=times.render(self._clock.now()),
            reason=decision.reason,
        )
        changes_store.keep_appeal(tx, decided)
        return decided

    def _release(
        self, tx: Transaction, appeal: Appeal, order: Order, officer: str, decision: AppealDecision
    ) -> Amendment | None:
        """Order the release if the objection is upheld, and end an earlier one that waits for other parts, or for nothing."""
        earlier, release = changes_store.amendment(tx, appeal.release), None
        if decision.uphold:
            asked = self._amendments.ask(tx, order, decision.spans, code="appeal", reason=decision.reason, asked_by="")
            release = self._amendments.release(tx, asked, officer)
        waits = earlier is not None and (earlier.code, earlier.state) == ("appeal", "awaiting_approval")
        if earlier is not None and waits and (release is None or release.id != earlier.id):
            self._amendments.refuse(tx, earlier, officer, decision.reason)
        return release
