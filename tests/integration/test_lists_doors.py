"""The officers' routes of lists, as programs call them: people's names, refused lines, and who read what of a peer's."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from tests.integration.engines import Fresh
from tests.integration.hand import Hand
from tests.integration.test_lists import NUMBER, Two, adopt, batch, entry, entry_of, out, say
from tests.integration.town import XA, XB, Desk

from lintas.access import keys
from lintas.api.app import public_app
from lintas.exchange.records import Read
from lintas.node.config import Config, Home
from lintas.node.runtime import Runtime
from lintas.telco.names.entries import read as read_names

ENTRIES = "/api/v1/telco/entries"


class Door(NamedTuple):
    """xb and its public door."""

    desk: Desk
    runtime: Runtime
    keys: dict[str, str]

    def call(self, who: str, method: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401
        """Call with the key of a person (role, or role and a name)."""
        if who not in self.keys:
            role, _, name = who.partition(" ")
            ids, at = self.desk.node.parts.ids, datetime.now(UTC)
            given = {"name": name or f"Test {role}", "role": role, "organisation": "XBTL" if role == "telco" else ""}
            self.keys[who] = self.desk.do(lambda tx: keys.issue(tx, ids, at=at, **given))
        headers = {"authorization": f"Bearer {self.keys[who]}"} | sent.pop("headers", {})

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(public_app(self.runtime))
            async with httpx.AsyncClient(transport=transport, base_url="https://xb.example") as client:
                return await client.request(method, path, headers=headers, **sent)

        answer = asyncio.run(ask())
        self.desk.node.bus.pump(self.desk.engine, self.runtime.writer)
        return answer

    def reads(self, who: str) -> list[Read]:
        """Return what is on record of a person's reads."""
        reader = self.keys[who].split("_")[1]
        return self.desk.ask(lambda tx: self.desk.node.reads.listed(tx, reader=reader))


@pytest.fixture
def door(tmp_path: Path, fresh: Fresh) -> Iterator[Door]:
    two = Two(fresh)
    config = Config(authority=XB, jurisdiction="XB", name="Boreo", contact="d@xb.example", ledger_origin="xb/log")
    runtime = Runtime(Home(config, tmp_path), two.xb.node)
    yield Door(two.xb, runtime, {})
    runtime.writer.close()
    for desk in (two.xa, two.xb):
        desk.engine.dispose()


def test_an_entry_from_proposal_to_withdrawal(door: Door) -> None:
    form = {"subject": "number", "value": "00 999".replace(" ", "") + "3700000001", "reason": "calls as a bank"}
    proposed = door.call("investigator", "POST", ENTRIES, json=form)
    assert proposed.status_code == 201, proposed.text
    name = proposed.json()["id"]
    assert (proposed.json()["value"], proposed.json()["state"]) == (NUMBER, "proposed")
    assert door.call("investigator", "POST", ENTRIES, json=form).status_code == 409
    assert door.call("investigator", "POST", f"{ENTRIES}/{name}/approve").status_code == 403
    assert door.call("approver", "POST", f"{ENTRIES}/{name}/approve").json()["state"] == "listed"
    assert out(door.desk) == {NUMBER: "blocked"}
    found = door.call("auditor", "GET", ENTRIES, params={"value": NUMBER}).json()
    assert [each["id"] for each in found] == [name]
    assert [each["id"] for each in door.call("auditor", "GET", ENTRIES, params={"state": "listed"}).json()] == [name]
    for strange in ("source", "nonsense", "State"):
        refused = door.call("auditor", "GET", ENTRIES, params={strange: "listed"})
        assert refused.status_code == 422 and f"query {strange}" in refused.text
    shown = door.call("auditor", "GET", f"{ENTRIES}/{name}").json()
    assert shown["path"]["published_at"] and len(shown["path"]["peers"]) == 2
    gone = door.call("approver", "POST", f"{ENTRIES}/{name}/withdraw", json={"reason": "a mistake"})
    assert (gone.json()["state"], gone.json()["end_code"]) == ("ended", "withdrawn") and out(door.desk) == {}
    assert door.call("auditor", "GET", f"{ENTRIES}/none").status_code == 404
    again = door.call("approver", "POST", f"{ENTRIES}/{name}/withdraw", json={"reason": "a mistake"})
    assert again.status_code == 409
    assert len(door.call("auditor", "GET", "/api/v1/telco/unconfirmed").json()) == 2


