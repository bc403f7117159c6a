"""What a corrupt member, officer or bank could try with withdrawals, releases, batons and caps; nothing of it moves money."""

import msgspec
import pytest
from tests.integration.hand import Hand, request, statement
from tests.integration.test_undo import GOOD_FAITH, OTHER, held_abroad
from tests.integration.town import NOW, XA, XB, XB2, Town, table

from lintas.cli.demo.cast import A2, B1, B2
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotFound
from lintas.model.messages import HoldAnswer, HoldRelease, HoldStatus, HoldWithdrawal
from lintas.model.tainted import Baton, Part
from lintas.policy.records import Automatic
from lintas.requests.forms import HoldForm, Sentence
from lintas.requests.rules import still_held

AT = times.render(NOW)


def tell(town: Town, hand: Hand, body: msgspec.Struct, purpose: str = "release_funds") -> list[str]:
    """Let a hand say something to its recipient; returns the reasons that were put on record for it."""
    desk = town.desks[hand.recipient]
    before = len(desk.refusals())
    desk.receive(hand.write([statement(body, origin=hand.origin, purpose=purpose)]), hand.origin)
    return [refusal.reason for refusal in desk.refusals()[: len(desk.refusals()) - before]]


def later(origin: str, recipient: str) -> Hand:
    """Return a hand for the next epoch of a channel that its owner used already."""
    hand = Hand(origin, recipient)
    hand.epoch = 2
    return hand


# ---- withdrawals and releases that are not theirs


def test_nobody_takes_back_what_another_asked_for(town: Town) -> None:
    _, hold, order = held_abroad(town)
    taken = HoldWithdrawal(hold=hold.id, code="mistake", at=AT)
    assert tell(town, Hand(XB2, XB), taken) == ["not_asked"]
    assert tell(town, later(XA, XB), HoldWithdrawal(hold="hold-of-nobody", code="mistake", at=AT)) == ["not_asked"]
    assert town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx)) == []
    assert still_held(town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id)))


def test_a_withdrawal_said_a_hundred_times_is_one_thing_to_decide(town: Town) -> None:
    _, hold, _ = held_abroad(town)
    hand = later(XA, XB)
    for _ in range(100):
        assert tell(town, hand, HoldWithdrawal(hold=hold.id, code="mistake", at=AT, reason="again")) == []
    assert len(town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx))) == 1


def test_a_part_cannot_be_taken_back_of_what_waits(town: Town) -> None:
    _, waiting = town.asked()
    part = HoldWithdrawal(hold=waiting.id, code="mistake", at=AT, spans=((0, 1),))
    assert tell(town, later(XA, XB), part) == ["not_answered"]
    assert len(town.xb.holds("awaiting_approval")) == 1


def test_nobody_lets_go_of_what_another_holds_or_of_more_than_it_held(town: Town) -> None:
    case, hold, order = held_abroad(town)
    bar = town.xa.bar(case)
    (start, end), *_ = still_held(order)
    good = HoldRelease(hold=hold.id, code="appeal", at=AT, spans=((start, end),))
    assert tell(town, Hand(XB2, XA), good) == ["not_asked"]
    hand = later(XB, XA)
    for spans in (((start, end + 1),), ((order.baton.end, order.baton.end + 5),), ((0, 1), (start, end + 7))):
        assert tell(town, hand, msgspec.structs.replace(good, spans=spans)) == ["bad_release"]
    assert town.xa.bar(case) == bar
    assert tell(town, hand, msgspec.structs.replace(good, spans=((start, end), (start, end), (end, start)))) == []
    assert town.xa.bar(case).held == 0  # its own word about its own hold counts, however often it is said
    assert tell(town, hand, good) == []


def test_a_status_lengthens_only_what_its_sender_holds_and_only_into_the_future(town: Town) -> None:
    case, hold, order = held_abroad(town)
    longer = HoldStatus(hold=hold.id, state="confirmed", at=AT, expires="2026-03-09T10:00:00Z")
    assert tell(town, Hand(XB2, XA), longer, "status") == ["not_asked"]
    hand = later(XB, XA)
    for wrong in (None, "never", "2020-01-01T00:00:00Z"):
        assert tell(town, hand, msgspec.structs.replace(longer, expires=wrong), "status") == ["bad_time"]
    assert {share.until for share in town.xa.bar(case).shares if share.state == "held"} == {order.expires}


