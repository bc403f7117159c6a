"""Money goes back to those it was taken from: who gets how much of what is held, by whose order, and what came back in a case.

The holding authority orders a return under its own law, in the names of officers who did not ask for it; its bank pays and
says by which payment. Until then a release, an objection or the order's end come first; a returned amount is final.
"""

from collections.abc import Callable

import msgspec

from lintas.model import times
from lintas.model.errors import Conflict, NotFound, Refused
from lintas.model.ids import IdSource
from lintas.model.tainted import MAX_PARTS, merged, overlaps
from lintas.model.times import Clock
from lintas.requests import changes_store, rules, store
from lintas.requests.amendments import Amendments
from lintas.requests.asking import Place
from lintas.requests.chase import Chase
from lintas.requests.effects import Effects
from lintas.requests.forms import ReturnForm
from lintas.requests.orders import Orders
from lintas.requests.records import Amendment, Order, Payee, Restitution
from lintas.storage.engine import Transaction

#: Returns of one order that may wait for officers at once.
MAX_WAITING = 5


class Returns:
    """The returns that one authority orders, and what came back in its cases."""

    def __init__(
        self,
        *,
        chase: Chase,
        orders: Orders,
        amendments: Amendments,
        effects: Effects,
        place_of: Callable[[str], Place],
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._chase, self._orders, self._amendments, self._effects = chase, orders, amendments, effects
        self._place_of, self._clock, self._ids = place_of, clock, ids

    def ask(self, tx: Transaction, order_id: str, form: ReturnForm, officer: str) -> Amendment:
        """Ask that money held under an order be returned; it waits for other officers, as many as the table asks for.

        Each loss is paid whole if what is held is enough, else in proportion, to the minor unit; what is over stays held.
        Refused for a claim or bank that nobody here knows; Conflict when nothing of it is held, or somebody else comes first.
        """
        order = self._orders.order(tx, order_id)
        if order.answer is None:
            raise Conflict("the bank has not answered this order", "wait until it says what it holds")
        wanted = overlaps(rules.still_held(order), form.spans or [order.baton.span])
        pot = sum(end - start for start, end in wanted)
        if not pot:
            raise Conflict("nothing of this is held under the order", "only what is held can be returned")
        self._amendments.check_impartial(tx, order, officer)
        self._check(tx, order, form.payees)
        payees = tuple(rules.restitution(pot, form.payees))
        spans = tuple(rules.first_of(wanted, sum(payee.amount_minor for payee in payees)))
        if len(spans) > MAX_PARTS:
            raise Refused("bad_spans", f"this is in more than {MAX_PARTS} pieces", "name fewer or larger parts")
        return self._keep(tx, order, payees, spans, form.reference, officer)

    def _keep(
        self,
        tx: Transaction,
        order: Order,
        payees: tuple[Payee, ...],
        spans: tuple[tuple[int, int], ...],
        reference: str,
        officer: str,
    ) -> Amendment:
        waiting = [each for each in changes_store.amendments_of(tx, order=order.id) if each.kind == "return"]
        waiting = [each for each in waiting if each.state == "awaiting_approval"]
        for each in waiting:
            if (each.payees, each.spans, each.reason, each.asked_by) == (payees, spans, reference, officer):
                return each  # the same asked again
        if len(waiting) >= MAX_WAITING:
            raise Conflict(f"{MAX_WAITING} returns of this order wait already", "decide on them first")
        asked = Amendment(
            id=self._ids.new("amend"),
            order=order.id,
            hold=order.hold,
            case=order.case,
            bank=order.bank,
            kind="return",
            asked_at=times.render(self._clock.now()),
            spans=tuple(merged(spans)),
            code="returned",
            reason=reference,
            asked_by=officer,
            payees=payees,
        )
        self._amendments.check_returnable(tx, order, asked)
        changes_store.keep_amendment(tx, asked)
        return asked

    def _check(self, tx: Transaction, order: Order, payees: tuple[Payee, ...]) -> None:
        """Refuse what is no loss that is known here, is named twice, or is larger than what is still missing."""
        seen = set[str]()
        for payee in payees:
            hold = store.hold(tx, payee.claim)
            case = payee.claim if hold is None else hold.case
            claim = store.claim(tx, case)
            if claim is None or (hold is not None and hold.direction == "asked"):
                raise Refused("bad_payee", f"no case or hold {payee.claim!r} is known here", "name whose loss it is")
            if case in seen:
                raise Refused("bad_payee", "one claim is named twice", "name each once, with its whole loss")
            seen.add(case)
            missing = claim.stolen - rules.bar(claim, store.shares_of(tx, case)).returned
            if claim.currency == order.currency and payee.loss_minor > missing:
                raise Refused("bad_payee", f"of {payee.claim} only {missing} is missing", "give what is outstanding")
            if not self._place_of(payee.bank).authority:
                what = f"nobody is known to answer for bank {payee.bank!r}"
                raise Refused("bad_payee", what, "money goes back to a bank of a member only")

    def of_case(self, tx: Transaction, case: str) -> Restitution:
        """Return what came back in a case; NotFound when nothing is claimed in it."""
        bar = self._chase.bar(tx, case)
        if bar is None:
            raise NotFound(f"no case {case!r} with a claim", "take the id from the list of cases")
        returns = [each for each in self._amendments.of_case(tx, case) if each.kind == "return"]
        return Restitution(
            case=case,
            currency=bar.currency,
            stolen=bar.stolen,
            returned=bar.returned,
            held=bar.held,
            outstanding=bar.stolen - bar.returned,
            shares=tuple(share for share in bar.shares if share.state == "returned"),
            returns=tuple(returns),
        )

    def bank_paid(self, tx: Transaction, bank: str, amendment_id: str, *spelled: str) -> None:
        """Take a bank's word that it paid back what a return names, by which payments; said again it changes nothing.

        A word that comes after the order ended counts: the money is where it belongs, whatever the clock said meanwhile.
        BadInput for payments that cannot have reached every payee; Conflict for one that did another return.
        """
        references = [each.strip() for each in spelled]
        keys = [rules.payment_key(each) for each in references]
        amendment = changes_store.amendment(tx, amendment_id)
        if amendment is None or amendment.bank != bank or amendment.kind != "return" or amendment.issued_at is None:
            raise NotFound(f"no return {amendment_id!r}", "take the ids from the work list")
        if amendment.state == "done":
            if keys != [rules.payment_key(each) for each in amendment.payments]:
                by = ", ".join(amendment.payments)
                raise Conflict(f"this was returned by payment {by}", "call the authority to correct it")
            return
        order = self._orders.order(tx, amendment.order)
        if amendment.state != "ordered" and not (order.closed_at and amendment.reason.endswith(rules.BY_ITS_END)):
            raise Conflict(f"return {amendment_id} is {amendment.state}", "pay nothing; call the authority if you did")
        if overlaps(order.returned, amendment.spans):
            raise Conflict("this money was returned by another payment", "call the authority: this was paid twice")
        rules.check_payments(amendment, references)
        for reference, key in zip(references, keys, strict=True):
            self._settle(tx, amendment, reference, key)
        first, *further = references
        self._effects.carried_out(tx, msgspec.structs.replace(amendment, paid=first, further=tuple(further)))

    def _settle(self, tx: Transaction, amendment: Amendment, reference: str, key: str) -> None:
        """Note that a payment did a return. Its bank was ordered to do the first one as well, and may read of it."""
        other = changes_store.paid_by(tx, amendment.bank, key)
        if other is not None:
            what = f"payment {reference} did return {other} already"
            raise Conflict(what, "name the payment that did this one, by its own reference; if there is none, pay it")
        changes_store.keep_payment(tx, amendment.bank, key, amendment.id)
