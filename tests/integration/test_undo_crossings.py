"""Words between honest parties that cross, come late or are lost: both authorities and the bank end with the same held."""

import msgspec
import pytest
from tests.integration.hand import Hand, request, statement
from tests.integration.test_corrupt_undoing import tell
from tests.integration.test_undo import GOOD_FAITH, OTHER, held_abroad
from tests.integration.town import XA, XB, Desk, Town

from lintas.cli.demo.cast import A1, A2, B1
from lintas.model.errors import Conflict, NotAllowed
from lintas.model.tainted import LedgerAnswer, Part, Span, merged
from lintas.requests.forms import HoldForm
from lintas.requests.records import Amendment, Hold, Order, Undone
from lintas.requests.rules import still_held

MIRO = "Officer Miro Lane"
ASHA = "Officer Asha Tor"


def agreed(town: Town, case: str, hold: Hold) -> list[Span]:
    """Return what is held of a hold's transfer: the asker's bar, the holder's bar and orders, and the bank name the same."""
    wanted, bank = hold.baton.transfer, town.banks[hold.baton.holder].agent._core
    alike = [each for each in town.xb.holds() if each.baton.transfer == wanted]
    orders = [town.xb.ask(lambda tx, h=each.id: town.xb.node.orders.order_of(tx, h)) for each in alike]  # type: ignore[misc]
    views = {
        "asker's bar": held_in(town.xa, wanted, case),
        "holder's bar": held_in(town.xb, wanted, *(each.case for each in alike)),
        "orders": merged(span for order in orders if order and order.answer for span in still_held(order)),
        "bank": merged(bank.taken(wanted, town.clock.now())),
    }
    assert len({tuple(view) for view in views.values()}) == 1, views
    return views["bank"]


def held_in(desk: Desk, transfer: str, *cases: str) -> list[Span]:
    shares = [share for case in cases for share in desk.bar(case).shares if share.state == "held"]
    return merged(share.baton.span for share in shares if share.baton and share.baton.transfer == transfer)


def undo(town: Town, case: str, officer: str = MIRO) -> Undone:
    return town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, GOOD_FAITH, officer))


def ask_again(town: Town, share: str, officer: str = OTHER) -> Hold:
    return town.xa.do(lambda tx: town.xa.node.chase.ask(tx, HoldForm(share=share), officer))


def close(*desks: Desk) -> None:
    for desk in desks:
        desk.do(desk.node.endings.close)


def release_abroad(town: Town) -> None:
    """Let an officer at xb approve whatever release waits there, and everybody hear of it."""
    for each in town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx)):
        town.xb.do(lambda tx, a=each.id: town.xb.node.amendments.approve(tx, a, OTHER))  # type: ignore[misc] # called at once
    town.settle()


def withdrawals(town: Town, case: str) -> set[str]:
    return {each.state for each in town.xa.case(case).withdrawals}


def hold_at(desk: Desk, hold: str) -> Hold:
    return desk.ask(lambda tx: desk.node.orders.hold(tx, hold))


def answered_too_late(town: Town) -> tuple[str, Hold, Order]:
    """Play until xb's order stands while xa has stopped waiting for an answer: the case, the hold, the order."""
    report, waiting = town.asked()
    town.clock.move(hours=71)
    order = town.xb.approve(waiting.id)
    town.clock.move(hours=2)
    close(town.xa, town.xb)
    return report.case, waiting, order


# ---- answers that come after the request ended


def test_a_late_answer_counts_for_the_same_money_asked_for_anew(town: Town) -> None:
    case, waiting, order = answered_too_late(town)
    again = ask_again(town, hold_at(town.xa, waiting.id).share)
    town.settle()
    late = hold_at(town.xa, waiting.id)
    assert (late.state, late.outcome, late.late) == ("answered", "held_partial", True)
    assert agreed(town, case, waiting)
    assert [hold_at(desk, again.id).state for desk in (town.xa, town.xb)] == ["withdrawn", "withdrawn"]
    assert withdrawals(town, case) == {"confirmed"}  # of the second request, which nobody needs
    with pytest.raises(Conflict, match="withdrawn"):
        town.xb.approve(again.id)
    undo(town, case)
    town.settle()
    release_abroad(town)
    assert agreed(town, case, waiting) == []
    assert withdrawals(town, case) == {"confirmed"}
    assert town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id)).closed_at is not None
    assert town.xa.refusals() == town.xb.refusals() == []


