"""The holding side: foreign requests received, the officer's decision, this authority's own orders, and the banks' answers."""

from collections.abc import Callable, Mapping

import msgspec

from lintas.border.judge import Judge
from lintas.border.service import Border
from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import Conflict, NotAllowed, NotFound, Refused
from lintas.model.ids import IdSource
from lintas.model.messages import HoldAnswer, HoldRequest, Message, Purpose
from lintas.model.money import Money
from lintas.model.people import same_person
from lintas.model.tainted import LedgerAnswer, sent_by
from lintas.model.times import Clock
from lintas.policy.records import Decision
from lintas.requests import eyes, letter, orders_store, rules, store
from lintas.requests.asking import PLANE_B
from lintas.requests.chase import Chase
from lintas.requests.journal import Journal
from lintas.requests.records import Hold, HolderKind, HoldOpened, Order, OrderIssued
from lintas.storage.engine import Transaction
from lintas.text.translation import words

#: Requests of one peer that may wait for a decision at once: its officers cannot bury everybody else's.
MAX_WAITING = 500


class Orders:
    """The holding side of one authority."""

    def __init__(
        self,
        *,
        me: str,
        head: letter.Head,
        contact: str,
        appeal_address: Callable[[], str],
        own_banks: frozenset[str],
        kinds: Mapping[str, HolderKind],
        may_approve: Callable[[Transaction, str], bool],
        chase: Chase,
        border: Border,
        judge: Judge,
        journal: Journal,
        bus: Bus,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._me, self._head, self._contact, self._own_banks = me, head, contact, own_banks
        self._kinds = kinds
        self._appeal_address, self._may_approve = appeal_address, may_approve
        self._chase, self._border, self._judge, self._journal = chase, border, judge, journal
        self._bus, self._clock, self._ids = bus, clock, ids

    # ---- what peers ask

    def received(
        self, tx: Transaction, origin: str, request: HoldRequest, purpose: Purpose, *, statement: str = ""
    ) -> None:
        """Take a peer's request: it waits for an officer, unless our own table lets so small an order go without one.

        ``statement`` is the object that said it.
        """
        if store.hold(tx, request.hold) is not None:
            what = f"hold {request.hold} is known here already; a new request needs an id of its own"
            self._border.note_refusal(tx, origin, "hold_id_taken", what)
            return
        hold = Hold(
            id=request.hold,
            case=self._ids.new("case"),
            share="",
            direction="received",
            peer=origin,
            baton=request.baton,
            amount_minor=request.amount_minor,
            currency=request.currency,
            purpose=purpose,
            scheme=request.scheme,
            state="awaiting_approval",
            asked_at=times.render(self._clock.now()),
            request_basis=request.basis,
            statement=statement,
        )
        try:
            if store.count_waiting(tx, origin) >= MAX_WAITING:
                what = f"{MAX_WAITING} requests of {origin} wait for a decision here"
                raise Refused("too_many_waiting", what, "wait until some are decided")
            rules.check_request(request, own_banks=self._own_banks, now=self._clock.now())
            if request.baton.sender in self._own_banks and not orders_store.was_told(tx, origin, request.baton):
                what = f"{origin} was never told that this money left {request.baton.sender}"
                raise Refused("unknown_baton", what, "ask only for what an answer named")
        except Refused as wrong:
            # Told and listed, and not kept as a hold: nobody fills the table with what cannot be.
            self._border.note_refusal(tx, origin, wrong.reason, str(wrong))
            self.tell(tx, hold, HoldAnswer(hold=hold.id, outcome="refused", reason=str(wrong)))
            return
        now, longest = self._clock.now(), rules.LONGEST_REQUEST
        hold = msgspec.structs.replace(
            hold,
            share=hold.case,
            answer_by=rules.no_longer_than(request.answer_by, now, longest),
            expires=rules.no_longer_than(request.expires, now, longest),
        )
        store.keep_hold(tx, hold)
        self._chase.open_claim(
            tx, hold.case, hold.scheme, amount_minor=hold.amount_minor, currency=hold.currency, origin=origin
        )
        self._order_by_rule(tx, hold)

    def opened(self, tx: Transaction, event: HoldOpened) -> None:
        """Take a hold of our own at our own bank: it too may be ordered without an officer under the cap of our own table."""
        hold = store.hold(tx, event.hold)
        if hold is not None and hold.direction == "own" and hold.state == "awaiting_approval":
            self._order_by_rule(tx, hold)

    def _order_by_rule(self, tx: Transaction, hold: Hold) -> None:
        decision = self._decide(tx, hold, people=0)
        if decision.outcome == "permit" and decision.automatic and self._covered(tx, hold) is None:
            self._issue(tx, hold, decision, f"automatic, rule {', '.join(decision.rules)}", automatic=True)

    # ---- what officers decide

    def pending(
        self, tx: Transaction, state: str | None = "awaiting_approval", *, after: str | None = None, limit: int = 200
    ) -> list[Hold]:
        """Return the holds in a state (None: any), oldest first; by default those that wait for an officer.

        ``after`` is the last hold of the page before, "" for the first page. Without it, where more wait for an officer than
        ``limit``, each peer gets its turn. NotFound for a hold that is none.
        """
        if after is None and state == "awaiting_approval":
            return store.waiting_holds(tx, limit)
        last = self.hold(tx, after) if after else None
        return store.holds_in(tx, state, after=(last.asked_at, last.id) if last else ("", ""), limit=limit)

    def hold(self, tx: Transaction, hold_id: str) -> Hold:
        """Return one hold."""
        hold = store.hold(tx, hold_id)
        if hold is None:
            raise NotFound(f"no hold {hold_id!r}", "take the id from the list of holds")
        return hold

    def of_case(self, tx: Transaction, case: str) -> list[Hold]:
        """Return the holds of a case, oldest first."""
        return store.holds_of(tx, case)

    def overdue(self, tx: Transaction, *, after: str | None = None, limit: int = 200) -> list[Hold]:
        """Return the holds, asked or received, whose answer was hoped for before now, the longest overdue first.

        ``after`` is the last hold of the page before. NotFound for one that is none.
        """
        last = self.hold(tx, after) if after else None
        since = (last.answer_by or "", last.id) if last else ("", "")
        return store.overdue_holds(tx, times.render(self._clock.now()), after=since, limit=limit)

    def orders_of(self, tx: Transaction, case: str) -> list[Order]:
        """Return the orders of a case, oldest first."""
        return orders_store.orders_of(tx, case)

    def order_of(self, tx: Transaction, hold_id: str) -> Order | None:
        """Return the order that a hold led to, if any."""
        return orders_store.order_of(tx, hold_id)

    def approve(self, tx: Transaction, hold_id: str, officer: str) -> Order | None:
        """Issue this authority's own order, under its own law, in the named officer's name.

        Where its rule asks for two people, the first one's yes is kept and None comes back; the second one's issues the order.
        """
        hold = self._waiting(tx, hold_id)
        self._check_approvable(tx, hold, officer)
        approved = eyes.approve(
            hold.first_approval,
            officer,
            at=times.render(self._clock.now()),
            facts=eyes.of_hold(hold),
            decide=lambda two: self._decide(tx, hold, people=1 + two),
            may_approve=lambda name: self.may_approve(tx, name),
        )
        decision = approved.decision
        if decision.hold_hours is None or not (decision.outcome == "permit" or approved.waits):
            raise NotAllowed(decision.sentence, "the hold stays where it is; decline it or obtain what is missing")
        if approved.waits is not None:
            store.keep_hold(tx, msgspec.structs.replace(hold, first_approval=approved.waits))
            return None
        return self._issue(tx, hold, decision, approved.approver, second=approved.second_approver)

    def take_back(self, tx: Transaction, hold_id: str, officer: str) -> None:
        """Take back one's own approval of a hold that waits for a second officer."""
        hold = self._waiting(tx, hold_id)
        eyes.check_own(hold.first_approval, officer)
        store.keep_hold(tx, msgspec.structs.replace(hold, first_approval=None))

    def people_needed(self, tx: Transaction, hold: Hold) -> int:
        """Tell how many named people an order on this hold takes now: 0 for one that may be automatic, or is not permitted."""
        return self._decide(tx, hold, people=0).humans

    def kind_of(self, bank: str) -> HolderKind:
        """Return what kind of business a holder of ours is: a bank, unless the settings say otherwise."""
        return self._kinds.get(bank, "bank")

    def may_approve(self, tx: Transaction, officer: str) -> bool:
        """Tell whether who approved earlier may still approve."""
        return self._may_approve(tx, officer)

    def _decide(self, tx: Transaction, hold: Hold, *, people: int) -> Decision:
        today = times.render(self._clock.now())[:10]
        return self._judge.decide(
            "order",
            plane="B",
            category="hold_order",
            subject="account_holder",
            purpose=hold.purpose,
            peer=hold.peer or self._me,
            holder=self.kind_of(hold.baton.holder),
            provenance=hold.provenance,
            amount=Money(hold.amount_minor, hold.currency),
            automatic_today=store.count_automatic(tx, orders_store.orders, hold.peer, today),
            approver_present=people > 0,
            second_approver_present=people > 1,
        )

    def _issue(
        self,
        tx: Transaction,
        hold: Hold,
        decision: Decision,
        approver: str,
        *,
        second: str = "",
        automatic: bool = False,
    ) -> Order:
        began = self._clock.now()
        now = times.render(began)
        expires = self._judge.hours_from_now(decision.hold_hours) or now
        order = Order(
            id=self._ids.new("order"),
            hold=hold.id,
            case=hold.case,
            bank=hold.baton.holder,
            holder=self.kind_of(hold.baton.holder),
            baton=hold.baton,
            amount_minor=hold.amount_minor,
            currency=hold.currency,
            basis=self._judge.basis(decision),
            approver=approver,
            second_approver=second,
            issued_at=now,
            expires=expires,
            contact=self._contact,
            automatic=automatic,
            answer_by=times.render(began + rules.BANK_ANSWERS_IN),
            confirm_from=(
                times.render(rules.confirm_from(began, times.parse(expires))) if decision.confirm_hours else None
            ),
        )
        orders_store.keep_order(tx, order, hold.peer)
        ordered = msgspec.structs.replace(hold, state="ordered", decision=decision.sentence, first_approval=None)
        store.keep_hold(tx, ordered)
        salt = self._journal.enter(tx, "order", now, (order.id, msgspec.json.encode(order)), decision)
        orders_store.keep_secrets(tx, order.id, salt, letter.token_hash(letter.token_of(salt)))
        self._bus.emit(tx, OrderIssued(order.id, hold.id, order.bank))
        return order

    def _check_approvable(self, tx: Transaction, hold: Hold, officer: str) -> None:
        if rules.ended(hold.expires, self._clock.now()):
            raise Conflict(f"the request ended at {hold.expires}", "decline it; the other side may ask anew")
        if hold.direction == "own" and same_person(hold.asked_by, officer):
            raise NotAllowed("who reported or asked cannot approve", "another officer must decide")
        other = self._covered(tx, hold)
        if other is not None:
            what = f"order {other.id} of case {other.case} covers this money until {other.expires}"
            raise Conflict(what, "decline this one, or wait")

    def _covered(self, tx: Transaction, hold: Hold) -> Order | None:
        orders = orders_store.orders_on(tx, hold.baton.holder, hold.baton.transfer)
        return rules.overlapping(hold.baton, orders, self._clock.now())

    def decline(self, tx: Transaction, hold_id: str, officer: str, reason: str) -> None:
        """Say no, with a reason that the asking authority gets."""
        self._decline(tx, self._waiting(tx, hold_id), f"{reason} ({officer})")

    def _waiting(self, tx: Transaction, hold_id: str) -> Hold:
        hold = self.hold(tx, hold_id)
        if hold.state != "awaiting_approval" or hold.direction == "asked":
            raise Conflict(f"hold {hold_id} is {hold.state.replace('_', ' ')}, not waiting for approval", "reload it")
        return hold

    def _decline(self, tx: Transaction, hold: Hold, reason: str) -> None:
        now = times.render(self._clock.now())
        store.keep_hold(
            tx, msgspec.structs.replace(hold, state="refused", outcome="refused", reason=reason, answered_at=now)
        )
        if hold.direction == "received":
            self.tell(tx, hold, HoldAnswer(hold=hold.id, outcome="refused", reason=reason))
        else:
            self._chase.free(tx, hold)

    # ---- what banks do

    def work(self, tx: Transaction, bank: str, limit: int = 50) -> list[Order]:
        """Return the orders that a bank has still to answer and that have not ended, oldest first."""
        now = self._clock.now()
        return [order for order in orders_store.open_orders(tx, bank, limit) if not rules.ended(order.expires, now)]

    def answered(self, tx: Transaction, bank: str, after: str = "", limit: int = 50) -> list[Order]:
        """Return the orders that a bank answered, the last answered first, going on after the order ``after``."""
        before = self.order(tx, after, bank) if after else None
        return orders_store.answered_orders(tx, bank, before, limit)

    def order(self, tx: Transaction, order_id: str, bank: str | None = None) -> Order:
        """Return one order, to its own bank only when ``bank`` is given."""
        order = orders_store.order(tx, order_id)
        if order is None or (bank is not None and order.bank != bank):
            raise NotFound(f"no order {order_id!r}", "take the ids from the work list")
        return order

    def letter(self, tx: Transaction, order_id: str, bank: str | None = None, *, language: str = "") -> letter.Letter:
        """Return the order as a letter, in this authority's language unless another one is named.

        Its own bank's has the address for objections; an officer's has not, so that none objects in an owner's name.
        """
        order, salt = self.order(tx, order_id, bank), orders_store.salt_of(tx, order_id)
        objections = f"{self._appeal_address()}/appeal/{letter.token_of(salt)}" if salt and bank else ""
        said = words(language or self._head.language)
        return letter.write(order, head=self._head, words=said, objections=objections)

    def bank_answers(self, tx: Transaction, bank: str, order_id: str, answer: LedgerAnswer) -> None:
        """Take a bank's answer to an order; the same answer again is fine, another one is a Conflict."""
        order, answer = self.order(tx, order_id, bank), sent_by(answer, bank)
        if order.answered_at is not None:
            if order.answer == answer:
                return
            raise Conflict("this order has another answer already", "call the authority's contact to correct it")
        rules.check_order_answer(order, answer, self._clock.now())
        now = times.render(self._clock.now())
        orders_store.keep_order(tx, msgspec.structs.replace(order, answer=answer, answered_at=now))
        hold = self.hold(tx, order.hold)
        outcome = rules.outcome_of(answer.parts)
        store.keep_hold(tx, msgspec.structs.replace(hold, state="answered", outcome=outcome, answered_at=now))
        self._show(tx, hold, order, answer)
        if hold.direction == "received":
            told = HoldAnswer(
                hold=hold.id,
                outcome=outcome,
                parts=answer.parts,
                basis=order.basis,
                approver=order.approver,
                second_approver=order.second_approver,
                expires=order.expires,
            )
            self.tell(tx, hold, told)

    def bank_refuses(self, tx: Transaction, bank: str, order_id: str, reason: str) -> None:
        """Take a bank's refusal with its legal reason."""
        order = self.order(tx, order_id, bank)
        if order.answered_at is not None:
            raise Conflict("this order has an answer already", "call the authority's contact to correct it")
        now = times.render(self._clock.now())
        orders_store.keep_order(tx, msgspec.structs.replace(order, refusal=reason, answered_at=now))
        self._decline(tx, self.hold(tx, order.hold), f"{bank}: {reason}")

    def _show(self, tx: Transaction, hold: Hold, order: Order, answer: LedgerAnswer) -> None:
        """Bring the answer into the bar; a foreign case is shown in this ledger's own currency."""
        share = store.share(tx, hold.share)
        if share is None or not answer.found or share.hold not in (None, hold.id):
            return
        claim = store.claim(tx, hold.case)
        if hold.direction == "received" and claim is not None and len(answer.local) == 1:
            ((local, total),) = answer.local.items()
            store.keep_claim(tx, msgspec.structs.replace(claim, currency=local, stolen=total))
            store.drop_share(tx, share)
            for number, part in enumerate(answer.parts):
                if part.local_minor:
                    store.keep_share(tx, rules.local_share(share, order, answer, number, self._me))
            return
        self._chase.take_own(tx, share, order, answer)

    def tell(self, tx: Transaction, hold: Hold, answer: HoldAnswer) -> None:
        """Answer the authority that asked; it may from then on ask for what the answer says moved away."""
        message = Message(purpose=hold.purpose, marking=PLANE_B, bodies=(answer,), case=hold.case)
        release = self._border.release(tx, message, hold.peer)
        if release.permitted:
            orders_store.keep_told(tx, hold.peer, [part.baton for part in answer.parts if part.baton is not None])
        else:
            stored = store.hold(tx, hold.id)
            if stored is not None:
                store.keep_hold(tx, msgspec.structs.replace(stored, decision=release.decision.sentence))
