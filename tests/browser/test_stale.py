"""Pages that are older than the world: another officer was faster, or the session ended meanwhile. Nothing typed is lost."""

from tests.browser.conftest import Sit
from tests.browser.plays import Played
from tests.browser.seats import Seat, sign_in
from tests.e2e.people import Running


def test_another_officer_was_faster(running: Running, play: Played, seats: Sit) -> None:
    hold = play.waiting(play.case())
    first, late, typing = (
        seats(running.xb, running.xb.passes[who], to=f"/holds/{hold['id']}") for who in ("approver", "second", "second")
    )
    typing.press("2")
    typing.type("We lack the annex with the")
    first.press("2")
    first.type("No offence under our law")
    first.press("Enter")
    first.see("No offence under our law (")
    late.press("1", "Enter")
    late.until(late.page.locator("[role=alert]").count, "the word that it changed")
    said = late.page.locator("[role=alert]").inner_text()
    assert "changed" in said, said
    assert "No offence under our law (" in late.main()
    typing.press("Enter")
    typing.until(typing.page.locator("[role=alert]").count, "the word that it changed")
    assert "We lack the annex with the" in typing.page.locator("[role=alert]").inner_text()
    assert play.get(f"/holds/{hold['id']}", abroad=True)["order"] is None


def test_the_session_ends_in_the_middle_of_a_form(running: Running, play: Played, seats: Sit) -> None:
    form = play.theft().form
    seat: Seat = seats(running.xa, running.xa.passes["hotline"], to="/reports/new")
    page = seat.page
    page.select_option("#bank", form["bank"])
    for name in ("amount", "currency", "receiver", "text"):
        page.fill(f"#{name}", form[name])
    seat.context.clear_cookies(name="lintas_session")
    page.click("button.main")
    seat.see("Nothing is lost")
    with seat.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in").click()
    sign_in(opened.value, running.xa, running.xa.passes["hotline"])
    page.get_by_role("button", name="Send it now").click()
    seat.at("/cases/")
    seat.see("This case follows it.")
    (report,) = play.get(f"/cases/{page.url.rpartition('/')[2]}")["reports"]
    assert report["claim"]["find"]["amount_minor"] == round(float(form["amount"]) * 100)
