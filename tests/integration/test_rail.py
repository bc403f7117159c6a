"""The banks' own rail beside the authority's orders: one id on both, messages put on record once, the signed answer stands."""

from datetime import UTC, datetime

import msgspec
import pytest
from tests.integration.town import Desk, Town

from lintas.cli.demo.cast import A1, A2, B1
from lintas.interop import iso20022
from lintas.interop.iso20022 import Case, Header, Message, Original, Party, Recall, RecallAnswer, Return
from lintas.model.errors import MalformedInput, NotFound, Refused
from lintas.requests import rules
from lintas.requests.forms import ReturnForm
from lintas.requests.recalls import RailWord
from lintas.requests.records import Order, Payee

AT = datetime(2026, 3, 1, 10, 20, tzinfo=UTC)


def recall_of(data: bytes) -> Recall:
    (part,) = iso20022.read(data).parts
    assert isinstance(part, Recall)
    return part


def answer(order: Order, outcome: str, reason: str = "", *, named: bool = True) -> bytes:
    """Write the answer of the order's bank to its recall."""
    said = RecallAnswer(
        outcome=outcome,  # type: ignore[arg-type] # one of the four
        reason=reason,
        order=order.id if named else "",
        original=Original(uetr=order.baton.transfer),
        case=Case(id=order.hold, opened_by=Party(name="Boreo")),
        id="ANSWER-1",
    )
    head = Header(id="MSG-1", created=AT, sender=Party(agent=order.bank), receiver=Party(agent=order.baton.sender))
    return iso20022.write(Message(kind="camt.029.001.09", header=head, parts=(said,)))


def sent_back(order: Order, amount: int, reference: str = "RTR-7", message: str = "MSG-2") -> bytes:
    said = Return(
        original=Original(uetr=order.baton.transfer),
        id=reference,
        amount_minor=amount,
        currency=order.currency,
        time=AT,
        reason="FR01",
        order=order.id,
    )
    head = Header(id=message, created=AT)
    return iso20022.write(Message(kind="pacs.004.001.09", header=head, parts=(said,)))


def say(desk: Desk, bank: str, data: bytes) -> RailWord:
    (word,) = desk.do(lambda tx: desk.node.rail.said(tx, bank, data))
    return word


def state(desk: Desk, order: Order) -> Order:
    return desk.ask(lambda tx: desk.node.orders.order(tx, order.id))


def test_the_recall_of_an_order_has_its_id_its_case_and_its_part(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    said = recall_of(town.xb.ask(lambda tx: town.xb.node.rail.of_order(tx, order.id, B1)))
    assert (said.order, said.part, said.reason) == (order.id, order.baton.span, "FRAD")
    assert said.case is not None
    assert (said.case.id, said.id) == (order.hold, order.hold)
    assert said.original.reference == order.baton.transfer
    assert (said.original.debtor_agent, said.original.creditor_agent) == (order.baton.sender, order.bank)
    with pytest.raises(NotFound):
        town.xb.ask(lambda tx: town.xb.node.rail.of_order(tx, order.id, "XBCS"))
    asked = town.xb.ask(lambda tx: town.xb.node.rail.of_order(tx, order.id, B1, investigate=True))
    assert iso20022.read(asked).kind == "camt.110.001.01"


def test_the_bank_that_sent_the_money_may_recall_it_and_nobody_else(town: Town) -> None:
    _, waiting = town.asked()
    rail = town.xa.node.rail
    sender = waiting.baton.sender
    other = A1 if sender == A2 else A2
    offers = town.xa.ask(lambda tx: rail.to_send(tx, sender))
    assert waiting.id in {each.hold for each in offers}
    said = recall_of(town.xa.ask(lambda tx: rail.of_hold(tx, waiting.id, sender)))
    assert said.case is not None
    assert said.case.id == waiting.id, "the same id on both rails and on both sides of the border"
    assert waiting.id not in {each.hold for each in town.xa.ask(lambda tx: rail.to_send(tx, other))}
    with pytest.raises(NotFound):
        town.xa.ask(lambda tx: rail.of_hold(tx, waiting.id, other))
    with pytest.raises(NotFound):
        town.xb.ask(lambda tx: town.xb.node.rail.of_hold(tx, waiting.id, sender))


def test_a_message_is_put_on_record_once_and_changes_nothing_that_is_held(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.settle()
    before, data = town.xb.bar(order.case), answer(order, "CNCL")
    word = say(town.xb, B1, data)
    assert word == say(town.xb, B1, data)
    assert (word.hold, word.side, word.effect) == (order.hold, "holder", "")
    assert town.xb.bar(order.case) == before
    view = town.xb.ask(lambda tx: town.xb.node.rail.view(tx, order.hold))
    assert [each.outcome for each in view.words] == ["CNCL"]
    (wrong,) = view.contradictions
    assert "comes back" in wrong
    assert view.held_minor > 0


@pytest.mark.parametrize(
    ("reason", "outcome", "effect"),
    [("LEGL", "refused", "order refused"), ("NOOR", "not_found", "order answered: not found")],
)
def test_what_a_refused_recall_says_of_the_order_that_it_names_answers_it(
    town: Town, reason: str, outcome: str, effect: str
) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    assert say(town.xb, B1, answer(order, "RJCR", reason, named=False)).effect == "", "it names no order"
    assert state(town.xb, order).answered_at is None
    assert say(town.xb, B1, answer(order, "RJCR", reason)).effect == effect
    assert state(town.xb, order).answered_at
    town.deliver()
    (asked,) = [each for each in town.xa.holds() if each.id == waiting.id]
    assert asked.outcome == outcome


@pytest.mark.parametrize("reason", ["AM04", "AC04", "ARDT", "PTNA", "CUST", "NOAS"])
def test_a_reason_that_does_not_say_where_the_money_is_leaves_the_order_open(town: Town, reason: str) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    assert say(town.xb, B1, answer(order, "RJCR", reason)).effect == ""
    assert state(town.xb, order).answered_at is None
    town.settle()
    told = town.xb.ask(lambda tx: town.xb.node.rail.view(tx, order.hold)).contradictions
    assert bool(told) is (reason in {"AM04", "AC04", "ARDT", "PTNA"}), "it said that nothing is there, and held"


def test_money_sent_back_completes_the_return_that_was_ordered(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.settle()
    payee = Payee(claim=order.hold, bank=A1, reference="victim", loss_minor=1000)
    form = ReturnForm(payees=(payee,), reference="Court 9/26")
    asked = town.xb.do(lambda tx: town.xb.node.returns.ask(tx, order.id, form, "Officer Rin Vale"))
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, asked.id, "Officer Dena Holt"))
    assert say(town.xb, B1, sent_back(order, 999)).effect == "", "another amount than what was ordered"
    assert say(town.xb, B1, sent_back(order, 1000, "RTR-8")).effect == f"return {asked.id} paid"
    view = town.xb.ask(lambda tx: town.xb.node.rail.view(tx, order.hold))
    assert [each for each in view.contradictions if "RTR" in each or "sent back" in each] == list(view.contradictions)
    assert len(view.contradictions) == 1, "the first one is what no return names"
    assert town.xb.bar(order.case).returned > 0


def ordered(town: Town, order: Order, number: int) -> str:
    """Have a return of 10.00 ordered; with another number to another victim."""
    start = rules.still_held(state(town.xb, order))[0][0] + 1000 * number
    payee = Payee(claim=order.hold, bank=A1, reference=f"victim {number}", loss_minor=1000)
    form = ReturnForm(payees=(payee,), reference="Court 9/26", spans=((start, start + 1000),))
    asked = town.xb.do(lambda tx: town.xb.node.returns.ask(tx, order.id, form, "Officer Rin Vale"))
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, asked.id, "Officer Dena Holt"))
    return asked.id


