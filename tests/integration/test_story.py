"""The main job in process: a report, two banks, a request abroad, an order, an answer; both bars exact at every step."""

import msgspec
import pytest
from tests.integration.town import XA, XB, Desk, Town

from lintas.cli.demo.cast import A1, A2, B1, B2
from lintas.model.errors import BadInput, Conflict, NotAllowed, NotFound, Refused
from lintas.model.money import Money
from lintas.model.tainted import LedgerAnswer
from lintas.requests.forms import HoldForm
from lintas.requests.records import Bar, Hold, Order
from lintas.requests.store import keep_hold
from lintas.text.translation import words


def unanswered_order(town: Town) -> tuple[str, Hold, Order, LedgerAnswer]:
    """Play until the bank abroad holds an order: xa's case, xb's hold, the order, and what the bank would answer."""
    report, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    return report.case, waiting, order, town.banks[B1].carry_out(order)  # type: ignore[return-value] # nobody refuses here


def answer(desk: Desk, bank: str, order: Order, given: LedgerAnswer) -> None:
    desk.do(lambda tx: desk.node.orders.bank_answers(tx, bank, order.id, given))


def total(bar: Bar) -> int:
    return bar.held + bar.moved + bar.spent + bar.returned + bar.released + bar.unknown


def test_the_main_job_from_the_report_to_both_bars(town: Town) -> None:
    stolen = town.world.thefts[0].stolen_minor
    report = town.xa.file(town.form())
    assert town.xa.bar(report.case).unknown == stolen
    roles = {(found.type, found.role) for found in report.identifiers}
    assert {("phone", "suspect"), ("phone", "victim"), ("bank_account", "suspect"), ("url", "suspect")} <= roles

    town.settle()
    traced = town.xa.bar(report.case)
    assert (traced.stolen, traced.unknown, traced.held) == (stolen, 0, 0)
    assert traced.spent > 0
    own, asked = sorted(town.xa.case(report.case).holds, key=lambda hold: hold.direction, reverse=True)
    assert (own.direction, own.state) == ("own", "awaiting_approval")
    assert (asked.direction, asked.peer, asked.state) == ("asked", XB, "delivered")
    assert own.amount_minor + asked.amount_minor == traced.moved

    (received,) = town.xb.holds("awaiting_approval")
    assert (received.id, received.amount_minor, received.currency) == (asked.id, asked.amount_minor, "XAK")
    assert town.xb.bar(received.case).unknown == asked.amount_minor

    own_order, order = town.xa.approve(own.id), town.xb.approve(received.id)
    assert (own_order.bank, order.bank) == (A2, B1)
    assert own_order.basis.jurisdiction == "XA"
    assert order.basis.jurisdiction == "XB"
    assert order.approver == "Officer Dena Holt"
    town.settle()

    ours, theirs = town.xa.bar(report.case), town.xb.bar(received.case)
    assert total(ours) == ours.stolen == stolen
    assert (theirs.currency, total(theirs)) == ("XBK", theirs.stolen)
    assert ours.held > own.amount_minor
    assert ours.moved > 0
    outcomes = {hold.direction: hold.outcome for hold in town.xa.case(report.case).holds}
    assert outcomes == {"own": "held_full", "asked": "held_partial"}
    for share in ours.shares:
        if share.state == "held":
            assert share.law
            assert share.until is not None
    assert town.xa.ask(town.xa.node.border.unmatched) == town.xb.ask(town.xb.node.border.unmatched) == []
    assert town.xa.refusals() == town.xb.refusals() == []


def test_a_hold_never_exceeds_its_interval_and_always_ends(town: Town) -> None:
    _, waiting, order, given = unanswered_order(town)
    held = sum(part.amount_minor for part in given.parts if part.state == "held")
    assert 0 < held <= order.amount_minor <= waiting.baton.amount_minor
    assert order.expires > order.issued_at


def test_the_bank_gets_the_order_as_a_letter_too(town: Town) -> None:
    _, _, order, _ = unanswered_order(town)
    letter = town.xb.ask(lambda tx: town.xb.node.orders.letter(tx, order.id, B1)).plain()
    for said in (
        order.id,
        order.basis.law,
        str(Money(order.amount_minor, "XAK")),
        words("en").moment(order.expires),
        order.contact,
        "Officer Dena Holt",
    ):
        assert said in letter


