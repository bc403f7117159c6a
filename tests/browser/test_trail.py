"""The trail and the board before people: by the keyboard, without script, on a telephone and on paper."""

import re

import pytest
from tests.browser.conftest import Sit
from tests.browser.looks import spills, violations
from tests.browser.plays import Played
from tests.browser.seats import Seat
from tests.e2e.people import Running

from lintas.model.money import show


class Trail:
    """A case that is held at home and abroad, and whose rest moved on."""

    def __init__(self, play: Played) -> None:
        self.case, _ = play.held()
        self.hold = play.waiting(self.case)
        play.approve(self.hold["id"], abroad=True)
        play.share(self.case, state="held", authority="xb-asc")
        self.path = f"/cases/{self.case}/trail"
        self.flow = play.get(self.path)


@pytest.fixture(scope="module")
def trail(running: Running) -> Trail:
    return Trail(Played(running))


@pytest.fixture
def seat(running: Running, seats: Sit, trail: Trail) -> Seat:
    return seats(running.xa, running.xa.passes["hotline"], to=trail.path)


def said(seat: Seat) -> str:
    return seat.page.locator("[data-said]").inner_text()


def test_the_picture_says_what_the_tables_say_and_goes_by_arrows(seat: Seat, trail: Trail) -> None:
    parts = seat.page.locator(".flow .part")
    seat.until(parts.count, "the picture")
    flow = trail.flow
    assert parts.count() == sum(len(leg["states"]) for leg in flow["legs"]) + len(flow["ends"])
    seat.tab_to(".flow .part")
    told = set()
    for _ in range(parts.count()):
        told.add(said(seat))
        label = seat.page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert label == said(seat)
        # What is said of a part stands in the table's row, which is marked.
        row = seat.page.locator("tr.shown").inner_text()
        assert re.findall(r"[\d,]+\.\d\d", label)[0] in row
        seat.press("ArrowRight")
    assert len(told) == parts.count()
    seat.press("ArrowLeft", "Tab")
    assert not seat.focused(".flow .part")
    # Each state has its own lines, so that no colour is needed.
    patterns = seat.page.evaluate(
        "[...document.querySelectorAll('.flow pattern path')].map(each => each.getAttribute('d'))"
    )
    assert len(set(patterns)) == 5
    assert violations(seat.page) == []


def test_the_slider_says_each_minute_by_the_keyboard(seat: Seat, trail: Trail) -> None:
    flow = trail.flow
    seat.tab_to("#minute")
    answers = [each for each in flow["moments"] if each["basis"] == "answers"]
    assert len(answers) > 2
    heard, last = [], answers[-1]["minute"]
    for minute in range(last + 1):
        moment = [each for each in answers if each["minute"] <= minute][-1]
        output = seat.page.locator("output").inner_text()
        for name in ("there_minor", "gone_minor", "unsaid_minor"):
            assert f"{show(moment[name], flow['currency'])} {flow['currency']}" in output
        assert seat.page.locator("#minute").get_attribute("aria-valuetext") == output
        current = seat.page.locator("tr[data-moment][aria-current]")
        assert (current.count(), current.get_attribute("data-moment")) == (1, str(moment["minute"]))
        heard.append(output)
        seat.press("ArrowRight")
    assert len(set(heard)) == last + 1, "each minute names its time"
    seat.press("Home")
    # At minute 0 what was sent on later had not happened yet.
    assert seat.page.locator(".flow .part.later").count()


def test_without_script_there_are_the_tables_alone(running: Running, seats: Sit, trail: Trail) -> None:
    plain = seats(running.xa, running.xa.passes["hotline"], to=trail.path, java_script_enabled=False)
    assert not plain.page.locator("[data-flow], [data-slide]").locator("visible=true").count()
    flow, text = trail.flow, plain.main()
    assert plain.page.locator("tr[data-leg]").count() == len(flow["legs"])
    assert plain.page.locator("tr[data-end]").count() == len(flow["ends"])
    assert plain.page.locator("tr[data-moment]").count() == len(flow["moments"])
    assert all(leg["transfer"] in text.replace("\n", "") for leg in flow["legs"])


def test_it_fits_a_telephone_and_paper_and_nothing_moves(running: Running, seats: Sit, trail: Trail) -> None:
    still = seats(running.xa, running.xa.passes["hotline"], to=trail.path, reduced_motion="reduce")
    still.until(still.page.locator(".flow .part").count, "the picture")
    assert spills(still.page) == []
    assert still.page.evaluate("document.getAnimations().length") == 0
    still.page.emulate_media(media="print")
    assert still.page.locator(".flow").is_visible()
    assert not still.page.locator("[data-slide]").is_visible()
    assert still.page.locator("tr[data-leg]").first.is_visible()


def test_the_forms_are_taken_away_by_their_links(seat: Seat, trail: Trail) -> None:
    begins = {"SVG": "<svg", "CSV": "what,", "JSON": "{", "FollowTheMoney": '{"id"'}
    for name, begin in begins.items():
        with seat.page.expect_download() as download:
            seat.page.click(f".take a:has-text('{name}')")
        assert download.value.suggested_filename.startswith(f"trail-{trail.case}.")
        assert download.value.path().read_text("utf-8").startswith(begin)


def test_the_board_counts_follows_and_is_cards_on_a_telephone(
    running: Running, play: Played, seats: Sit, trail: Trail
) -> None:
    board = seats(running.xb, running.xb.passes["approver"], to="/holds")
    first = board.page.locator("[data-row]").count()
    assert board.page.locator(".counts b").first.inner_text() == str(first)
    new = play.waiting(play.case())
    row = board.page.locator(f"[data-row='{new['id']}']")
    board.until(row.count, "the new hold")
    assert "to answer" in row.inner_text()
    held = board.page.locator(f"[data-row='{trail.hold['id']}']").inner_text()
    assert "to confirm" in held
    board.page.click(".counts a:has-text('To confirm')")
    board.until(lambda: not row.count(), "the filter")
    assert board.page.locator(".counts [aria-current]").inner_text().startswith("To confirm")
    board.row_to(trail.hold["id"])
    assert spills(board.page) == []
