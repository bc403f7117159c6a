"""Texts as people paste them: other directions, signs that cannot be seen, too much of it. Told clearly, and nothing breaks."""

from tests.browser.conftest import Sit
from tests.browser.looks import spills
from tests.browser.plays import Played
from tests.browser.test_pages import ODD, SEEN
from tests.e2e.people import Running

MEGABYTE = 1_000_000


def test_a_report_takes_any_text(running: Running, play: Played, seats: Sit) -> None:
    form = play.theft().form
    seat = seats(running.xa, running.xa.passes["hotline"], to="/reports/new")
    seat.page.select_option("#bank", form["bank"])
    for name in ("amount", "currency", "receiver"):
        seat.page.fill(f"#{name}", form[name])
    seat.page.fill("#text", f"{ODD}\n{form['text']}\n{'ก' * 3000}{'W' * 3000}")
    seat.page.click("button.main")
    seat.at("/cases/")
    seat.see("This case follows it.")
    assert spills(seat.page) == []


def test_what_cannot_be_shown_is_told_beside_what_was_typed(running: Running, play: Played, seats: Sit) -> None:
    """What others read may hold no sign that turns the direction of writing or cannot be seen."""
    _, order = play.held()
    owner = seats(running.xa)
    owner.go(play.appeal(order))
    for name, text in (("name", SEEN), ("contact", "+999 555"), ("text", ODD)):
        owner.page.fill(f"#{name}", text)
    owner.page.click("main button.main")
    owner.until(owner.page.locator("[role=alert]").count, "the refusal")
    assert "signs that cannot be shown" in owner.page.locator("[role=alert]").inner_text()
    assert owner.page.input_value("#text") == ODD
    assert spills(owner.page) == []
    owner.page.fill("#text", SEEN)
    owner.page.click("main button.main")
    owner.until(owner.page.locator("main table").count, "the objection")
    officer = seats(running.xa, running.xa.passes["second"])
    officer.row_to("/objections/")
    officer.press("o")
    officer.at("/objections/")
    officer.see(SEEN)


def test_too_much_is_told(running: Running, seats: Sit) -> None:
    seat = seats(running.xa, running.xa.passes["hotline"], to="/reports/new")
    page, alert = seat.page, seat.page.locator("[role=alert]")

    def send(many: int) -> None:
        page.fill("#amount", "123.45")
        page.evaluate(
            "many => { const field = document.querySelector('#text');"
            " field.removeAttribute('maxlength'); field.value = 'what he wrote '.repeat(many / 14); }",
            many,
        )
        page.click("button.main")
        seat.until(alert.count, "the refusal")

    send(200_000)
    assert "length" in alert.inner_text()
    assert page.input_value("#amount") == "123.45"
    assert len(page.input_value("#text")) > 190_000
    send(2 * MEGABYTE)
    assert "larger than" in alert.inner_text()
    seat.go("/reports/new")
    page.fill("#amount", "123.45")
    page.set_input_files("#messages", {"name": "chat.txt", "mimeType": "text/plain", "buffer": b"x" * MEGABYTE})
    asked = len(seat.asked)
    page.click("button.main")
    assert "too large" in str(page.evaluate("document.querySelector('#messages').validationMessage"))
    assert seat.asked[asked:] == []
    assert page.input_value("#amount") == "123.45"
