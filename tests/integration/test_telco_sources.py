"""The pages of imports, sources, standing words and the allow-list: who may do what, and what takes two people."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.town import XB, Town
from tests.integration.visitors import Visitors, words_of

from lintas.telco.book import bulk

TABLE = "number,kind\n" + "".join(f"+9992812345{n:02},blocked\n" for n in range(3)) + "nonsense,blocked\n"
LATER = "Officer Dena Holt"


@pytest.fixture
def to(tmp_path: Path, town: Town) -> Iterator[Visitors]:
    made = Visitors(town.xa, tmp_path)
    yield made
    made.close()


def imported(to: Visitors, source: str = "feed", officer: str = "Test investigator") -> str:
    desk = to.desk
    of = desk.node.lists.bulk
    begun = desk.do(lambda tx: of.begin(tx, source, officer))
    for part in bulk.parts(bulk.read(TABLE)):
        desk.do(lambda tx, rows=part: of.take(tx, begun.id, rows))  # type: ignore[misc] # bound now
    return desk.do(lambda tx: of.end(tx, begun.id)).id


def test_an_import_is_one_thing_that_waits_and_is_approved_as_a_whole(to: Visitors) -> None:
    name = imported(to)
    due = to.data("/", "approver")["due"]
    assert [(each["kind"], each["address"]) for each in due] == [("approve_import", f"/telco/imports/{name}")]
    assert name in to.see("/telco/imports", "administrator")
    page = words_of(to.see(f"/telco/imports/{name}", "approver"))
    assert "Lines that were refused" in page and "Your decision" in page
    assert "Your decision" not in words_of(to.see(f"/telco/imports/{name}", "investigator"))
    decide = f"/telco/imports/{name}/decide"
    assert to.send(decide, "investigator", answer="approve").status_code == 403
    assert to.send(decide, "approver").status_code == 422
    assert to.send(decide, "approver", answer="approve").status_code == 303
    assert to.send(decide, "approver", answer="decline").status_code == 409
    assert to.data(f"/telco/imports/{name}", "auditor")["imported"]["state"] == "approved"
    assert to.data("/", "approver")["due"] == []
    assert to.ask("GET", "/telco/imports/none", "auditor").status_code == 404


def test_what_an_officer_proposed_too_still_waits_by_itself(to: Visitors) -> None:
    imported(to)
    typed = {"subject": "number", "value": "+999281234500", "kind": "blocked", "scheme": "unknown"}
    answer = to.send("/telco/lists/new", "investigator", **typed, reason="calls people as their bank")
    assert answer.status_code == 303
    due = to.data("/", "approver")["due"]
    assert sorted(each["kind"] for each in due) == ["approve_entry", "approve_import"]


def test_who_imported_it_does_not_approve_it_and_anybody_declines(to: Visitors) -> None:
    name = imported(to, officer="Test approver")
    page = to.see(f"/telco/imports/{name}", "approver")
    assert "You imported this yourself" in page and 'value="approve"' not in page
    assert to.send(f"/telco/imports/{name}/decide", "approver", answer="approve").status_code == 409
    assert to.send(f"/telco/imports/{name}/decide", "approver", answer="decline").status_code == 303
    assert to.data(f"/telco/imports/{name}", "auditor")["imported"]["state"] == "declined"


def test_a_source_is_stopped_by_one_and_counts_again_by_two(to: Visitors) -> None:
    imported(to)
    here, of, desk = "/telco/sources/feed", to.desk.node.lists.sources, to.desk
    assert "feed" in to.see("/telco/sources", "auditor")
    assert to.send(f"{here}/stop", "auditor", reason="it lists a clinic").status_code == 403
    assert to.send(f"{here}/stop", "investigator", reason="").status_code == 422
    assert to.send(f"{here}/stop", "investigator", reason="it lists a clinic").status_code == 303
    assert "it lists a clinic" in words_of(to.see(here, "auditor"))
    assert to.send(f"{here}/restart", "investigator").status_code == 403
    assert to.send(f"{here}/restart", "approver").status_code == 303
    assert "You asked for this" in words_of(to.see(here, "approver"))
    assert to.send(f"{here}/restart", "approver").status_code == 403
    assert to.data(here, "auditor")["source"]["stopped_at"]
    desk.do(lambda tx: of.restart(tx, "feed", LATER))
    assert to.data(here, "auditor")["source"]["stopped_at"] == ""
    for bad in ("", "-1", "many", "1000001"):
        assert to.send(f"{here}/cap", "administrator", cap_hour=bad).status_code == 422, bad
    assert to.send(f"{here}/cap", "approver", cap_hour="5").status_code == 403
    assert to.send(f"{here}/cap", "administrator", cap_hour="5").status_code == 303
    assert to.data(here, "auditor")["source"]["cap_hour"] == 5
    assert to.ask("GET", "/telco/sources/none", "auditor").status_code == 404


def test_a_standing_word_takes_two_and_one_ends_it(to: Visitors) -> None:
    here = "/telco/adoptions"
    assert XB in to.see(here, "approver")
    for bad in ({"peer": XB}, {"peer": XB, "subjects": "letter"}):
        assert to.send(here, "approver", **bad).status_code == 422, bad
    assert to.send(here, "approver", peer="nobody", subjects="url").status_code == 404
    assert to.send(here, "administrator", peer=XB, subjects="url").status_code == 403
    assert to.send(here, "approver", peer=XB, subjects="url").status_code == 303
    assert to.send(here, "approver", peer=XB, subjects="url").status_code == 403
    assert "waits for a second officer" in words_of(to.see(here, "auditor"))
    to.desk.do(lambda tx: to.desk.node.lists.sources.adopt(tx, XB, ("url",), LATER))
    assert to.data(here, "auditor")["adoptions"][0]["second_by"] == LATER
    assert to.send(f"{here}/{XB}/end", "approver").status_code == 303
    assert to.data(here, "auditor")["adoptions"][0]["ended_by"] == "Test approver"


def test_a_line_of_the_allow_list_is_added_by_one_and_removed_by_two(to: Visitors) -> None:
    here = "/telco/allow-list"
    line = {"subject": "domain", "value": "Bank.example", "group": "bank", "name": "Bank of Aria"}
    assert to.send(here, "approver", **line).status_code == 403
    wrong = to.send(here, "administrator", **(line | {"value": "not a domain"}))
    assert wrong.status_code == 422 and 'value="not a domain"' in wrong.text
    assert to.send(here, "administrator", **line).status_code == 303
    (kept,) = to.data(here, "auditor")["lines"]
    assert kept["value"] == "bank.example"
    remove = f"{here}/{kept['id']}/remove"
    assert "Ask that it is removed" in to.see(here, "administrator")
    assert to.send(remove, "administrator").status_code == 303
    assert "Confirm that it is removed" not in to.see(here, "administrator")
    assert to.send(remove, "administrator").status_code == 403
    assert to.desk.do(lambda tx: to.desk.node.lists.sources.disallow(tx, kept["id"], LATER)) is None
    assert "None." in words_of(to.see(here, "auditor"))