def test_what_a_late_answer_holds_of_money_that_was_let_go_is_shown_and_taken_back(town: Town) -> None:
    case, waiting, _ = answered_too_late(town)
    assert [each.hold for each in undo(town, case).withdrawals] == [waiting.id]
    town.settle()
    assert agreed(town, case, waiting)  # it is held, whatever was wished, and nobody says otherwise
    assert withdrawals(town, case) == {"delivered"}
    assert town.xa.bar(case).moved == 0
    release_abroad(town)
    assert agreed(town, case, waiting) == []
    assert withdrawals(town, case) == {"confirmed"}
    assert town.xa.refusals() == town.xb.refusals() == []


def test_a_declined_release_of_a_late_hold_can_be_asked_for_again(town: Town) -> None:
    case, waiting, _ = answered_too_late(town)
    undo(town, case)
    town.settle()
    for each in town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx)):
        town.xb.do(lambda tx, a=each.id: town.xb.node.amendments.decline(tx, a, OTHER, "our own case"))  # type: ignore[misc]
    town.settle()
    assert "delivered" not in withdrawals(town, case)
    undo(town, case)
    town.settle()
    release_abroad(town)
    assert agreed(town, case, waiting) == []
    assert withdrawals(town, case) == {"declined", "confirmed"}


def test_a_late_hold_of_money_that_was_cut_and_asked_for_anew_is_taken_back(town: Town) -> None:
    case, waiting, _ = answered_too_late(town)
    undo(town, case)
    form = HoldForm(share=hold_at(town.xa, waiting.id).share, amount_minor=1_000_000)
    part = town.xa.do(lambda tx: town.xa.node.chase.ask(tx, form, OTHER))
    town.settle()
    first = [each for each in town.xa.case(case).withdrawals if each.hold == waiting.id]
    assert {each.state for each in first} == {"delivered"}  # not confirmed: the bank holds it yet
    with pytest.raises(Conflict, match="covers this money"):
        town.xb.approve(part.id)
    release_abroad(town)
    assert withdrawals(town, case) == {"confirmed"}
    town.xb.approve(part.id)
    town.settle()
    assert agreed(town, case, waiting)[-1][1] == 1_000_000


# ---- confirmations


def confirmed(town: Town, order: Order) -> Amendment:
    return town.xb.do(lambda tx: town.xb.node.amendments.confirm(tx, order.id, OTHER, "Court order 17/26"))


def ends(town: Town, case: str, hold: Hold, order: Order) -> set[str | None]:
    """Return the ends that the asker's bar, the holder's bar and the order show."""
    bars = [*town.xa.bar(case).shares, *town.xb.bar(hold.case).shares]
    shown = {share.until for share in bars if share.state == "held"}
    return shown | {town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id)).expires}


def test_a_confirmation_that_comes_after_the_asker_s_own_clock_ended_the_hold_brings_it_back(town: Town) -> None:
    case, hold, order = held_abroad(town)
    town.clock.move(hours=71, minutes=59)
    confirmed(town, order)
    town.banks_work()
    town.clock.move(hours=1, minutes=5)  # nothing was carried meanwhile
    town.xa.do(town.xa.node.undo.lapse)
    assert town.xa.bar(case).held == 0
    town.settle()
    assert agreed(town, case, hold)
    assert len(ends(town, case, hold, order)) == 1
    assert undo(town, case).withdrawals
    town.settle()
    release_abroad(town)
    assert agreed(town, case, hold) == []
    assert withdrawals(town, case) == {"confirmed"}


def test_what_has_ended_cannot_be_confirmed(town: Town) -> None:
    case, hold, order = held_abroad(town)
    town.clock.move(hours=80)
    with pytest.raises(Conflict, match="nothing is held"):
        confirmed(town, order)
    close(town.xb)
    with pytest.raises(Conflict, match="nothing is held"):
        confirmed(town, order)
    town.settle()
    assert agreed(town, case, hold) == []
    assert [each.code for each in town.xb.case(hold.case).amendments] == ["expired"], "its bank is told to let go"


def test_nobody_sees_a_longer_end_before_the_bank_has_it(town: Town) -> None:
    case, hold, order = held_abroad(town)
    longer = confirmed(town, order)
    town.deliver()
    assert ends(town, case, hold, order) == {order.expires}
    with pytest.raises(Conflict, match="is being told already"):
        confirmed(town, order)
    town.settle()
    assert ends(town, case, hold, order) == {longer.expires} != {order.expires}
    town.clock.move(hours=80)
    assert agreed(town, case, hold)


