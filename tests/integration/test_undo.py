"""Undoing between two authorities: objection, withdrawal, confirmation, the end of a hold; both bars exact at every step."""

import re

import msgspec
import pytest
from tests.integration.town import XA, XB, Desk, Town

from lintas.cli.demo.cast import B1
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotAllowed, NotFound
from lintas.model.tainted import held_spans
from lintas.requests.forms import AppealDecision, AppealForm, HoldForm, UndoForm
from lintas.requests.records import Hold, Order
from lintas.requests.rules import still_held

OTHER = "Officer Ravi Quay"
FORM = AppealForm(
    name="Lumen Shop", contact="shop@lumen.example", text="I sold two telephones for it.\nHere is the receipt."
)
UPHOLD = AppealDecision(uphold=True, reason="goods were delivered")
GOOD_FAITH = UndoForm(code="good_faith", reason="the owner sold goods for it")


def held_abroad(town: Town) -> tuple[str, Hold, Order]:
    """Play until xb holds money: xa's case, xb's hold, xb's order."""
    report, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.settle()
    return report.case, waiting, town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id))


def token_of(desk: Desk, order: Order) -> str:
    letter = desk.ask(lambda tx: desk.node.orders.letter(tx, order.id, order.bank)).plain()
    found = re.search(rf"https://{desk.authority}\.example:8443/appeal/([a-z2-7]{{26}})$", letter, re.MULTILINE)
    assert found is not None, letter
    return found[1]


def object_to(desk: Desk, token: str, form: AppealForm = FORM) -> str:
    return desk.do(lambda tx: desk.node.appeals.file(tx, token, form)).id


def bank_holds(town: Town, order: Order) -> int:
    core = town.banks[B1].agent._core
    return sum(end - start for start, end in core.taken(order.baton.transfer, town.clock.now()))


def test_an_objection_is_upheld_and_the_release_reaches_the_bank_and_the_asker(town: Town) -> None:
    case, hold, order = held_abroad(town)
    held, spent = town.xa.bar(case).held, town.xa.bar(case).spent
    assert bank_holds(town, order) == sum(end - start for start, end in still_held(order)) > 0
    appeal = object_to(town.xb, token_of(town.xb, order))
    with pytest.raises(NotAllowed, match="approved the order"):
        town.xb.do(lambda tx: town.xb.node.appeals.decide(tx, appeal, order.approver, UPHOLD))
    decided = town.xb.do(lambda tx: town.xb.node.appeals.decide(tx, appeal, OTHER, UPHOLD))
    assert (decided.state, decided.decided_by) == ("upheld", OTHER)
    assert town.xb.bar(hold.case).released == 0  # the bank has not let go yet
    town.settle()
    ours, theirs = town.xa.bar(case), town.xb.bar(hold.case)
    assert (ours.held, ours.released, ours.spent) == (0, held, spent)
    assert theirs.held == 0 < theirs.released
    assert bank_holds(town, order) == 0
    (amendment,) = town.xb.case(hold.case).amendments
    assert (amendment.state, amendment.code, amendment.approver) == ("done", "appeal", OTHER)
    assert amendment.basis is not None
    assert amendment.basis.law == "Boreo Payment Safeguards Act, s.9"
    with pytest.raises(Conflict, match="nothing is held"):
        object_to(town.xb, token_of(town.xb, order))
    with pytest.raises(Conflict, match="upheld by"):
        town.xb.do(lambda tx: town.xb.node.appeals.decide(tx, appeal, OTHER, UPHOLD))


