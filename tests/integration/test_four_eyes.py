"""Where a table asks for two people: one officer's yes is kept, a second, different person's issues; nothing gets round it."""

import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import msgspec
import pytest
from tests.integration.test_undo import FORM, UPHOLD, object_to, token_of
from tests.integration.town import XB, Desk, Town

from lintas.cli.demo.cast import B1
from lintas.model.errors import Conflict, LintasError, NotAllowed
from lintas.model.people import same_person
from lintas.node.assembly import assemble
from lintas.policy.shipped import shipped_table
from lintas.policy.table import PolicyTable
from lintas.requests.forms import AppealDecision, UndoForm
from lintas.requests.records import Amendment, Hold, Order
from lintas.requests.rules import still_held
from lintas.requests.store import keep_hold
from lintas.storage.writer import Writer

FIRST, SECOND, THIRD, FOURTH = "Officer Dena Holt", "Officer Ravi Quay", "Officer Miro Lane", "Officer Suri Vale"
DISMISS = AppealDecision(uphold=False, reason="the papers do not fit")


@cache
def two_people(jurisdiction: str, *, mark: str = "") -> PolicyTable:
    """Return a shipped table whose orders take two people; ``mark`` makes it another text with the same rules."""
    text = shipped_table(jurisdiction).decode()
    rules, _, _ = text.partition("\nexamples:")
    ordered = re.sub(r"(    action: \[order\]\n(?:    .*\n)*?    humans: )1", r"\g<1>2", rules)
    assert ordered.count("humans: 2") >= rules.count("humans: 2") + 3
    return PolicyTable.load(f"{ordered}\n# {mark}\n".encode(), source=f"{jurisdiction}.yaml")


def use(desk: Desk, table: PolicyTable) -> None:
    """Start the desk's node anew, with this table."""
    desk.node = assemble(desk.node.parts._replace(table=table))


@pytest.fixture(autouse=True)
def strict(town: Town) -> None:
    use(town.xb, two_people("XB"))


def say_yes(desk: Desk, hold: Hold, officer: str) -> Order | None:
    return desk.do(lambda tx: desk.node.orders.approve(tx, hold.id, officer))


def approve_change(desk: Desk, change: Amendment, officer: str) -> Amendment:
    return desk.do(lambda tx: desk.node.amendments.approve(tx, change.id, officer))


def now(desk: Desk, hold: Hold) -> Hold:
    return desk.ask(lambda tx: desk.node.orders.hold(tx, hold.id))


def both(town: Town, hold: Hold) -> Order:
    assert say_yes(town.xb, hold, FIRST) is None
    order = say_yes(town.xb, hold, SECOND)
    assert order is not None
    return order


def held(town: Town) -> tuple[str, Hold, Order]:
    """Play until xb holds money in two officers' names: xa's case, xb's hold, the order as answered."""
    report, waiting = town.asked()
    order = both(town, waiting)
    town.settle()
    return report.case, waiting, town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id))


def test_the_second_officer_issues_the_order_in_both_names(town: Town) -> None:
    report, waiting = town.asked()
    assert town.xb.ask(lambda tx: town.xb.node.orders.people_needed(tx, waiting)) == 2
    assert say_yes(town.xb, waiting, FIRST) is None
    (still,) = town.xb.holds("awaiting_approval")
    assert still.first_approval is not None
    assert still.first_approval.officer == FIRST
    assert town.xb.ask(lambda tx: town.xb.node.orders.work(tx, B1)) == []
    order = say_yes(town.xb, waiting, SECOND)
    assert order is not None
    assert (order.approver, order.second_approver) == (FIRST, SECOND)
    letter = town.xb.ask(lambda tx: town.xb.node.orders.letter(tx, order.id, B1))
    assert f"{FIRST}, {SECOND}" in letter.plain()
    town.settle()
    (asked,) = (hold for hold in town.xa.case(report.case).holds if hold.direction == "asked")
    assert asked.outcome == "held_partial"
    assert town.xa.bar(report.case).held > 0


def test_the_asker_is_told_both_names(town: Town) -> None:
    _, _, order = held(town)
    with town.xa.engine.connect() as tx:
        bodies = b" ".join(tx.exec_driver_sql("SELECT statement FROM border_objects").scalars())
    assert FIRST.encode() in bodies
    assert SECOND.encode() in bodies
    assert order.second_approver == SECOND


