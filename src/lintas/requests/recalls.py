"""Pure: the bank's own rail beside the authority's order: the recall that fits an order, and what banks' messages say of it.

A recall (`camt.056`) asks; the signed order orders. Both carry one id: the hold's as the case, the order's as a line of the
recall. What comes back on this rail is put on record beside the order's answer, which alone counts for the money bar.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from lintas.interop.iso20022 import (
    Case,
    Header,
    Investigation,
    InvestigationAnswer,
    Message,
    Original,
    Party,
    Recall,
    RecallAnswer,
    Return,
    Status,
)
from lintas.interop.iso20022.reasons import ANSWER_REASONS
from lintas.model import times
from lintas.model.money import show
from lintas.model.tainted import Baton
from lintas.requests import rules
from lintas.requests.records import Amendment, Hold, Order

RECALL, INVESTIGATION = "camt.056.001.08", "camt.110.001.01"
_UETR = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
#: The longest reference of a bank that its field takes.
_ID = 35
#: Reasons of a refused recall that answer an order as well: only these say what an order wants to know.
NOT_FOUND, BY_LAW = "NOOR", "LEGL"
#: Reasons by which a bank says that there is nothing with it to give back.
_NOTHING_THERE = frozenset({"AC04", "AM04", "ARDT", "NOOR", "PTNA"})


class RailWord(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank said on its own rail about a hold: which message (``kind``), what it comes to (``says``), and its codes.

    ``side`` is whether the bank has the money or sent it. ``outcome`` and ``reason`` are ISO 20022 codes, ``reference`` is
    the message's own. ``effect`` is what it changed here, "" for nothing: what is held, the order's signed answer says.
    """

    says: Literal["recalled", "answer", "returned", "status", "found_out"]
    outcome: str = ""
    reason: str = ""
    order: str = ""
    hold: str = ""
    transfer: str = ""
    amount_minor: int = 0
    currency: str = ""
    reference: str = ""
    at: str = ""
    bank: str = ""
    kind: str = ""
    side: Literal["", "holder", "sender"] = ""
    received_at: str = ""
    effect: str = ""


class RailView(msgspec.Struct, frozen=True, kw_only=True):
    """Both rails of one hold: what the signed answer came to, what banks said beside it, and where the two disagree."""

    hold: str
    order: str
    outcome: str
    held_minor: int
    words: tuple[RailWord, ...]
    contradictions: tuple[str, ...]


