"""The banks' own rail beside the authority's orders: recalls to send, and what banks say on it, put on record under one id."""

import hashlib

import msgspec

from lintas.interop import iso20022
from lintas.model import times
from lintas.model.errors import Conflict, LintasError, NotFound, Refused
from lintas.model.tainted import LedgerAnswer
from lintas.model.times import Clock
from lintas.requests import changes_store, orders_store, rail_store, recalls, store
from lintas.requests.orders import Orders
from lintas.requests.recalls import RailView, RailWord, Recallable
from lintas.requests.records import Hold, Order
from lintas.requests.returns import Returns
from lintas.storage.engine import Transaction

#: So many words of banks are kept about one hold.
MAX_WORDS = 100
#: So many recalls a bank is shown at once.
LISTED = 200


class Rail:
    """The banks' rail of one authority."""

    def __init__(self, *, authority: str, orders: Orders, returns: Returns, clock: Clock) -> None:
        self._authority, self._orders, self._returns, self._clock = authority, orders, returns, clock

    # ---- what banks can send

    def of_order(self, tx: Transaction, order_id: str, bank: str, *, investigate: bool = False) -> bytes:
        """Return the recall that fits an order, as its bank would get it; with ``investigate`` the question instead."""
        order = self._orders.order(tx, order_id, bank)
        return self._written(self._orders.hold(tx, order.hold), order, investigate=investigate)

    def of_hold(self, tx: Transaction, hold_id: str, bank: str | None = None, *, investigate: bool = False) -> bytes:
        """Return the recall of a hold's transfer; to a ``bank`` only of money that it sent itself, in a case of ours."""
        hold = self._orders.hold(tx, hold_id)
        theirs = hold.baton.sender == bank and hold.direction != "received" and hold.state in rail_store.ASKED
        if bank is not None and not theirs:
            raise NotFound(f"no hold {hold_id!r}", "take the ids from the list of recalls")
        return self._written(hold, self._orders.order_of(tx, hold_id), investigate=investigate)

    def to_send(self, tx: Transaction, bank: str) -> list[Recallable]:
        """Return the money of our own cases that this bank sent and that is asked for, newest first: it may recall it."""
        return [
            Recallable(hold=each.id, baton=each.baton, amount_minor=each.amount_minor, asked_at=each.asked_at)
            for each in rail_store.sent_by(tx, bank, LISTED)
        ]

    def _written(self, hold: Hold, order: Order | None, *, investigate: bool) -> bytes:
        at = self._clock.now().replace(microsecond=0)
        if investigate:
            return iso20022.write(recalls.investigation(hold, order, at=at))
        return iso20022.write(recalls.recall(hold, order, authority=self._authority, at=at))

    # ---- what banks say

    def said(self, tx: Transaction, bank: str, data: bytes) -> list[RailWord]:
        """Take a bank's message (`camt.056`, `camt.029`, `camt.111`, `pacs.004`, `pacs.002`): it is put on record, once.

        Where it names an order of this bank that waits, a refusal by law refuses the order and a transfer that never came is
        not found; money sent back completes the one return that it can have done. Nothing else changes: what is held, the
        order's own answer says. BadInput for what is no such message; NotFound where a part is about no hold of this bank's.
        """
        message = iso20022.read(data)
        found = list[RailWord]()
        for number, part in enumerate(message.parts):
            spoken = recalls.word(part)
            if spoken is None:
                raise Refused(
                    "not_of_the_rail", f"a {message.kind} says nothing about a recall", "send the answer to it"
                )
            name = hashlib.sha256(f"{bank}\n{number}\n".encode() + data).hexdigest()
            found.append(rail_store.word(tx, name) or self._keep(tx, bank, message.kind, name, spoken))
        return found

    def _keep(self, tx: Transaction, bank: str, kind: str, name: str, spoken: RailWord) -> RailWord:
        hold, order = self._meant(tx, bank, spoken)
        if len(rail_store.words(tx, hold.id)) >= MAX_WORDS:
            raise Conflict(f"{MAX_WORDS} messages about hold {hold.id} are on record", "call the authority")
        said = msgspec.structs.replace(
            spoken,
            bank=bank,
            kind=kind,
            hold=hold.id,
            order=order.id if order else "",
            side="holder" if hold.baton.holder == bank else "sender",
            received_at=times.render(self._clock.now()),
        )
        if order is not None and order.id == spoken.order:
            said = msgspec.structs.replace(said, effect=self._take(tx, bank, order, said))
        rail_store.keep(tx, name, said)
        return said

    def _meant(self, tx: Transaction, bank: str, said: RailWord) -> tuple[Hold, Order | None]:
        """Return the hold that a word is about: by the order, the case, or the transfer that it names."""
        order = orders_store.order(tx, said.order) if said.order else None
        hold = store.hold(tx, order.hold) if order else store.hold(tx, said.hold) if said.hold else None
        if hold is None and said.transfer:
            about = rail_store.order_on(tx, bank, said.transfer)
            if len(about) == 1:
                hold = store.hold(tx, about[0].hold)
        if hold is None or not self._theirs(hold, bank):
            raise NotFound("this message is about no order of this bank", "name the order (/ORDR/) or the case in it")
        return hold, order or orders_store.order_of(tx, hold.id)

    @staticmethod
    def _theirs(hold: Hold, bank: str) -> bool:
        sent = hold.baton.sender == bank and hold.direction != "received"
        return sent or (hold.baton.holder == bank and hold.direction != "asked")

    def _take(self, tx: Transaction, bank: str, order: Order, said: RailWord) -> str:
        """Let a word change what it may change, and say what that was; what goes wrong leaves the word on record alone."""
        if said.side != "holder" or not _of_order(order, said):
            return ""
        try:
            with tx.begin_nested():
                return self._answer(tx, bank, order, said)
        except LintasError as wrong:
            return f"nothing: {wrong.what}"

    def _answer(self, tx: Transaction, bank: str, order: Order, said: RailWord) -> str:
        waits = order.answered_at is None
        if waits and (said.says, said.outcome, said.reason) == ("answer", "RJCR", recalls.BY_LAW):
            self._orders.bank_refuses(tx, bank, order.id, recalls.refusal(said))
            return "order refused"
        if waits and (said.says, said.outcome, said.reason) == ("answer", "RJCR", recalls.NOT_FOUND):
            baton = order.baton
            nothing = LedgerAnswer(
                transfer=baton.transfer,
                start=baton.start,
                end=baton.end,
                currency=baton.currency,
                snapshot=said.kind,
                found=False,
            )
            self._orders.bank_answers(tx, bank, order.id, nothing)
            return "order answered: not found"
        if said.says == "returned" and said.reference:
            return self._paid(tx, bank, order, said)
        return ""

    def _paid(self, tx: Transaction, bank: str, order: Order, said: RailWord) -> str:
        """Complete the return that money sent back can have done, where it is the only one; else people say which it was."""
        returns = changes_store.amendments_of(tx, order=order.id) if said.currency == order.currency else []
        words = [*rail_store.words(tx, order.hold), said]
        meant = recalls.meant(returns, words, said)
        if not any(each.state == "ordered" for each in meant):
            return ""
        if len(meant) > 1:
            which = ", ".join(each.id for each in meant)
            return f"nothing: it can be the payment of each of {which}; say of which"
        self._returns.bank_paid(tx, bank, meant[0].id, said.reference)
        return f"return {meant[0].id} paid"

    # ---- what people see

    def view(self, tx: Transaction, hold_id: str) -> RailView:
        """Return both rails of a hold side by side, and where they contradict each other."""
        hold = self._orders.hold(tx, hold_id)
        order, words = self._orders.order_of(tx, hold_id), rail_store.words(tx, hold_id)
        shares = [share for share in store.shares_under(tx, hold_id) if share.state == "held"]
        returns = changes_store.amendments_of(tx, order=order.id) if order else []
        held = sum(share.baton.amount_minor if share.baton else share.amount_minor for share in shares)
        return RailView(
            hold=hold.id,
            order=order.id if order else "",
            outcome=hold.outcome or "",
            held_minor=held,
            words=tuple(words),
            contradictions=tuple(recalls.contradictions(order, held, returns, words)),
        )


def _of_order(order: Order, said: RailWord) -> bool:
    """Say whether a word speaks of an order's own transfer and hold: a line that was copied from elsewhere changes nothing."""
    ours = order.baton.transfer.lower()
    return said.transfer.lower() in ("", ours, ours[:35]) and said.hold in ("", order.hold)
