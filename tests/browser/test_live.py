"""What keeps itself fresh, and what it leaves alone: typed text, unfolded parts, the row that somebody is on."""

import re

from tests.browser.conftest import Sit
from tests.browser.plays import Played
from tests.e2e.people import Running

HALF = "The seller shows an invoice of"


def test_a_case_follows_its_money_and_keeps_what_is_being_typed(running: Running, play: Played, seats: Sit) -> None:
    case, _ = play.held()
    hold = play.waiting(case)
    seat = seats(running.xa, running.xa.passes["approver"], to=f"/cases/{case}")
    seat.page.evaluate("window.stays = true")
    seat.press("1", "Tab")
    seat.type(HALF)
    shown, course = (seat.page.locator(part).inner_text() for part in ("#live", "#course"))
    play.approve(hold["id"], abroad=True)
    held = play.share(case, state="held", authority="xb-asc")["amount_minor"]
    seat.until(lambda: seat.page.locator("#live").inner_text() != shown, "the news")
    seat.until(lambda: f"{held / 100:,.2f}" in seat.page.locator("#live").inner_text(), "what the bank held")
    # The part beneath the form is renewed, too.
    seat.until(lambda: seat.page.locator("#course").inner_text() != course, "the hold's outcome")
    assert seat.page.evaluate("window.stays"), "the page was loaded anew"
    assert seat.focused("#why-s1")
    assert seat.page.input_value("#why-s1") == HALF
    assert seat.page.locator("#undoing details[open]").count() == 1
    seat.type(" the day before")
    seat.press("Enter")
    seat.see(f"{HALF} the day before")


def test_the_row_stays_when_something_new_comes(running: Running, play: Played, seats: Sit) -> None:
    first = play.waiting(play.case())
    seat = seats(running.xb, running.xb.passes["approver"])
    seat.row_to(first["id"])
    place = "document.activeElement.closest('[data-row]')?.getBoundingClientRect().top"
    top = seat.page.evaluate(place)
    new = play.waiting(play.case())
    link = seat.page.locator("a[data-new]")
    seat.until(link.count, "the word that something is new")
    assert link.inner_text() == "1 new ↑"
    assert first["id"] in str(seat.page.evaluate("document.activeElement.closest('[data-row]').innerHTML"))
    assert seat.page.evaluate(place) == top
    assert not seat.page.locator(f"[data-row='{new['id']}']").count()
    seat.press("n")
    seat.until(lambda: seat.page.locator(f"[data-row='{new['id']}']").count(), "what is new")


def test_a_double_click_issues_one_order(running: Running, play: Played, seats: Sit) -> None:
    hold = play.waiting(play.case())
    seat = seats(running.xb, running.xb.passes["approver"], to=f"/holds/{hold['id']}")
    seat.page.locator("[data-key='1']").dblclick()
    seat.see("The order")
    assert seat.asked.count(f"POST /holds/{hold['id']}/approve") == 1
    orders = play.get(f"/cases/{hold['case']}", abroad=True)["orders"]
    assert [each["hold"] for each in orders] == [hold["id"]]


def test_a_node_that_does_not_answer_is_said_to_be_silent(running: Running, play: Played, seats: Sit) -> None:
    case = play.case()
    seat = seats(running.xa, running.xa.passes["hotline"], to=f"/cases/{case}")
    seat.context.set_offline(True)
    note = seat.page.locator("[data-old]")
    seat.until(note.is_visible, "the note that what is seen may be old")
    seat.context.set_offline(False)
    seat.until(note.is_hidden, "the node's next answer")
    # What the browser said of being off-line is what was asked for.
    seat.troubles = [each for each in seat.troubles if not re.search("ERR_INTERNET_DISCONNECTED|Failed to fetch", each)]