def test_the_same_theft_reported_twice_is_one_case(town: Town) -> None:
    first = town.xa.file(town.form())
    again = town.xa.file(town.form() | {"text": "Calling again, has anything happened?"}, officer="Officer Other")
    town.settle()
    assert (again.case, again.duplicate_of) == (first.case, first.id)
    assert len(town.xb.holds()) == 1
    assert len(town.xa.case(first.case).reports) == 2
    third = town.xa.file(town.form())
    assert third.case == first.case
    town.settle()
    assert len(town.xb.holds()) == 1


def test_a_report_without_a_claim_is_kept_and_says_what_is_missing(town: Town) -> None:
    report = town.xa.file({"text": "Somebody sent me https://prize.example/win and I did not pay."})
    town.settle()
    assert report.claim is None
    assert "bank" in report.missing
    view = town.xa.case(report.case)
    assert view.bar is None
    assert [kept.id for kept in view.reports] == [report.id]
    assert (len(view.trail), len(view.holds)) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"bank": "NOBK"}, "bank"),
        ({"bank": B1}, "bank"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "digits"),
        ({"amount": "1.234"}, "decimals"),
        ({"amount": "9" * 40}, "larger"),
        ({"amount": "many"}, "digits"),
        ({"currency": ""}, "currency"),
        ({"currency": "QQQ"}, "QQQ"),
        ({"at": "2026-03-01T10:00:00"}, "zone"),
        ({"at": "yesterday"}, "time"),
    ],
)
def test_a_bad_form_is_refused_and_stores_nothing(town: Town, changes: dict[str, str], where: str) -> None:
    before = town.xa.dump()
    # Without words, so that only the form speaks.
    with pytest.raises(BadInput, match=where):
        town.xa.file(town.form() | {"text": ""} | changes)
    assert town.xa.dump() == before


def test_a_bank_that_finds_nothing_leaves_the_money_unknown(town: Town) -> None:
    report = town.xa.file(town.form() | {"amount": "1.00", "text": "I paid them."})
    town.settle()
    bar = town.xa.bar(report.case)
    assert (bar.stolen, bar.unknown) == (100, 100)
    assert [share.note for share in bar.shares] == ["not_found"]
    assert town.xb.holds() == []


def test_a_bank_abroad_that_finds_nothing_is_told_as_such(town: Town) -> None:
    case, waiting, order, given = unanswered_order(town)
    nothing = msgspec.structs.replace(given, found=False, parts=())
    answer(town.xb, B1, order, nothing)
    town.settle()
    (asked,) = (hold for hold in town.xa.case(case).holds if hold.direction == "asked")
    assert (asked.state, asked.outcome) == ("answered", "not_found")
    assert town.xb.bar(waiting.case).unknown == waiting.amount_minor
    assert town.xa.bar(case).held == 0


def test_a_bank_may_refuse_with_a_legal_reason(town: Town) -> None:
    report, waiting = town.asked()
    town.banks[B1].carry_out = lambda order: "Boreo Banking Secrecy Act, s.3: a court order is needed"
    town.xb.approve(waiting.id)
    town.settle()
    (asked,) = (hold for hold in town.xa.case(report.case).holds if hold.direction == "asked")
    assert asked.outcome == "refused"
    assert "Boreo Banking Secrecy Act, s.3" in asked.reason
    assert town.xa.bar(report.case).held == 0
    assert town.xb.bar(waiting.case).held == 0


def test_an_officer_who_declines_is_heard_abroad(town: Town) -> None:
    report, waiting = town.asked()
    orders = town.xb.node.orders
    town.xb.do(lambda tx: orders.decline(tx, waiting.id, "Officer Dena Holt", "no dual criminality"))
    town.settle()
    (asked,) = (hold for hold in town.xa.case(report.case).holds if hold.direction == "asked")
    assert (asked.state, asked.outcome) == ("answered", "refused")
    assert "no dual criminality" in asked.reason
    assert town.xb.ask(lambda tx: orders.work(tx, B1)) == []
    with pytest.raises(Conflict):
        town.xb.approve(waiting.id)
    town.xa.bar(report.case)


