"""Answers and receipts of a corrupt member: from somebody who was not asked, not adding up, or answering nothing of ours."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.integration.hand import Hand, statement
from tests.integration.town import NOW, XA, XB, XB2, Town, keys_of

from lintas.model import times
from lintas.model.errors import Refused
from lintas.model.messages import HoldAnswer, HoldStatus
from lintas.model.tainted import Part
from lintas.trust.keys import Ed25519Signer
from lintas.trust.receipt import Receipt, Verdict, sign_receipt

#: What every admitted envelope leaves by right: its place and receipt, its ledger entries, an event.
TRACES = ("border_", "ledger_", "bus_")


# ---- answers


def asked_of_xb(town: Town) -> str:
    """Play until xa has asked xb: the hold's id."""
    _, waiting = town.asked()
    return waiting.id


def refused_answer(town: Town, hand: Hand, answer: HoldAnswer, because: str) -> None:
    """Deliver an answer to xa: admitted by the border, refused by its reason behind it, the money unmoved."""
    before, known = town.xa.dump(*TRACES), len(town.xa.refusals())
    town.xa.receive(hand.write([statement(answer, origin=hand.origin)]), hand.origin)
    assert town.xa.dump(*TRACES) == before
    assert len(town.xa.refusals()) == known + 1
    newest = town.xa.refusals()[0]
    assert (newest.direction, newest.peer) == ("in", hand.origin)
    assert because in f"{newest.reason} {newest.what}"


def test_an_answer_from_somebody_who_was_not_asked(town: Town) -> None:
    hold = asked_of_xb(town)
    refused_answer(town, Hand(XB2, XA), HoldAnswer(hold=hold, outcome="released"), "not_asked")
    refused_answer(town, _next(XB2), HoldAnswer(hold="hold-0", outcome="held_full"), "not_asked")


def _next(origin: str) -> Hand:
    """Return a hand for a channel's second epoch, so that tests need not keep one."""

    hand = Hand(origin, XA)
    hand.epoch = 2
    return hand


def test_answers_of_a_peer_that_do_not_add_up(town: Town) -> None:
    hold = asked_of_xb(town)
    (asked,) = (each for each in town.xa.holds() if each.id == hold)
    whole = Part(state="held", start=asked.baton.start, end=asked.baton.end, local_minor=1, local_currency="XBK")
    replace = msgspec.structs.replace
    hand = Hand(XB, XA)
    for parts in (
        (replace(whole, end=whole.end - 1),),
        (replace(whole, end=whole.end + 1),),
        (whole, whole),
        (replace(whole, local_currency="QQQ"),),
        (replace(whole, state="moved"),),
    ):
        refused_answer(town, hand, HoldAnswer(hold=hold, outcome="held_full", parts=parts), "")
    assert town.xa.bar(asked.case).held == 0


def test_a_status_message_changes_no_money(town: Town) -> None:
    hold = asked_of_xb(town)
    (asked,) = (each for each in town.xa.holds() if each.id == hold)
    before = town.xa.bar(asked.case)
    status = HoldStatus(hold=hold, state="approved", at=times.render(NOW))
    town.xa.receive(Hand(XB, XA).write([statement(status, origin=XB)]), XB)
    assert town.xa.bar(asked.case) == before


# ---- receipts


def forged(town: Town, signer: Ed25519Signer, **changes: Callable[[Any], object]) -> bytes:
    """Make the receipt that xb would give for what xa sent it, with changes, signed by anybody."""
    town.xa.file(town.form())
    while town.banks_work():
        pass
    due = town.xa.node.exchange.to_send(XB, "urgent")
    assert due is not None
    wire = due if isinstance(due, bytes) else town.xa.do(due)
    opened = town.xb.node.exchange.open(wire, sender=XA)
    fields: dict[str, Any] = {
        "envelope": opened.header.id,
        "header_sha256": opened.header_sha256,
        "origin": XA,
        "recipient": XB,
        "lane": "urgent",
        "epoch": opened.header.epoch,
        "seq": opened.header.seq,
        "received_at": times.render(NOW),
        "exercise": True,
        "verdicts": tuple(
            Verdict(object=item.id, commitment=mark, verdict="accepted")
            for item, mark in zip(opened.items, opened.commitments, strict=True)
        ),
    }
    made = {**fields, **{name: change(fields[name]) for name, change in changes.items()}}
    return sign_receipt(Receipt(**made), signer)


@pytest.mark.parametrize(
    ("by", "changes", "reason"),
    [
        (XB2, {}, "unknown_key"),
        (XB2, {"recipient": lambda _: XB2}, "foreign_receipt"),
        (XA, {}, "unknown_key"),
        (XB, {"header_sha256": lambda _: "cd" * 32}, "foreign_receipt"),
        (XB, {"origin": lambda _: XB2}, "foreign_receipt"),
        (XB, {"verdicts": lambda given: (msgspec.structs.replace(given[0], object="obj-0"),)}, "foreign_receipt"),
        (XB, {"verdicts": lambda given: (msgspec.structs.replace(given[0], commitment="ab" * 32),)}, "foreign_receipt"),
        (XB, {"verdicts": lambda _: ()}, "incomplete_receipt"),
    ],
)
def test_a_receipt_that_answers_nothing_of_ours(town: Town, by: str, changes: dict[str, Any], reason: str) -> None:
    wire = forged(town, keys_of(by).signer, **changes)
    before = town.xa.dump()
    with pytest.raises(Refused) as refused:
        town.xa.take_receipt(wire)
    assert refused.value.reason == reason
    assert town.xa.dump() == before
    assert town.deliver() == 1
    assert town.xa.ask(town.xa.node.border.unmatched) == []