def test_a_gateway_for_names_gets_those_in_force_and_only_when_they_changed(door: Door, tmp_path: Path) -> None:
    form = {
        "subject": "domain",
        "value": "Parcel-Fee.example",
        "reason": "asks for card numbers",
        "sources": ["clinic"],
    }
    name = door.call("investigator", "POST", ENTRIES, json=form).json()["id"]
    path = "/api/v1/telco/names"
    before = door.call("telco", "GET", path)
    assert before.status_code == 200 and before.content == b""
    assert door.call("approver", "POST", f"{ENTRIES}/{name}/approve").json()["state"] == "listed"
    given = door.call("telco", "GET", path, headers={"if-none-match": before.headers["etag"]})
    (tmp_path / "names.jsonl").write_bytes(given.content)
    (only,) = read_names(tmp_path / "names.jsonl")
    assert (only.id, only.value, only.reason) == (name, "parcel-fee.example", "asks for card numbers")
    assert b"clinic" not in given.content and b"Test" not in given.content
    again = door.call("telco", "GET", path, headers={"if-none-match": given.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    door.call("approver", "POST", f"{ENTRIES}/{name}/withdraw", json={"reason": "a mistake"})
    assert door.call("telco", "GET", path, headers={"if-none-match": given.headers["etag"]}).content == b""
    assert door.call("auditor", "GET", path).status_code == 403


def test_a_table_is_imported_and_its_bad_lines_are_told(door: Door) -> None:
    table = (
        "number,kind,expires,reason,owner\n+9993700000001,blocked,2036-06-30T00:00:00Z,spoofs,x\nnonsense,blocked,,,\n"
    )
    headers, path = {"content-type": "text/csv"}, "/api/v1/telco/imports"
    done = door.call("investigator", "POST", path, params={"source": "feed"}, content=table, headers=headers)
    assert done.status_code == 201, done.text
    told = done.json()
    assert (told["taken"], told["refused"], told["state"], told["shortened"]) == (1, 1, "waits", 1)
    assert [(each["line"], each["code"]) for each in told["refusals"]] == [(3, "bad_input")]
    assert door.call("approver", "POST", f"{path}/{told['id']}/approve").json()["state"] == "approved"
    assert out(door.desk, "watch") == {NUMBER: "blocked"} and out(door.desk) == {}
    stopped = door.call(
        "administrator", "POST", "/api/v1/telco/sources/feed/stop", json={"reason": "it lists a clinic"}
    )
    assert stopped.json()["stopped_by"] == "Test administrator" and out(door.desk, "watch") == {}
    unnamed = door.call("investigator", "POST", path, params={"source": "Feed A"}, content=table, headers=headers)
    assert unnamed.status_code == 422 and "name of a feed" in unnamed.text
    assert [each["source"] for each in door.call("auditor", "GET", path).json()] == ["feed"]
    for bad in ("kind\n", "number,kind,colour\n", "", "number,kind\n\xff"):
        sent = bad.encode("latin-1")
        refused = door.call("investigator", "POST", path, params={"source": "two"}, content=sent, headers=headers)
        assert refused.status_code == 422, refused.text


def test_the_allow_list_and_standing_words_have_two_people_where_more_is_blocked(door: Door) -> None:
    path = "/api/v1/telco/allow-list"
    line = {"subject": "domain", "value": "Bank.example", "group": "bank", "name": "Bank of Boreo"}
    made = door.call("administrator", "POST", path, json=line).json()
    assert made["value"] == "bank.example"
    form = {"subject": "url", "value": "https://login.bank.example/x", "reason": "looks like a bank"}
    assert door.call("investigator", "POST", ENTRIES, json=form).json()["needs"] == 2
    first = door.call("administrator", "POST", f"{path}/{made['id']}/remove")
    assert first.json()["removal_by"] == "Test administrator"
    assert door.call("administrator", "POST", f"{path}/{made['id']}/remove").status_code == 403
    assert door.call("administrator Second", "POST", f"{path}/{made['id']}/remove").json() is None
    assert door.call("auditor", "GET", path).json() == []
    body, adopted = {"subjects": ["url"]}, f"/api/v1/telco/adoptions/{XA}"
    assert door.call("approver", "PUT", adopted, json=body).json()["second_by"] == ""
    assert door.call("approver", "PUT", adopted, json=body).status_code == 403
    assert door.call("approver Second", "PUT", adopted, json=body).json()["second_by"] == "Second"
    assert door.call("approver", "DELETE", adopted).json()["ended_by"] == "Test approver"
    assert door.call("approver", "PUT", "/api/v1/telco/adoptions/nobody", json=body).status_code == 404


def test_whoever_reads_a_peers_entry_is_known_to_have_read_it(door: Door) -> None:
    adopt(door.desk, XA)
    say(door.desk, Hand(), batch(entry_of()))
    kept = entry(door.desk)
    assert door.call("auditor", "GET", ENTRIES).json()[0]["origin"] == XA
    assert [(each.object, each.peer) for each in door.reads("auditor")] == [(kept.statement, XA)]
    door.call("investigator", "GET", f"{ENTRIES}/{kept.id}")
    assert {(each.object, each.peer) for each in door.reads("investigator")} == {(kept.statement, XA)}
    door.call("approver", "POST", f"{ENTRIES}/{kept.id}/withdraw", json={"reason": "a clinic"})
    assert {each.object for each in door.reads("approver")} == {kept.statement}


@pytest.mark.parametrize(
    ("who", "path", "names"),
    [
        ("auditor", f"{ENTRIES}?state=foo", "proposed, shadow, listed, ended, declined"),
        ("auditor", f"{ENTRIES}?subject=foo", "number, range, url"),
        ("auditor", f"{ENTRIES}?kind=foo&value={NUMBER}", "do_not_originate"),
        ("auditor", "/api/v1/telco/objections?state=foo", "upheld"),
        ("auditor", "/api/v1/telco/objections?late=foo", "send 1"),
        ("auditor", "/api/v1/telco/counters?month=foo", "2026-03"),
        ("auditor", "/api/v1/telco/counters?format=foo", "json or csv"),
        ("auditor", "/api/v1/telco/scorecards?format=foo", "json or csv"),
        ("telco", "/api/v1/telco/lists/foo", "calls"),
        ("telco", "/api/v1/telco/lists/foo/deltas", "calls"),
        ("telco", "/api/v1/telco/lists/foo/base/1", "calls"),
    ],
)
def test_a_word_that_a_closed_parameter_has_not_is_refused_by_naming_those_it_has(
    door: Door, who: str, path: str, names: str
) -> None:
    answer = door.call(who, "GET", path)
    assert (answer.status_code, names in answer.text) == (422, True), answer.text