@pytest.mark.parametrize("lengthened", [False, True])
def test_an_order_that_ends_before_its_confirmation_is_heard_of_makes_the_bank_let_go(
    town: Town, *, lengthened: bool
) -> None:
    case, hold, order = held_abroad(town)
    longer = confirmed(town, order)
    if lengthened:  # it held for longer, and its word about that is lost
        town.banks[B1].agent.amend(longer)
    town.clock.move(hours=73)
    close(town.xb)
    if lengthened:
        with pytest.raises(Conflict, match="do nothing"):
            town.xb.do(lambda tx: town.xb.node.amendments.bank_done(tx, B1, longer.id))
    town.settle()
    assert agreed(town, case, hold) == []
    made = {(each.kind, each.state) for each in town.xb.case(hold.case).amendments}
    assert made == {("confirm", "declined"), ("release", "done")}
    town.clock.move(hours=24)
    assert agreed(town, case, hold) == []


# ---- an undo at home that crosses what the bank says


def ordered_at_home(town: Town) -> tuple[str, Hold, Order]:
    """Play until xa's own order waits at its own bank: the case, the hold, the order."""
    case, _, _ = held_abroad(town)
    own = next(each for each in town.xa.case(case).holds if each.direction == "own")
    return case, own, town.xa.approve(own.id)


def all_moved(own: Hold, bank: str) -> LedgerAnswer:
    """Return a bank's answer that all of an order's money moved on to another bank."""
    left = msgspec.structs.replace(own.baton, transfer="T-9", start=0, end=own.amount_minor, holder=bank, sender="")
    start, end = own.baton.span
    part = Part(state="moved", start=start, end=end, local_minor=end - start, local_currency=own.currency, baton=left)
    return LedgerAnswer(
        transfer=own.baton.transfer,
        start=start,
        end=end,
        currency=own.currency,
        snapshot="s",
        found=True,
        parts=(part,),
    )


def undone_at_home(town: Town, case: str) -> None:
    """Let one officer undo the case, and another release what is ordered at home."""
    for each in undo(town, case).amendments:
        town.xa.do(lambda tx, a=each.id: town.xa.node.amendments.approve(tx, a, OTHER))  # type: ignore[misc] # called at once


def nothing_goes_on(town: Town, case: str, own: Hold) -> None:
    """Check that after an undo nothing of a hold's money is held, on the move, or asked for anywhere."""
    neighbour = A1 if own.baton.holder == A2 else A2
    assert town.xa.ask(lambda tx: town.xa.node.tracing.work(tx, neighbour)) == []
    bar = town.xa.bar(case)
    assert bar.moved == 0
    assert not [each for each in bar.shares if each.state == "held" and each.authority == XA]
    town.settle()
    assert [each.state for each in town.xa.case(case).amendments] == ["done"]
    assert town.xb.holds("awaiting_approval") == []
    assert town.banks[own.baton.holder].agent._core.taken(own.baton.transfer, town.clock.now()) == []


def test_money_that_was_let_go_while_its_bank_looked_is_not_followed(town: Town) -> None:
    case, own, order = ordered_at_home(town)
    undone_at_home(town, case)
    there = A1 if own.baton.holder == A2 else A2
    town.xa.do(lambda tx: town.xa.node.orders.bank_answers(tx, own.baton.holder, order.id, all_moved(own, there)))
    nothing_goes_on(town, case, own)


def test_a_refusal_by_the_bank_leaves_let_go_what_was_let_go(town: Town) -> None:
    case, own, order = ordered_at_home(town)
    undone_at_home(town, case)
    town.xa.do(lambda tx: town.xa.node.orders.bank_refuses(tx, own.baton.holder, order.id, "the law forbids it"))
    nothing_goes_on(town, case, own)


def test_an_answer_long_after_the_undo_brings_nothing_back(town: Town) -> None:
    case, own, order = ordered_at_home(town)
    town.clock.move(days=20)
    close(town.xa)
    undo(town, case)
    before = town.xa.bar(case)
    there = A1 if own.baton.holder == A2 else A2
    town.xa.do(lambda tx: town.xa.node.orders.bank_answers(tx, own.baton.holder, order.id, all_moved(own, there)))
    after = town.xa.bar(case)
    assert (after.moved, after.released) == (before.moved, before.released)
    assert after.moved == 0
    assert town.xa.ask(lambda tx: town.xa.node.tracing.work(tx, there)) == []


# ---- words that were lost or rejected


def test_a_withdrawal_that_the_peer_s_people_rejected_can_be_said_again(town: Town) -> None:
    case, hold, _ = held_abroad(town)
    standings, review = town.xb.node.standings, town.xb.node.review
    town.xb.do(lambda tx: standings.quarantine(tx, XA, "Officer Quill", "looks odd"))
    undo(town, case)
    town.settle()
    (aside,) = town.xb.ask(lambda tx: review.of_peer(tx, XA))
    town.xb.do(lambda tx: review.reject(tx, XA, aside.object, "Officer Quill", "no idea what it is"))
    for officer in ("Officer Quill", OTHER):
        town.xb.do(lambda tx, o=officer: standings.restore(tx, XA, o, "it was a mistake"))  # type: ignore[misc] # called at once
    assert town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx)) == []
    assert [each.hold for each in undo(town, case).withdrawals] == [hold.id]
    town.settle()
    release_abroad(town)
    assert agreed(town, case, hold) == []
    assert withdrawals(town, case) == {"confirmed"}


