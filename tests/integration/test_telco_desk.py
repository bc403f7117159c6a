"""The pages about calls and lists through their doors: looking through, proposing, approving, taking back, trying a call."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.town import Town
from tests.integration.visitors import Visitors, words_of

from lintas.telco.redress.records import Ruling

NUMBER = "+999281234567"


@pytest.fixture
def to(tmp_path: Path, town: Town) -> Iterator[Visitors]:
    made = Visitors(town.xa, tmp_path)
    yield made
    made.close()


def propose(to: Visitors, value: str = NUMBER, **more: str) -> str:
    typed = {"subject": "number", "value": value, "kind": "blocked", "scheme": "unknown"}
    typed |= {"reason": "calls people as their bank", **more}
    answer = to.send("/telco/lists/new", "investigator", **typed)
    assert answer.status_code == 303, words_of(answer.text)
    return answer.headers["location"].rpartition("/")[2]


def listed(to: Visitors, value: str = NUMBER, **more: str) -> str:
    entry = propose(to, value, confirmed="true", **more)
    answer = to.send(f"/telco/lists/{entry}/decide", "approver", answer="approve")
    assert answer.status_code == 303, words_of(answer.text)
    return entry


def test_an_entry_is_proposed_approved_and_taken_back(to: Visitors) -> None:
    entry = propose(to, confirmed="true")
    page = to.see(f"/telco/lists/{entry}", "approver")
    assert "1 more person" in words_of(page)
    assert "Decided: not yet" in words_of(page)
    assert to.data(f"/telco/lists/{entry}", "auditor")["path"]["decided_at"] == ""
    assert entry in to.see("/", "approver")
    to.send(f"/telco/lists/{entry}/decide", "approver", answer="approve")
    data = to.data(f"/telco/lists/{entry}", "auditor")
    assert (data["entry"]["state"], data["entry"]["listed"]) == ("listed", data["path"]["decided_at"])
    assert "stops blocking here at once" in words_of(to.see(f"/telco/lists/{entry}", "approver"))
    assert "stops blocking here at once" not in words_of(to.see(f"/telco/lists/{entry}", "investigator"))
    assert to.send(f"/telco/lists/{entry}/withdraw", "investigator", reason="not theirs").status_code == 403
    assert to.send(f"/telco/lists/{entry}/withdraw", "approver", reason="").status_code == 422
    assert to.send(f"/telco/lists/{entry}/withdraw", "approver", reason="not theirs").status_code == 303
    assert to.data(f"/telco/lists/{entry}", "auditor")["entry"]["state"] == "ended"


def test_a_reason_is_asked_for_to_decline_only(to: Visitors) -> None:
    entry = propose(to, confirmed="true")
    decision = to.see(f"/telco/lists/{entry}", "approver").split("/decide")[1].split("</form>")[0]
    field = decision[decision.index('name="reason"') :].split(">")[0]
    assert "required" not in field and 'data-needed="decline"' in field
    assert "only to decline" in decision
    assert to.send(f"/telco/lists/{entry}/decide", "approver", answer="decline", reason="").status_code == 422
    assert to.send(f"/telco/lists/{entry}/decide", "approver", answer="decline", reason="no proof").status_code == 303
    listed(to, "+999281234568")


def test_looking_through(to: Visitors) -> None:
    entry = listed(to)
    for query in (NUMBER, "9992 8123 4567", f"00{NUMBER[1:]}", entry):
        found = to.data(f"/telco/lists?q={query.replace('+', '%2B')}", "auditor")["entries"]
        assert [each["id"] for each in found] == [entry], query
    for query, count in (
        ("subject=url", 0),
        ("state=listed", 1),
        ("owner=XA-A", 1),
        ("source=desk", 1),
        ("source=feed", 0),
    ):
        assert len(to.data(f"/telco/lists?{query}", "auditor")["entries"]) == count, query
    for bad in ("subject=x", "state=LISTED", f"q={'x' * 2049}"):
        assert to.ask("GET", f"/telco/lists?{bad}", "auditor").status_code == 422, bad
    assert NUMBER in to.see("/telco/lists", "administrator")


@pytest.mark.parametrize("bad", ["", "112", "not a number", "+9992123456789012345"])
def test_what_cannot_be_listed_is_told_beside_what_was_typed(to: Visitors, bad: str) -> None:
    answer = to.send(
        "/telco/lists/new",
        "investigator",
        subject="number",
        value=bad,
        kind="blocked",
        scheme="unknown",
        reason="spoofed",
    )
    assert answer.status_code in (403, 422), answer.text
    assert 'value="spoofed"' in answer.text


def test_a_call_is_tried_rung_by_rung(to: Visitors) -> None:
    entry = listed(to)
    assert "data-row" not in to.see("/telco/simulator", "telco", "XATL").split("<main")[1]
    typed = {"a": NUMBER, "b": "+999360123456", "trunk": "international", "preset": "strict", "jurisdiction": "XC"}
    answer = to.send("/telco/simulator", "investigator", **typed, once="")
    assert answer.status_code == 200
    assert f'href="/redress/{entry}"' in answer.text
    assert "block list" in words_of(answer.text)
    twin = to.ask("POST", "/api/v1/telco/simulate", "telco", "XATL", json=typed, accept="application/json").json()
    assert (twin["action"], twin["id"], twin["steps"][-1]["rung"]) == ("block", entry, "block_list")
    for bad in ({"preset": "none"}, {"jurisdiction": "ZZ"}, {"level": "listed"}, {"trunk": "sea"}, {"a": "9" * 65}):
        refused = to.send("/telco/simulator", "investigator", **(typed | bad))
        assert refused.status_code == 422, bad


def test_the_simulator_finds_what_a_gateway_finds(to: Visitors) -> None:
    listed(to)
    listed(to, "+999281230000-+999281239999", subject="range")
    typed = {"a": NUMBER, "b": "+999360123456", "trunk": "international", "preset": "strict", "jurisdiction": "XC"}

    def judged() -> str:
        answer = to.ask("POST", "/api/v1/telco/simulate", "telco", "XATL", json=typed, accept="application/json")
        return str(answer.json()["action"])

    assert judged() == "block"
    listed(to, "+999281234000-+999281234999", subject="range", kind="protected")
    assert judged() != "block", "a protected range comes before a number in it"


def test_what_was_taken_back_on_an_objection_takes_two_people_to_list_again(to: Visitors) -> None:
    entry, desk = listed(to), to.desk
    form = {"ground": "mine", "name": "Nan", "contact": "nan@x.example", "text": "Mine."}
    to.send(f"/redress/{entry}", "", **form)
    (item,) = to.data("/telco/appeals", "approver")["objections"]
    ruling = Ruling(uphold=True, reason="shown to be theirs")
    # The approver of the test had a say in listing it.
    assert (
        to.send(f"/telco/appeals/{item['id']}/decide", "approver", answer="uphold", reason="x y z").status_code == 403
    )
    desk.do(lambda tx: desk.node.redress.decide(tx, item["id"], "Officer Dena Holt", ruling))
    assert to.data(f"/telco/lists/{entry}", "auditor")["entry"]["end_code"] == "appeal"
    again = propose(to, confirmed="true")
    page = words_of(to.see(f"/telco/lists/{again}", "approver"))
    assert "2 more people" in page
    assert "two people list it again" in page
    to.send(f"/telco/lists/{again}/decide", "approver", answer="approve")
    assert to.data(f"/telco/lists/{again}", "auditor")["entry"]["state"] == "proposed"
    desk.do(lambda tx: desk.node.book.approve(tx, again, "Officer Dena Holt"))
    assert to.data(f"/telco/lists/{again}", "auditor")["entry"]["state"] == "listed"