def test_a_second_answer_to_one_request_changes_nothing(town: Town) -> None:
    case, hold, _ = held_abroad(town)
    bar = town.xa.bar(case)
    hand, again = later(XB, XA), HoldAnswer(hold=hold.id, outcome="refused")
    for answer in (again, msgspec.structs.replace(again, outcome="not_found"), again):
        tell(town, hand, answer, "stop_payment")
    assert town.xa.bar(case) == bar


# ---- batons


def test_a_baton_without_a_sender_or_from_a_bank_that_was_never_named_is_refused(town: Town) -> None:
    hand = Hand(XA, XB)
    bare = Baton(transfer="T-1", start=0, end=5, currency="XBK", holder=B2)
    for baton, reason in (
        (bare, "no_sender"),
        (msgspec.structs.replace(bare, sender=B1), "unknown_baton"),
        (msgspec.structs.replace(bare, sender=B2), "unknown_baton"),
    ):
        asked = request(baton=baton, amount_minor=5, currency="XBK")
        assert tell(town, hand, asked, "stop_payment") == [reason]
    assert town.xb.holds("awaiting_approval") == []


def test_what_an_answer_named_may_be_asked_for_and_no_unit_more(town: Town) -> None:
    case, _, _ = held_abroad(town)
    moved = next(share for share in town.xa.bar(case).shares if share.state == "moved" and share.authority == XB)
    assert moved.baton is not None
    assert (moved.baton.sender, moved.hop) == (B1, 1)
    more = msgspec.structs.replace(moved.baton, end=moved.baton.end + 1)
    asked = request(baton=more, amount_minor=more.amount_minor, currency=more.currency)
    assert tell(town, later(XA, XB), asked, "stop_payment") == ["unknown_baton"]


def test_a_bank_does_not_know_money_that_another_bank_sent(town: Town) -> None:
    _, waiting = town.asked()
    agent = town.banks[B1].agent
    assert agent._follow(waiting.baton).found
    for sender in ("", B2, "XAFB"):
        assert not agent._follow(msgspec.structs.replace(waiting.baton, sender=sender)).found
    assert not agent._follow(msgspec.structs.replace(waiting.baton, end=waiting.baton.end * 3)).found


@pytest.mark.parametrize("outgoing", [False, True])
def test_a_peer_cannot_ask_for_what_began_in_a_bank_s_own_ledger(town: Town, *, outgoing: bool) -> None:
    index = town.banks[B1].agent._core.index()
    inside = (number for number in range(len(index)) if index.out_line[number] >= 0)
    number = next(each for each in inside if (index.in_line[each] < 0) == outgoing)
    amount, code = int(index.settled[number]), index.code(number)
    named = Baton(transfer=index.reference(number), start=0, end=amount, currency=code, holder=B1, sender=A2)
    asked = request(baton=named, amount_minor=amount, currency=code)
    assert tell(town, Hand(XA, XB), asked, "stop_payment") == []
    order = town.xb.approve(asked.hold)
    town.banks_work()
    answer = town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id)).answer
    assert answer is not None
    assert (answer.found, answer.parts) == (False, ())


def test_an_answer_cannot_tell_of_money_that_left_another_bank(town: Town) -> None:
    report, waiting = town.asked()
    asked = town.xa.ask(lambda tx: town.xa.node.orders.hold(tx, waiting.id))
    baton = Baton(transfer="T-9", start=0, end=7, currency="XBK", holder=A2, sender=B2)
    whole = asked.baton
    part = Part(state="moved", start=whole.start, end=whole.end, local_minor=7, local_currency="XBK", baton=baton)
    answer = HoldAnswer(hold=waiting.id, outcome="moved", parts=(part,))
    assert tell(town, Hand(XB, XA), answer, "stop_payment") == ["bad_answer"]
    assert town.xa.bar(report.case).held == 0


# ---- officers