def test_approving_twice_gives_one_order(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    before = town.xb.dump()
    with pytest.raises(Conflict, match="ordered"):
        town.xb.approve(waiting.id, "Officer Another")
    assert town.xb.dump() == before
    assert [each.id for each in town.xb.ask(lambda tx: town.xb.node.orders.work(tx, B1))] == [order.id]


def test_nobody_approves_what_was_asked_of_somebody_else(town: Town) -> None:
    report, _ = town.asked()
    (asked,) = (hold for hold in town.xa.case(report.case).holds if hold.direction == "asked")
    with pytest.raises(Conflict, match="not waiting"):
        town.xa.approve(asked.id)
    with pytest.raises(NotFound):
        town.xa.approve("hold-0")


def test_the_same_answer_again_is_fine_and_another_is_a_conflict(town: Town) -> None:
    _, waiting, order, given = unanswered_order(town)
    answer(town.xb, B1, order, given)
    bar, before = town.xb.bar(waiting.case), town.xb.dump()
    answer(town.xb, B1, order, given)
    assert town.xb.dump() == before
    other = msgspec.structs.replace(given, found=False, parts=())
    with pytest.raises(Conflict):
        answer(town.xb, B1, order, other)
    with pytest.raises(Conflict):
        town.xb.do(lambda tx: town.xb.node.orders.bank_refuses(tx, B1, order.id, "changed our mind"))
    assert town.xb.dump() == before
    assert town.xb.bar(waiting.case) == bar


def test_a_bank_answers_for_itself_only(town: Town) -> None:
    _, _, order, given = unanswered_order(town)
    before = town.xb.dump()
    with pytest.raises(NotFound):
        answer(town.xb, B2, order, given)
    with pytest.raises(NotFound):
        town.xb.ask(lambda tx: town.xb.node.orders.letter(tx, order.id, B2))
    with pytest.raises(NotFound):
        town.xb.do(lambda tx: town.xb.node.orders.bank_refuses(tx, B2, order.id, "not ours"))
    assert town.xb.dump() == before


def wrong_answers(order: Order, given: LedgerAnswer) -> dict[str, LedgerAnswer]:
    """Return answers that must not be taken, by what is wrong with them."""
    replace = msgspec.structs.replace
    first, *rest = given.parts
    half = (first.start + first.end) // 2
    return {
        "gap": replace(given, parts=(replace(first, end=first.end - 1), *rest)),
        "overlap": replace(given, parts=(first, *(replace(part, start=part.start - 1) for part in rest))),
        "too short": replace(given, parts=given.parts[:-1]),
        "beyond": replace(given, parts=(*given.parts, replace(first, start=given.end, end=given.end + 5))),
        "empty": replace(given, parts=()),
        "backwards": replace(given, parts=tuple(reversed(given.parts))),
        "empty part": replace(given, parts=(replace(first, end=first.start), replace(first, end=first.end), *rest)),
        "negative": replace(given, parts=(replace(first, local_minor=-1), *rest)),
        "other interval": replace(given, start=given.start + 1, parts=(replace(first, start=first.start + 1), *rest)),
        "other transfer": replace(given, transfer="another"),
        "other currency": replace(given, currency="XBK"),
        "unknown currency": replace(given, parts=(replace(first, local_currency="QQQ"), *rest)),
        "found nothing but parts": replace(given, found=False),
        "moved without a baton": replace(given, parts=(replace(first, state="moved", baton=None, end=half),)),
        "held with a baton": replace(
            given, parts=tuple(replace(part, state="held", baton=order.baton) for part in given.parts)
        ),
        "empty baton": replace(
            given,
            parts=(replace(first, state="moved", baton=replace(order.baton, start=5, end=5)), *rest),
        ),
    }


def test_answers_that_do_not_tile_the_order_are_refused(town: Town) -> None:
    _, waiting, order, given = unanswered_order(town)
    before = town.xb.dump()
    for what, wrong in wrong_answers(order, given).items():
        with pytest.raises(BadInput):
            answer(town.xb, B1, order, wrong)
        assert town.xb.dump() == before, what
    answer(town.xb, B1, order, given)
    assert town.xb.bar(waiting.case).held > 0


def test_trace_answers_that_do_not_fit_are_refused(town: Town) -> None:
    town.xa.file(town.form())
    tracing, bank = town.xa.node.tracing, town.banks[A1]
    (question,) = town.xa.ask(lambda tx: tracing.work(tx, A1))
    given = bank.locate(question)
    replace = msgspec.structs.replace
    before = town.xa.dump()
    for wrong in (
        replace(given, parts=()),
        replace(given, start=1),
        replace(given, end=given.end + 1),
        replace(given, currency="XBK"),
        replace(given, end=0, parts=()),
        replace(given, parts=tuple(replace(part, end=part.end + 1) for part in given.parts)),
    ):
        with pytest.raises(BadInput):
            town.xa.do(lambda tx, wrong=wrong: tracing.answer(tx, A1, question.id, wrong))  # type: ignore[misc] # bound now
    with pytest.raises(NotFound):
        town.xa.do(lambda tx: tracing.answer(tx, A2, question.id, given))
    with pytest.raises(NotFound):
        town.xa.do(lambda tx: tracing.answer(tx, A1, "trace-0", given))
    assert town.xa.dump() == before
    town.xa.do(lambda tx: tracing.answer(tx, A1, question.id, given))
    after = town.xa.dump()
    town.xa.do(lambda tx: tracing.answer(tx, A1, question.id, given))
    assert town.xa.dump() == after
    with pytest.raises(Conflict):
        town.xa.do(lambda tx: tracing.answer(tx, A1, question.id, replace(given, found=False, parts=())))


def test_a_bank_cannot_make_a_claim_larger_or_another(town: Town) -> None:
    report = town.xa.file(town.form())
    tracing = town.xa.node.tracing
    (question,) = town.xa.ask(lambda tx: tracing.work(tx, A1))
    given = town.banks[A1].locate(question)
    (part,) = given.parts
    assert part.baton is not None
    for change in (100, -100):
        baton = msgspec.structs.replace(part.baton, end=part.baton.end + change)
        parts = (
            msgspec.structs.replace(part, end=part.end + change, local_minor=part.local_minor + change, baton=baton),
        )
        other = msgspec.structs.replace(given, end=given.end + change, parts=parts)
        with pytest.raises(BadInput, match="reported were"):
            town.xa.do(lambda tx, other=other: tracing.answer(tx, A1, question.id, other))  # type: ignore[misc]
    assert town.xa.bar(report.case).stolen == given.end


def test_a_baton_carries_no_more_than_its_part(town: Town) -> None:
    town.xa.file(town.form())
    tracing = town.xa.node.tracing
    (question,) = town.xa.ask(lambda tx: tracing.work(tx, A1))
    given = town.banks[A1].locate(question)
    (part,) = given.parts
    assert part.baton is not None
    for changes in ({"end": part.baton.end + 1}, {"currency": "XBK"}):
        baton = msgspec.structs.replace(part.baton, **changes)
        more = msgspec.structs.replace(given, parts=(msgspec.structs.replace(part, baton=baton),))
        with pytest.raises(BadInput, match="not that part's money"):
            town.xa.do(lambda tx, more=more: tracing.answer(tx, A1, question.id, more))  # type: ignore[misc]


def test_one_money_is_under_one_order_only(town: Town) -> None:
    """A peer that asks for the same interval under another id gets no second order for it."""
    unanswered_order(town)
    (first,) = town.xb.holds("ordered")
    twin = msgspec.structs.replace(
        first, id="hold-twin", state="awaiting_approval", share="case-twin", case="case-twin"
    )
    town.xb.do(lambda tx: keep_hold(tx, twin))
    with pytest.raises(Conflict, match="covers this money"):
        town.xb.approve("hold-twin")


def test_a_request_that_has_ended_is_not_approved(town: Town) -> None:
    unanswered_order(town)
    (first,) = town.xb.holds("ordered")
    stale = msgspec.structs.replace(
        first, id="hold-stale", state="awaiting_approval", expires="2020-01-01T00:00:00Z", share="s", case="case-s"
    )
    town.xb.do(lambda tx: keep_hold(tx, stale))
    with pytest.raises(Conflict, match="ended at"):
        town.xb.approve("hold-stale")


def test_who_reported_does_not_approve(town: Town) -> None:
    town.xa.file(town.form())
    town.settle()
    (own,) = (hold for hold in town.xa.holds("awaiting_approval") if hold.direction == "own")
    assert own.asked_by
    with pytest.raises(NotAllowed, match="cannot approve"):
        town.xa.do(lambda tx: town.xa.node.orders.approve(tx, own.id, own.asked_by))


def moved_share(town: Town, case: str) -> str:
    (share,) = (
        share for share in town.xa.bar(case).shares if share.state == "moved" and share.baton and not share.hold
    )
    return share.id


def answered_story(town: Town) -> str:
    """Play until the answer is home and a part has moved on abroad: xa's case."""
    case, _, order, given = unanswered_order(town)
    answer(town.xb, B1, order, given)
    town.settle()
    return case


def test_an_officer_asks_for_less_and_never_for_more(town: Town) -> None:
    case = answered_story(town)
    share, chase = moved_share(town, case), town.xa.node.chase
    (found,) = (each for each in town.xa.bar(case).shares if each.id == share)
    assert found.baton is not None
    before = town.xa.dump()
    above = HoldForm(share=share, amount_minor=found.baton.amount_minor + 1)
    with pytest.raises(Refused, match="only") as refused:
        town.xa.do(lambda tx: chase.ask(tx, above))
    assert refused.value.reason == "above_interval"
    with pytest.raises(NotFound):
        town.xa.do(lambda tx: chase.ask(tx, HoldForm(share="case-0.000")))
    assert town.xa.dump() == before
    part = HoldForm(share=share, amount_minor=found.baton.amount_minor // 3)
    hold = town.xa.do(lambda tx: chase.ask(tx, part))
    assert (hold.state, hold.amount_minor) == ("sent", part.amount_minor)
    assert town.xa.bar(case).stolen == town.world.thefts[0].stolen_minor
    with pytest.raises((Conflict, NotFound)):
        town.xa.do(lambda tx: chase.ask(tx, part))
    town.deliver()
    assert hold.id in {each.id for each in town.xb.holds("awaiting_approval")}


def test_a_purpose_without_a_rule_leaves_nothing_behind_the_border(town: Town) -> None:
    case = answered_story(town)
    form = HoldForm(share=moved_share(town, case), purpose="investigation")
    hold = town.xa.do(lambda tx: town.xa.node.chase.ask(tx, form))
    assert hold.state == "refused_by_policy"
    assert "no rule" in hold.decision
    assert town.deliver() == 0
    assert town.xa.refusals()[0].direction == "out"
    assert hold.id not in {each.id for each in town.xb.holds()}


def test_an_own_hold_needs_the_own_approver_and_stays_at_home(town: Town) -> None:
    report, _ = town.asked()
    (own,) = town.xa.holds("awaiting_approval")
    envelopes = len(town.xa.ask(town.xa.node.exchange.sent))
    order = town.xa.approve(own.id, "Officer Miro Lane")
    town.settle()
    assert order.basis.law.startswith("Aria")
    assert town.xa.bar(report.case).held == own.amount_minor
    assert len(town.xa.ask(town.xa.node.exchange.sent)) == envelopes
    held = [share for share in town.xa.bar(report.case).shares if share.state == "held"]
    assert [(share.authority, share.holder, share.until) for share in held] == [(XA, A2, order.expires)]


def test_a_peer_that_is_away_gets_everything_once_when_it_is_back(town: Town) -> None:
    report = town.xa.file(town.form())
    while town.banks_work():
        pass
    exchange = town.xa.node.exchange
    due = exchange.to_send(XB, "urgent")
    assert due is not None
    wire = due if isinstance(due, bytes) else town.xa.do(due)
    # Delivered, but the receipt is lost on the way: the same bytes go again and the first receipt comes back.
    receipt = town.xb.receive(wire, XA)
    assert exchange.to_send(XB, "urgent") == wire
    with pytest.raises(Refused) as replayed:
        town.xb.receive(wire, XA)
    assert replayed.value.receipt == receipt  # type: ignore[attr-defined] # a Replay carries it
    town.xa.take_receipt(receipt)
    town.xa.take_receipt(receipt)
    assert exchange.to_send(XB, "urgent") is None
    assert len(town.xb.holds()) == 1
    assert town.xa.ask(town.xa.node.border.unmatched) == []
    town.xa.bar(report.case)


def test_a_declined_own_hold_changes_no_money(town: Town) -> None:
    report, _ = town.asked()
    (own,) = town.xa.holds("awaiting_approval")
    bar = town.xa.bar(report.case)
    town.xa.do(
        lambda tx: town.xa.node.orders.decline(tx, own.id, "Officer Miro Lane", "the account owner is the victim")
    )
    after = town.xa.bar(report.case)
    assert (after.held, after.moved, after.stolen) == (0, bar.moved, bar.stolen)
    with pytest.raises((Conflict, NotAllowed)):
        town.xa.approve(own.id)