@pytest.mark.parametrize(
    "again", [FIRST, "officer  dena holt", "OFFICER DENA HOLT", "Officer De\u00adna Holt", "Ｏfficer Dena Holt"]
)
def test_the_first_officer_is_no_second_under_whatever_spelling(town: Town, again: str) -> None:
    _, waiting = town.asked()
    say_yes(town.xb, waiting, FIRST)
    before = town.xb.dump()
    with pytest.raises(Conflict, match="another officer"):
        say_yes(town.xb, waiting, again)
    assert town.xb.dump() == before


def test_who_asked_is_neither_first_nor_second(town: Town) -> None:
    use(town.xa, two_people("XA"))
    report = town.xa.file(town.form(), officer="Officer Asha Tor")
    town.settle()
    (own,) = (hold for hold in town.xa.case(report.case).holds if hold.direction == "own")
    with pytest.raises(NotAllowed, match="reported or asked"):
        say_yes(town.xa, own, "officer asha tor")
    assert say_yes(town.xa, own, FIRST) is None
    with pytest.raises(NotAllowed, match="reported or asked"):
        say_yes(town.xa, own, "OFFICER ASHA  TOR")
    assert say_yes(town.xa, own, SECOND) is not None


def test_the_first_officer_takes_it_back_and_it_counts_no_more(town: Town) -> None:
    _, waiting = town.asked()
    orders = town.xb.node.orders
    with pytest.raises(Conflict, match="nobody has approved"):
        town.xb.do(lambda tx: orders.take_back(tx, waiting.id, FIRST))
    say_yes(town.xb, waiting, FIRST)
    with pytest.raises(NotAllowed, match=FIRST):
        town.xb.do(lambda tx: orders.take_back(tx, waiting.id, SECOND))
    town.xb.do(lambda tx: orders.take_back(tx, waiting.id, "officer dena holt"))
    assert now(town.xb, waiting).first_approval is None
    assert say_yes(town.xb, waiting, SECOND) is None  # is now the first
    order = say_yes(town.xb, waiting, FIRST)
    assert order is not None
    assert (order.approver, order.second_approver) == (SECOND, FIRST)


@pytest.mark.parametrize("officer", [FIRST, SECOND])
def test_declining_by_either_ends_it(town: Town, officer: str) -> None:
    report, waiting = town.asked()
    say_yes(town.xb, waiting, FIRST)
    town.xb.do(lambda tx: town.xb.node.orders.decline(tx, waiting.id, officer, "no dual criminality"))
    with pytest.raises(Conflict):
        say_yes(town.xb, waiting, SECOND)
    town.settle()
    (asked,) = (hold for hold in town.xa.case(report.case).holds if hold.direction == "asked")
    assert asked.outcome == "refused"
    assert town.xb.ask(lambda tx: town.xb.node.orders.work(tx, B1)) == []


def test_one_whose_key_was_revoked_in_between_counts_no_more(town: Town) -> None:
    gone: set[str] = set()
    town.xb.node = assemble(town.xb.node.parts._replace(may_approve=lambda _tx, name: name not in gone))
    _, waiting = town.asked()
    say_yes(town.xb, waiting, FIRST)
    gone.add(FIRST)
    assert say_yes(town.xb, waiting, SECOND) is None
    order = say_yes(town.xb, waiting, THIRD)
    assert order is not None
    assert (order.approver, order.second_approver) == (SECOND, THIRD)


def test_a_table_changed_in_between_takes_both_anew(town: Town) -> None:
    _, waiting = town.asked()
    say_yes(town.xb, waiting, FIRST)
    use(town.xb, two_people("XB", mark="another text"))
    assert say_yes(town.xb, waiting, SECOND) is None
    first = now(town.xb, waiting).first_approval
    assert first is not None
    assert first.officer == SECOND
    assert say_yes(town.xb, waiting, FIRST) is not None


def test_a_table_that_now_asks_for_one_needs_no_second(town: Town) -> None:
    _, waiting = town.asked()
    say_yes(town.xb, waiting, FIRST)
    use(town.xb, PolicyTable.load(shipped_table("XB"), source="XB.yaml"))
    order = say_yes(town.xb, waiting, FIRST)
    assert order is not None
    assert (order.approver, order.second_approver) == (FIRST, "")


def test_a_table_that_now_asks_for_two_takes_a_second(town: Town) -> None:
    use(town.xb, PolicyTable.load(shipped_table("XB"), source="XB.yaml"))
    _, waiting = town.asked()
    use(town.xb, two_people("XB"))
    assert say_yes(town.xb, waiting, FIRST) is None


def test_a_request_that_is_another_one_by_then_takes_both_anew(town: Town) -> None:
    _, waiting = town.asked()
    say_yes(town.xb, waiting, FIRST)
    less = msgspec.structs.replace(now(town.xb, waiting), amount_minor=waiting.amount_minor - 1)
    town.xb.do(lambda tx: keep_hold(tx, less))
    assert say_yes(town.xb, waiting, SECOND) is None


