"""The holding side afterwards: an order is released in part or whole, or confirmed for longer.

Undoing needs no more than doing needed: one named officer, or two where the rule says so, never the one that asked for it. What
follows once it is done is in ``effects``, how an order ends by its clock in ``endings``.
"""

from collections.abc import Sequence

import msgspec

from lintas.border.judge import Judge
from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import Conflict, NotAllowed, NotFound, Refused
from lintas.model.ids import IdSource
from lintas.model.messages import HoldRelease, HoldStatus, HoldWithdrawal, ReleaseCode
from lintas.model.people import same_person
from lintas.model.tainted import MAX_PARTS, Span, merged, overlaps, subtract
from lintas.model.times import Clock
from lintas.policy.records import Decision
from lintas.requests import changes_store, eyes, orders_store, rules, store
from lintas.requests.chase import Chase
from lintas.requests.effects import Effects
from lintas.requests.journal import Journal
from lintas.requests.orders import Orders
from lintas.requests.records import Amendment, Hold, Order, OrderAmended
from lintas.storage.engine import Transaction

#: What the table is asked about each change: category and purpose ("" for the hold's own).
_ASKED_OF_POLICY = {
    "release": ("release_order", "release_funds"),
    "return": ("release_order", "return_funds"),
    "confirm": ("hold_order", ""),
}
#: Releases of one order that may wait for an officer at once: nobody buries the one that matters.
MAX_WAITING = 20


