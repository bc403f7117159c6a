"""Redress through its doors: what anybody reads under an id, objecting, deciding, clocks, false blocks, counters, cards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.integration.town import Desk, Town
from tests.integration.visitors import Visitors, words_of

from lintas.model import times
from lintas.model.listings import ListingAppeal, ListingAppealStatus
from lintas.node import redress
from lintas.telco.book import store
from lintas.telco.book.records import DESK, Enforced, Kept, Proposal, Sighting, State
from lintas.telco.redress.records import Contest, Objection, Ruling

NUMBER, OFFICER = "+99921234567", "Test approver"
FORM = {"ground": "mine", "name": "Nan Lwin", "contact": "nan@x.example", "text": "It is my own number.\nSince 2019."}


def put(desk: Desk, value: str = NUMBER, *, by: str = "Officer Asha Tor", state: State = "listed", **more: Any) -> str:  # noqa: ANN401
    """Put an entry into the book as if officers had listed it."""
    entry, now = desk.node.lists.book.id_of("number", "blocked", value), times.render(desk.clock.now())
    said: dict[str, Any] = {
        "owner": desk.authority,
        "reason": "calls people as their bank",
        "scheme": "bank_impersonation",
        "grade": "confirmed",
        "sources": ("Hotline caller U Ba",),
        "listed": now,
        "expires": "2026-03-31T00:00:00Z",
        "origin": "",
        "rule": "r",
        "law": "s.1",
    } | more
    kept = Kept(
        id=entry,
        subject="number",
        value=value,
        kind="blocked",
        state=state,
        listed_by=(by, "Officer Dena Holt"),
        **said,
    )
    seen = Sighting(
        source=DESK, ref=entry, entry=entry, state="live", suspended=False, seen_at=now, proposed_by=by, **said
    )
    desk.do(lambda tx: store.add(tx, [kept]))
    desk.do(lambda tx: store.add_sightings(tx, [seen]))
    return entry


@pytest.fixture
def to(tmp_path: Path, town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitors]:
    monkeypatch.setattr(redress, "TICK", 0.001)
    made = Visitors(town.xa, tmp_path)
    yield made
    made.close()


def contest(to: Visitors, entry: str, **more: str) -> str:
    """Object on the page; returns the address of the objection's own."""
    answer = to.send(f"/redress/{entry}", "", **(FORM | more))
    assert answer.status_code == 303, words_of(answer.text)
    return str(answer.headers["location"])


def test_anybody_reads_what_is_blocked_and_no_more(to: Visitors) -> None:
    entry = put(to.desk)
    page = to.see(f"/redress/{entry}", "")
    assert "calls people as their bank" in page
    assert "••••••567" in page
    for secret in (NUMBER, NUMBER[1:], "Asha", "Dena", "U Ba"):
        assert secret not in page, secret
    told = to.data(f"/api/v1/redress/{entry}", "")
    assert told == to.data(f"/redress/{entry}", "")
    assert (told["blocked"], told["authority"], told["contested"]) == (True, to.desk.node.parts.name, False)


def test_what_ended_is_only_watched_or_never_was_answers_alike(to: Visitors) -> None:
    over = put(to.desk, "+99921234501", expires="2026-03-01T10:00:00Z")
    watched = put(to.desk, "+99921234502", state="shadow")
    taken = put(to.desk, "+99921234503")
    to.desk.do(lambda tx: to.desk.node.lists.book.withdraw(tx, taken, OFFICER, "not theirs"))
    answers = []
    for entry in (over, watched, taken, "a" * 16, "nothing", "A" * 300):
        answer = to.ask("GET", f"/api/v1/redress/{entry}", "", accept="application/json")
        assert answer.status_code == 200
        answers.append(answer.text.replace(entry, "?"))
        assert to.send(f"/redress/{entry}", "", **FORM).status_code == 404
    assert len(set(answers)) == 1


def test_many_ids_that_are_nothing_are_too_many(to: Visitors) -> None:
    entry = put(to.desk)
    for _ in range(40):
        assert to.ask("GET", f"/redress/{entry}", "").status_code == 200
    seen = [
        to.ask("GET", f"/api/v1/redress/{'b' * 15}{letter}", "").status_code
        for letter in "abcdefghijklmnopqrstuvwxyz234567"
    ]
    assert seen[:30] == [200] * 30
    assert set(seen[30:]) == {429}
    assert to.ask("GET", f"/redress/{entry}", "").status_code == 429


