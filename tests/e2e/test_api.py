"""The API does what its people rely on: the story by HTTP, long polls, paging, and pages' JSON twins."""

import threading
import time
from typing import Any

from tests.e2e.people import Running

from lintas.cli.key import issue_key


def test_health_names_the_node_and_its_mode(running: Running) -> None:
    found = running.ask("GET", "/healthz").document
    assert (found["status"], found["authority"], found["exercise"]) == ("ok", "xa-asc", True)


def test_the_openapi_document_lists_every_route(running: Running) -> None:
    found = running.ask("GET", "/api/v1/openapi.json").document
    assert found["openapi"].startswith("3.1")
    assert {"/api/v1/reports", "/api/v1/holds/{hold}/approve", "/api/v1/bank/work"} <= set(found["paths"])


def _case(running: Running, case: str) -> Any:  # noqa: ANN401 — JSON
    return running.ask("GET", f"/api/v1/cases/{case}", key=running.keys["investigator"]).document


def test_the_story_over_http(running: Running) -> None:
    theft = running.theft()
    report = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=theft.form).document
    case = report["case"]

    def delivered() -> Any:  # noqa: ANN401 — JSON
        found = _case(running, case)
        return found if any(hold["state"] == "delivered" for hold in found["holds"]) else None

    view = running.until(delivered)
    assert view["bar"]["exact"]
    assert view["bar"]["stolen"] == theft.stolen_minor
    (asked,) = (hold for hold in view["holds"] if hold["direction"] == "asked")

    def waiting() -> bool:
        found = running.ask("GET", "/api/v1/holds", key=running.xb.approver_key, client=running.client_b).document
        return any(hold["id"] == asked["id"] for hold in found)

    running.until(waiting)
    path = f"/api/v1/holds/{asked['id']}/approve"
    first = running.ask("POST", path, key=running.xb.approver_key, client=running.client_b)
    again = running.ask("POST", path, key=running.xb.approver_key, client=running.client_b)
    assert (first.status, again.status) == (201, 409)
    assert first.document["approver"] == running.xb.cast.approver

    def answered() -> Any:  # noqa: ANN401 — JSON
        found = _case(running, case)
        return found if any(hold["outcome"] == "held_partial" for hold in found["holds"]) else None

    done = running.until(answered)["bar"]
    parts = ("held", "moved", "spent", "returned", "released", "unknown")
    assert sum(done[part] for part in parts) == done["stolen"] == theft.stolen_minor
    assert done["held"] > 0


def test_a_long_poll_answers_when_there_is_work_and_not_before(running: Running) -> None:
    # A bank code whose agent does not run: its work is there for this test alone.
    key = issue_key(running.xa.home, name="poll", role="bank", organisation="NOBODY")
    began = time.monotonic()
    answer = running.ask("GET", "/api/v1/bank/work?wait=1", key=key)
    assert answer.document == {"questions": [], "orders": [], "amendments": []}
    assert 0.9 <= time.monotonic() - began < 20
    began = time.monotonic()
    assert running.ask("GET", "/api/v1/bank/work", key=key).status == 200
    assert time.monotonic() - began < 10
    # Twenty wait while the node works on: none of them holds it up.
    threads = [
        threading.Thread(target=running.ask, args=("GET", "/api/v1/bank/work?wait=6"), kwargs={"key": key})
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    assert running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json={"text": "busy"}).status == 201
    assert any(thread.is_alive() for thread in threads), "it was answered only after those who wait"
    for thread in threads:
        thread.join()


def test_cases_come_in_pages_newest_first(running: Running) -> None:
    for _ in range(2):
        form = running.theft().form
        assert running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=form).status == 201
    key = running.keys["auditor"]

    def listed(after: str) -> list[str]:
        found = running.ask("GET", f"/api/v1/cases?after={after}", key=key).document
        return [bar["case"] for bar in found]

    everything = running.until(lambda: listed("~") if len(listed("~")) >= 2 else [])
    assert everything == sorted(everything, reverse=True)
    for number, case in enumerate(everything):
        assert listed(case) == everything[number + 1 :]
    assert listed("a") == []


def test_reports_are_listed_and_those_that_lack_something_apart(running: Running) -> None:
    lost = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json={"text": "They took all."}).document
    key = running.keys["auditor"]

    def listed(query: str = "") -> list[str]:
        return [report["id"] for report in running.ask("GET", f"/api/v1/reports{query}", key=key).document]

    for query in ("", "?incomplete=0", "?incomplete=1"):
        assert listed(query)[0] == lost["id"]
        rest = listed(f"{query or '?incomplete=0'}&after={lost['id']}")
        assert lost["id"] not in rest
    theft = running.theft().form | {"case": lost["case"]}
    joined = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=theft).document
    assert joined["case"] == lost["case"]
    assert lost["id"] not in listed("?incomplete=1")
    assert listed()[:2] == [joined["id"], lost["id"]]
    assert running.ask("GET", "/api/v1/reports?incomplete=yes", key=key).status == 422
    nowhere = {"text": "He called again.", "case": "case-0"}
    answer = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=nowhere)
    assert (answer.status, answer.is_problem()) == (404, True)


def test_a_state_that_no_hold_has_is_refused_by_naming_those_that_are(running: Running) -> None:
    for state in ("bogus", "", "AWAITING_APPROVAL"):
        answer = running.ask("GET", f"/api/v1/holds?state={state}", key=running.keys["auditor"])
        assert (answer.status, answer.is_problem()) == (422, True)
        for known in ("awaiting_approval", "sent", "delivered", "ordered", "answered", "refused", "any"):
            assert known in answer.document["do"]
    for state in ("awaiting_approval", "refused_by_policy", "any"):
        assert running.ask("GET", f"/api/v1/holds?state={state}", key=running.keys["auditor"]).status == 200


def test_a_head_request_has_no_body_and_no_effect(running: Running) -> None:
    answer = running.ask("HEAD", "/api/v1/cases", key=running.keys["auditor"])
    assert (answer.status, answer.body) == (200, b"")