def test_a_first_approval_survives_a_restart(town: Town) -> None:
    _, waiting = town.asked()
    say_yes(town.xb, waiting, FIRST)
    town.xb.engine.dispose()
    again = Desk(XB, town.xb.database, town.clock)
    use(again, two_people("XB"))
    with pytest.raises(Conflict):
        say_yes(again, waiting, FIRST)
    order = say_yes(again, waiting, SECOND)
    assert order is not None
    assert order.approver == FIRST
    again.engine.dispose()


@pytest.mark.parametrize(
    ("officers", "issued"), [([FIRST] * 8, 0), ([FIRST, SECOND], 1), ([FIRST, SECOND, THIRD] * 4, 1)]
)
def test_approvals_at_once_make_one_order_of_two_people_at_most(town: Town, officers: list[str], issued: int) -> None:
    _, waiting = town.asked()
    writer, orders = Writer(town.xb.engine), town.xb.node.orders

    def approve(officer: str) -> Order | LintasError | None:
        try:
            return writer.submit(lambda tx: orders.approve(tx, waiting.id, officer)).result(30)
        except LintasError as wrong:
            return wrong

    with ThreadPoolExecutor(len(officers)) as pool:
        results = list(pool.map(approve, officers))
    writer.close()
    made = [each for each in results if isinstance(each, Order)]
    assert len(made) == issued
    assert sum(each is None for each in results) == 1  # exactly one was the first
    assert all(isinstance(each, Order | Conflict) or each is None for each in results)
    assert all(not same_person(each.approver, each.second_approver) for each in made)
    assert len(town.xb.ask(lambda tx: orders.work(tx, B1))) == issued


def test_a_request_taken_back_in_between_ends_it(town: Town) -> None:
    report, waiting = town.asked()
    say_yes(town.xb, waiting, FIRST)
    form = UndoForm(code="mistake", reason="a wrong account number")
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, report.case, form, SECOND))
    town.settle()
    with pytest.raises(Conflict, match="withdrawn"):
        say_yes(town.xb, waiting, SECOND)


def test_a_request_that_ended_in_between_is_not_approved(town: Town) -> None:
    _, waiting = town.asked()
    say_yes(town.xb, waiting, FIRST)
    town.clock.move(days=4)
    with pytest.raises(Conflict, match="ended"):
        say_yes(town.xb, waiting, SECOND)


# ---- releases, confirmations, objections


def test_a_release_takes_two_and_neither_is_the_asker(town: Town) -> None:
    case, hold, order = held(town)
    asked = town.xb.do(
        lambda tx: town.xb.node.amendments.ask(tx, order, (), code="correction", reason="too much", asked_by=THIRD)
    )
    first = approve_change(town.xb, asked, FIRST)
    assert first.state == "awaiting_approval"
    with pytest.raises(Conflict, match="another officer"):
        approve_change(town.xb, asked, "officer dena  holt")
    with pytest.raises(NotAllowed, match="asked for a release"):
        approve_change(town.xb, asked, THIRD)
    assert town.banks[B1].work(town.xb) == 0
    done = approve_change(town.xb, asked, SECOND)
    assert (done.state, done.approver, done.second_approver) == ("ordered", FIRST, SECOND)
    town.settle()
    assert (town.xb.bar(hold.case).held, town.xa.bar(case).held) == (0, 0)


def test_a_first_yes_to_a_release_is_taken_back(town: Town) -> None:
    _, _, order = held(town)
    amendments = town.xb.node.amendments
    asked = town.xb.do(lambda tx: amendments.ask(tx, order, (), code="correction", reason="too much", asked_by=THIRD))
    approve_change(town.xb, asked, FIRST)
    town.xb.do(lambda tx: amendments.take_back(tx, asked.id, FIRST))
    (waits,) = town.xb.ask(amendments.pending)
    assert waits.first_approval is None
    assert approve_change(town.xb, asked, SECOND).state == "awaiting_approval"