def test_an_objection_is_decided_by_somebody_who_did_not_list_it(to: Visitors) -> None:
    entry = put(to.desk, by="TEST  Approver")
    address = contest(to, entry)
    assert "still blocked here" in to.see(address, "")
    assert "Somebody has objected" in to.see(f"/redress/{entry}", "")
    (item,) = to.data("/api/v1/telco/objections", "auditor")
    assert item["answer_by"] == "2026-03-02T10:07:00Z"
    page = to.see(f"/telco/appeals/{item['id']}", "approver")
    assert "It is my own number." in page
    assert "another officer decides" in page
    decide = f"/api/v1/telco/objections/{item['id']}/decide"
    assert to.ask("POST", decide, "approver", json={"uphold": False, "reason": "no"}).status_code == 422
    refused = to.ask("POST", decide, "approver", json={"uphold": True, "reason": "mine"})
    assert (refused.status_code, "who listed it" in refused.text) == (403, True)


def test_dismissed_the_entry_stays_and_the_reason_is_told(to: Visitors) -> None:
    entry = put(to.desk)
    address = contest(to, entry)
    (item,) = to.data("/telco/appeals", "approver")["objections"]
    where = f"/telco/appeals/{item['id']}/decide"
    assert to.send(where, "approver", answer="", reason="not shown").status_code == 422
    assert to.send(where, "investigator", answer="dismiss", reason="not shown").status_code == 403
    assert to.send(where, "approver", answer="dismiss", reason="not shown to be yours").status_code == 303
    assert "not shown to be yours" in to.see(address, "")
    assert to.data(f"/redress/{entry}", "")["blocked"]
    assert to.send(where, "approver", answer="uphold", reason="changed my mind").status_code == 409
    assert not to.desk.ask(lambda tx: to.desk.node.redress.upheld_before(tx, "number", NUMBER))


def test_upheld_the_entry_goes_and_all_that_waits_with_it(to: Visitors) -> None:
    entry = put(to.desk)
    first, second = contest(to, entry), contest(to, entry, name="Another")
    assert to.send(f"/redress/{entry}", "", **FORM).status_code == 409
    report = {"id": entry, "cause": "real_customer", "text": "A customer of ours since 2019."}
    made = to.ask("POST", "/api/v1/telco/false-blocks", "telco", "XATL", json=report, accept="application/json")
    assert made.status_code == 201
    assert to.ask("POST", "/api/v1/telco/false-blocks", "telco", "XATL", json=report).status_code == 409
    assert to.send("/telco/desk/false-blocks", "telco", "XATM", **report).status_code == 303
    item = to.data("/api/v1/telco/objections", "approver")[0]
    ruling = {"uphold": True, "reason": "shown by the operator"}
    decided = to.ask(
        "POST", f"/api/v1/telco/objections/{item['id']}/decide", "approver", json=ruling, accept="application/json"
    )
    assert decided.json()["state"] == "upheld"
    assert [each["state"] for each in to.data("/api/v1/telco/objections?state=any", "auditor")] == ["upheld"] * 4
    assert not to.data(f"/redress/{entry}", "")["blocked"]
    kept = to.desk.ask(lambda tx: to.desk.node.lists.book.entry(tx, entry))
    assert (kept.state, kept.end_code) == ("ended", "appeal")
    for address in (first, second):
        assert "not blocked here" in words_of(to.see(address, ""))
    assert "shown by the operator" in to.see("/telco/desk", "telco", "XATM")
    assert "shown by" not in to.see("/telco/desk", "telco", "XATN")
    assert to.desk.ask(lambda tx: to.desk.node.redress.upheld_before(tx, "number", NUMBER))
    cards = {each["operator"]: each for each in to.data("/api/v1/telco/scorecards?month=2026-03", "auditor")}
    mine = to.data("/api/v1/telco/scorecards?month=2026-03&operator=XATM", "telco", "XATL")
    assert [(each["operator"], each["false_blocks"], each["false_upheld"]) for each in mine] == [("XATL", 1, 1)]
    assert "XATM" not in cards or cards["XATM"]["false_blocks"] == 1


def test_what_is_overdue_is_told_once_and_comes_first(to: Visitors) -> None:
    put(to.desk, "+99921234501")
    contest(to, put(to.desk))
    desk = to.desk
    assert not desk.ask(desk.node.redress.late)
    desk.clock.move(hours=24)
    assert desk.ask(desk.node.redress.late)
    desk.do(desk.node.redress.escalate)
    assert not desk.ask(desk.node.redress.late)
    (late,) = to.data("/api/v1/telco/objections?late=1", "investigator")
    assert late["late_at"]
    assert "overdue" in words_of(to.see("/telco/appeals", "approver"))
    assert f"/telco/appeals/{late['id']}" in to.see("/", "approver")