def test_an_objection_releases_only_the_part_that_it_is_about(town: Town) -> None:
    case, _, order = held_abroad(town)
    (start, end), *_ = still_held(order)
    part = ((start, start + (end - start) // 3),)
    before = town.xa.bar(case)
    appeal = object_to(town.xb, token_of(town.xb, order))
    decision = AppealDecision(uphold=True, reason="a third of it was theirs", spans=part)
    town.xb.do(lambda tx: town.xb.node.appeals.decide(tx, appeal, OTHER, decision))
    town.settle()
    after = town.xa.bar(case)
    assert after.released == part[0][1] - part[0][0]
    assert after.held == before.held - after.released > 0
    assert bank_holds(town, order) == end - part[0][1]


def test_a_dismissed_objection_changes_nothing_and_says_why(town: Town) -> None:
    case, hold, order = held_abroad(town)
    before = town.xa.bar(case)
    appeal = object_to(town.xb, token_of(town.xb, order))
    no = AppealDecision(uphold=False, reason="the receipt is of another day")
    town.xb.do(lambda tx: town.xb.node.appeals.decide(tx, appeal, OTHER, no))
    town.settle()
    assert town.xa.bar(case) == before
    assert town.xb.case(hold.case).appeals[0].reason == "the receipt is of another day"


def test_a_wrong_token_opens_nothing_and_a_flood_of_objections_ends(town: Town) -> None:
    _, _, order = held_abroad(town)
    token = token_of(town.xb, order)
    for wrong in ("", "a" * 26, token[:-1], order.id, token + "a"):
        with pytest.raises(NotFound, match="no order has this token"):
            object_to(town.xb, wrong)
    for number in range(5):
        object_to(town.xb, token, AppealForm(name=f"Shop {number}", contact="a@b.example", text="mine"))
    with pytest.raises(Conflict, match="on file already"):
        object_to(town.xb, token, AppealForm(name="Shop 1", contact="a@b.example", text="mine"))


def test_an_undo_takes_back_abroad_and_at_home_and_each_confirms(town: Town) -> None:
    case, hold, order = held_abroad(town)
    own = next(each for each in town.xa.case(case).holds if each.direction == "own")
    town.xa.approve(own.id)
    town.settle()
    before = town.xa.bar(case)
    undone = town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, GOOD_FAITH, "Officer Miro Lane"))
    assert [each.peer for each in undone.withdrawals] == [XB]
    assert [each.order for each in undone.amendments] == [each.id for each in town.xa.case(case).orders]
    town.settle()
    (waiting,) = town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx))
    assert (waiting.asked_by, waiting.code) == (XA, "withdrawn")
    assert town.xa.case(case).withdrawals[0].state == "delivered"
    with pytest.raises(NotAllowed, match="who asked"):
        town.xa.do(lambda tx: town.xa.node.amendments.approve(tx, undone.amendments[0].id, "Officer Miro Lane"))
    town.xa.do(lambda tx: town.xa.node.amendments.approve(tx, undone.amendments[0].id, OTHER))
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, waiting.id, order.approver))
    town.settle()
    after = town.xa.bar(case)
    assert (after.held, after.moved) == (0, 0)
    assert after.released == before.held + before.moved
    assert town.xa.case(case).withdrawals[0].state == "confirmed"
    assert town.xb.bar(hold.case).held == 0
    assert bank_holds(town, order) == 0
    with pytest.raises(Conflict, match="nothing to undo"):
        town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, GOOD_FAITH, "Officer Miro Lane"))


def test_a_request_that_nobody_decided_on_is_taken_back_whole(town: Town) -> None:
    report, waiting = town.asked()
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, report.case, GOOD_FAITH, "Officer Miro Lane"))
    town.settle()
    assert town.xb.holds("awaiting_approval") == []
    assert town.xb.ask(lambda tx: town.xb.node.orders.hold(tx, waiting.id)).state == "withdrawn"
    with pytest.raises(Conflict, match="withdrawn"):
        town.xb.approve(waiting.id)
    view = town.xa.case(report.case)
    assert [each.state for each in view.withdrawals] == ["confirmed"]
    bar = town.xa.bar(report.case)
    assert bar.released == bar.stolen - bar.spent


def test_an_undo_overtaken_by_the_order_still_ends_with_nothing_held(town: Town) -> None:
    report, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, report.case, GOOD_FAITH, "Officer Miro Lane"))
    town.settle()  # the bank's answer and the withdrawal cross
    (amendment,) = town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx))
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, amendment.id, OTHER))
    town.settle()
    assert town.xa.case(report.case).withdrawals[0].state == "confirmed"
    bar = town.xa.bar(report.case)
    assert (bar.held, bar.moved) == (0, 0)
    assert bank_holds(town, order) == 0


