"""Without JavaScript: the hotline's and the approver's jobs by plain forms."""

from tests.browser.conftest import Sit
from tests.browser.plays import Played
from tests.e2e.people import Running


def test_the_hotline_files_a_report(running: Running, play: Played, seats: Sit) -> None:
    form = play.theft().form
    seat = seats(running.xa, running.xa.passes["hotline"], java_script_enabled=False)
    page = seat.page
    page.get_by_role("link", name="New report").first.click()
    page.select_option("#bank", form["bank"])
    page.select_option("#scheme", form["scheme"])
    for name in ("amount", "currency", "receiver", "text"):
        page.fill(f"#{name}", form[name])
    page.fill("#at", form["at"][:19])
    page.get_by_role("button", name="Send: follow the money now").click()
    seat.at("/cases/")
    seat.see("This case follows it.")
    # Nothing renews the page here; loading it again shows where the money is.
    seat.until(lambda: page.reload() and page.locator("main svg.bar").count(), "the bar")


def test_the_approver_approves_and_declines(running: Running, play: Played, seats: Sit) -> None:
    good, bad = play.waiting(play.case()), play.waiting(play.case())
    seat = seats(running.xb, running.xb.passes["approver"], java_script_enabled=False)
    for hold, button in ((good, "Approve: issue the order"), (bad, "Decline")):
        seat.page.locator(f"a[href='/holds/{hold['id']}']").click()
        if button == "Decline":
            seat.page.fill("#reason", "No offence under our law")
        seat.page.get_by_role("button", name=button).click()
        seat.until(lambda: not seat.page.locator(".decision").count(), "the decision")
        seat.go("/")
    assert play.get(f"/holds/{good['id']}", abroad=True)["order"]["approver"] == running.xb.cast.approver
    assert play.get(f"/holds/{bad['id']}", abroad=True)["hold"]["reason"].startswith("No offence under our law (")
