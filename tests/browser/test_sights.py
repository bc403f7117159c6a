"""What is seen at first sight: a form on one screen, nothing cut off, one figure for one thing, and no task that is none."""

import re

from tests.browser.conftest import Sit
from tests.browser.plays import Played
from tests.e2e.people import Running

#: A date with its time, seconds included, as Chromium writes it.
DATE_PIXELS = 210


def test_the_hotline_s_form_is_on_one_screen_and_its_time_can_be_read(running: Running, seats: Sit) -> None:
    seat = seats(running.xa, running.xa.passes["hotline"], to="/reports/new")
    for width in (1280, 1024, 320):
        seat.page.set_viewport_size({"width": width, "height": 800})
        field = seat.page.locator("#at").bounding_box()
        assert field is not None
        assert field["width"] >= DATE_PIXELS, f"{field} at {width}"
    seat.page.set_viewport_size({"width": 1280, "height": 800})
    send = seat.page.locator("main button[data-act]").bounding_box()
    assert send is not None
    assert send["y"] + send["height"] <= 800, send


def test_what_was_let_go_is_no_task_and_never_its_officer_s_to_take_up(
    running: Running, play: Played, seats: Sit
) -> None:
    case, _ = play.held()
    order = play.approve_abroad(case)
    play.undo(case, play.share(case, state="held", authority="xb-asc")["id"])
    play.release_abroad(order)
    play.share(case, state="released", authority="xb-asc")
    own = seats(running.xa, running.xa.passes["approver"], to=f"/cases/{case}")
    assert own.page.locator("button:has-text('Ask for it again')").count() == 0
    other = seats(running.xa, running.xa.passes["second"], to=f"/cases/{case}")
    assert other.page.locator("button:has-text('Ask for it again')").count() == 1
    other.press("e")
    assert "Ask for it again" not in str(other.page.evaluate("document.activeElement.textContent"))


def test_owner_and_officer_see_the_same_figure(running: Running, play: Played, seats: Sit) -> None:
    _, order = play.held()
    play.object(order)
    objection = play.objection(order)
    owner = seats(running.xa)
    owner.go(play.appeal(order))
    officer = seats(running.xa, running.xa.passes["second"], to=f"/objections/{objection}")
    figures = re.findall(r"[\d,.]*\d X[A-Z]K", owner.main())
    assert officer.page.locator("dl.facts dd").first.inner_text().startswith(figures[0])
    play.dismiss(objection)


def test_a_page_s_heading_says_what_its_amount_is(running: Running, play: Played, seats: Sit) -> None:
    hold = play.waiting(play.case())
    seat = seats(running.xb, running.xb.passes["approver"], to=f"/holds/{hold['id']}")
    assert seat.page.locator("h1").inner_text().startswith("Hold: ")
    # Who is asked cannot know how many borders lie behind.
    assert "Borders crossed" not in seat.main()
