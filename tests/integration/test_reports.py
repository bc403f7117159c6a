"""Reports that lack something: listed until another report completes their case, whose money is then followed once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.town import SetClock, Town

from lintas.bus.service import Bus
from lintas.intake import store
from lintas.intake.records import Report, ReportForm
from lintas.intake.service import Intake
from lintas.model.errors import BadInput, Conflict, NotFound
from lintas.model.ids import IdSource
from lintas.storage import schema
from lintas.storage.engine import Transaction, open_engine, writing


def vague(town: Town, **more: str) -> Report:
    return town.xa.file({"text": "Somebody who said he was the tax office took my savings."} | more)


def lacking(town: Town, after: str = "~", limit: int = 50) -> list[str]:
    found = town.xa.ask(lambda tx: town.xa.node.intake.reports(tx, after, incomplete=True, limit=limit))
    assert all(report.missing for report in found)
    return [report.id for report in found]


def everything(town: Town, after: str = "~", limit: int = 50) -> list[str]:
    found = town.xa.ask(lambda tx: town.xa.node.intake.reports(tx, after, limit=limit))
    return [report.id for report in found]


def test_a_report_that_lacks_something_is_listed_until_its_case_is_complete(town: Town) -> None:
    first = vague(town, scheme="impersonation_official")
    town.clock.move(seconds=1)
    other = vague(town)
    town.clock.move(seconds=1)
    assert lacking(town) == [other.id, first.id]
    again = vague(town, case=first.case)
    town.settle()
    assert (again.case, again.duplicate_of) == (first.case, None)
    assert lacking(town) == [again.id, other.id, first.id]
    assert town.xa.case(first.case).bar is None

    town.clock.move(seconds=1)
    complete = town.xa.file(town.form() | {"case": first.case, "scheme": "unknown"})
    town.settle()
    assert lacking(town) == [other.id]
    assert everything(town) == [complete.id, again.id, other.id, first.id]
    view = town.xa.case(first.case)
    assert [report.id for report in view.reports] == [first.id, again.id, complete.id]
    assert town.xa.bar(first.case).stolen == town.world.thefts[0].stolen_minor
    (received,) = town.xb.holds("awaiting_approval")
    # The scheme that the first report named goes with the money, though the completing one named none.
    assert received.scheme == "impersonation_official"


def test_a_report_that_joins_a_followed_case_starts_nothing(town: Town) -> None:
    report, _ = town.asked()
    before = town.xa.dump("intake")
    same = town.xa.file(town.form() | {"case": report.case})
    other = town.xa.file(town.form() | {"case": report.case, "amount": "77.00", "reference": "TT-SECOND", "text": ""})
    plain = vague(town, case=report.case)
    town.settle()
    assert town.xa.dump("intake") == before
    assert (same.duplicate_of, other.duplicate_of, plain.duplicate_of) == (report.id, None, None)
    assert {each.case for each in (same, other, plain)} == {report.case}
    assert lacking(town) == []


def test_a_claim_that_its_case_does_not_follow_is_followed_in_a_case_of_its_own(town: Town) -> None:
    report, _ = town.asked()
    second = town.form() | {"amount": "77.00", "reference": "TT-SECOND", "text": ""}
    joined = town.xa.file(second | {"case": report.case})
    own = town.xa.file(second)
    assert joined.case == report.case != own.case
    assert own.duplicate_of is None
    assert town.xa.bar(own.case).stolen == 7700


def test_a_case_that_is_none_is_refused_and_nothing_is_stored(town: Town) -> None:
    _, waiting = town.asked()
    for desk, case in ((town.xa, "case-0"), (town.xa, "'; --"), (town.xb, waiting.case)):
        before = desk.dump()
        with pytest.raises(NotFound, match="case"):
            desk.file({"text": "He called again from +99912345678.", "case": case})
        assert desk.dump() == before


def test_a_transfer_that_another_case_follows_does_not_get_a_second_one(town: Town) -> None:
    lost = vague(town)
    report, _ = town.asked()
    before = town.xa.dump()
    with pytest.raises(Conflict, match=report.case):
        town.xa.file(town.form() | {"case": lost.case})
    assert town.xa.dump() == before
    assert lacking(town) == [lost.id]


def test_naming_a_case_is_no_report(town: Town) -> None:
    lost = vague(town)
    with pytest.raises(BadInput, match="empty"):
        town.xa.file({"case": lost.case, "text": " "})


def test_reports_come_in_pages(town: Town) -> None:
    filed = []
    for _ in range(5):
        filed.append(vague(town).id)
        town.clock.move(seconds=1)
    newest = filed[::-1]
    for listed in (lacking, everything):
        assert listed(town, limit=2) == newest[:2]
        assert listed(town, newest[1], limit=2) == newest[2:4]
        assert listed(town, newest[4]) == []


FULL = {"bank": "XAFB", "amount": "10.00", "currency": "XAK"}


@given(steps=st.lists(st.tuples(st.integers(-1, 3), st.sampled_from(["", "R1", "R2"])), max_size=8))
def test_every_case_is_followed_once_and_every_transfer_by_one_case(steps: list[tuple[int, str]]) -> None:
    """Each step files a report, with or without a claim (a reference), alone or with an earlier report's case."""
    emitted: list[Any] = []

    class Listening(Bus):
        def emit(self, _tx: Transaction, *events: Any) -> None:  # noqa: ANN401 — whatever event
            emitted.extend(events)

    clock = SetClock()
    intake = Intake(
        jurisdiction="XA", is_own_bank=FULL["bank"].__eq__, bus=Listening(clock), clock=clock, ids=IdSource(clock)
    )
    engine = open_engine(":memory:")
    schema.metadata.create_all(engine, tables=[store.reports])
    kept: list[Report] = []
    with writing(engine) as tx:
        for earlier, reference in steps:
            case = kept[earlier].case if 0 <= earlier < len(kept) else ""
            clock.move(seconds=1)
            claim = FULL | {"reference": reference} if reference else {"text": "no more is known"}
            _, file = intake.read(ReportForm(**claim, case=case))  # type: ignore[arg-type] # texts only
            try:
                kept.append(file(tx, "Officer Asha Tor"))
            except Conflict:
                assert case
        followed = [event for event in emitted if event.claim is not None]
        assert len({event.case for event in followed}) == len(followed)
        assert len({event.claim.find.reference for event in followed}) == len(followed)
        lists = {report.id for report in intake.reports(tx, incomplete=True)}
    engine.dispose()
    cases_followed = {event.case for event in followed}
    assert {report.case for report in kept if report.claim} == cases_followed
    assert lists == {report.id for report in kept if report.case not in cases_followed}
