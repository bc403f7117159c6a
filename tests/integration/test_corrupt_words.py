"""Words of a corrupt member or officer about holds: too many pieces or requests, ends that never come, one name spelt twice."""

import msgspec
import pytest
from tests.integration.hand import Hand, request, statement
from tests.integration.test_corrupt_undoing import AT, later, tell
from tests.integration.test_undo import OTHER, UPHOLD, held_abroad, object_to, token_of
from tests.integration.test_undo_crossings import (
    ASHA,
    MIRO,
    agreed,
    ask_again,
    close,
    hold_at,
    release_abroad,
    undo,
    withdrawals,
)
from tests.integration.town import XA, XB, Town

from lintas.cli.demo.cast import A2, B1, B2
from lintas.model.errors import Conflict, NotAllowed, Refused
from lintas.model.messages import HoldAnswer, HoldRelease, HoldWithdrawal, LegalBasis
from lintas.model.tainted import Baton, LedgerAnswer, Part, Span
from lintas.requests.forms import AppealDecision, AppealForm, HoldForm, Sentence, UndoForm
from lintas.requests.records import Hold, Order
from lintas.requests.rules import still_held

BASIS = LegalBasis(jurisdiction="XB", rule="r", law="l")


def every_second(start: int, count: int, size: int = 1) -> tuple[Span, ...]:
    """Return every second piece of a size from a place on."""
    return tuple((start + each, start + each + size) for each in range(size, 2 * size * count, 2 * size))


# ---- pieces


def test_nobody_cuts_a_hold_into_more_pieces_than_can_be_told(town: Town) -> None:
    case, hold, order = held_abroad(town)
    (start, _), *_ = held = still_held(order)
    appeal = object_to(town.xb, token_of(town.xb, order))
    decision = AppealDecision(uphold=True, reason="every second cent", spans=every_second(start, 100))
    with pytest.raises(Refused, match="more than 100 pieces"):
        town.xb.do(lambda tx: town.xb.node.appeals.decide(tx, appeal, OTHER, decision))
    assert [each.state for each in town.xb.case(hold.case).appeals] == ["open"]
    taken = HoldWithdrawal(hold=hold.id, code="mistake", at=AT, spans=every_second(start, 100))
    assert tell(town, later(XA, XB), taken) == ["bad_spans"]
    assert town.xb.case(hold.case).amendments == []
    assert agreed(town, case, hold) == held
    town.clock.move(days=8)
    close(town.xb)
    town.settle()
    assert agreed(town, case, hold) == []
    assert [each.state for each in town.xb.case(hold.case).appeals] == ["dismissed"]
    assert town.xa.refusals() == []


def test_many_small_releases_together_stay_within_what_can_be_told(town: Town) -> None:
    case, hold, order = held_abroad(town)
    (start, _), *_ = still_held(order)
    hand = later(XA, XB)
    for place in range(5):
        taken = HoldWithdrawal(hold=hold.id, code="mistake", at=AT, spans=every_second(start + 6000 * place, 60, 50))
        assert tell(town, hand, taken) == []
    waiting = town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx))
    assert len(waiting) == 5
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, waiting[0].id, OTHER))
    for each in waiting[1:]:
        with pytest.raises(Refused, match="more than 100 pieces"):
            town.xb.do(lambda tx, a=each.id: town.xb.node.amendments.approve(tx, a, OTHER))  # type: ignore[misc] # at once
    town.settle()
    assert len(agreed(town, case, hold)) == 61
    assert tell(town, hand, HoldWithdrawal(hold=hold.id, code="mistake", at=AT)) == []
    whole = next(each for each in town.xb.ask(lambda tx: town.xb.node.amendments.pending(tx)) if len(each.spans) == 1)
    town.xb.do(lambda tx: town.xb.node.amendments.approve(tx, whole.id, OTHER))
    town.settle()
    assert agreed(town, case, hold) == []
    assert town.xa.refusals() == []


def in_two_parts(town: Town) -> tuple[str, Hold, Order]:
    """Play until the bank holds in two parts what is one: the case, the hold, the order."""
    report, waiting = town.asked()
    order, bank = town.xb.approve(waiting.id), town.banks[B1]
    located = bank.agent.carry_out(order)
    assert isinstance(located, LedgerAnswer)
    parts = []
    for part in located.parts:
        middle, local = (part.start + part.end) // 2, part.local_minor // 2
        if part.state == "held":
            parts.append(msgspec.structs.replace(part, end=middle, local_minor=local))
            part = msgspec.structs.replace(part, start=middle, local_minor=part.local_minor - local)
        parts.append(part)
    answer = bank.agent._core.place(order.id, msgspec.structs.replace(located, parts=tuple(parts)), order.expires)
    bank.carry_out = lambda _: answer
    town.settle()
    return report.case, waiting, town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id))


