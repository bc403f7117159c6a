"""Money goes back: asked by one officer, approved by another, paid by the bank; then it is returned for good, on both sides."""

import msgspec
import pytest
from tests.integration.town import Town

from lintas.cli.demo.cast import A1, A2, B1
from lintas.model.errors import BadInput, Conflict, NotAllowed, NotFound, Refused
from lintas.model.tainted import held_spans, overlaps
from lintas.requests import changes_store, rules, store
from lintas.requests.forms import AppealDecision, AppealForm, ReturnForm, UndoForm
from lintas.requests.records import Amendment, Claim, Order, Payee

ASKER, APPROVER = "Officer Rin Vale", "Officer Dena Holt"


def held(town: Town) -> tuple[str, Order]:
    """Play until xb's bank holds money of xa's case; returns xa's case and xb's order as it stands."""
    report, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.settle()
    return report.case, again(town, order)


def again(town: Town, order: Order) -> Order:
    return town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id))


def pot(order: Order) -> int:
    return sum(end - start for start, end in rules.still_held(order))


def form(order: Order, *losses: int, bank: str = A1, other: str = "") -> ReturnForm:
    """Name the order's own hold as the first claim, another case as the second (else the order's own)."""
    claims = (order.hold, other or order.case)
    payees = [
        Payee(claim=claims[number], bank=bank, reference=f"victim {number}", loss_minor=loss)
        for number, loss in enumerate(losses)
    ]
    return ReturnForm(payees=tuple(payees), reference="Court 9/26")


def another_case(town: Town, order: Order, stolen: int) -> str:
    """Open the claim of somebody else at xb, in the order's currency."""
    claim = Claim(
        case="case-other", currency=order.currency, stolen=stolen, scheme="investment", opened_at=order.issued_at
    )
    town.xb.do(lambda tx: store.keep_claim(tx, claim))
    return claim.case


def ask(town: Town, order: Order, wanted: ReturnForm, officer: str = ASKER) -> Amendment:
    return town.xb.do(lambda tx: town.xb.node.returns.ask(tx, order.id, wanted, officer))


def approve(town: Town, asked: Amendment, officer: str = APPROVER) -> Amendment:
    return town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, asked.id, officer))


def pay(town: Town, asked: Amendment, *references: str) -> None:
    town.xb.do(lambda tx: town.xb.node.returns.bank_paid(tx, asked.bank, asked.id, *(references or ("RTR-1",))))


def test_what_is_held_goes_back_and_both_sides_show_it(town: Town) -> None:
    case, order = held(town)
    whole, before = pot(order), town.xa.bar(case)
    asked = ask(town, order, form(order, whole))
    assert ask(town, order, form(order, whole)) == asked, "asked again it is the same"
    with pytest.raises(NotAllowed, match="asked for"):
        approve(town, asked, ASKER)
    ordered = approve(town, asked)
    assert (ordered.state, ordered.approver, ordered.basis is not None) == ("ordered", APPROVER, True)
    (work,) = town.xb.ask(lambda tx: town.xb.node.amendments.work(tx, order.bank))
    assert [(each.bank, each.amount_minor) for each in work.payees] == [(A1, whole)]
    assert town.xb.bar(order.case).returned == 0, "only the bank's payment returns it"
    with pytest.raises(Conflict, match="payment"):
        town.xb.do(lambda tx: town.xb.node.amendments.bank_done(tx, order.bank, asked.id))
    with pytest.raises(NotFound):
        town.xb.do(lambda tx: town.xb.node.returns.bank_paid(tx, "XBCS", asked.id, "RTR-1"))
    pay(town, asked)
    pay(town, asked)
    with pytest.raises(Conflict, match="RTR-1"):
        pay(town, asked, "RTR-2")
    town.settle()
    assert (town.xb.bar(order.case).held, pot(again(town, order))) == (0, 0)
    after = town.xa.bar(case)
    assert (after.returned, after.held) == (before.held, 0)
    told = town.xa.ask(lambda tx: town.xa.node.returns.of_case(tx, case))
    assert (told.returned, told.outstanding) == (before.held, before.stolen - before.held)
    assert [share.note for share in told.shares] == ["returned"] * len(told.shares)