class Amendments:
    """What one authority changes about its own orders."""

    def __init__(
        self,
        *,
        me: str,
        chase: Chase,
        orders: Orders,
        effects: Effects,
        judge: Judge,
        journal: Journal,
        bus: Bus,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._me, self._chase, self._orders, self._effects = me, chase, orders, effects
        self._judge, self._journal, self._bus, self._clock, self._ids = judge, journal, bus, clock, ids

    # ---- what is wanted

    def withdrawn(self, tx: Transaction, origin: str, withdrawal: HoldWithdrawal) -> None:
        """Take a peer's withdrawal of its own request: what waits ends, what is held waits for an officer to release it.

        Refused when the request was not theirs, or when only a part is taken back of what nobody has decided on.
        """
        hold = store.hold(tx, withdrawal.hold)
        if hold is None or hold.direction != "received" or hold.peer != origin:
            raise Refused("not_asked", f"{origin} takes back a request that it did not make")
        if hold.state == "awaiting_approval":
            if withdrawal.spans:
                raise Refused("not_answered", f"hold {hold.id} waits for an officer", "take back all of it, or wait")
            self._end_waiting(tx, hold, withdrawal.reason)
            return
        order = orders_store.order_of(tx, hold.id)
        held = [] if order is None else overlaps(rules.still_held(order), withdrawal.spans or [order.baton.span])
        if order is None or not held:
            self._effects.tell(
                tx, hold, HoldRelease(hold=hold.id, code="withdrawn", at=self._now(), reason=withdrawal.reason)
            )
            return
        self.ask(tx, order, withdrawal.spans, code="withdrawn", reason=withdrawal.reason, asked_by=origin)

    def _end_waiting(self, tx: Transaction, hold: Hold, reason: str) -> None:
        store.keep_hold(tx, msgspec.structs.replace(hold, state="withdrawn", reason=reason, answered_at=self._now()))
        share = store.share(tx, hold.share)
        if share is not None:
            store.keep_share(tx, rules.released(share, "withdrawn"))
        self._effects.tell(tx, hold, HoldRelease(hold=hold.id, code="withdrawn", at=self._now(), reason=reason))

    def ask(
        self, tx: Transaction, order: Order, spans: Sequence[Span], *, code: ReleaseCode, reason: str, asked_by: str
    ) -> Amendment:
        """Ask that ``spans`` of an order (none: all of it) be released; the same asked again is the same amendment."""
        wanted = tuple(merged(overlaps(spans, [order.baton.span]))) or (order.baton.span,)
        if spans and not overlaps(spans, [order.baton.span]):
            raise Refused("bad_spans", "these parts are not of the order's interval", "name parts of it")
        earlier_ones = changes_store.amendments_of(tx, order=order.id)
        _check_pieces(order, wanted, earlier_ones)
        waiting = [each for each in earlier_ones if (each.kind, each.state) == ("release", "awaiting_approval")]
        for earlier in waiting:
            if earlier.spans == wanted:
                return earlier
        if len(waiting) >= MAX_WAITING:
            what = f"{MAX_WAITING} releases of order {order.id} wait for an officer already"
            raise Refused("too_many_waiting", what, "wait until some are decided")
        amendment = Amendment(
            id=self._ids.new("amend"),
            order=order.id,
            hold=order.hold,
            case=order.case,
            bank=order.bank,
            kind="release",
            asked_at=self._now(),
            spans=wanted,
            code=code,
            reason=reason,
            asked_by=asked_by,
        )
        changes_store.keep_amendment(tx, amendment)
        return amendment

    # ---- what officers decide

    def amendment(self, tx: Transaction, amendment_id: str, bank: str | None = None) -> Amendment:
        """Return one amendment; NotFound when there is none. To a ``bank`` only its own, and only once it was ordered."""
        found = changes_store.amendment(tx, amendment_id)
        if found is None or (bank is not None and (found.bank != bank or found.issued_at is None)):
            raise NotFound(f"no amendment {amendment_id!r}", "take the id from the list of amendments")
        return found

    def pending(
        self, tx: Transaction, state: str | None = "awaiting_approval", *, after: str = "", limit: int = 200
    ) -> list[Amendment]:
        """Return amendments in a state, oldest first; by default those that wait for an officer.

        ``after`` is the last one of the page before. NotFound for one that is none.
        """
        last = self.amendment(tx, after) if after else None
        since = (last.asked_at, last.id) if last else ("", "")
        return changes_store.amendments_in(tx, state, after=since, limit=limit)

    def of_case(self, tx: Transaction, case: str) -> list[Amendment]:
        """Return the amendments of a case, oldest first."""
        return changes_store.amendments_of(tx, case=case)

    def approve(self, tx: Transaction, amendment_id: str, officer: str) -> Amendment:
        """Release, or confirm for longer, under this authority's own law, in the named officer's name.

        Where the rule asks for two people, the first one's yes is kept, and the amendment goes on waiting.
        """
        amendment = self._decidable(tx, amendment_id)
        if amendment.kind == "confirm":
            return self._confirmed(tx, amendment, self._orders.order(tx, amendment.order), officer)
        if amendment.kind == "return":
            order = self._orders.order(tx, amendment.order)
            self.check_impartial(tx, order, officer)
            self.check_returnable(tx, order, amendment)
        return self.release(tx, amendment, officer)

    def release(self, tx: Transaction, amendment: Amendment, officer: str) -> Amendment:
        """Approve a release that waits."""
        if same_person(amendment.asked_by, officer):
            raise NotAllowed("who asked for a release cannot approve it", "another officer must decide")
        order = self._orders.order(tx, amendment.order)
        others = changes_store.amendments_of(tx, order=order.id)
        _check_pieces(order, amendment.spans, others)
        for each in others:
            if (each.kind, each.state) == ("return", "ordered") and overlaps(each.spans, amendment.spans):
                raise Conflict(f"its bank is paying this back already (return {each.id})", "wait for its word")
        approved = self._approved(tx, amendment, order, officer)
        if approved.decision.outcome != "permit" and not approved.waits:
            raise NotAllowed(approved.decision.sentence, "the hold stays until it ends; obtain what is missing")
        issued = self._issue(tx, amendment, approved)
        if (
            issued.kind == "release"
            and issued.state == "ordered"
            and not overlaps(rules.still_held(order), issued.spans)
        ):
            return self._effects.carried_out(tx, issued)
        return issued

    def take_back(self, tx: Transaction, amendment_id: str, officer: str) -> None:
        """Take back one's own approval while a second officer's is missing; what nobody else wanted ends with it."""
        amendment = self._waiting(tx, amendment_id)
        eyes.check_own(amendment.first_approval, officer)
        ends = amendment.kind == "confirm" or amendment.code == "appeal"
        left = msgspec.structs.replace(
            amendment, first_approval=None, state="declined" if ends else amendment.state, approver=""
        )
        changes_store.keep_amendment(tx, left)

    def decline(self, tx: Transaction, amendment_id: str, officer: str, reason: str) -> None:
        """Keep holding, with a reason that the asking authority gets."""
        self.refuse(tx, self._decidable(tx, amendment_id), officer, reason)

    def refuse(self, tx: Transaction, amendment: Amendment, officer: str, reason: str) -> None:
        """Decline an amendment that waits."""
        said = f"{reason} ({officer})"
        declined = msgspec.structs.replace(amendment, state="declined", reason=said, approver=officer)
        changes_store.keep_amendment(tx, declined)
        hold = self._orders.hold(tx, amendment.hold)
        if amendment.code == "withdrawn" and hold.direction == "received":
            told = HoldStatus(
                hold=hold.id, state="release_declined", at=self._now(), spans=amendment.spans, reason=said
            )
            self._effects.tell(tx, hold, told)

    def confirm(self, tx: Transaction, order_id: str, officer: str, reference: str) -> Amendment:
        """Order its bank to hold for longer, once, as the law allows with this document; by another officer than the first.

        The order, the bar and the asker see the new end once the bank has said that it still holds.
        """
        order = self._orders.order(tx, order_id)
        for each in changes_store.amendments_of(tx, order=order.id):
            if each.kind == "confirm" and each.state == "ordered":
                raise Conflict("its bank is being told already that this order is confirmed", "wait for its word")
            if each.kind == "confirm" and each.state == "awaiting_approval":
                raise Conflict(f"confirmation {each.id} waits for a second officer", "approve or decline that one")
        amendment = Amendment(
            id=self._ids.new("amend"),
            order=order.id,
            hold=order.hold,
            case=order.case,
            bank=order.bank,
            kind="confirm",
            asked_at=self._now(),
            reason=reference,
            asked_by=officer,
        )
        return self._confirmed(tx, amendment, order, officer)

    def _check_confirmable(self, order: Order, officer: str) -> None:
        if order.answer is None or not rules.still_held(order) or rules.ended(order.expires, self._clock.now()):
            raise Conflict("nothing is held under this order", "there is nothing to confirm")
        if order.confirmed_at:
            raise Conflict(f"this order was confirmed at {order.confirmed_at}", "it cannot be lengthened again")
        if rules.approved_by(order, officer):
            raise NotAllowed("who approved the order cannot confirm it", "another officer must decide")

    def _confirmed(self, tx: Transaction, amendment: Amendment, order: Order, officer: str) -> Amendment:
        self._check_confirmable(order, officer)
        approved = self._approved(tx, amendment, order, officer)
        hours = approved.decision.confirm_hours
        if hours is None or (approved.decision.outcome != "permit" and not approved.waits):
            what = "the hold ends when the order says; no confirmation is known to this law"
            raise NotAllowed(approved.decision.sentence, what)
        until = None if approved.waits else self._judge.hours_after(order.expires, hours)
        return self._issue(tx, msgspec.structs.replace(amendment, expires=until), approved)

    def check_impartial(self, tx: Transaction, order: Order, officer: str) -> None:
        """Refuse a say in a return to whoever dismissed an objection to its order: the owner was heard by that officer."""
        for each in changes_store.appeals_of(tx, order=order.id):
            if each.state == "dismissed" and each.decided_by and same_person(each.decided_by, officer):
                raise NotAllowed("who dismissed an objection has no say in the return", "another officer must decide")

    def check_returnable(self, tx: Transaction, order: Order, wanted: Amendment) -> None:
        """Refuse to return what is not held, or what somebody else has a say about first: a return is final."""
        held = overlaps(rules.still_held(order), wanted.spans)
        if order.answer is None or rules.ended(order.expires, self._clock.now()) or held != merged(wanted.spans):
            raise Conflict("not all of this is held under the order any more", "ask for the return of what is held now")
        if any(each.state == "open" for each in changes_store.appeals_of(tx, order=order.id)):
            raise Conflict("an objection to this order is open", "decide on it first: a return is final")
        for each in changes_store.amendments_of(tx, order=order.id):
            open_one = (
                each.id != wanted.id and each.kind != "confirm" and each.state in ("awaiting_approval", "ordered")
            )
            if open_one and overlaps(each.spans, wanted.spans):
                raise Conflict(f"{each.kind} {each.id} speaks of the same money", "decide on that one first")

    def _decidable(self, tx: Transaction, amendment_id: str) -> Amendment:
        amendment = self._waiting(tx, amendment_id)
        if amendment.code == "appeal":
            raise Conflict("this release rests on an objection", "decide on the objection itself")
        return amendment

    def _waiting(self, tx: Transaction, amendment_id: str) -> Amendment:
        amendment = self.amendment(tx, amendment_id)
        if amendment.state != "awaiting_approval":
            raise Conflict(f"amendment {amendment_id} is {amendment.state}, not waiting for approval", "reload it")
        return amendment

    def _approved(self, tx: Transaction, amendment: Amendment, order: Order, officer: str) -> eyes.Approved:
        hold = self._orders.hold(tx, amendment.hold)
        return eyes.approve(
            amendment.first_approval,
            officer,
            at=self._now(),
            facts=eyes.of_change(order, amendment),
            decide=lambda two: self._decide(amendment, hold, two=two),
            may_approve=lambda name: self._orders.may_approve(tx, name),
        )

    def _decide(self, amendment: Amendment, hold: Hold, *, two: bool) -> Decision:
        category, purpose = _ASKED_OF_POLICY[amendment.kind]
        return self._judge.decide(
            "order",
            plane="B",
            category=category,
            subject="account_holder",
            purpose=purpose or hold.purpose,
            peer=hold.peer or self._me,
            holder=self._orders.kind_of(amendment.bank),
            provenance=hold.provenance,
            approver_present=True,
            second_approver_present=two,
        )

    def _issue(self, tx: Transaction, amendment: Amendment, approved: eyes.Approved) -> Amendment:
        """Order it in the names of who approved; or keep the first one's yes, while a second person is missing."""
        if approved.waits is not None:
            waiting = msgspec.structs.replace(amendment, first_approval=approved.waits)
            changes_store.keep_amendment(tx, waiting)
            return waiting
        issued = msgspec.structs.replace(
            amendment,
            state="ordered",
            basis=self._judge.basis(approved.decision),
            approver=approved.approver,
            second_approver=approved.second_approver,
            first_approval=None,
            issued_at=self._now(),
        )
        changes_store.keep_amendment(tx, issued)
        kind = f"order.{issued.kind}"
        act = (issued.id, msgspec.json.encode(issued))
        changes_store.keep_salt(tx, issued.id, self._journal.enter(tx, kind, self._now(), act, approved.decision))
        self._bus.emit(tx, OrderAmended(issued.id, issued.order, issued.bank))
        return issued

    # ---- what banks do

    def work(self, tx: Transaction, bank: str, limit: int = 50) -> list[Amendment]:
        """Return what a bank has still to change about orders that it answered, oldest first."""
        return changes_store.open_amendments(tx, bank, limit)

    def bank_done(self, tx: Transaction, bank: str, amendment_id: str) -> None:
        """Take a bank's word that it did as amended; said again it changes nothing."""
        amendment = changes_store.amendment(tx, amendment_id)
        if amendment is None or amendment.bank != bank:
            raise NotFound(f"no amendment {amendment_id!r}", "take the ids from the work list")
        if amendment.state == "done":
            return
        if amendment.state != "ordered":
            raise Conflict(f"amendment {amendment_id} is {amendment.state}", "do nothing until it is ordered")
        if self._orders.order(tx, amendment.order).answered_at is None:
            raise Conflict(f"order {amendment.order} has no answer yet", "answer the order first")
        if amendment.kind == "return":
            raise Conflict("a return is done by a payment", "say by which one, with its reference")
        self._effects.carried_out(tx, amendment)

    def bank_refuses(self, tx: Transaction, bank: str, amendment_id: str, reason: str) -> None:
        """Take a bank's word that it cannot hold for longer, or pay back; a release is never refused."""
        amendment = changes_store.amendment(tx, amendment_id)
        if amendment is None or amendment.bank != bank:
            raise NotFound(f"no amendment {amendment_id!r}", "take the ids from the work list")
        refused = msgspec.structs.replace(amendment, state="declined", reason=f"{bank}: {reason}")
        if amendment == refused:
            return
        if amendment.kind == "release":
            raise Conflict("a release cannot be refused", "let go, and say that it is done")
        if amendment.state != "ordered":
            raise Conflict(f"amendment {amendment_id} is {amendment.state}", "leave it as it is")
        changes_store.keep_amendment(tx, refused)

    def _now(self) -> str:
        return times.render(self._clock.now())


def _check_pieces(order: Order, wanted: Sequence[Span], others: Sequence[Amendment]) -> None:
    """Refuse a release that, with those that are ordered already, leaves more pieces held than a peer can be told of."""
    ordered = [span for each in others if each.kind != "confirm" and each.state == "ordered" for span in each.spans]
    kept = [rest for span in rules.still_held(order) for rest in subtract(span, [*wanted, *ordered])]
    if len(kept) > MAX_PARTS:
        raise Refused("bad_spans", f"what would stay held is in more than {MAX_PARTS} pieces", "name larger parts")