def test_a_declined_release_is_told_and_the_hold_stays(town: Town) -> None:
    case, _, _ = held_abroad(town)
    before = town.xa.bar(case).held
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, GOOD_FAITH, "Officer Miro Lane"))
    town.settle()
    (waiting,) = town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx))
    town.xb.do(lambda tx: town.xb.node.amendments.decline(tx, waiting.id, OTHER, "our own case needs it"))
    town.settle()
    (withdrawal,) = town.xa.case(case).withdrawals
    assert (withdrawal.state, withdrawal.reason) == ("declined", f"our own case needs it ({OTHER})")
    assert town.xa.bar(case).held == before


def test_a_hold_ends_by_itself_on_both_sides(town: Town) -> None:
    case, hold, order = held_abroad(town)
    held = town.xa.bar(case).held
    town.clock.move(hours=71)
    assert not town.xb.ask(town.xb.node.endings.due)
    town.clock.move(hours=2)
    assert town.xb.ask(town.xb.node.endings.due)
    town.xb.do(town.xb.node.endings.close)
    assert not town.xb.ask(town.xb.node.endings.due)
    town.settle()
    assert (town.xa.bar(case).held, town.xa.bar(case).released) == (0, held)
    assert town.xb.bar(hold.case).held == 0
    assert bank_holds(town, order) == 0
    assert [share.note for share in town.xa.bar(case).shares if share.state == "released"] == ["expired"]


def test_a_confirmed_hold_lasts_longer_and_once_only(town: Town) -> None:
    case, _, order = held_abroad(town)
    confirm = town.xb.node.amendments.confirm
    with pytest.raises(NotAllowed, match="who approved"):
        town.xb.do(lambda tx: confirm(tx, order.id, order.approver, "Court order 17/26"))
    town.xb.do(lambda tx: confirm(tx, order.id, OTHER, "Court order 17/26"))
    town.settle()
    with pytest.raises(Conflict, match="confirmed at"):
        town.xb.do(lambda tx: confirm(tx, order.id, OTHER, "Court order 18/26"))
    longer = town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id))
    assert (times.parse(longer.expires) - times.parse(order.expires)).total_seconds() == 7 * 86_400
    assert {share.until for share in town.xa.bar(case).shares if share.state == "held"} == {longer.expires}
    town.clock.move(hours=80)
    assert not town.xb.ask(town.xb.node.endings.due)
    assert bank_holds(town, longer) > 0  # the bank was told as well
    town.clock.move(days=7)
    town.xb.do(town.xb.node.endings.close)
    town.settle()
    assert town.xa.bar(case).held == 0


def test_a_holder_that_forgets_to_say_so_cannot_keep_money_in_the_bar(town: Town) -> None:
    case, _, _ = held_abroad(town)
    town.clock.move(hours=72, minutes=59)
    assert not town.xa.ask(town.xa.node.undo.lapsed)
    town.clock.move(minutes=2)
    town.xa.do(town.xa.node.undo.lapse)
    assert town.xa.bar(case).held == 0
    town.xb.do(town.xb.node.endings.close)
    town.settle()  # its word comes late, and changes nothing
    assert town.xa.bar(case).held == 0
    assert not [each for each in town.xa.refusals() if each.reason == "bad_release"]


def test_a_request_that_nobody_decides_on_ends_and_may_be_made_anew(town: Town) -> None:
    report, waiting = town.asked()
    town.clock.move(hours=2)
    assert [each.id for each in town.xb.ask(town.xb.node.orders.overdue)] == [waiting.id]
    late = town.xa.ask(town.xa.node.orders.overdue)
    assert [each.id for each in late if each.direction == "asked"] == [waiting.id]
    assert {each.direction for each in late} == {"asked", "own"}, "our own officers have a clock too"
    town.clock.move(hours=71)
    for desk in (town.xb, town.xa):
        desk.do(desk.node.endings.close)
    town.settle()
    assert town.xb.ask(lambda tx: town.xb.node.orders.hold(tx, waiting.id)).state == "expired"
    asked = town.xa.ask(lambda tx: town.xa.node.orders.hold(tx, waiting.id))
    assert (asked.state, asked.outcome) == ("answered", "expired")
    assert town.xa.ask(town.xa.node.orders.overdue) == []
    again = town.xa.do(lambda tx: town.xa.node.chase.ask(tx, HoldForm(share=asked.share), "Officer Asha Tor"))
    town.settle()
    order = town.xb.approve(again.id)
    town.settle()
    assert town.xa.bar(report.case).held > 0
    assert order.hold == again.id