def test_a_returned_share_is_final(town: Town) -> None:
    case, order = held(town)
    asked = approve(town, ask(town, order, form(order, pot(order))))
    pay(town, asked)
    town.settle()
    returned = town.xa.bar(case).returned
    undo = UndoForm(code="mistake", reason="it was another account")
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, undo, "Officer Asha Tor"))
    town.settle()
    town.clock.move(days=40)
    for desk in (town.xa, town.xb):
        desk.do(desk.node.endings.close)
        desk.do(desk.node.undo.lapse)
    town.settle()
    assert town.xa.bar(case).returned == returned > 0
    with pytest.raises(Conflict, match="held"):
        ask(town, order, form(order, 1))


def test_several_losses_share_what_is_there_to_the_minor_unit(town: Town) -> None:
    _, order = held(town)
    whole = pot(order)
    other = another_case(town, order, whole)
    asked = ask(town, order, form(order, whole, whole // 2 + 1, other=other))
    first, second = (payee.amount_minor for payee in asked.payees)
    assert first + second == whole
    assert abs(first - 2 * second) <= 3, "in proportion"
    town.xb.do(lambda tx: town.xb.node.amendments.decline(tx, asked.id, APPROVER, "count the losses again"))
    small = ask(town, order, form(order, 700, 300, other=other), "Officer Oren Vash")
    assert [payee.amount_minor for payee in small.payees] == [700, 300], "enough for all: each its loss"
    assert sum(end - start for start, end in small.spans) == 1000


def test_nobody_sends_money_where_no_claim_is_known_or_no_member_answers(town: Town) -> None:
    _, order = held(town)
    own = form(order, 100)
    with pytest.raises(Refused, match="nobody is known"):
        ask(town, order, form(order, 100, bank="ELSEWHERE"))
    stranger = msgspec.structs.replace(own.payees[0], claim="case-of-nobody")
    with pytest.raises(Refused, match="known here"):
        ask(town, order, msgspec.structs.replace(own, payees=(stranger,)))
    with pytest.raises(Refused, match="twice"):
        ask(town, order, msgspec.structs.replace(own, payees=own.payees * 2))
    with pytest.raises(Refused, match="twice"):
        ask(town, order, form(order, 100, 100))
    case = another_case(town, order, 1000)
    larger = msgspec.structs.replace(own.payees[0], claim=case, loss_minor=1001)
    with pytest.raises(Refused, match="is missing"):
        ask(town, order, msgspec.structs.replace(own, payees=(larger,)))


def test_an_objection_comes_before_a_return(town: Town) -> None:
    _, order = held(town)
    asked = ask(town, order, form(order, pot(order)))
    token = town.xb.ask(lambda tx: town.xb.node.orders.letter(tx, order.id, order.bank)).plain()
    objection = AppealForm(name="Owner", contact="+1 555", text="It is mine.")
    word = token.partition("/appeal/")[2].split()[0]
    appeal = town.xb.do(lambda tx: town.xb.node.appeals.file(tx, word, objection))
    with pytest.raises(Conflict, match="objection"):
        approve(town, asked)
    upheld = AppealDecision(uphold=True, reason="the receipt is genuine")
    town.xb.do(lambda tx: town.xb.node.appeals.decide(tx, appeal.id, "Officer Ruben Ode", upheld))
    town.settle()
    with pytest.raises(Conflict, match="held"):
        approve(town, asked)
    assert town.xb.bar(order.case).returned == 0


def test_a_release_and_a_return_of_the_same_money_exclude_each_other(town: Town) -> None:
    case, order = held(town)
    undo = UndoForm(code="mistake", reason="it was another account")
    asked = approve(town, ask(town, order, form(order, pot(order))))
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, undo, "Officer Asha Tor"))
    town.deliver()
    (wish,) = town.xb.ask(town.xb.node.amendments.pending)
    with pytest.raises(Conflict, match="paying this back"):
        town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, wish.id, "Officer Oren Vash"))
    refuses = town.xb.node.amendments.bank_refuses
    town.xb.do(lambda tx: refuses(tx, order.bank, asked.id, "the account is closed"))
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, wish.id, "Officer Oren Vash"))
    town.settle()
    assert town.xa.bar(case).returned == 0
    assert town.xa.bar(case).held == 0


def test_a_payment_made_while_the_order_ended_counts_late(town: Town) -> None:
    case, order = held(town)
    whole = town.xa.bar(case).held
    asked = approve(town, ask(town, order, form(order, pot(order))))
    town.clock.move(hours=80)
    town.xb.do(town.xb.node.endings.close)
    town.settle()
    assert (town.xa.bar(case).held, town.xa.bar(case).returned) == (0, 0)
    assert town.xb.ask(lambda tx: town.xb.node.amendments.amendment(tx, asked.id)).state == "declined"
    pay(town, asked)
    town.settle()
    assert (town.xa.bar(case).released, town.xa.bar(case).returned) == (0, whole)
    assert town.xb.bar(order.case).returned > 0


