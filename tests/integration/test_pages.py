"""Lists: what is looked for is found, and pages neither double nor leave out while new rows arrive."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import pytest
from tests.integration.town import Town

from lintas.intake.records import Report, ReportForm
from lintas.model import times
from lintas.model.errors import NotFound
from lintas.requests import changes_store, store
from lintas.requests.forms import UndoForm
from lintas.requests.records import Amendment, Appeal, Bar, CaseFilter, Claim, Hold, Share, ShareState
from lintas.storage.engine import Transaction

ASHA, DENA = "Officer Asha Tor", "Officer Dena Holt"


def walk(page: Callable[[str], list[str]], *, meanwhile: Callable[[], None], start: str) -> Iterator[str]:
    """Go through every page; before each next one, something happens."""
    after = start
    while found := page(after):
        yield from found
        after = found[-1]
        meanwhile()


def case_of(town: Town, number: int, *states: ShareState, officer: str = ASHA) -> str:
    """Store a case whose money stands so; its id."""
    case = f"case-{number:028x}"
    claim = Claim(
        case=case,
        currency="XAK",
        stolen=100 * len(states),
        scheme="unknown",
        opened_at="2026-03-01T10:07:00Z",
        officer=officer,
    )

    def keep(tx: Transaction) -> None:
        store.keep_claim(tx, claim)
        for part, state in enumerate(states):
            store.keep_share(tx, Share(id=f"{case}.{part:03d}", case=case, state=state, amount_minor=100))

    town.xa.do(keep)
    return case


def bars(town: Town, after: str = "~", limit: int = 50, **wanted: object) -> list[str]:
    sought = CaseFilter(**wanted)  # type: ignore[arg-type] # named by the test
    found: list[Bar] = town.xa.ask(lambda tx: town.xa.node.chase.bars(tx, after, limit, wanted=sought))
    assert all(bar.exact for bar in found)
    return [bar.case for bar in found]


def test_cases_are_found_by_what_became_of_their_money(town: Town) -> None:
    moved, held = case_of(town, 1, "moved", "held"), case_of(town, 2, "held", "held")
    unknown, both = case_of(town, 3, "unknown"), case_of(town, 4, "unknown", "moved")
    spent = case_of(town, 5, "spent", "held")
    assert bars(town, money="moved") == [both, moved]
    assert bars(town, money="unknown") == [both, unknown]
    assert bars(town, money="held") == [held]
    assert bars(town) == [spent, both, unknown, held, moved]


def test_what_a_case_is_found_by_follows_its_shares(town: Town) -> None:
    case = case_of(town, 1, "unknown", "unknown")
    first, second = town.xa.bar(case).shares
    for kept, found in ((first, "unknown"), (second, "held")):
        town.xa.do(lambda tx, s=kept: store.keep_share(tx, msgspec.structs.replace(s, state="held")))  # type: ignore[misc] # at once
        assert bars(town, money=found) == [case]
    assert bars(town, money="unknown") == []
    pieces = [
        msgspec.structs.replace(first, id=f"{first.id}.{n}", state=state, amount_minor=50)
        for n, state in enumerate(("held", "moved"))
    ]
    town.xa.do(lambda tx: store.part_share(tx, first, pieces))
    assert (bars(town, money="held"), bars(town, money="moved")) == ([], [case])
    town.xa.do(lambda tx: store.drop_share(tx, pieces[1]))
    assert (bars_unchecked(town, "held"), bars_unchecked(town, "moved")) == ([case], [])


def bars_unchecked(town: Town, money: str) -> list[str]:
    sought = CaseFilter(money=money)  # type: ignore[arg-type] # named by the test
    return [bar.case for bar in town.xa.ask(lambda tx: town.xa.node.chase.bars(tx, wanted=sought))]


def test_the_story_is_found_at_every_step(town: Town) -> None:
    report = town.xa.file(town.form(), officer=ASHA)
    assert bars(town, money="unknown", officer=ASHA) == [report.case]
    town.settle()
    assert bars(town, money="moved") == [report.case]
    assert bars(town, money="unknown") == []
    undo = UndoForm(code="mistake", reason="a wrong account")
    town.xa.do(lambda tx: town.xa.node.undo.undo(tx, report.case, undo, DENA))
    town.settle()
    assert bars(town, money="moved") == []


def test_cases_are_found_by_officer_and_urgency_together(town: Town) -> None:
    calm = town.xa.file(town.form(), officer=ASHA)
    assert bars(town, urgent=True) == []
    later: Report = town.xa.file(
        {"case": calm.case, "text": "My brother is locked up there."}, officer=DENA
    )  # not urgent: nobody said so
    assert (later.case, bars(town, urgent=True)) == (calm.case, [])
    town.xa.do(_urgent(town, calm.case))
    assert bars(town, urgent=True) == [calm.case]
    assert bars(town, urgent=True, officer=ASHA) == [calm.case]
    assert bars(town, urgent=True, officer=DENA) == []  # who filed the first one counts


def test_harm_told_before_the_claim_marks_the_case_too(town: Town) -> None:
    first = town.xa.do(_urgent(town, ""))
    town.xa.file(town.form() | {"case": first.case}, officer=ASHA)
    assert bars(town, urgent=True) == [first.case]


def _urgent(town: Town, case: str) -> Callable[[Transaction], Report]:
    _, file = town.xa.node.intake.read(ReportForm(case=case, text="They beat him.", urgent_harm=True))
    return lambda tx: file(tx, DENA)


def test_reports_that_lack_something_leave_the_list_when_their_case_is_followed(town: Town) -> None:
    def lacking() -> list[str]:
        return [each.id for each in town.xa.ask(lambda tx: town.xa.node.intake.reports(tx, incomplete=True))]

    first = town.xa.file({"text": "Somebody sent me https://prize.example/win and I did not pay."})
    second = town.xa.file({"case": first.case, "text": "They call again from +999 55 1234567."})
    other = town.xa.file({"text": "Another one, about https://other.example/pay."})
    assert lacking() == sorted([first.id, second.id, other.id], reverse=True)
    town.xa.file(town.form() | {"case": first.case})
    assert lacking() == [other.id]
    town.xa.file({"case": first.case, "text": "One more word about https://prize.example/again."})
    assert lacking() == [other.id]


def test_pages_of_cases_neither_double_nor_leave_out(town: Town) -> None:
    cases = [case_of(town, number, "moved") for number in range(100, 130)]
    fresh = iter(range(1_000, 2_000))
    seen = list(walk(
        lambda after: bars(town, after, 7, money="moved"),
        meanwhile=lambda: _ignore(case_of(town, next(fresh), "moved")), start="~",
    ))  # fmt: skip
    assert seen == cases[::-1]


def _ignore(_made: object) -> None:
    """Take a result that nobody needs."""


def hold_of(town: Town, number: int, waiting: Hold, state: str = "awaiting_approval", *, peer: str = "xa-asc") -> str:
    """Store a hold like one that waits; holds share a time in groups of three."""
    at = times.render(town.clock.now() + timedelta(seconds=number // 3))
    hold = msgspec.structs.replace(
        waiting, id=f"hold-{number:028x}", asked_at=at, answer_by=at, peer=peer, state=state, case=f"case-{number:028x}"
    )
    town.xb.do(lambda tx: store.keep_hold(tx, hold))
    return hold.id


@pytest.mark.parametrize("state", ["awaiting_approval", None, "overdue"])
def test_pages_of_holds_neither_double_nor_leave_out(town: Town, state: str | None) -> None:
    _, waiting = town.asked()
    town.xb.do(lambda tx: town.xb.node.orders.decline(tx, waiting.id, DENA, "not enough is known"))
    made = [hold_of(town, number, waiting) for number in range(40)]
    fresh, orders = iter(range(1_000, 2_000)), town.xb.node.orders
    town.clock.move(hours=1)

    def page(after: str) -> list[str]:
        def ask(tx: Transaction) -> list[Hold]:
            return (
                orders.overdue(tx, after=after, limit=7)
                if state == "overdue"
                else orders.pending(tx, state, after=after, limit=7)
            )

        return [hold.id for hold in town.xb.ask(ask)]

    arrived: list[str] = []

    def meanwhile() -> None:
        if len(arrived) < 3:
            arrived.append(hold_of(town, next(fresh), waiting))

    seen = list(walk(page, meanwhile=meanwhile, start=""))
    # The declined one shares its time with the first three; what came meanwhile is last, and not overdue yet.
    expected = [*made[:3], *([waiting.id] if state is None else []), *made[3:]]
    assert seen == expected + ([] if state == "overdue" else arrived)
    assert len(arrived) == 3


def test_a_hold_that_left_the_list_still_marks_the_place(town: Town) -> None:
    _, waiting = town.asked()
    town.xb.do(lambda tx: town.xb.node.orders.decline(tx, waiting.id, DENA, "not enough is known"))
    made = [hold_of(town, number, waiting) for number in range(9)]
    orders = town.xb.node.orders
    last = made[3]
    town.xb.do(lambda tx: orders.decline(tx, last, DENA, "not enough is known"))
    assert [hold.id for hold in town.xb.ask(lambda tx: orders.pending(tx, after=last))] == made[4:]
    town.clock.move(hours=1)
    assert [hold.id for hold in town.xb.ask(lambda tx: orders.overdue(tx, after=last))] == made[4:]
    with pytest.raises(NotFound, match="hold-none"):
        town.xb.ask(lambda tx: orders.pending(tx, after="hold-none"))


def test_without_a_page_each_peer_gets_its_turn(town: Town) -> None:
    _, waiting = town.asked()
    town.xb.do(lambda tx: town.xb.node.orders.decline(tx, waiting.id, DENA, "not enough is known"))
    for number in range(30):
        hold_of(town, number, waiting)
    lone = hold_of(town, 999, waiting, peer="xb-fiu")
    orders = town.xb.node.orders
    assert lone in [hold.id for hold in town.xb.ask(lambda tx: orders.pending(tx, limit=10))]
    assert lone not in [hold.id for hold in town.xb.ask(lambda tx: orders.pending(tx, after="", limit=10))]


def test_amendments_and_objections_come_in_pages(town: Town) -> None:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)

    def keep(tx: Transaction) -> None:
        for number in range(20):
            at = times.render(town.clock.now() + timedelta(seconds=number // 3))
            amendment = Amendment(
                id=f"amend-{number:02d}",
                order=order.id,
                hold=order.hold,
                case=order.case,
                bank=order.bank,
                kind="release",
                asked_at=at,
                spans=(order.baton.span,),
            )
            changes_store.keep_amendment(tx, amendment)
            appeal = Appeal(
                id=f"appeal-{number:02d}",
                order=order.id,
                hold=order.hold,
                case=order.case,
                received_at=at,
                name="Lumen Shop",
                contact="shop@lumen.example",
                text="Mine.",
            )
            changes_store.keep_appeal(tx, appeal)

    town.xb.do(keep)
    amendments, appeals = town.xb.node.amendments, town.xb.node.appeals
    for state in ("awaiting_approval", None):
        seen = list(walk(
            lambda after: [each.id for each in town.xb.ask(lambda tx: amendments.pending(tx, state, after=after, limit=6))],  # noqa: B023
            meanwhile=lambda: None, start="",
        ))  # fmt: skip
        assert seen == [f"amend-{number:02d}" for number in range(20)]
    seen = list(walk(
        lambda after: [each.id for each in town.xb.ask(lambda tx: appeals.pending(tx, after=after, limit=6))],
        meanwhile=lambda: None, start="",
    ))  # fmt: skip
    assert seen == [f"appeal-{number:02d}" for number in range(20)]
    with pytest.raises(NotFound):
        town.xb.ask(lambda tx: appeals.pending(tx, after="appeal-none"))