def test_a_bank_that_answers_after_the_order_ended_may_say_where_the_money_went_but_hold_nothing(town: Town) -> None:
    report, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    late = town.banks[B1].carry_out(order)
    assert not isinstance(late, str)
    assert held_spans(late.parts)
    town.clock.move(hours=73)
    town.xb.do(town.xb.node.endings.close)
    town.deliver()
    another = msgspec.structs.replace(order, id="order-of-nobody")
    assert town.banks[B1].agent.carry_out(another) == f"the order ended at {order.expires}"
    answers = town.xb.node.orders.bank_answers
    with pytest.raises(BadInput, match="hold nothing under it"):
        town.xb.do(lambda tx: answers(tx, B1, order.id, late))
    parts = [msgspec.structs.replace(part, state="spent") if part.state == "held" else part for part in late.parts]
    gone = msgspec.structs.replace(late, parts=tuple(parts))
    town.xb.do(lambda tx: answers(tx, B1, order.id, gone))
    town.settle()
    hold = town.xa.ask(lambda tx: town.xa.node.orders.hold(tx, waiting.id))
    assert (hold.state, hold.late) == ("answered", True)
    assert town.xa.bar(report.case).held == 0


def take_back(town: Town, case: str) -> None:
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, GOOD_FAITH, "Officer Miro Lane"))


def nothing_left(town: Town, case: str) -> bool:
    bar, states = town.xa.bar(case), [each.state for each in town.xa.case(case).withdrawals]
    waiting = town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx))
    return (bar.held, bar.moved, states, waiting) == (0, 0, ["confirmed"], [])


def test_an_undo_that_crosses_the_banks_refusal_is_confirmed(town: Town) -> None:
    report, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    take_back(town, report.case)
    town.xb.do(lambda tx: town.xb.node.orders.bank_refuses(tx, B1, order.id, "frozen by a court"))
    town.settle()
    assert nothing_left(town, report.case)


def test_an_undo_that_crosses_the_end_of_an_unanswered_order_is_confirmed(town: Town) -> None:
    report, waiting = town.asked()
    town.xb.approve(waiting.id)
    take_back(town, report.case)
    town.clock.move(hours=73)
    town.xb.do(town.xb.node.endings.close)
    town.settle()
    assert nothing_left(town, report.case)


def test_an_order_that_ends_before_its_amendment_is_carried_out_still_confirms_the_undo(town: Town) -> None:
    report, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    take_back(town, report.case)
    town.deliver()
    (amendment,) = town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx))
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, amendment.id, OTHER))
    with pytest.raises(Conflict, match="answer the order first"):
        town.xb.do(lambda tx: town.xb.node.amendments.bank_done(tx, B1, amendment.id))
    town.clock.move(hours=73)
    town.xb.do(town.xb.node.endings.close)
    town.settle()
    assert nothing_left(town, report.case)
    assert town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id)).closed_at is not None


def test_an_answer_overtaken_by_the_end_of_its_order_still_tells_where_the_rest_went(town: Town) -> None:
    report, waiting = town.asked()
    town.xb.approve(waiting.id)
    while town.banks_work():
        pass
    town.clock.move(hours=73)
    town.settle()
    hold = town.xa.ask(lambda tx: town.xa.node.orders.hold(tx, waiting.id))
    assert (hold.state, hold.outcome) == ("answered", "held_partial")
    town.xb.do(town.xb.node.endings.close)
    town.settle()
    assert (town.xa.bar(report.case).held, town.xa.refusals()) == (0, [])


def test_a_bank_that_let_go_in_time_does_not_hold_again_when_a_confirmation_reaches_it_late(town: Town) -> None:
    _, hold, order = held_abroad(town)
    town.clock.move(hours=71, minutes=50)
    town.xb.do(lambda tx: town.xb.node.amendments.confirm(tx, order.id, OTHER, "Court order 17/26"))
    town.clock.move(hours=8)
    assert bank_holds(town, order) == 0
    town.settle()
    assert bank_holds(town, order) == 0
    (amendment,) = town.xb.case(hold.case).amendments
    assert (amendment.state, amendment.reason) == ("declined", f"{B1}: nothing is held under this order any more")