class Recallable(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a bank of ours sent and that a hold of our case asks for: it may ask the receiving bank to give it back."""

    hold: str
    baton: Baton
    amount_minor: int
    asked_at: str


class RailMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's ISO 20022 message, as the text of its XML."""

    xml: Annotated[str, msgspec.Meta(min_length=20, max_length=200_000)]


def recall(hold: Hold, order: Order | None, *, authority: str, at: datetime) -> Message:
    """Return the recall of a hold's transfer, from the bank that sent it to the bank that has the money."""
    baton = hold.baton
    said = Recall(
        id=hold.id,
        case=Case(id=hold.id, opened_by=Party(name=authority)),
        original=_original(baton),
        reason="FRAD",
        order=order.id if order else "",
        part=baton.span,
        info=(f"At most {show(hold.amount_minor, hold.currency)} {hold.currency}, by the order beside this.",),
    )
    return Message(kind=RECALL, header=_header(hold, at), parts=(said,))


def investigation(hold: Hold, order: Order | None, *, at: datetime) -> Message:
    """Return the question about a hold's transfer, for banks between which no recall fits: it asks where the money is."""
    start, end = hold.baton.span
    asked = Investigation(
        type="OTHR",
        reason="OTHR",
        id=hold.id,
        original=_original(hold.baton),
        text=f"Fraud. Where are minor units {start} to {end} of this transfer now? Order {order.id if order else 'pending'}.",
    )
    return Message(kind=INVESTIGATION, header=_header(hold, at), parts=(asked,))


def _header(hold: Hold, at: datetime) -> Header:
    baton = hold.baton
    return Header(
        id=hold.id, created=at, sender=Party(agent=baton.sender or baton.holder), receiver=Party(agent=baton.holder)
    )


def _original(baton: Baton) -> Original:
    uetr = baton.transfer.lower() if _UETR.fullmatch(baton.transfer) else None
    return Original(
        uetr=uetr,
        tx_id=None if uetr else baton.transfer[:_ID],
        debtor_agent=baton.sender or None,
        creditor_agent=baton.holder,
    )


def word(part: object) -> RailWord | None:
    """Return what one part of a bank's message says on this rail; None for a part that is no word about a recall.

    Who said it, when, and about which hold is filled in by whoever keeps it.
    """
    match part:
        case RecallAnswer():
            return RailWord(
                says="answer",
                outcome=part.outcome,
                reason=part.reason,
                order=part.order,
                hold=part.case.id if part.case else "",
                transfer=part.original.reference if part.original else "",
                amount_minor=part.amount_minor or 0,
                currency=part.currency or "",
                reference=part.id,
            )
        case Return():
            return RailWord(
                says="returned",
                reason=part.reason,
                order=part.order,
                transfer=part.original.reference,
                amount_minor=part.amount_minor,
                currency=part.currency,
                reference=part.id,
                at=times.render(part.time),
            )
        case Recall():
            return RailWord(
                says="recalled",
                reason=part.reason,
                order=part.order,
                hold=part.case.id if part.case else part.id,
                transfer=part.original.reference,
                reference=part.id,
            )
        case Status():
            return RailWord(
                says="status",
                outcome=part.status,
                reason=part.reason,
                order=part.order,
                transfer=part.original.reference,
                reference=part.id,
            )
        case InvestigationAnswer():
            return RailWord(
                says="found_out",
                outcome=part.status,
                reason=part.status_reason,
                hold=part.asked_id or part.asked_in,
                transfer=part.original.reference if part.original else "",
                reference=part.id,
            )
    return None


def refusal(said: RailWord) -> str:
    """Return a refused recall as the reason of a refused order, for a bank that answers the order by it."""
    return f"camt.029 {said.outcome} {said.reason}: {ANSWER_REASONS.get(said.reason, 'no reason known here')}"


def _names(done: Amendment, reference: str) -> bool:
    """Say whether a return was done by the payment of this reference."""
    return rules.payment_key(reference) in map(rules.payment_key, done.payments)


def _fits(done: Amendment, amount: int) -> bool:
    """Say whether a payment of this amount can have done a return, alone or with others."""
    total = sum(payee.amount_minor for payee in done.payees)
    return amount == total if len(done.payments) == 1 else amount < total


def meant(returns: Sequence[Amendment], words: Sequence[RailWord], said: RailWord) -> list[Amendment]:
    """Return the returns that money sent back can have done: ordered ones of its amount, and done ones of it of which a payment
    was named otherwise than by one of these words of the rail, which may be the same payment under its other reference.
    """
    heard = {rules.payment_key(each.reference) for each in words if each.says == "returned"}
    found = list[Amendment]()
    for each in returns:
        open_ = each.state == "ordered" and said.amount_minor == sum(payee.amount_minor for payee in each.payees)
        other = each.state == "done" and not heard.issuperset(map(rules.payment_key, each.payments))
        if each.kind == "return" and (open_ or (other and _fits(each, said.amount_minor))):
            found.append(each)
    return found


def contradictions(
    order: Order | None, held_minor: int, returns: Sequence[Amendment], words: Sequence[RailWord]
) -> list[str]:
    """Return, in sentences, where the rail says something else than the signed order's answer, which stands.

    ``held_minor`` is what is held under the hold now, ``returns`` are the order's.
    """
    found = list[str]()
    done = [each for each in returns if each.state == "done"]
    for said in words:
        who = f"{said.bank} ({said.kind})"
        if said.says == "answer" and said.outcome == "CNCL" and held_minor and not done:
            found.append(f"{who} says that the money comes back; under the signed answer it is held here")
        if said.says == "answer" and said.outcome == "RJCR" and said.reason in _NOTHING_THERE and held_minor:
            why = ANSWER_REASONS.get(said.reason, said.reason)
            found.append(f"{who} says {said.reason} ({why}); under the signed answer money is held")
        if said.says == "returned" and not any(_names(each, said.reference) for each in done):
            shown = f"{show(said.amount_minor, said.currency)} {said.currency}"
            found.append(f"{who} sent back {shown}, which no return under this order names")
        found += [
            f"{who} sent back {show(said.amount_minor, said.currency)} {said.currency} by {said.reference}, which is not "
            f"what return {each.id} was to give"
            for each in done
            if said.says == "returned" and _names(each, said.reference) and not _fits(each, said.amount_minor)
        ]
        if said.says == "answer" and said.outcome == "CNCL" and order is not None and order.refusal:
            found.append(f"{who} says that the money comes back; the bank refused the order")
    return found
