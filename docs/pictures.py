"""Takes docs/images/*.png: plays a seeded story on two nodes and photographs the console, and the check, in a real Chromium.

Run it as ``.venv/bin/python -m docs.pictures`` (or ``make pictures``), from the root of the repository. The
story is the same each time; times and ids are those of the run.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, Page
from tests.browser.chromium import NoChromium, OneBrowser
from tests.browser.listed import MESSAGE, serving
from tests.browser.plays import Json, Played
from tests.browser.seats import Seat, sit
from tests.e2e.people import Running

from lintas.cli.demo import comparison, stage, story
from lintas.cli.demo.cast import CAST

IMAGES = Path(__file__).parent / "images"
SEED = 12
#: What a page of the documentation may weigh.
MOST_BYTES = 150_000
#: For a page that is full of ids.
LOW = {"width": 1280, "height": 640}
TALL = {"width": 1100, "height": 860}
PHONE = {"viewport": {"width": 390, "height": 800}}


def take(seat: Seat, name: str) -> None:
    """Photograph what a person sees; the picture must not be heavy."""
    _take(seat.page, IMAGES / f"console-{name}.png")


def _take(page: Page, picture: Path) -> None:
    page.screenshot(path=picture, animations="disabled", caret="hide")
    size = picture.stat().st_size
    print(f"{picture.name}: {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{picture} is larger than {MOST_BYTES:,} bytes: show less on it")


def picture_all(running: Running, browser: Browser) -> None:
    """Play the story and take each picture when its moment has come."""
    play, theft = Played(running), running.theft()
    xa, xb = running.xa, running.xb
    hotline = sit(browser, xa, xa.passes["hotline"], to="/reports/new")
    _fill(hotline, theft.form)
    take(hotline, "report")
    hotline.page.click("button.main")
    hotline.at("/cases/")
    case = hotline.page.url.rpartition("/")[2]
    compared = msgspec.to_builtins(
        comparison.told(comparison.later(running.world, theft), comparison.series(running.world, theft))
    )
    running.ask("PUT", f"/api/v1/cases/{case}/later", key=xa.administrator_key, json=compared)
    play.approve(play.hold(case, "own")["id"])
    hold = play.waiting(case)
    _more(play)
    hotline.page.reload()
    hotline.see(f"{play.share(case, state='held')['amount_minor'] / 100:,.2f}")
    take(hotline, "chase")
    thai = sit(browser, xb, xb.passes["approver"], locale="th-TH")
    take(thai, "thai")
    approver = sit(browser, xb, xb.passes["approver"], to=f"/holds/{hold['id']}")
    take(approver, "hold")
    approver.press("1", "Enter")
    approver.see("The order")
    play.share(case, state="held", authority=xb.cast.authority)
    hotline.page.reload()
    take(hotline, "case")
    _trail(sit(browser, xa, xa.passes["approver"], to=f"/cases/{case}/trail", viewport=TALL))
    take(sit(browser, xa, xa.passes["approver"], to="/holds"), "board")
    phone = sit(browser, xa, xa.passes["hotline"], to=f"/cases/{case}", **PHONE)
    take(phone, "phone")
    auditor = sit(browser, xb, xb.passes["auditor"], to=f"/reads?object={hold['statement']}", viewport=LOW)
    take(auditor, "reads")
    desk = sit(browser, xa, xa.passes[xa.cast.banks[1].lower()], to="/desk")
    take(desk, "desk")


def _trail(seat: Seat) -> None:
    """Photograph the trail as it was three minutes after the theft."""
    seat.until(seat.page.locator(".flow .part").count, "the picture")
    seat.page.focus("#minute")
    seat.press("ArrowRight", "ArrowRight", "ArrowRight")
    take(seat, "trail")


def _fill(seat: Seat, form: Json) -> None:
    for name in ("bank", "scheme"):
        seat.page.select_option(f"#{name}", form[name])
    for name in ("amount", "currency", "receiver", "text"):
        seat.page.fill(f"#{name}", form[name])
    seat.page.fill("#at", form["at"][:19])


def _more(play: Played) -> None:
    """Let more cases come, so that lists are lists."""
    for _ in range(2):
        play.waiting(play.case())


def picture_check(browser: Browser, folder: Path) -> None:
    """Photograph the public's check of a message whose link is listed."""
    with (
        serving(folder) as url,
        browser.new_context(viewport={"width": 390, "height": 1340}, locale="en-GB") as context,
    ):
        page = context.new_page()
        page.goto(url)
        page.fill("textarea", MESSAGE)
        page.click("[data-go]")
        page.wait_for_selector("section")
        _take(page, IMAGES / "check-link.png")


def main() -> None:
    """Take all pictures."""
    world = story.build(SEED, datetime.now(UTC).replace(microsecond=0), thefts=4, order=CAST[:2])
    one = OneBrowser()
    try:
        browser = one.get()
    except NoChromium as why:
        sys.exit(f"no pictures: {why}")
    with tempfile.TemporaryDirectory(prefix="lintas-pictures-") as folder, stage.set_stage(Path(folder), world) as on:
        running = Running(on, world, Path(folder))
        picture_all(running, browser)
        running.close()
        picture_check(browser, Path(folder))
        one.close()


if __name__ == "__main__":
    main()