def test_an_undo_of_a_request_that_ends_on_both_sides_at_once_is_confirmed(town: Town) -> None:
    report, waiting = town.asked()
    town.xb.approve(waiting.id)
    undo(town, report.case)
    town.deliver()
    town.clock.move(hours=73)
    close(town.xa, town.xb)
    town.settle()
    assert withdrawals(town, report.case) == {"confirmed"}
    assert hold_at(town.xb, waiting.id).state == "expired"
    assert [each.state for each in town.xb.case(waiting.case).amendments] == ["declined"]
    bar = town.xa.bar(report.case)
    assert (bar.held, bar.moved) == (0, 0)
    assert agreed(town, report.case, waiting) == []


def test_money_that_was_let_go_stays_so_when_its_request_ends_unheard(town: Town) -> None:
    report, waiting = town.asked()
    undo(town, report.case)
    town.clock.move(hours=73)
    close(town.xa)  # the wire was down all the time
    bar = town.xa.bar(report.case)
    assert bar.moved == 0
    assert bar.released == bar.stolen - bar.spent
    share = hold_at(town.xa, waiting.id).share
    with pytest.raises(NotAllowed, match="you let this money go"):
        ask_again(town, share, MIRO)
    close(town.xb)
    town.settle()
    assert withdrawals(town, report.case) == {"confirmed"}
    assert ask_again(town, share).state == "sent"


# ---- taking up again what was let go


def test_nobody_takes_up_again_alone_what_was_held_and_let_go_at_the_own_word(town: Town) -> None:
    report, waiting = town.asked()
    town.xb.approve(waiting.id)
    for each in [hold for hold in town.xa.holds() if hold.direction == "own"]:
        town.xa.approve(each.id)
    town.settle()
    assert {share.authority for share in town.xa.bar(report.case).shares if share.state == "held"} == {XA, XB}
    undone_at_home(town, report.case)
    town.settle()
    release_abroad(town)
    let_go = [share for share in town.xa.bar(report.case).shares if share.state == "released"]
    assert {share.authority for share in let_go} == {XA, XB}
    assert {share.let_go_by for share in let_go} == {MIRO}
    for share in let_go:
        with pytest.raises(NotAllowed, match="you let this money go"):
            ask_again(town, share.id, MIRO)
        assert ask_again(town, share.id).id


def test_another_officer_may_take_up_again_what_one_let_go(town: Town) -> None:
    report, waiting = town.asked()
    undo(town, report.case)
    share = hold_at(town.xa, waiting.id).share
    with pytest.raises(Conflict):  # it is being taken back
        ask_again(town, share)
    town.settle()
    for spelling in (MIRO, MIRO.upper(), f" {MIRO} "):
        with pytest.raises(NotAllowed, match="you let this money go"):
            ask_again(town, share, spelling)
    again = ask_again(town, share)
    town.settle()
    town.xb.approve(again.id)
    town.settle()
    assert agreed(town, report.case, hold_at(town.xb, again.id))


def test_what_ended_by_itself_may_be_asked_for_again_by_anybody(town: Town) -> None:
    case, _, _ = held_abroad(town)
    town.clock.move(hours=73)
    close(town.xb)
    town.settle()
    (share,) = (each for each in town.xa.bar(case).shares if each.note == "expired")
    again = ask_again(town, share.id, ASHA)
    town.settle()
    town.xb.approve(again.id)
    town.settle()
    assert agreed(town, case, hold_at(town.xb, again.id))


# ---- order


def test_fifty_dead_orders_do_not_stand_before_a_living_one(town: Town) -> None:
    hand = Hand(XA, XB)
    many = [request() for _ in range(50)]
    town.xb.receive(hand.write([statement(each) for each in many]), XA)
    town.xb.do(lambda tx: [town.xb.node.orders.approve(tx, each.hold, OTHER) for each in many])
    town.clock.move(hours=73)
    close(town.xb)
    fresh = request(expires="2026-03-09T10:07:00Z")
    assert tell(town, hand, fresh, "stop_payment") == []
    order = town.xb.approve(fresh.hold)
    assert [each.id for each in town.xb.ask(lambda tx: town.xb.node.orders.work(tx, B1))] == [order.id]
