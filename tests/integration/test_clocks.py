"""Clocks by which somebody has to act: each runs, runs out once, and stops when somebody acts or it ends."""

from sqlalchemy import event
from tests.integration.town import Desk, Town

from lintas.requests import store
from lintas.requests.clock_records import ClockKind, Running
from lintas.requests.forms import HoldForm, UndoForm
from lintas.requests.records import Share
from lintas.storage.engine import Transaction

CHASE: tuple[ClockKind, ...] = ("chase",)
CONFIRM: tuple[ClockKind, ...] = ("confirm",)
PEER: tuple[ClockKind, ...] = ("peer_answer",)


def running(desk: Desk) -> dict[str, Running]:
    """Return the clocks that run at a desk, by kind; each kind once in these stories."""
    found = desk.ask(desk.node.clocks.running)
    assert [each.due for each in found] == sorted(each.due for each in found)
    return {each.kind: each for each in found}


def tick(desk: Desk) -> None:
    """Beat as the node does: only where there is something to note."""
    if desk.ask(desk.node.clocks.over):
        desk.do(desk.node.clocks.escalate)
    assert not desk.ask(desk.node.clocks.over)


def late(desk: Desk, *, open_only: bool = True) -> list[str]:
    return [each.kind for each in desk.ask(lambda tx: desk.node.clocks.escalations(tx, open_only=open_only))]


def test_every_side_sees_the_clock_that_runs_for_it(town: Town) -> None:
    _, waiting = town.asked()
    assert set(running(town.xa)) == {"decide", "peer_answer"}
    assert set(running(town.xb)) == {"decide"}
    assert not running(town.xb)["decide"].over
    order = town.xb.approve(waiting.id)
    (clock,) = town.xb.ask(town.xb.node.clocks.running)
    assert (clock.kind, clock.subject, clock.due, clock.who) == ("bank_answer", order.id, order.answer_by, order.bank)
    town.settle()
    (clock,) = town.xb.ask(town.xb.node.clocks.running)
    assert (clock.kind, clock.subject, clock.over) == ("confirm", order.id, False)


def test_a_clock_runs_out_once_and_is_settled_by_whoever_acts(town: Town) -> None:
    _, waiting = town.asked()
    tick(town.xb)
    assert late(town.xb) == []
    town.clock.move(hours=2)
    for _ in range(3):
        tick(town.xa)
        tick(town.xb)
    assert late(town.xb) == ["decide"]
    assert sorted(late(town.xa)) == ["decide", "peer_answer"], "our own officer is late, and the peer"
    town.xb.approve(waiting.id)
    tick(town.xb)
    assert late(town.xb) == []
    (told,) = town.xb.ask(lambda tx: town.xb.node.clocks.escalations(tx, open_only=False))
    assert (told.subject, told.who, told.settled_at is not None) == (waiting.id, waiting.peer, True)
    town.settle()
    tick(town.xa)
    assert late(town.xa) == ["decide"]


def test_a_bank_that_does_not_answer_is_late(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.clock.move(minutes=16)
    tick(town.xb)
    assert late(town.xb) == ["bank_answer"]
    town.clock.move(days=3)
    town.xb.do(town.xb.node.endings.close)
    tick(town.xb)
    assert late(town.xb) == [], "it ended, and nobody waits for its bank any more"
    assert town.xb.ask(lambda tx: town.xb.node.orders.order(tx, order.id)).closed_at


def test_people_are_reminded_of_a_hold_that_could_be_confirmed(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.settle()
    clock = running(town.xb)["confirm"]
    assert order.issued_at < clock.due < order.expires
    town.clock.move(hours=60)
    tick(town.xb)
    assert late(town.xb) == ["confirm"]
    town.xb.do(lambda tx: town.xb.node.amendments.confirm(tx, order.id, "Officer Rin Vale", "Court 7/26"))
    town.settle()
    tick(town.xb)
    assert late(town.xb) == []
    assert "confirm" not in running(town.xb)


def test_money_that_moved_on_waits_for_an_officer_by_a_clock(town: Town) -> None:
    report, waiting = town.asked()
    town.clock.move(hours=73)
    for desk in (town.xb, town.xa):
        desk.do(desk.node.endings.close)
    town.settle()
    chases = town.xa.ask(lambda tx: town.xa.node.clocks.running(tx, CHASE))
    (clock,) = [each for each in chases if each.who == waiting.baton.holder]
    assert (clock.case, clock.amount_minor, clock.over) == (report.case, waiting.amount_minor, False)
    town.clock.move(minutes=11)
    tick(town.xa)
    assert late(town.xa) == ["chase", "chase"], "our own hold ended undecided as well"
    town.xa.do(lambda tx: town.xa.node.chase.ask(tx, HoldForm(share=clock.subject), "Officer Asha Tor"))
    tick(town.xa)
    assert late(town.xa) == ["chase"]
    form = UndoForm(code="case_closed", reason="nothing left to do")
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, report.case, form, "Officer Asha Tor"))
    tick(town.xa)
    assert late(town.xa) == []


def test_a_bank_is_told_to_let_go_when_an_order_ends(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    town.settle()
    town.clock.move(hours=73)
    town.xb.do(town.xb.node.endings.close)
    town.xb.do(town.xb.node.endings.close)
    (told,) = town.xb.ask(lambda tx: town.xb.node.amendments.work(tx, order.bank))
    assert (told.kind, told.code, told.order, told.basis) == ("release", "expired", order.id, None)
    town.settle()
    assert town.xb.ask(lambda tx: town.xb.node.amendments.work(tx, order.bank)) == []
    bar = town.xa.bar(town.xa.holds()[0].case)
    assert bar.held == 0


def test_a_page_of_one_kind_is_one_question_however_many_clocks_of_others_run_out_before(town: Town) -> None:
    _, waiting = town.asked()
    clocks = town.xb.node.clocks
    town.xb.approve(waiting.id)
    town.settle()
    (last,) = town.xb.ask(clocks.running)
    others = [
        Share(id=f"{waiting.case}.{number}", case=waiting.case, state="moved", amount_minor=1, ask_by=waiting.asked_at)
        for number in range(20)
    ]
    for each in others:
        town.xb.do(lambda tx, each=each: store.keep_share(tx, each))  # type: ignore[misc]
    asked = list[str]()

    def page(tx: Transaction) -> list[Running]:
        event.listen(tx, "before_cursor_execute", lambda *said: asked.append(said[2]))
        return clocks.running(tx, CONFIRM, limit=2)

    assert town.xb.ask(page) == [last]
    assert sum("SELECT" in each for each in asked) == 1
    whole = town.xb.ask(clocks.running)
    assert [each.subject for each in whole] == [*sorted(each.id for each in others), last.subject]


def test_the_queue_is_paged(town: Town) -> None:
    town.asked()
    clocks = town.xa.node.clocks
    whole = town.xa.ask(clocks.running)
    first = town.xa.ask(lambda tx: clocks.running(tx, limit=1))
    second = town.xa.ask(lambda tx: clocks.running(tx, after=first[0].subject, limit=1))
    assert first + second == whole
    only = town.xa.ask(lambda tx: clocks.running(tx, PEER))
    assert [each.kind for each in only] == ["peer_answer"]