def test_what_was_typed_is_kept_when_it_does_not_fit(to: Visitors) -> None:
    entry = put(to.desk)
    for bad in ({"ground": "anything"}, {"name": ""}, {"contact": "x"}, {"text": "\u202e" * 5}, {"text": "x" * 4001}):
        answer = to.send(f"/redress/{entry}", "", **(FORM | bad))
        assert answer.status_code == 422, bad
        assert "Since 2019" in answer.text or "text" in bad
    evil = '"><script>alert(1)</script>'
    contest(to, entry, name=evil, text=evil)
    (item,) = to.data("/telco/appeals", "approver")["objections"]
    assert evil in words_of(to.see(f"/telco/appeals/{item['id']}", "approver"))
    for row in to.desk.dump()["telco_objections"]:
        assert not any(address in repr(row) for address in ("/redress/objections/",))


def test_a_minute_counts_once_and_an_operator_sees_its_own(to: Visitors) -> None:
    counts = [
        {"trunk": "international", "action": "block", "kind": "blocked", "calls": 3},
        {"trunk": "international", "action": "block", "kind": "blocked", "shadow": True, "calls": 9},
    ]
    minute = {
        "gateway": "gw-1",
        "minute": "2026-03-01T10:06:00Z",
        "list_version": 4,
        "preset": "strict",
        "counts": counts,
    }
    for expected in (True, False):
        answer = to.ask("POST", "/api/v1/telco/counters", "telco", "XATL", json=minute, accept="application/json")
        assert (answer.status_code, answer.json()["new"]) == (201, expected)
    other = minute | {"counts": counts[:1]}
    assert to.ask("POST", "/api/v1/telco/counters", "telco", "XATL", json=other).status_code == 409
    assert to.ask("POST", "/api/v1/telco/counters", "telco", "XATM", json=other).status_code == 201
    assert to.ask("POST", "/api/v1/telco/counters", "investigator", json=other).status_code == 403
    all_of_it = to.data("/api/v1/telco/counters?month=2026-03", "auditor")
    assert (all_of_it["calls"], [each["calls"] for each in all_of_it["shadow"]]) == (6, [9])
    own = to.data("/telco/counters?month=2026-03&operator=XATL", "telco", "XATM")
    assert [(each["operator"], each["calls"]) for each in own["rows"]] == [("XATM", 3)]
    assert own["shadow"] == []
    assert "100.0 %" in to.see("/telco/counters?month=2026-03", "telco", "XATM")
    sheet = to.ask("GET", "/api/v1/telco/counters?month=2026-03&format=csv", "auditor")
    assert sheet.text.splitlines()[1:] == [
        "XATL,strict,international,block,blocked,False,3",
        "XATM,strict,international,block,blocked,False,3",
        "XATL,strict,international,block,blocked,True,9",
    ]
    to.see("/telco/scorecards", "administrator")
    for bad in ("month=2026", "format=xml"):
        assert to.ask("GET", f"/api/v1/telco/counters?{bad}", "auditor").status_code == 422


def both(town: Town) -> tuple[str, str]:
    """List at xb what xa takes over by a standing word of two; returns its id at xb and at xa."""
    adopt = town.xa.node.lists.sources.adopt
    for officer in ("Officer One", "Officer Two"):
        town.xa.do(lambda tx, who=officer: adopt(tx, "xb-asc", ("domain",), who))  # type: ignore[misc] # bound now
    wish = Proposal(subject="domain", value="evil.example", reason="looks like a bank")
    book = town.xb.node.book
    there = town.xb.do(lambda tx: book.propose(tx, wish, "Officer Three")).id
    town.xb.do(lambda tx: book.approve(tx, there, "Officer Four"))
    town.settle()
    here = town.xa.ask(lambda tx: town.xa.node.book.of_origin(tx, "xb-asc", there))
    assert here is not None
    return there, here.id


def state(desk: Desk, entry: str) -> str:
    return desk.ask(lambda tx: desk.node.book.entry(tx, entry).state)


def open_at(desk: Desk) -> list[Objection]:
    return desk.ask(lambda tx: desk.node.redress.listed(tx, None))