def test_one_part_named_sixty_times_is_let_go_once(town: Town) -> None:
    case, hold, order = in_two_parts(town)
    assert len(still_held(order)) == 2
    hand = later(XA, XB)
    for spans in ((order.baton.span,) * 60, still_held(order) * 50):
        assert tell(town, hand, HoldWithdrawal(hold=hold.id, code="mistake", at=AT, spans=tuple(spans))) == []
    release_abroad(town)
    assert agreed(town, case, hold) == []
    (changed,) = (each for each in town.xb.case(hold.case).orders if each.id == order.id)
    assert sum(end - first for first, end in changed.released) == sum(end - first for first, end in still_held(order))
    assert {each.state for each in town.xb.case(hold.case).amendments} == {"done"}
    assert town.xa.refusals() == town.xb.refusals() == []


def held_by_hand(town: Town) -> tuple[str, Hold, Hand]:
    """Let a hand of xb say that it holds all: the case, xa's hold, the hand."""
    report, waiting = town.asked()
    asked = hold_at(town.xa, waiting.id)
    start, end = asked.baton.span
    part = Part(state="held", start=start, end=end, local_minor=end - start, local_currency=asked.baton.currency)
    answer = HoldAnswer(
        hold=asked.id,
        outcome="held_full",
        parts=(part,),
        basis=BASIS,
        approver="Officer Nemo",
        expires="2026-03-04T10:07:00Z",
    )
    hand = Hand(XB, XA)
    assert tell(town, hand, answer, "stop_payment") == []
    return report.case, asked, hand


@pytest.mark.parametrize("at_the_edge", [False, True])
def test_a_holder_that_lets_go_by_the_cent_does_not_flood_the_bar(town: Town, *, at_the_edge: bool) -> None:
    case, hold, hand = held_by_hand(town)
    start, end = hold.baton.span
    words = []
    for first in range(start, start + 2400, 200):
        words += [every_second(first, 100), *([((first, first + 200),)] if at_the_edge else [])]
    said = [HoldRelease(hold=hold.id, code="appeal", at=AT, spans=spans) for spans in words]
    town.xa.receive(hand.write([statement(each, origin=XB, purpose="release_funds") for each in said]), XB)
    reasons = [each.reason for each in town.xa.refusals()]
    assert set(reasons) == {"bad_release"}
    assert len(town.xa.bar(case).shares) < 510
    assert town.xa.bar(case).held > 0
    assert tell(town, hand, HoldRelease(hold=hold.id, code="expired", at=AT, spans=((start, end),))) == []
    assert town.xa.bar(case).held == 0


def test_a_part_too_small_for_the_bar_can_be_let_go_like_any_other(town: Town) -> None:
    report, waiting = town.asked()
    first = hold_at(town.xa, waiting.id).baton
    fine = first.amount_minor * 1000  # the next currency's units are a thousand times smaller
    baton = Baton(transfer="T-2", start=0, end=fine, currency="XBK", holder=B2, sender=B1)
    part = Part(state="moved", start=first.start, end=first.end, local_minor=fine, local_currency="XBK", baton=baton)
    hand = Hand(XB, XA)
    assert tell(town, hand, HoldAnswer(hold=waiting.id, outcome="moved", parts=(part,)), "stop_payment") == []
    moved = next(share for share in town.xa.bar(report.case).shares if share.baton and share.baton.transfer == "T-2")
    hold = ask_again(town, moved.id, ASHA)
    spans = ((0, 600), (600, fine))
    parts = tuple(Part(state="held", start=a, end=b, local_minor=b - a, local_currency="XBK") for a, b in spans)
    answer = HoldAnswer(
        hold=hold.id,
        outcome="held_full",
        parts=parts,
        basis=BASIS,
        approver="Officer Nemo",
        expires="2026-03-04T10:07:00Z",
    )
    assert tell(town, hand, answer, "stop_payment") == []
    assert town.xa.bar(report.case).held > 0
    undo(town, report.case)
    assert tell(town, hand, HoldRelease(hold=hold.id, code="withdrawn", at=AT, spans=spans)) == []
    assert town.xa.bar(report.case).held == 0
    assert withdrawals(town, report.case) == {"confirmed"}


# ---- requests


