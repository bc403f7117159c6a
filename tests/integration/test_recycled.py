"""Recycled numbers: an operator ends what is listed of its own, a day's share alone, and an officer decides on the rest."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.engines import Fresh
from tests.integration.test_lists import DENA, Two, adopt, entry, list_, out, propose, settle
from tests.integration.test_lists_doors import Door
from tests.integration.town import XA, XB

from lintas.api.app import public_app
from lintas.gateway.asking import peers
from lintas.gateway.following import recycled
from lintas.model.errors import BadInput, Unavailable
from lintas.node.config import Config, Home
from lintas.node.runtime import Runtime
from lintas.telco.book import recycling
from lintas.telco.book.records import Recycled

ROUTE = "/api/v1/telco/recycled"
#: Fixed numbers of XBTL, and one of XBMO.
MINE = [f"+99926000000{number}" for number in range(6)]
OTHER = "+99921900000000"


@pytest.fixture
def two(fresh: Fresh) -> Iterator[Two]:
    two = Two(fresh)
    yield two
    for desk in (two.xa, two.xb):
        desk.engine.dispose()


@pytest.fixture
def door(tmp_path: Path, two: Two) -> Iterator[Door]:
    given: dict[str, Any] = {"operators": "operators.toml", "telcos": ("XBTL",)}
    config = Config(authority=XB, jurisdiction="XB", name="Boreo", contact="d@xb", ledger_origin="xb/log", **given)
    runtime = Runtime(Home(config, tmp_path), two.xb.node)
    yield Door(two.xb, runtime, {})
    runtime.writer.close()


def report(door: Door, *numbers: str) -> Recycled:
    """Report as XBTL does."""
    answer = door.call("telco", "POST", ROUTE, json={"numbers": numbers})
    assert answer.status_code == 201, answer.text
    return door.desk.ask(lambda tx: door.desk.node.lists.recycling.find(tx, answer.json()["id"]))


def test_an_operator_ends_what_is_listed_of_its_own_numbers_here_and_abroad(door: Door, two: Two) -> None:
    adopt(two.xa, XB)
    for value in (*MINE[:2], OTHER):
        list_(two.xb, value)
    list_(two.xb, MINE[2], kind="do_not_originate")
    settle(two)
    assert set(out(two.xa)) == {*MINE[:3], OTHER}
    said = report(door, MINE[0], MINE[0][1:], MINE[2], OTHER, "0999", "+999370000000")
    assert (said.ended, said.not_listed, said.refused, said.state, said.waiting) == (1, 1, 3, "done", ())
    assert [(each.number, each.code) for each in said.refusals] == [
        (OTHER, "not_yours"),
        ("0999", "no_number"),
        ("+999370000000", "not_yours"),
    ]
    settle(two)
    gone = entry(two.xb, MINE[0])
    assert (gone.end_code, gone.ended_by, gone.end_reason) == (
        "recycled",
        "XBTL",
        "XBTL says that the number has a new holder",
    )
    assert entry(two.xa, MINE[0]).end_code == "recycled"
    assert set(out(two.xa)) == set(out(two.xb)) == {*MINE[1:3], OTHER}
    assert report(door, MINE[0]).not_listed == 1


def test_what_goes_beyond_a_days_share_waits_for_an_officer_and_is_an_alarm(
    door: Door, two: Two, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recycling, "MOST_A_DAY", 2)
    for value in MINE:
        list_(two.xb, value)
    alarm = "an operator calls more listed numbers recycled than it may in a day"
    assert report(door, MINE[0]).state == "done" and alarm not in caplog.messages
    two.clock.move(seconds=1)
    first = report(door, *MINE[:4])
    two.clock.move(seconds=1)
    second = report(door, MINE[4])
    assert (first.ended, len(first.waiting), second.ended, len(second.waiting)) == (1, 2, 0, 1)
    assert caplog.messages.count(alarm) == 2
    assert set(out(two.xb)) == set(MINE[2:])
    where = f"{ROUTE}/{first.id}/approve"
    assert door.call("telco", "POST", where).status_code == door.call("investigator", "POST", where).status_code == 403
    assert door.call("approver Officer Rin", "POST", where).json()["state"] == "approved"
    assert door.call("approver Officer Rin", "POST", where).status_code == 409
    assert entry(two.xb, MINE[3]).ended_by == "Officer Rin"
    assert door.call("approver", "POST", f"{ROUTE}/{second.id}/decline").json()["decided_by"] == "Test approver"
    assert set(out(two.xb)) == set(MINE[4:])
    assert [each["state"] for each in door.call("telco", "GET", ROUTE).json()] == ["declined", "approved", "done"]
    assert len(door.call("auditor", "GET", ROUTE).json()) == 3
    # An approval spends nothing of the day's share; a day later there is a new one.
    two.clock.move(hours=24, seconds=3)
    assert report(door, MINE[4], MINE[5]).state == "done" and out(two.xb) == {}


def test_a_proposal_waits_for_an_approver_and_its_operator_learns_nothing_of_it(door: Door, two: Two) -> None:
    kept = propose(two.xb, MINE[0])
    answer = door.call("telco", "POST", ROUTE, json={"numbers": MINE[:2]}).json()
    assert (answer["ended"], answer["not_listed"], answer["state"]) == (0, 2, "done")
    (told,) = door.call("telco", "GET", ROUTE).json()
    assert told == answer and kept.id not in str(told)
    (shown,) = door.call("approver", "GET", ROUTE).json()
    assert (shown["state"], shown["proposed"]) == ("waits", [kept.id])
    assert entry(two.xb, MINE[0]).state == "proposed"
    two.clock.move(seconds=1)
    assert report(door, MINE[0]).proposed == (), "about it a report waits already"
    assert door.call("approver Officer Rin", "POST", f"{ROUTE}/{shown['id']}/approve").status_code == 200
    gone = entry(two.xb, MINE[0])
    assert (gone.state, gone.end_code, gone.ended_by) == ("declined", "recycled", "Officer Rin")
    assert door.call("telco", "GET", ROUTE).json()[1] == answer, "nor does it learn what was decided"


def test_a_proposal_about_what_is_listed_outlives_the_operators_word(door: Door, two: Two) -> None:
    adopt(two.xb, XA)
    list_(two.xa, MINE[0])
    settle(two)
    kept = propose(two.xb, MINE[0])
    assert kept.state == "listed"
    said = report(door, MINE[0])
    assert (said.ended, said.proposed) == (1, (kept.id,)) and out(two.xb) == {}
    assert two.xb.do(lambda tx: two.xb.node.book.approve(tx, kept.id, DENA)).state == "listed"


def test_a_stale_report_ends_nothing_of_the_new_holder(door: Door, two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recycling, "MOST_A_DAY", 0)
    monkeypatch.setattr(recycling, "MOST_WAITING", 1)
    for value in MINE[:2]:
        list_(two.xb, value)
    first = report(door, *MINE[:2])
    old = entry(two.xb, MINE[0])
    two.xb.do(lambda tx: two.xb.node.book.withdraw(tx, old.id, DENA, "the old holder is gone"))
    two.clock.move(days=3)
    list_(two.xb, MINE[0])
    assert door.call("approver Officer Rin", "POST", f"{ROUTE}/{first.id}/approve").json()["state"] == "approved"
    assert set(out(two.xb)) == {MINE[0]}, "listed anew since, as the new holder's"
    second = report(door, MINE[0])
    two.clock.move(days=7)
    refused = door.call("approver Officer Rin", "POST", f"{ROUTE}/{second.id}/approve")
    assert refused.status_code == 409 and "lapsed" in refused.text
    assert door.call("telco", "GET", ROUTE).json()[0]["state"] == "lapsed"
    assert set(out(two.xb)) == {MINE[0]}
    assert report(door, MINE[0]).state == "waits", "a lapsed report is not in the way of another"


def test_no_more_reports_wait_than_anybody_decides_on(door: Door, two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recycling, "MOST_A_DAY", 0)
    monkeypatch.setattr(recycling, "MOST_WAITING", 1)
    list_(two.xb, MINE[0])
    report(door, MINE[0])
    assert door.call("telco", "POST", ROUTE, json={"numbers": MINE[:1]}).status_code == 409
    assert report(door, MINE[1]).state == "done"
    for bad in ([], ["+9" * 30], ["+99926"] * 10_001, [7]):
        assert door.call("telco", "POST", ROUTE, json={"numbers": bad}).status_code == 422


def test_whose_a_number_is_the_directory_of_operators_says_with_those_that_were_ported(door: Door, two: Two) -> None:
    root, key = door.runtime.home.root, base64.b64encode(bytes(32)).decode()
    (root / "ported.csv").write_text(f"{MINE[1]},XBMO\n", "utf-8")
    tables = [
        f'[[operators]]\ncode = "{code}"\nurl = "https://{code}"\nkey = "{key}"\nranges = ["{ranges}"]\n'
        for code, ranges in (("XBTL", "+999260000000-+999269999999"), ("XBMO", "+999270000000-+999279999999"))
    ]
    (root / "operators.toml").write_text('ported = "ported.csv"\n' + "".join(tables), "utf-8")
    peers.bind(door.runtime)
    for value in MINE[:2]:
        list_(two.xb, value)
    assert (report(door, *MINE[:2]).refused, set(out(two.xb))) == (1, {MINE[1]})


def test_a_table_is_brought_in_parts_and_what_the_node_says_is_told(
    door: Door, two: Two, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recycled, "AT_ONCE", 4)
    list_(two.xb, MINE[5])
    door.call("telco", "GET", ROUTE)
    table = tmp_path / "numbers.csv"
    table.write_text("since,number\n" + "".join(f"2026,{value}\n" for value in MINE), "utf-8")

    async def bring(key: str) -> list[Recycled]:
        transport, headers = httpx.ASGITransport(public_app(door.runtime)), {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="https://xb.example", headers=headers) as client:
            return await recycled.bring(client, recycled.read_numbers(table))

    said = asyncio.run(bring(door.keys["telco"]))
    assert [(each.numbers, each.ended) for each in said] == [(4, 0), (2, 1)]
    with pytest.raises(Unavailable, match="401"):
        asyncio.run(bring("lk_none"))
    table.write_text("", "utf-8")
    with pytest.raises(BadInput, match="no number"):
        recycled.read_numbers(table)
    table.write_text(f"{MINE[0]}\n\n{MINE[1]}\n", "utf-8")
    assert recycled.read_numbers(table) == MINE[:2]


def test_nobody_has_a_say_in_a_number_that_no_plan_gives_to_an_operator(two: Two) -> None:
    number = "+99926000009"
    list_(two.xa, number)
    of = two.xa.node.lists.recycling
    assert two.xa.do(lambda tx: of.report(tx, "", [number])).refused == 1
    assert set(out(two.xa)) == {number}