@pytest.mark.parametrize("uphold", [True, False])
def test_an_objection_made_abroad_reaches_the_origin_and_its_decision_comes_back(
    to: Visitors, town: Town, *, uphold: bool
) -> None:
    there, here = both(town)
    address = contest(to, here)
    assert to.data(f"/redress/{here}", "")["authority"] == "The Authority xb-asc"
    town.settle()
    (mine,), (theirs,) = open_at(town.xa), open_at(town.xb)
    assert (theirs.via, theirs.entry, theirs.their_id) == ("xa-asc", there, mine.id)
    assert (theirs.name, theirs.contact, theirs.text) == ("", "", "")
    notice = town.xb.ask(lambda tx: town.xb.node.redress.notice(tx, there))
    assert notice.contested
    # It is not decided here.
    ruling = Ruling(uphold=uphold, reason="shown to be theirs" if uphold else "not shown")
    refused = to.send(f"/telco/appeals/{mine.id}/decide", "approver", answer="uphold", reason="by our law")
    assert refused.status_code == 403
    town.xb.do(lambda tx: town.xb.node.redress.decide(tx, theirs.id, "Officer Five", ruling))
    town.settle()
    page = words_of(to.see(address, ""))
    assert ruling.reason in page
    assert ("not blocked here" in page) == uphold
    assert state(town.xa, here) == state(town.xb, there) == ("ended" if uphold else "listed")
    assert open_at(town.xa)[0].decided_by == "xb-asc"


def test_who_took_an_entry_over_sees_it_contested_and_may_take_its_own_back_at_once(to: Visitors, town: Town) -> None:
    there, here = both(town)
    town.xb.do(lambda tx: town.xb.node.redress.contest(tx, there, msgspec.convert(FORM, Contest)))
    town.settle()
    (noted,) = open_at(town.xa)
    assert (noted.kind, noted.origin, noted.name, noted.entry) == ("notice", "xb-asc", "", here)
    assert to.data(f"/redress/{here}", "")["contested"]
    # Whoever looks at the entry has read what xb sent.
    to.see(f"/telco/lists/{here}", "investigator")
    (read,) = town.xa.ask(lambda tx: town.xa.node.reads.listed(tx))
    assert (read.peer, read.role, read.door) == ("xb-asc", "investigator", "page")
    assert to.send(f"/telco/appeals/{noted.id}/lift", "investigator", reason="our law").status_code == 403
    assert to.send(f"/telco/appeals/{noted.id}/lift", "approver", reason="our law").status_code == 303
    assert state(town.xa, here) == "ended"
    assert state(town.xb, there) == "listed"
    assert "our law" not in to.see(f"/redress/{here}", "")


def test_notices_of_peers_stand_apart_and_an_officer_puts_one_aside(to: Visitors, town: Town) -> None:
    there, here = both(town)
    town.xb.do(lambda tx: town.xb.node.redress.contest(tx, there, msgspec.convert(FORM, Contest)))
    town.settle()
    contest(to, put(to.desk))
    (noted,) = to.data("/api/v1/telco/objections?notices=1", "auditor")
    (mine,) = to.data("/api/v1/telco/objections", "auditor")
    assert (noted["kind"], mine["kind"]) == ("notice", "person")
    for state, wanted in (("open", mine), ("notice", noted)):
        assert [each["id"] for each in to.data(f"/telco/appeals?state={state}", "approver")["objections"]] == [
            wanted["id"]
        ]
    where = f"/telco/appeals/{noted['id']}"
    assert f"{where}/seen" in to.see(where, "approver") and f"{where}/seen" not in to.see(where, "investigator")
    assert to.send(f"{where}/seen", "investigator").status_code == 403
    assert to.send(f"/telco/appeals/{mine['id']}/seen", "approver").status_code == 409
    assert to.send(f"{where}/seen", "approver").status_code == 303
    assert to.send(f"{where}/seen", "approver").status_code == 409
    assert to.data("/api/v1/telco/objections?notices=1", "auditor") == []
    assert "Put aside by" in to.see(where, "approver")
    # Whoever reads the block still learns that somebody objects, and the origin's decision is taken all the same.
    assert to.data(f"/redress/{here}", "")["contested"]
    (asked,) = open_at(town.xb)
    ruling = Ruling(uphold=True, reason="shown to be theirs")
    town.xb.do(lambda tx: town.xb.node.redress.decide(tx, asked.id, "Officer Five", ruling))
    town.settle()
    assert to.data(where, "approver")["objection"]["state"] == "upheld"


