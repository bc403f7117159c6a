"""Keys, clocks, forms and live parts in a real Chromium, on a small page under the console's own content policy."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from lintas.console import assets
from lintas.http.routing import SAFE_HEADERS

ROW = (
    '<tr data-row="{0}" tabindex="-1"><td><a data-open href="/opened/{0}">{0}</a> '
    '<input type="checkbox" aria-label="{0}"></td></tr>'
)
PAGE = """<!doctype html><html lang="en" data-now="{now}"><head><title>Keys</title>
<link rel="stylesheet" href="{css}"><script type="module" src="{js}"></script></head><body>
<p data-old hidden>old</p><div role="status" data-announce></div>
<div id="live" hx-get="/rows" hx-trigger="fresh" hx-target="#list" hx-swap="outerMorph"></div>
{rows}
<input data-search aria-label="find"><a data-new href="/opened/new">new</a>
<time id="clock" data-until="{until}" data-left="{{m}} min {{s}} s left" data-over="ended"></time>
<form method="post" action="/sent"><textarea name="why" aria-label="why"></textarea>
<button name="answer" value="yes" data-key="1" data-act>Yes</button> <button data-key="2">No</button></form>
<p hx-on:click="document.title = 'code ran'" id="code">code</p>
<button type="button" data-help>Keys</button>
<dialog id="keys"><label><input type="checkbox" data-keys-off> off</label></dialog></body></html>"""


class Desk(BaseHTTPRequestHandler):
    """Serves the page; keeps what was sent."""

    rows: ClassVar[list[str]] = []
    sent: ClassVar[list[str]] = []
    status: ClassVar[int] = 200

    def _answer(self, body: bytes, kind: str = "text/html; charset=utf-8", status: int = 200) -> None:
        self.send_response(status)
        for name, value in (SAFE_HEADERS | {"content-type": kind, "content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        rows = f'<table id="list" data-rows>{"".join(ROW.format(name) for name in self.rows)}</table>'
        if self.path.startswith("/static/"):
            kind = "text/css" if self.path.endswith("css") else "text/javascript"
            self._answer(assets.built().joinpath(self.path.removeprefix("/static/")).read_bytes(), kind)
        elif self.path == "/rows" and self.status == 303:
            self.send_response(303)
            self.send_header("location", "/sign-in")
            self.end_headers()
        elif self.path == "/rows":
            self._answer(rows.encode(), status=self.status)
        else:
            # The node's clock stands two days before this computer's.
            now = datetime.now(UTC) - timedelta(days=2)
            self._answer(
                PAGE.format(
                    now=now.isoformat(),
                    until=(now + timedelta(seconds=150.9)).isoformat(),
                    css=assets.asset("console.css"),
                    js=assets.asset("console.js"),
                    rows=rows,
                ).encode()
            )

    def do_POST(self) -> None:
        self.sent.append(self.rfile.read(int(self.headers["content-length"])).decode())
        threading.Event().wait(0.5)
        self._answer(b"<!doctype html><title>Done</title>")

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    Desk.rows, Desk.sent, Desk.status = ["a", "b", "c"], [], 200
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = chromium.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if "ontent Security Policy" in said.text else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page
    page.close()
    server.shutdown()
    server.server_close()
    assert [words for words in wrong if "code in markup" not in words] == []


def chosen(page: Page) -> list[Any]:
    """Return the row that is marked and the row that has the focus."""
    found: list[Any] = page.evaluate(
        "[document.querySelector('[aria-current]')?.dataset.row, document.activeElement.closest('[data-row]')?.dataset.row]"
    )
    return found


def test_j_and_k_move_x_marks_o_and_enter_open(page: Page) -> None:
    for key, row in (("j", "a"), ("j", "b"), ("j", "c"), ("j", "c"), ("k", "b")):
        page.keyboard.press(key)
        assert chosen(page) == [row, row]
    page.keyboard.press("x")
    assert page.get_by_label("b", exact=True).is_checked()
    page.keyboard.press("o")
    page.wait_for_url("**/opened/b")
    page.go_back()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/opened/c")


def test_n_and_slash_and_the_list_of_keys(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("jn?")
    assert page.locator("[data-search]").input_value() == "jn?"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_hidden()
    page.keyboard.press("n")
    page.wait_for_url("**/opened/new")


def test_single_keys_can_be_switched_off(page: Page) -> None:
    page.locator("[data-help]").click()
    page.locator("[data-keys-off]").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert chosen(page) == [None, None]
    page.reload()
    page.keyboard.press("j")
    assert chosen(page) == [None, None]
    page.evaluate("localStorage.clear()")


def test_a_number_answers_with_a_second_key_and_a_form_is_sent_once(page: Page) -> None:
    page.keyboard.press("1")
    assert page.evaluate("document.activeElement.value") == "yes"
    assert Desk.sent == []
    page.evaluate("for (let i = 0; i < 3; i++) document.querySelector('[data-key=\"1\"]').click()")
    expect(page).to_have_title("Done")
    assert Desk.sent == ["why=&answer=yes"]
    page.go_back()
    expect(page.locator("[data-key='1']")).to_be_enabled()


def test_what_was_typed_is_not_lost_without_a_question(page: Page) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.reload()
    assert asked == []
    page.get_by_label("why").press_sequentially("because")
    page.reload()
    assert asked == ["beforeunload"]


def test_a_clock_goes_by_the_node(page: Page) -> None:
    clock = page.locator("#clock")
    assert clock.text_content() in {"2 min 30 s left", "2 min 29 s left", "2 min 28 s left"}
    first = clock.text_content()
    expect(clock).not_to_have_text(first or "", timeout=3000)
    assert clock.get_attribute("data-state") == "left"


def refresh(page: Page) -> None:
    with page.expect_response("**/rows"):
        page.evaluate("document.querySelector('#live').dispatchEvent(new Event('fresh'))")
    page.wait_for_timeout(100)


def test_a_list_that_moves_keeps_the_choice(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    Desk.rows = ["new", "a", "b", "c"]
    refresh(page)
    assert page.locator("[data-row]").count() == 4
    assert chosen(page) == ["b", "b"]
    # The row is gone: neither the choice nor the focus goes to the one that stands in its place.
    Desk.rows = ["new", "a", "c"]
    refresh(page)
    assert chosen(page) == [None, None]


def test_a_node_that_does_not_answer_is_told_and_what_is_shown_stays(page: Page) -> None:
    Desk.status = 500
    refresh(page)
    expect(page.locator("[data-old]")).to_be_visible()
    assert page.locator("[data-row]").count() == 3
    Desk.status = 200
    refresh(page)
    expect(page.locator("[data-old]")).to_be_hidden()


def test_after_the_session_the_screen_does_not_stay(page: Page) -> None:
    page.evaluate("window.before = true")
    Desk.status = 303
    page.evaluate("document.querySelector('#live').dispatchEvent(new Event('fresh'))")
    page.wait_for_timeout(500)
    assert page.evaluate("window.before === undefined")


def test_code_in_markup_is_never_run(page: Page) -> None:
    page.locator("#code").click()
    expect(page).to_have_title("Keys")