def test_a_peer_cannot_end_a_chase_with_a_release_of_what_it_never_decided_on(town: Town) -> None:
    report, waiting = town.asked()
    before = town.xa.bar(report.case)
    assert tell(town, Hand(XB, XA), HoldRelease(hold=waiting.id, code="withdrawn", at=AT, reason="gone")) == []
    after, asked = town.xa.bar(report.case), hold_at(town.xa, waiting.id)
    assert (after.moved, after.released) == (before.moved, before.released)
    assert (asked.state, asked.outcome, asked.reason) == ("answered", "refused", "gone")
    assert ask_again(town, asked.share, ASHA).state == "sent"


def test_hundreds_of_requests_of_one_peer_do_not_hide_what_waits_besides(town: Town) -> None:
    flood, basis = Hand(XB, XA), LegalBasis(jurisdiction="XB", rule="r", law="l")
    money = Baton(transfer="T-1", start=0, end=50_000, currency="XAK", holder=A2, sender=B1)
    many = [statement(request(baton=money, basis=basis), origin=XB) for _ in range(210)]
    town.xa.receive(flood.write(many), XB)
    town.clock.move(seconds=1)
    town.xa.file(town.form())
    while town.banks_work():
        pass
    listed = town.xa.holds("awaiting_approval")
    assert len(listed) == 200
    (own,) = (each for each in listed if each.direction == "own")
    assert listed[-1] == own
    assert town.xa.approve(own.id).bank == A2


def test_what_cannot_be_asked_is_told_and_listed_and_not_kept(town: Town) -> None:
    nobody = Baton(transfer="x", start=0, end=5, currency="XAK", holder="NOBANK", sender=A2)
    items = [statement(request(baton=nobody, amount_minor=5)) for _ in range(50)]
    town.xb.receive(Hand(XA, XB).write(items), XA)
    assert town.xb.holds() == []
    assert {each.reason for each in town.xb.refusals()} == {"not_our_bank"}


def test_one_officer_cannot_cut_a_share_until_nobody_can_name_it(town: Town) -> None:
    report, waiting = town.asked()
    town.xb.do(lambda tx: town.xb.node.orders.decline(tx, waiting.id, OTHER, "no such law"))
    town.settle()
    share = hold_at(town.xa, waiting.id).share
    with pytest.raises(Conflict, match="cut too often"):
        for _ in range(100):
            form = HoldForm(share=share, amount_minor=1)
            cut = town.xa.do(lambda tx, f=form: town.xa.node.chase.ask(tx, f, ASHA))  # type: ignore[misc] # called at once
            share = f"{cut.share[:-1]}1"
    assert 300 < len(share) < 310
    msgspec.convert({"code": "mistake", "reason": "too fine", "share": share}, UndoForm)
    town.deliver()
    undo(town, report.case)
    town.settle()
    bar = town.xa.bar(report.case)
    assert (bar.held, bar.moved) == (0, 0)
    assert withdrawals(town, report.case) == {"confirmed"}


# ---- ends


def test_no_request_waits_for_ever(town: Town) -> None:
    asked = request(expires="9999-12-31T23:59:59Z", answer_by="9999-12-31T23:59:59Z")
    assert tell(town, Hand(XA, XB), asked, "stop_payment") == []
    (waiting,) = town.xb.holds("awaiting_approval")
    assert (waiting.expires, waiting.answer_by) == ("2026-03-31T10:07:00Z", "2026-03-31T10:07:00Z")
    town.clock.move(days=31)
    with pytest.raises(Conflict, match="ended"):
        town.xb.approve(asked.hold)
    close(town.xb)
    assert hold_at(town.xb, asked.hold).state == "expired"


@pytest.mark.parametrize(
    ("until", "believed"),
    [
        ("9999-12-31T23:59:59Z", "2027-03-02T10:07:00Z"),
        ("2026-W11-3T00:00:00Z", "2026-03-11T00:00:00Z"),
        ("2026-03-05T00:00:00-23:59", "2026-03-05T23:59:00Z"),
        (" 2026-03-09T00:00:00Z", "2026-03-09T00:00:00Z"),
    ],
)
def test_an_end_in_any_spelling_comes(town: Town, until: str, believed: str) -> None:
    report, waiting = town.asked()
    start, end = waiting.baton.span
    part = Part(state="held", start=start, end=end, local_minor=end - start, local_currency=waiting.baton.currency)
    answer = HoldAnswer(
        hold=waiting.id, outcome="held_full", parts=(part,), basis=BASIS, approver="Officer Nemo", expires=until
    )
    assert tell(town, Hand(XB, XA), answer, "stop_payment") == []
    assert {share.until for share in town.xa.bar(report.case).shares if share.state == "held"} == {believed}
    town.clock.move(days=367)
    assert town.xa.ask(town.xa.node.undo.lapsed)
    town.xa.do(town.xa.node.undo.lapse)
    assert town.xa.bar(report.case).held == 0


