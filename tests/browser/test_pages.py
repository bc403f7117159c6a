"""Every page for every role: accessible in English and Thai, quiet under its policy, within its edges, and translatable."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.conftest import Sit
from tests.browser.looks import literals, spills, violations
from tests.browser.plays import Played
from tests.e2e.people import Running

from lintas.console.pages import ROUTES

FIRST_LOAD = 60_000
#: What is no page of its own: parts, files, and an address that leads to a page.
NO_PAGES = re.compile(r"/static/|/news$|/find$|\.pdf$|/entry$|/receipt$|/tlog-proof$|/proof/")
#: What people paste: a farmer in one letter, Myanmar, marks without and above one another, Thai without blanks.
SEEN = "\U0001f9d1\u200d\U0001f33e မြန်မာစာ a\u0323\u0302\u0301 \u0301\u0e34 ที่ดินผืนนั้นเป็นของฉัน"
ODD = f"{SEEN} Ng\u200b \u202egnirts\u202c"


class Lists:
    """An entry of a list, one that waits, and an objection; the pages about them by role, and those of anybody."""

    def __init__(self, running: Running) -> None:
        def post(role: str, path: str, **sent: object) -> dict[str, str]:
            answer = running.ask("POST", f"/api/v1/{path}", key=running.keys[role] if role else "", json=sent)
            assert answer.status in (200, 201), answer
            found: dict[str, str] = answer.document
            return found

        def propose(value: str) -> str:
            return post("investigator", "telco/entries", subject="domain", value=value, reason=SEEN)["id"]

        listed, waits = propose("evil.example"), propose("other.example")
        post("approver", f"telco/entries/{listed}/approve")
        objected = post(
            "", f"redress/{listed}", ground="mine", name=SEEN, contact="nan@x.example", text=f"{SEEN} {'ก' * 300}"
        )
        minute = f"{datetime.now(UTC):%Y-%m-%dT%H:%M}:00Z"
        counts = [{"trunk": "international", "action": "block", "kind": "blocked", "calls": 3}]
        gateway = {"gateway": "gw-1", "minute": minute, "list_version": 1, "preset": "strict", "counts": counts}
        post("telco", "telco/counters", **gateway)
        post("telco", "telco/false-blocks", id=listed, cause="roaming", text=SEEN)
        mine = running.ask("GET", "/api/v1/telco/objections", key=running.keys["auditor"]).document[0]["id"]
        key = {"authorization": f"Bearer {running.keys['investigator']}", "content-type": "text/csv"}
        table = "number,kind\n+999281234500,blocked\nnonsense,blocked\n"
        brought = running.ask("POST", "/api/v1/telco/imports?source=feed", headers=key, content=table)
        assert brought.status == 201, brought
        claim = post("investigator", "telco/senders", sender="XATLBank", owner=SEEN)["id"]
        more = ["/telco/imports", f"/telco/imports/{brought.document['id']}", "/telco/sources", "/telco/sources/feed"]
        more += ["/telco/adoptions", "/telco/allow-list", "/telco/senders", f"/telco/senders/{claim}"]
        figures = ["/telco/counters", "/telco/scorecards", "/telco/propagation"]
        self.anybody = [f"/redress/{listed}", f"/redress/{'a' * 16}", objected["address"]]
        self.pages = {
            "approver": [f"/telco/lists/{listed}", f"/telco/lists/{waits}", f"/telco/appeals/{mine}", *more],
            "auditor": ["/telco/lists", f"/telco/lists/{listed}", "/telco/appeals", f"/telco/appeals/{mine}", *figures],
            "investigator": ["/telco/lists/new", "/telco/senders/new"],
            "administrator": more,
            "telco": ["/telco/desk", "/telco/simulator", *figures, "/sessions"],
        }


class Town:
    """A node with something on every page, and which of the pages each role opens."""

    def __init__(self, play: Played, running: Running) -> None:
        self.running = running
        case, order = play.held()
        abroad = play.approve_abroad(case)
        play.undo(case, play.share(case, state="held", authority="xa-asc")["id"])
        play.object(order, name=SEEN, text=f"{SEEN} {'ก' * 300}")
        view = play.until(lambda: found if (found := play.get(f"/cases/{case}"))["amendments"] else None)
        waiting = play.hold(play.case(), "own")
        asked = play.waiting(waiting["case"])
        lacking = running.ask(
            "POST",
            "/api/v1/reports",
            key=running.keys["hotline"],
            json={"text": f"They took all. {ODD}", "urgent_harm": True},
        ).document["case"]
        longer = play.confirm(order)
        holds = [each["id"] for each in view["holds"]]
        seen = [
            f"/cases/{case}",
            f"/cases/{lacking}",
            f"/cases/{case}/trail",
            f"/holds/{waiting['id']}",
            *(f"/holds/{each}" for each in holds),
        ]
        seen += [f"/orders/{order['id']}", f"/amendments/{view['amendments'][0]['id']}"]
        seen += [f"/objections/{view['appeals'][0]['id']}"]
        lists = [
            "/",
            "/cases",
            "/holds",
            "/holds?clock=answer",
            "/holds?state=any",
            "/reports",
            "/refusals",
            "/peers",
            "/sessions",
        ]
        own = {
            "hotline": ["/reports/new", f"/reports/new?case={lacking}"],
            "investigator": [],
            "approver": ["/reports/new"],
            "auditor": ["/figures", "/reads", "/reads/abroad", "/reads/check", "/ledger"],
        }
        #: By person and node: the pages. Nobody's are those without a session.
        self.pages: dict[str, list[str]] = {role: [*lists, *more, *seen] for role, more in own.items()}
        self.pages["administrator"] = ["/officers", "/officers/test-approver", "/peers", "/ledger", "/sessions"]
        self.bank = running.xa.passes[order["bank"].lower()]
        self.pages["bank"] = ["/desk", f"/desk/orders/{order['id']}", f"/desk/amendments/{longer['id']}", "/sessions"]
        invited = running.ask(
            "POST",
            "/api/v1/officers",
            key=running.keys["administrator"],
            json={"login": "new", "name": "New One", "role": "hotline"},
        )
        telco = Lists(running)
        for role, more in telco.pages.items():
            self.pages.setdefault(role, []).extend(more)
        self.pages["nobody"] = [
            *telco.anybody,
            invited.document["address"],
            "/sign-in",
            play.appeal(order),
            running.passes["auditor"],
        ]
        self.pages["abroad"] = ["/", f"/holds/{asked['id']}", f"/orders/{abroad['id']}", f"/cases/{asked['case']}"]

    def person(self, role: str) -> str:
        """Return the pass of somebody who plays a role; "" for nobody."""
        others = {"nobody": "", "abroad": self.running.xb.passes["approver"], "bank": self.bank}
        return others[role] if role in others else self.running.passes[role]


@pytest.fixture(scope="module")
def town(running: Running) -> Town:
    return Town(Played(running), running)


@pytest.fixture
def at(town: Town, seats: Sit, role: str) -> Callable[[str], Iterator[Page]]:
    """Open the pages of a role one after another in a language."""
    node = town.running.xb if role == "abroad" else town.running.xa
    seat = seats(node, town.person(role))

    def walk(language: str) -> Iterator[Page]:
        for path in town.pages[role]:
            answer = seat.page.goto(f"{node.page_url}{path}{'&' if '?' in path else '?'}lang={language}")
            assert answer is not None and answer.status == 200, path
            yield seat.page

    return walk


ROLES = ("hotline", "investigator", "approver", "auditor", "administrator", "bank", "telco", "nobody", "abroad")


@pytest.mark.parametrize("role", ROLES)
def test_every_page(at: Callable[[str], Iterator[Page]], role: str) -> None:
    wrong = []
    for page in at("en"):
        wrong += violations(page) + spills(page)
    for page in at("th"):
        wrong += violations(page)
    for page in at("en-XA"):
        wrong += literals(page) + spills(page)
    assert not wrong, "\n".join(wrong)


def test_what_is_wrong_is_found(chromium: Browser) -> None:
    """The eyes of this file see: otherwise nothing that they do not report means anything."""
    page = chromium.new_page()
    page.set_content(
        """<html lang=en><title>⟦Ṁ⟧</title><body><main><h1>⟦Ĥ⟧ and more</h1><span translate=no>data</span>
        <input><div class=wide><p style="width:4000px">⟦ŵ⟧</p></div><p style="width:2000px">⟦ŵ⟧</p></main>"""
    )
    assert [each.split(": ")[1] for each in violations(page) if "label" in each] == ["label"]
    assert len([each for each in spills(page) if "2000px" in each]) == 2
    assert [each.split(": ", 1)[1] for each in literals(page)] == ["h1: ⟦Ĥ⟧ and more"]
    page.close()


def test_no_page_is_left_out(town: Town) -> None:
    opened = {path.partition("?")[0] for paths in town.pages.values() for path in paths}
    for route in ROUTES:
        if route.method == "GET" and not NO_PAGES.search(route.path):
            shape = re.compile(re.sub(r"\{[^}]*\}", "[^/]+", route.path))
            assert any(shape.fullmatch(path) for path in opened), f"no test opens {route.path}"


def test_the_first_load_is_small(running: Running, seats: Sit, record_property: Callable[[str, object], None]) -> None:
    seat = seats(running.xa)
    network, loaded = seat.context.new_cdp_session(seat.page), list[int]()
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda each: loaded.append(int(each["encodedDataLength"])))
    seat.go("/sign-in")
    seat.until(lambda: len(loaded) >= 3, "page, style sheet and script")
    assert not seat.page.evaluate(
        "performance.getEntriesByType('resource').some(each => !each.name.startsWith(origin))"
    )
    assert 10_000 < sum(loaded) <= FIRST_LOAD
    record_property(
        "first load, bytes over the wire", f"{sum(loaded):,} in {len(loaded)} answers (at most {FIRST_LOAD:,})"
    )
