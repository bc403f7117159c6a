"""Seats before the console: a person of a node at a real browser, whose keys are counted and whose browser is watched."""

import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from lintas.cli.demo.stage import NodeOnStage

PATIENCE = 60.0
T = TypeVar("T")
#: What a browser says of every answer that is an error, whether or not the page shows it.
_ANSWERED = "Failed to load resource: the server responded with a status of 4"


def sign_in(page: Page, node: NodeOnStage, person: str, to: str = "/") -> None:
    """Sign in at a node by a person's pass; the one place that knows how people get in."""
    page.goto(f"{node.page_url}{person}?to={to}")
    page.click("main button")
    page.wait_for_url(lambda url: "/exercise/" not in url)


class Seat:
    """One page of one person: ``keys`` counts what was pressed, ``troubles`` is what the browser complained of."""

    def __init__(self, context: BrowserContext, node: NodeOnStage) -> None:
        self.context, self.node = context, node
        self.page = context.new_page()
        self.keys, self.troubles = 0, list[str]()
        #: Every request: method and path.
        self.asked: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda wrong: self.troubles.append(f"script: {wrong}"))
        self.page.on("request", self._requested)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_ANSWERED):
            self.troubles.append(f"{message.type}: {message.text} ({self.page.url})")

    def _requested(self, request: Request) -> None:
        self.asked.append(f"{request.method} {urlsplit(request.url).path}")
        if not request.url.startswith((f"{self.node.page_url}/", "data:,")):
            self.troubles.append(f"asked another host: {request.url}")

    # ---- what a person does

    def go(self, path: str) -> None:
        """Open a page by its address."""
        self.page.goto(self.node.page_url + path)

    def press(self, *keys: str) -> None:
        """Press keys."""
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def type(self, text: str) -> None:
        """Type a text, key by key."""
        self.page.keyboard.type(text)
        self.keys += len(text)

    def tab_to(self, selector: str, key: str = "Tab", most: int = 80) -> None:
        """Press Tab until what is meant has the focus."""
        for _ in range(most):
            if self.focused(selector):
                return
            self.press(key)
        raise AssertionError(f"{selector} is not reached with {most} times {key} on {self.page.url}")

    def row_to(self, name: str) -> None:
        """Press ``j`` until the row that holds a text has the focus."""
        for _ in range(60):
            self.press("j")
            if name in str(self.page.evaluate("document.activeElement.closest('[data-row]')?.innerHTML ?? ''")):
                return
        raise AssertionError(f"no row holds {name} on {self.page.url}")

    # ---- what a person sees

    def focused(self, selector: str) -> bool:
        """Tell whether the focus is on what a selector means."""
        return bool(self.page.evaluate("s => document.activeElement.matches(s)", selector))

    def main(self) -> str:
        """Return what the page says."""
        return self.page.locator("main").inner_text()

    def see(self, text: str) -> None:
        """Wait until the page says something."""
        self.until(lambda: text in self.main(), f"{text!r}")

    def at(self, path: str) -> None:
        """Wait until a page whose path begins so is there."""
        self.until(lambda: urlsplit(self.page.url).path.startswith(path), path)
        self.page.wait_for_load_state()

    def until(self, look: Callable[[], T], what: str = "it") -> T:
        """Look again and again until what is seen is truthy."""
        deadline = time.monotonic() + PATIENCE
        while not (seen := look()):
            assert time.monotonic() < deadline, f"{what} never came on {self.page.url}: {self.main()[:600]}"
            self.page.wait_for_timeout(30)
        return seen


def sit(
    browser: Browser,
    node: NodeOnStage,
    person: str = "",
    *,
    to: str = "/",
    **how: Any,  # noqa: ANN401 — what a context of Playwright takes
) -> Seat:
    """Open a browser at a node, of its own, signed in as a person; as nobody without one."""
    seat = Seat(browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **how}), node)
    if person:
        sign_in(seat.page, node, person, to)
    return seat