def test_a_message_that_is_sent_again_does_no_second_return(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.settle()
    done = ordered(town, order, 0)
    assert say(town.xb, B1, sent_back(order, 1000, "RTR-8")).effect == f"return {done} paid"
    left = ordered(town, order, 1)
    again = say(town.xb, B1, sent_back(order, 1000, "RTR-8", message="MSG-3"))
    assert again.effect == f"nothing: payment RTR-8 did return {done} already"
    assert say(town.xb, B1, sent_back(order, 1000, "RTR-9")).effect == f"return {left} paid"


def test_one_payment_under_two_references_does_one_return(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.settle()
    first, second = (ordered(town, order, number) for number in (0, 1))
    paid = town.xb.node.returns.bank_paid
    unclear = say(town.xb, B1, sent_back(order, 1000, "RTR-6")).effect
    assert unclear.startswith("nothing") and first in unclear and second in unclear
    town.xb.do(lambda tx: paid(tx, B1, first, "eb6305c9-1f7f-49de-aed0-16487c27b42d"))
    for reference, message in (("RTR-6", "MSG-3"), ("RTR-7", "MSG-4")):
        assert say(town.xb, B1, sent_back(order, 1000, reference, message)).effect.startswith("nothing")
    assert town.xb.ask(lambda tx: town.xb.node.amendments.amendment(tx, second)).state == "ordered"
    told = town.xb.ask(lambda tx: town.xb.node.rail.view(tx, order.hold)).contradictions
    assert len(told) == 3 and all("which no return under this order names" in each for each in told)
    town.xb.do(lambda tx: paid(tx, B1, second, "RTR-7"))
    told = town.xb.ask(lambda tx: town.xb.node.rail.view(tx, order.hold)).contradictions
    assert len(told) == 2, "the bank said which return the other one did"


def test_a_payment_of_another_amount_than_the_return_that_it_is_said_to_have_done_is_told(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.settle()
    payee = Payee(claim=order.hold, bank=A1, reference="victim", loss_minor=1000)
    form = ReturnForm(payees=(payee,), reference="Court 9/26")
    asked = town.xb.do(lambda tx: town.xb.node.returns.ask(tx, order.id, form, "Officer Rin Vale"))
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, asked.id, "Officer Dena Holt"))
    say(town.xb, B1, sent_back(order, 999, "RTR-8"))
    town.xb.do(lambda tx: town.xb.node.returns.bank_paid(tx, B1, asked.id, "RTR-8"))
    (told,) = town.xb.ask(lambda tx: town.xb.node.rail.view(tx, order.hold)).contradictions
    assert "9.99" in told and asked.id in told


def test_nobody_speaks_of_another_banks_order(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    for bank in ("XBCS", A1):
        with pytest.raises(NotFound):
            say(town.xb, bank, answer(order, "RJCR", "LEGL"))
    assert state(town.xb, order).answered_at is None
    with pytest.raises(MalformedInput):
        say(town.xb, B1, b"<Document/>" + b" " * 20)
    transfers = iso20022.write_pacs008(
        [msgspec.structs.replace(_transfer(), uetr=order.baton.transfer)], message_id="M", created=AT
    )
    with pytest.raises(Refused, match="recall"):
        say(town.xb, B1, transfers)


def _transfer() -> iso20022.CreditTransfer:
    return iso20022.CreditTransfer(end_to_end_id="e", amount_minor=5, currency="XAK", time=AT)
