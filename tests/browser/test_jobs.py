"""Each role's job by the keyboard alone, as fast as it goes: the seconds and the keys stand in the summary of the run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from tests.browser.conftest import SECONDS_A_KEY, Sit
from tests.browser.plays import Played
from tests.browser.seats import Seat
from tests.e2e.people import Running

Job = Callable[[str, Seat], Any]
#: What the hotline may take with a caller on the line, typing included.
HOTLINE_SECONDS = 180


@pytest.fixture
def job(record_property: Callable[[str, object], None]) -> Job:
    """Time a job and count its keys."""

    @contextmanager
    def timed(name: str, seat: Seat) -> Iterator[None]:
        seat.keys, began = 0, time.monotonic()
        yield
        assert not any(each.startswith("POST /sign-in") for each in seat.asked)
        record_property(f"job {name}", (name, time.monotonic() - began, seat.keys))

    return timed


def test_the_hotline_files_a_report_while_the_caller_is_on_the_line(
    running: Running, play: Played, seats: Sit, job: Job
) -> None:
    form = play.theft().form
    seat = seats(running.xa, running.xa.passes["hotline"])
    with job("hotline: report filed, the bar is there", seat):
        seat.press("e", "Enter")
        seat.at("/reports/new")
        seat.until(lambda: seat.focused("#bank"))
        seat.type(form["bank"])
        seat.press("Tab")
        for name in ("amount", "currency", "receiver"):
            assert seat.focused(f"#{name}")
            seat.type(form[name])
            seat.press("Tab")
        seat.press("Tab")
        assert seat.focused("#at")
        at = datetime.fromisoformat(form["at"])
        seat.type(at.strftime("%m%d%Y"))
        seat.press("ArrowRight")
        seat.type(at.strftime("%I%M%S%p"))
        assert seat.page.input_value("#at") == at.strftime("%Y-%m-%dT%H:%M:%S")
        seat.tab_to("#scheme")
        seat.type(str(seat.page.inner_text(f"option[value={form['scheme']}]"))[:12])
        assert seat.page.input_value("#scheme") == form["scheme"]
        seat.tab_to("#text")
        seat.type(form["text"])
        seat.press("Tab", "Tab", "Enter")
        seat.at("/cases/")
        seat.until(lambda: seat.page.locator("main svg.bar").count(), "the bar")
        seat.see("This case follows it.")
    assert seat.keys * SECONDS_A_KEY < HOTLINE_SECONDS


def test_an_approver_opens_what_waits_and_approves(running: Running, play: Played, seats: Sit, job: Job) -> None:
    hold = play.waiting(play.case())
    seat = seats(running.xb, running.xb.passes["approver"])
    with job("approver: hold found on the first page and approved", seat):
        seat.row_to(hold["id"])
        seat.press("o")
        seat.at(f"/holds/{hold['id']}")
        seat.until(lambda: seat.page.locator("[data-key='1']").count())
        seat.press("1", "Enter")
        seat.see("The order")
    assert play.get(f"/holds/{hold['id']}", abroad=True)["order"]["approver"] == running.xb.cast.approver


def test_an_approver_declines_with_a_reason(running: Running, play: Played, seats: Sit, job: Job) -> None:
    hold = play.waiting(play.case())
    seat = seats(running.xb, running.xb.passes["approver"])
    with job("approver: hold declined, with a reason", seat):
        seat.row_to(hold["id"])
        seat.press("o")
        seat.at(f"/holds/{hold['id']}")
        seat.until(lambda: seat.page.locator("[data-key='2']").count())
        seat.press("2")
        assert seat.focused("#reason")
        seat.type("No offence under our law")
        seat.press("Enter")
        seat.see("No offence under our law (")
    assert play.get(f"/holds/{hold['id']}", abroad=True)["hold"]["state"] == "refused"


def test_an_approver_lets_an_honest_part_go(running: Running, play: Played, seats: Sit, job: Job) -> None:
    case, _ = play.held()
    play.approve_abroad(case)
    play.share(case, state="held", authority="xb-asc")
    seat = seats(running.xa, running.xa.passes["approver"], to=f"/cases/{case}")
    with job("approver: an honest part let go in every jurisdiction", seat):
        seat.press("1")
        assert seat.focused("details[open] select[name=code]")
        seat.press("Tab")
        seat.type("Honest sale, invoice seen")
        seat.press("Enter")
        seat.see("Honest sale, invoice seen")
    view = play.get(f"/cases/{case}")
    assert [each["reason"] for each in (*view["withdrawals"], *view["amendments"])] == ["Honest sale, invoice seen"]


def test_an_owner_objects_and_another_officer_decides(running: Running, play: Played, seats: Sit, job: Job) -> None:
    _, order = play.held()
    owner = seats(running.xa)
    with job("owner: objection sent from the public page", owner):
        owner.go(play.appeal(order))
        owner.tab_to("#name")
        owner.type("Ama Lin")
        owner.press("Tab")
        owner.type("ama@shop.example")
        owner.press("Tab")
        owner.type("I sold a motorcycle for this money.")
        owner.press("Tab", "Enter")
        owner.until(lambda: owner.page.locator("main table").count(), "the objection")
    seat = seats(running.xa, running.xa.passes["second"])
    with job("approver: objection found and dismissed, with a reason", seat):
        seat.row_to("/objections/")
        seat.press("o")
        seat.at("/objections/")
        seat.see("I sold a motorcycle for this money.")
        seat.press("2")
        assert seat.focused("#reason")
        seat.type("The papers do not show it")
        seat.press("Enter")
        seat.until(lambda: "The papers do not show it" in seat.main() and not seat.page.locator(".decision").count())
    owner.page.reload()
    owner.see("The papers do not show it")


def test_an_auditor_sees_who_saw_what(running: Running, play: Played, seats: Sit, job: Job) -> None:
    hold = play.waiting(play.case())
    approver = seats(running.xb, running.xb.passes["approver"], to=f"/holds/{hold['id']}")
    assert approver.page.locator("h1").count()
    seat = seats(running.xb, running.xb.passes["auditor"])
    with job("auditor: who saw what, and the case of the newest look", seat):
        seat.tab_to("a[href='/reads']")
        seat.press("Enter")
        seat.at("/reads")
        seat.see(running.xb.cast.approver)
        seat.row_to(running.xb.cast.approver)
        seat.press("o")
        seat.at("/cases/")


def test_the_language_is_changed_to_thai(running: Running, seats: Sit, job: Job) -> None:
    seat = seats(running.xa, running.xa.passes["auditor"])
    with job("anybody: the page in Thai", seat):
        seat.tab_to("button[lang=th]", "Shift+Tab")
        seat.press("Enter")
        seat.until(lambda: seat.page.locator("html[lang=th]").count(), "Thai")
    assert "ครบกำหนด" in seat.main() or "\u0e01" in seat.main()