# ---- officers


def spellings(name: str) -> list[str]:
    return [name, name.upper(), f" {name} ", name.replace(" ", "  "), name.replace("O", "Ｏ", 1)]


def test_one_person_is_one_however_the_name_is_spelt(town: Town) -> None:
    case, _, order = held_abroad(town)
    own = next(each for each in town.xa.case(case).holds if each.direction == "own")
    for asha in spellings(ASHA):
        with pytest.raises(NotAllowed, match="who reported"):
            town.xa.approve(own.id, asha)
    town.xa.approve(own.id)
    town.settle()
    (release,) = undo(town, case).amendments
    for miro in spellings(MIRO):
        with pytest.raises(NotAllowed, match="who asked"):
            town.xa.do(lambda tx, o=miro: town.xa.node.amendments.approve(tx, release.id, o))  # type: ignore[misc] # at once
    appeal = object_to(town.xb, token_of(town.xb, order))
    confirm, decide = town.xb.node.amendments.confirm, town.xb.node.appeals.decide
    for dena in spellings(order.approver):
        with pytest.raises(NotAllowed, match="who approved"):
            town.xb.do(lambda tx, o=dena: confirm(tx, order.id, o, "Court order 17"))  # type: ignore[misc] # called at once
        with pytest.raises(NotAllowed, match="who approved"):
            town.xb.do(lambda tx, o=dena: decide(tx, appeal, o, UPHOLD))  # type: ignore[misc] # called at once


def test_who_wishes_a_release_cannot_get_it_as_an_objection(town: Town) -> None:
    case, _, _ = held_abroad(town)
    own = next(each for each in town.xa.case(case).holds if each.direction == "own")
    approved = town.xa.approve(own.id)
    town.settle()
    order = town.xa.ask(lambda tx: town.xa.node.orders.order(tx, approved.id))
    assert "/appeal/" not in town.xa.ask(lambda tx: town.xa.node.orders.letter(tx, order.id)).plain()
    undo(town, case)
    appeal = object_to(town.xa, token_of(town.xa, order))
    (start, end), *_ = held = still_held(order)
    for spans in (((start, end),), ((start, end - 1), (end - 1, end)), ()):
        alone = AppealDecision(uphold=True, reason="mine all alone", spans=spans)
        with pytest.raises(NotAllowed, match="who asked for a release"):
            town.xa.do(lambda tx, a=alone: town.xa.node.appeals.decide(tx, appeal, MIRO, a))  # type: ignore[misc] # at once
    town.settle()
    assert still_held(town.xa.ask(lambda tx: town.xa.node.orders.order(tx, order.id))) == held
    town.xa.do(lambda tx: town.xa.node.appeals.decide(tx, appeal, OTHER, UPHOLD))
    town.settle()
    assert still_held(town.xa.ask(lambda tx: town.xa.node.orders.order(tx, order.id))) == []


# ---- letters and references


@pytest.mark.parametrize("unseen", "\u061c\u200b\ufeff\u00ad\U000e0041\u2060\u180e")
def test_nothing_that_cannot_be_seen_stands_in_a_sentence(unseen: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(f"ab{unseen}cd", Sentence)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": f"Lumen{unseen} Shop", "contact": "a@b.example", "text": "mine"}, AppealForm)


def test_joiners_that_languages_need_are_letters() -> None:
    assert msgspec.convert("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", Sentence)


def test_two_banks_that_name_the_same_reference_are_two_things_to_ask_for(town: Town) -> None:
    hand, whole = Hand(XA, XB), 50_000
    first = [
        request(baton=Baton(transfer=f"T-{bank}", start=0, end=whole, currency="XAK", holder=bank, sender=A2))
        for bank in (B1, B2)
    ]
    seven = Baton(transfer="T-7", start=0, end=whole, currency="XAK", holder=B1)
    for asked in first:
        assert tell(town, hand, asked, "stop_payment") == []
        order, bank = town.xb.approve(asked.hold), asked.baton.holder
        part = Part(state="moved", start=0, end=whole, local_minor=whole, local_currency="XAK", baton=seven)
        answer = LedgerAnswer(
            transfer=order.baton.transfer, start=0, end=whole, currency="XAK", snapshot="s", found=True, parts=(part,)
        )
        town.xb.do(lambda tx, b=bank, o=order.id, a=answer: town.xb.node.orders.bank_answers(tx, b, o, a))  # type: ignore[misc]
    for bank in (B1, B2):
        on = request(baton=msgspec.structs.replace(seven, sender=bank))
        assert tell(town, hand, on, "stop_payment") == []
        assert hold_at(town.xb, on.hold).baton.sender == bank