def test_an_officer_here_cannot_undo_or_ask_on_in_another_authority_s_case(town: Town) -> None:
    _, hold, _ = held_abroad(town)
    with pytest.raises(Conflict, match="xa-asc's case"):
        town.xb.do(lambda tx: town.xb.node.undo.undo(tx, hold.case, GOOD_FAITH, OTHER))
    share = next(share for share in town.xb.bar(hold.case).shares if share.state == "moved")
    with pytest.raises(Conflict):
        town.xb.do(lambda tx: town.xb.node.chase.ask(tx, HoldForm(share=share.id), OTHER))


def test_undoing_what_is_not_there_says_so(town: Town) -> None:
    case, _, _ = held_abroad(town)
    with pytest.raises(NotFound, match="no case"):
        town.xa.do(lambda tx: town.xa.node.undo.undo(tx, "case-0", GOOD_FAITH, OTHER))
    with pytest.raises(NotFound, match="no share"):
        wrong = msgspec.structs.replace(GOOD_FAITH, share=f"{case}.9")
        town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, wrong, OTHER))


@pytest.mark.parametrize("text", ["", "  ", "ab", "x" * 501, "a\x00b c", "turn \u202e round", "two\nlines"])
def test_a_sentence_that_a_peer_would_have_to_refuse_is_none(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, Sentence)


def test_a_reason_too_long_with_a_name_is_refused_before_anything_changes(town: Town) -> None:
    _, waiting = town.asked()
    with pytest.raises(BadInput, match="cannot be said"):
        town.xb.do(lambda tx: town.xb.node.orders.decline(tx, waiting.id, "An officer", "x" * 1000))
    assert len(town.xb.holds("awaiting_approval")) == 1


# ---- banks


def test_only_the_bank_of_an_order_carries_out_its_amendment(town: Town) -> None:
    case, _, _ = held_abroad(town)
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, GOOD_FAITH, "Officer Miro Lane"))
    town.deliver()
    (waiting,) = town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx))
    done = town.xb.node.amendments.bank_done
    with pytest.raises(Conflict, match="awaiting_approval"):
        town.xb.do(lambda tx: done(tx, B1, waiting.id))
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, waiting.id, OTHER))
    with pytest.raises(NotFound):
        town.xb.do(lambda tx: done(tx, B2, waiting.id))
    town.xb.do(lambda tx: done(tx, B1, waiting.id))
    town.xb.do(lambda tx: done(tx, B1, waiting.id))
    town.settle()
    assert town.xa.case(case).withdrawals[0].state == "confirmed"


def test_a_bank_refuses_its_own_confirmations_only_and_no_release(town: Town) -> None:
    _, hold, order = held_abroad(town)
    amendments = town.xb.node.amendments
    longer = town.xb.do(lambda tx: amendments.confirm(tx, order.id, OTHER, "Court order 17/26"))
    tell(town, later(XA, XB), HoldWithdrawal(hold=hold.id, code="mistake", at=AT))
    (release,) = town.xb.ask(lambda tx: amendments.pending(tx))
    town.xb.do(lambda tx: amendments.approve(tx, release.id, OTHER))
    with pytest.raises(NotFound):
        town.xb.do(lambda tx: amendments.bank_refuses(tx, B2, longer.id, "not ours"))
    with pytest.raises(Conflict, match="release cannot be refused"):
        town.xb.do(lambda tx: amendments.bank_refuses(tx, B1, release.id, "we keep it"))
    for _ in range(2):
        town.xb.do(lambda tx: amendments.bank_refuses(tx, B1, longer.id, "nothing is held"))
    with pytest.raises(Conflict, match="is declined"):
        town.xb.do(lambda tx: amendments.bank_done(tx, B1, longer.id))
    said = {each.id: (each.state, each.reason) for each in town.xb.case(hold.case).amendments}
    assert said[longer.id] == ("declined", f"{B1}: nothing is held")
    assert said[release.id][0] == "ordered"


# ---- caps


def with_cap(town: Town, authority: str, rule: str, amount: int, currency: str, per_day: int) -> None:
    """Give one rule of an authority's table a cap."""
    judge = town.desks[authority].node.judge
    cap = Automatic(amount_minor=amount, currency=currency, per_day=per_day)
    changed = [msgspec.structs.replace(each, automatic=cap) if each.id == rule else each for each in judge.table.rules]
    assert changed != list(judge.table.rules)
    judge.table = table(authority[:2].upper()).with_rules(tuple(changed))