def test_nobody_but_the_origin_ends_an_objection_and_nobody_speaks_for_another_s(to: Visitors, town: Town) -> None:
    there, here = both(town)
    contest(to, here)
    (mine,) = open_at(town.xa)
    hear = town.xa.node.redress.told
    said = ListingAppealStatus(appeal=mine.id, entry=there, state="dismissed", at="2026-03-01T10:08:00Z", reason="no")
    town.xa.do(lambda tx: hear(tx, "xb-fiu", said))
    asked = ListingAppeal(appeal=mine.id, entry=here, origin="xa-asc", ground="other", at="2026-03-01T10:08:00Z")
    town.xa.do(lambda tx: hear(tx, "xb-fiu", asked))
    # About an entry of a third authority, told by neither.
    town.xa.do(lambda tx: hear(tx, "xb-fiu", msgspec.structs.replace(asked, appeal="x", entry=there, origin="xb-asc")))
    assert open_at(town.xa) == [mine]
    # An entry that is gone: what was asked for has been done.
    town.settle()
    town.xb.do(lambda tx: town.xb.node.book.withdraw(tx, there, "Officer Six", "stale"))
    ask = msgspec.structs.replace(asked, appeal="y", entry=there, origin="xb-asc")
    town.xb.do(lambda tx: town.xb.node.redress.told(tx, "xa-asc", ask))
    assert [each.their_id for each in open_at(town.xb)] == [mine.id]


def test_how_fast_lists_arrive_and_how_an_operator_carried_them_out(to: Visitors, town: Town) -> None:
    xa = town.xa
    wish = Proposal(subject="number", value="+999360123456", reason="calls as a bank", confirmed=True)
    entry = xa.do(lambda tx: xa.node.book.propose(tx, wish, "Officer One")).id
    xa.do(lambda tx: xa.node.book.approve(tx, entry, "Officer Two"))
    town.settle()

    def obeyed(gateway: str, operator: str, version: int) -> None:
        said = Enforced(gateway, version, times.render(xa.clock.now()))
        xa.do(lambda tx: xa.node.lists.publishing.enforced(tx, "calls", operator, said))

    xa.clock.move(seconds=3)
    obeyed("gw-1", "XATL", 1)
    xa.clock.move(seconds=7)
    obeyed("gw-2", "XATL", 1)
    obeyed("gw-1", "XATM", 0)
    page = to.see("/telco/propagation", "auditor")
    assert "xb-asc" in page
    seen = to.data("/telco/propagation", "investigator")
    assert seen == to.data("/api/v1/telco/propagation", "investigator")
    assert [(each["gateway"], each["behind"], each["arrived"]["p99_s"]) for each in seen["gateways"]] == [
        ("XATL/gw-1", 0, 3.0),
        ("XATL/gw-2", 0, 10.0),
        ("XATM/gw-1", 1, None),
    ]
    (decided,) = seen["decided"]
    assert (decided["entry"], decided["gateways_done"], decided["gateways"]) == (entry, 2, 3)
    own = to.data("/api/v1/telco/propagation", "telco", "XATM")
    assert [each["gateway"] for each in own["gateways"]] == ["XATM/gw-1"]
    assert (own["peers"], own["decided"], own["waiting"]) == ([], [], [])
    assert "+999360123456" not in to.see("/telco/propagation", "telco", "XATM")
    xa.clock.move(minutes=2)
    cards = {each["operator"]: each for each in to.data("/telco/scorecards?month=2026-03", "auditor")}
    first, second = cards["XATL"], cards["XATM"]
    assert (first["given"], first["done"], first["late"], first["p95_s"]) == (1, 1, 0, 10.0)
    assert (second["given"], second["waiting"], second["late"], second["p95_s"]) == (1, 1, 1, None)
    sheet = to.ask("GET", "/telco/scorecards?month=2026-03&format=csv", "auditor").text.splitlines()
    assert sheet[1] == "2026-03,XATL,60,1,1,0,0,0,0,0,10.0,10.0"
    xa.do(lambda tx: xa.node.book.withdraw(tx, entry, "Officer Two", "not theirs"))
    town.settle()
    cards = {each["operator"]: each for each in to.data("/telco/scorecards?month=2026-03", "auditor")}
    assert (cards["XATL"]["given"], cards["XATL"]["done"]) == (2, 1), "what was put in force stays given"