def test_a_part_is_returned_and_the_rest_stays_held(town: Town) -> None:
    case, order = held(town)
    whole = pot(order)
    asked = approve(town, ask(town, order, form(order, whole // 3)))
    pay(town, asked)
    town.settle()
    now = again(town, order)
    assert pot(now) == whole - whole // 3
    assert now.returned == asked.spans
    assert not overlaps(now.returned, rules.still_held(now))
    assert overlaps(now.returned, held_spans(now.answer.parts if now.answer else ())) == list(now.returned)
    assert town.banks[B1].work(town.xb) == 0
    bar = town.xa.bar(case)
    assert min(bar.returned, bar.held) > 0


def two_returns(town: Town) -> tuple[Amendment, Amendment]:
    """Order two returns of one amount under one order: to its own victim, and to another."""
    _, order = held(town)
    start = rules.still_held(order)[0][0]
    own = form(order, 1000).payees[0]
    stranger = Payee(claim=another_case(town, order, 1000), bank=A1, reference="victim 7", loss_minor=1000)
    first, second = (
        ask(town, order, ReturnForm(payees=(payee,), reference="Court 9/26", spans=((at, at + 1000),)))
        for payee, at in ((own, start), (stranger, start + 1000))
    )
    return approve(town, first), approve(town, second)


def test_one_payment_does_one_return(town: Town) -> None:
    first, second = two_returns(town)
    pay(town, first, "RTR-1")
    pay(town, first, " rtr-1")
    for spelled in ("RTR-1", "rtr-1", "RTR -1", " RTR-1 "):
        with pytest.raises(Conflict, match=f"did return {first.id} already") as refused:
            pay(town, second, spelled)
        assert "victim" not in str(refused.value) and first.case not in str(refused.value)
    assert town.xb.ask(lambda tx: town.xb.node.amendments.amendment(tx, second.id)).state == "ordered"
    pay(town, second, "RTR-2")
    with pytest.raises(Conflict, match="RTR-2"):
        pay(town, second, "RTR-1")
    assert town.xb.ask(lambda tx: town.xb.node.amendments.amendment(tx, first.id)).payments == ("RTR-1",)


def test_another_bank_may_use_the_same_reference(town: Town) -> None:
    first, _ = two_returns(town)
    town.xb.do(lambda tx: changes_store.keep_payment(tx, "XBCS", "rtr-1", "amend-other"))
    pay(town, first, "RTR-1")
    with pytest.raises(Conflict, match="contradict what is stored"):
        town.xb.do(lambda tx: changes_store.keep_payment(tx, B1, "rtr-1", "amend-other"))


def test_a_payment_reaches_one_bank(town: Town) -> None:
    _, order = held(town)
    other = Payee(claim=another_case(town, order, 600), bank=A2, reference="victim 7", loss_minor=600)
    wanted = form(order, 400)
    asked = approve(town, ask(town, order, msgspec.structs.replace(wanted, payees=(*wanted.payees, other))))
    for references in (("RTR-1",), ("RTR-1", "RTR-2", "RTR-3"), ("RTR-1", "rtr-1")):
        with pytest.raises(BadInput, match="payment"):
            pay(town, asked, *references)
    assert town.xb.ask(lambda tx: town.xb.node.amendments.amendment(tx, asked.id)).state == "ordered"
    pay(town, asked, "RTR-1", "RTR-2")
    with pytest.raises(Conflict, match="RTR-1, RTR-2"):
        pay(town, asked, "RTR-1")
    now = again(town, order)
    assert now.returned == asked.spans


def test_releases_come_before_returns_that_are_older(town: Town) -> None:
    first, second = two_returns(town)
    order = town.xb.ask(lambda tx: town.xb.node.orders.order(tx, first.order))
    end = rules.still_held(order)[-1][1]
    wish = town.xb.do(
        lambda tx: town.xb.node.amendments.ask(
            tx, order, [(end - 10, end)], code="correction", reason="not theirs", asked_by=ASKER
        )
    )
    approve(town, wish)
    work = town.xb.node.amendments.work
    assert [each.id for each in town.xb.ask(lambda tx: work(tx, B1))] == [wish.id, *sorted([first.id, second.id])]
    assert [each.id for each in town.xb.ask(lambda tx: work(tx, B1, 1))] == [wish.id]