def test_orders_under_the_cap_go_out_by_themselves_and_name_the_rule(town: Town) -> None:
    with_cap(town, XB, "xb-order-foreign", 10**9, "XAK", 1)
    report = town.xa.file(town.form())
    town.settle()
    (order,) = (each for hold in town.xb.holds("answered") for each in town.xb.case(hold.case).orders)
    assert order.automatic
    assert order.approver == "automatic, rule xb-order-foreign"
    assert town.xa.bar(report.case).held > 0
    hand = later(XA, XB)
    tell(town, hand, request(), "stop_payment")  # the day's one is used up
    assert [hold.state for hold in town.xb.holds("awaiting_approval")] == ["awaiting_approval"]


@pytest.mark.parametrize(("amount", "currency", "per_day"), [(10, "XAK", 5), (10**9, "XBK", 5), (10**9, "XAK", 0)])
def test_above_the_cap_in_another_currency_or_with_the_cap_off_an_officer_decides(
    town: Town, amount: int, currency: str, per_day: int
) -> None:
    with_cap(town, XB, "xb-order-foreign", amount, currency, per_day)
    town.asked()
    assert len(town.xb.holds("awaiting_approval")) == 1


def test_a_request_follows_the_money_by_itself_under_the_asker_s_cap(town: Town) -> None:
    with_cap(town, XA, "xa-hold-request", 10**9, "XBK", 1)
    case, _, _ = held_abroad(town)
    (follows,) = (hold for hold in town.xa.case(case).holds if hold.automatic)
    assert (follows.baton.holder, follows.hop, follows.peer, follows.asked_by) == (B2, 2, XB, "Officer Asha Tor")
    (waiting,) = town.xb.holds("awaiting_approval")
    town.xb.approve(waiting.id)
    town.settle()
    bar = town.xa.bar(case)
    assert bar.moved == sum(share.amount_minor for share in bar.shares if share.state == "moved" and not share.hop)


def test_without_a_cap_money_that_moved_waits_for_an_officer(town: Town) -> None:
    case, _, _ = held_abroad(town)
    assert not [hold for hold in town.xa.case(case).holds if hold.automatic]
    moved = next(share for share in town.xa.bar(case).shares if share.state == "moved" and share.hop == 1)
    town.xa.do(lambda tx: town.xa.node.chase.ask(tx, HoldForm(share=moved.id), "Officer Asha Tor"))
    town.settle()
    (waiting,) = town.xb.holds("awaiting_approval")
    assert waiting.baton == moved.baton


def test_no_peer_can_claim_a_hold_for_ever(town: Town) -> None:
    case, hold, _ = held_abroad(town)
    tell(
        town,
        later(XB, XA),
        HoldStatus(hold=hold.id, state="confirmed", at=AT, expires="9999-12-31T23:59:59Z"),
        "status",
    )
    assert {share.until for share in town.xa.bar(case).shares if share.state == "held"} == {"2027-03-02T10:07:00Z"}


def test_a_flood_of_withdrawals_does_not_bury_the_one_that_matters(town: Town) -> None:
    _, hold, order = held_abroad(town)
    (start, end), *_ = still_held(order)
    hand, reasons = later(XA, XB), []
    for number in range(25):
        part = ((start, min(end, start + 1 + number)),)
        reasons += tell(town, hand, HoldWithdrawal(hold=hold.id, code="mistake", at=AT, spans=part))
    assert len(town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx))) == 20
    assert reasons == ["too_many_waiting"] * 5


def test_a_declined_part_leaves_the_other_withdrawals_open(town: Town) -> None:
    case, hold, _ = held_abroad(town)
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, case, GOOD_FAITH, "Officer Miro Lane"))
    town.deliver()
    other = HoldStatus(hold=hold.id, state="release_declined", at=AT, spans=((0, 1),), reason="another part")
    tell(town, later(XB, XA), other, "status")
    assert [each.state for each in town.xa.case(case).withdrawals] == ["delivered"]