def test_a_confirmation_takes_two_others_than_those_of_the_order(town: Town) -> None:
    case, _, order = held(town)
    amendments = town.xb.node.amendments
    for officer in (FIRST, SECOND):
        with pytest.raises(NotAllowed, match="approved the order"):
            town.xb.do(lambda tx, o=officer: amendments.confirm(tx, order.id, o, "court 12/26"))  # type: ignore[misc] # at once
    waits = town.xb.do(lambda tx: amendments.confirm(tx, order.id, THIRD, "court 12/26"))
    assert (waits.state, waits.expires) == ("awaiting_approval", None)
    with pytest.raises(Conflict, match="waits for a second"):
        town.xb.do(lambda tx: amendments.confirm(tx, order.id, FOURTH, "court 12/26"))
    with pytest.raises(NotAllowed, match="approved the order"):
        approve_change(town.xb, waits, SECOND)
    with pytest.raises(Conflict, match="another officer"):
        approve_change(town.xb, waits, THIRD.upper())
    done = approve_change(town.xb, waits, FOURTH)
    assert (done.approver, done.second_approver, done.state) == (THIRD, FOURTH, "ordered")
    town.settle()
    longer = town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id))
    assert longer.expires == done.expires != order.expires
    assert longer.expires > order.expires
    assert any(share.until == longer.expires for share in town.xa.bar(case).shares)


def test_a_confirmation_taken_back_may_be_begun_anew(town: Town) -> None:
    _, _, order = held(town)
    amendments = town.xb.node.amendments
    waits = town.xb.do(lambda tx: amendments.confirm(tx, order.id, THIRD, "court 12/26"))
    town.xb.do(lambda tx: amendments.take_back(tx, waits.id, THIRD))
    with pytest.raises(Conflict, match="declined"):
        approve_change(town.xb, waits, FOURTH)
    assert town.xb.do(lambda tx: amendments.confirm(tx, order.id, FOURTH, "court 12/26")).state == "awaiting_approval"


def test_an_objection_is_upheld_by_two_who_did_not_approve(town: Town) -> None:
    case, hold, order = held(town)
    appeals = town.xb.node.appeals
    appeal = object_to(town.xb, token_of(town.xb, order), FORM)
    for officer in (FIRST, SECOND):
        with pytest.raises(NotAllowed, match="approved the order"):
            town.xb.do(lambda tx, o=officer: appeals.decide(tx, appeal, o, UPHOLD))  # type: ignore[misc] # called at once
    first = town.xb.do(lambda tx: appeals.decide(tx, appeal, THIRD, UPHOLD))
    assert (first.state, first.decided_by) == ("open", "")
    (release,) = town.xb.ask(town.xb.node.amendments.pending)
    assert release.id == first.release
    with pytest.raises(Conflict, match="objection"):
        approve_change(town.xb, release, FOURTH)
    with pytest.raises(Conflict, match="another officer"):
        town.xb.do(lambda tx: appeals.decide(tx, appeal, THIRD.lower(), UPHOLD))
    decided = town.xb.do(lambda tx: appeals.decide(tx, appeal, FOURTH, UPHOLD))
    assert (decided.state, decided.decided_by) == ("upheld", FOURTH)
    town.settle()
    (done,) = town.xb.case(hold.case).amendments
    assert (done.approver, done.second_approver, done.state) == (THIRD, FOURTH, "done")
    assert town.xa.bar(case).held == 0
    assert still_held(town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id))) == []


@pytest.mark.parametrize("officer", [THIRD, FOURTH])
def test_an_objection_dismissed_after_the_first_yes_releases_nothing(town: Town, officer: str) -> None:
    _, hold, order = held(town)
    appeals = town.xb.node.appeals
    appeal = object_to(town.xb, token_of(town.xb, order), FORM)
    town.xb.do(lambda tx: appeals.decide(tx, appeal, THIRD, UPHOLD))
    decided = town.xb.do(lambda tx: appeals.decide(tx, appeal, officer, DISMISS))
    assert (decided.state, decided.reason) == ("dismissed", DISMISS.reason)
    (release,) = town.xb.case(hold.case).amendments
    assert release.state == "declined"
    town.settle()
    assert town.xb.bar(hold.case).held > 0


def test_two_yeses_to_different_parts_are_not_two_yeses(town: Town) -> None:
    _, hold, order = held(town)
    appeals = town.xb.node.appeals
    appeal = object_to(town.xb, token_of(town.xb, order), FORM)
    town.xb.do(lambda tx: appeals.decide(tx, appeal, THIRD, UPHOLD))
    ((start, end), *_) = still_held(order)
    part = AppealDecision(uphold=True, reason="only a part", spans=((start, start + (end - start) // 2),))
    waits = town.xb.do(lambda tx: appeals.decide(tx, appeal, FOURTH, part))
    assert waits.state == "open"
    states = {each.id: each.state for each in town.xb.case(hold.case).amendments}
    assert states.pop(waits.release) == "awaiting_approval"
    assert list(states.values()) == ["declined"]
    decided = town.xb.do(lambda tx: appeals.decide(tx, appeal, THIRD, part))
    assert decided.state == "upheld"
