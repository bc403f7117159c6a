"""The public's check of links in a real Chromium: what it says, what it sends, and what it is without its script."""

import base64
import hashlib
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request
from tests.browser.listed import CONTEST, LISTED, MESSAGE, serving
from tests.browser.looks import spills, violations

from lintas.telco.names import urls

HONEST = "https://bank.xa/"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("check")) as url:
        yield url


class Visitor:
    """Somebody at the page; every request is kept whole, and nothing may be complained of."""

    def __init__(self, context: BrowserContext, served: str, lang: str) -> None:
        self.context, self.page = context, context.new_page()
        self.requests: list[Request] = []
        self.troubles: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("pageerror", lambda wrong: self.troubles.append(str(wrong)))
        self.page.on("console", lambda said: self.troubles.append(said.text))
        self.page.goto(f"{served}/?lang={lang}")

    def check(self, text: str) -> str:
        """Paste a text, check it, and return what is said of all of it."""
        self.page.fill("textarea", text)
        self.page.click("[data-go]")
        self.page.wait_for_selector("[data-go][aria-disabled=false]")
        return self.page.inner_text("[data-said]")

    def results(self) -> str:
        return self.page.inner_text("[data-results]")

    def sent(self) -> str:
        """Return everything that left the browser: addresses, headers and bodies."""
        return "\n".join(
            f"{each.method} {each.url} {each.all_headers()} {each.post_data or ''}" for each in self.requests
        )

    def questions(self) -> list[str]:
        return [each.url for each in self.requests if "hashes:search" in each.url]


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(chromium: Browser, served: str) -> Iterator[Visit]:
    visitors: list[Visitor] = []

    def come(lang: str = "en", **how: object) -> Visitor:
        context = chromium.new_context(**{"viewport": {"width": 390, "height": 800}, "locale": "en-GB", **how})  # type: ignore[arg-type] # as Playwright takes it
        visitors.append(Visitor(context, served, lang))
        return visitors[-1]

    yield come
    for each in visitors:
        assert each.context.cookies() == []
        each.context.close()
    assert [trouble for each in visitors for trouble in each.troubles] == []


def secrets_of(link: str) -> list[str]:
    """Return what no request may hold of a link: itself, its names and paths, and its whole hashes in any writing."""
    parts = urls.parts(link)
    digests = [hashlib.sha256(one.encode()).digest() for one in urls.expressions(link)]
    written = [
        text.rstrip("=")
        for each in digests
        for text in (each.hex(), base64.b64encode(each).decode(), base64.urlsafe_b64encode(each).decode())
    ]
    # Anything longer than the prefix that may be sent: its first five bytes.
    begun = [each.hex()[:10] for each in digests] + [base64.b64encode(each).decode()[:8] for each in digests]
    named = [parts.host, *parts.host.split(".")[:-1], parts.path.decode().strip("/"), (parts.query or b"").decode()]
    return [one for one in (link, *named, *written, *begun) if len(one) > 3]


def test_nothing_of_a_link_leaves_the_browser(visit: Visit) -> None:
    visitor = visit()
    texts = {
        MESSAGE: [LISTED],
        HONEST: [HONEST],
        f"{LISTED} {HONEST} t.me/xatl_gift": [LISTED, HONEST, "t.me/xatl_gift"],
    }
    for text in texts:
        visitor.check(text)
    sent = visitor.sent().lower()
    for each in (one for links in texts.values() for link in links for one in secrets_of(link)):
        assert each.lower() not in sent, each
    assert "24 hours" not in sent and "cookie" not in sent
    asked = visitor.questions()
    assert len(asked) == len(texts) and len(set(asked)) == len(texts)
    assert {url.count("hashPrefixes=") for url in asked} == {32} and len({len(url) for url in asked}) == 1
    answers = [each.response() for each in visitor.requests if "hashes:search" in each.url]
    assert len({len(answer.body()) for answer in answers if answer is not None}) == 1


def test_asking_again_asks_the_same(visit: Visit) -> None:
    visitor = visit()
    for text in (LISTED, HONEST):
        visitor.check(text)
    visitor.page.reload()
    for text in (LISTED, HONEST):
        visitor.check(text)
    first, second, third, fourth = visitor.questions()
    assert (first, second) == (third, fourth) and first != second


def test_who_lists_it_and_why_is_said(visit: Visit) -> None:
    visitor = visit()
    assert visitor.check(MESSAGE) == "On the list of scams. Do not open it."
    said = visitor.results()
    for words in ("login.scam.xb", "XA Anti-Scam Centre", "copies the sign-in page", "1 January 2099", "+999 1997"):
        assert words in said
    assert visitor.page.get_attribute("[data-slot=contest]", "href") == f"{CONTEST}zzzzzzzzzzzzzzzz"
    assert "version is" in visitor.page.inner_html("[data-version]")
    assert visitor.check("see t.me/xatl_gift or bank.xa") == "On the list of scams. Do not open it."
    assert [each.count("On the list") for each in visitor.page.locator("section").all_inner_texts()] == [1, 0]
    assert "Anybody can publish here" in visitor.results()


def test_what_is_not_listed_is_not_called_safe(visit: Visit) -> None:
    visitor = visit()
    assert visitor.check(HONEST) == "Not on the list. That does not mean that it is safe."
    assert "New scams are on no list yet" in visitor.results()
    for text, words in (
        ("http://раураl.xb/", "mixes letters of different alphabets"),
        ("http://bücher.xa/", "xn--bcher-kva.xa"),
        ("http://0x7f.1/", "a bare number"),
        ("https://bank.xa@other.xb/", "What stands before the @"),
    ):
        visitor.check(text)
        assert words in visitor.results()
    assert visitor.check("good morning") == "There is no link in this text."
    many = " ".join(f"https://a{number}.xb/" for number in range(31))
    assert visitor.check(many).startswith("There are more links in this text than are checked")
    assert visitor.check(many.rpartition(" ")[0]) == "Not on the list. That does not mean that it is safe."
    assert visitor.check("javascript:alert(1)").startswith("This is no address of a website")


def test_an_answer_that_does_not_come_is_not_taken_for_a_good_one(visit: Visit) -> None:
    visitor = visit()
    visitor.page.route("**/hashes:search*", lambda route: route.fulfill(json={"fullHashes": [{"fullHash": "AAAA"}]}))
    assert visitor.check(HONEST).startswith("The list could not be reached, and nothing was checked.")
    assert visitor.results() == ""


@pytest.mark.parametrize("lang", ["en", "th"])
def test_it_is_for_everybody(visit: Visit, lang: str) -> None:
    visitor = visit(lang, bypass_csp=True)
    page = visitor.page
    assert page.get_attribute("html", "lang") == lang
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.insert_text(f"{LISTED} http://раураl.xb/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("section")
    page.click("summary")
    assert violations(page) == [] and spills(page) == []


def test_it_is_small(visit: Visit) -> None:
    visitor = visit()
    answers = [each.response() for each in visitor.requests]
    assert sum(len(answer.body()) for answer in answers if answer is not None) < 30_000
    kinds = {each.resource_type for each in visitor.requests}
    assert kinds <= {"document", "script", "stylesheet", "image"}


def test_without_the_script_there_is_no_field(visit: Visit) -> None:
    visitor = visit(java_script_enabled=False)
    page: Page = visitor.page
    assert not page.is_visible("textarea") and not page.is_visible("[data-go]")
    said = page.inner_text("main")
    assert "needs JavaScript" in said and "+999 1997" in said
    assert page.locator("form").count() == 0
    assert {each.resource_type for each in visitor.requests} <= {"document", "stylesheet", "image"}
