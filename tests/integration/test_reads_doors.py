"""Every way in which a door shows a record that a peer sent, walked with such records there: each read is noted, no exception.

A new route is named here: with the records that it shows, or with the reason why it never shows one.
"""

import asyncio
import html
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple, get_args

import httpx
import pytest
from tests.integration.engines import Fresh
from tests.integration.test_reads import seal
from tests.integration.town import XA, XB, Desk, Town

from lintas.access import keys
from lintas.api.app import api_routes, public_app
from lintas.console import pages
from lintas.exchange.records import Read
from lintas.http.routing import Route
from lintas.node.config import Config, Home
from lintas.node.runtime import Runtime
from lintas.requests.forms import AppealForm, UndoForm
from lintas.requests.records import Hold, Order

ROUTES = [*api_routes(), *pages.ROUTES]
GETS = {route.path: route for route in ROUTES if route.method == "GET"}


class Scene(NamedTuple):
    """xb with three requests of xa: one waits, one was ordered, one is held and objected to; a fourth is set aside."""

    town: Town
    runtime: Runtime
    waiting: Hold
    ordered: Order
    held: Order
    token: str
    aside: str
    amendment: str
    appeal: str
    confirmation: str

    @property
    def desk(self) -> Desk:
        return self.town.xb

    def object_of(self, hold: str) -> str:
        return self.desk.ask(lambda tx: self.desk.node.orders.hold(tx, hold)).statement

    def ask(self, method: str, path: str, role: str, **sent: Any) -> tuple[httpx.Response, list[Read]]:  # noqa: ANN401
        """Call with a fresh key of a role ("" for none); returns the answer and what was noted of its holder."""
        bank = self.held.bank if "/desk/amendments" in path else self.ordered.bank
        whose = {"bank": bank, "telco": "XBTL"}.get(role, "")
        named = {"name": f"Test {role}", "role": role, "organisation": whose}
        ids, at = self.desk.node.parts.ids, datetime.now(UTC)
        key = self.desk.do(lambda tx: keys.issue(tx, ids, at=at, **named)) if role else ""
        headers = ({"authorization": f"Bearer {key}"} if key else {}) | sent.pop("headers", {})

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(public_app(self.runtime, pages.ROUTES, pages.PAGES))
            async with httpx.AsyncClient(transport=transport, base_url="https://xb.example") as client:
                return await client.request(method, path, headers=headers, **sent)

        answer = asyncio.run(call())
        reader = key.split("_")[1] if key else "token"
        return answer, self.desk.ask(lambda tx: self.desk.node.reads.listed(tx, reader=reader))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, module_fresh: Fresh) -> Iterator[Scene]:
    town = Town(tmp_path_factory.mktemp("town"), module_fresh, seed=1, thefts=4)
    xa, xb = town.xa, town.xb
    for number in range(3):
        xa.file(town.form(number))
        town.settle()
    first, second, third = xb.holds("awaiting_approval")
    held = xb.approve(third.id)
    town.settle()
    report = next(each for each in xa.holds() if each.id == third.id)
    assert report.state == "answered", report
    letter = xb.ask(lambda tx: xb.node.orders.letter(tx, held.id, held.bank))
    token = letter.plain().partition("/appeal/")[2].split()[0]
    form = AppealForm(name="Owner", contact="+1 555", text="It is mine.")
    xb.do(lambda tx: xb.node.appeals.file(tx, token, form))
    wish = UndoForm(code="good_faith", reason="the owner acted in good faith")
    xa.do(lambda tx: xa.node.undo.undo(tx, report.case, wish, "Officer Asha Tor"))
    town.deliver()
    xb.do(lambda tx: xb.node.standings.quarantine(tx, XA, "Officer Dena Holt", "odd requests"))
    xa.file(town.form(3))
    town.settle()
    (aside,) = xb.ask(lambda tx: xb.node.review.of_peer(tx, XA))
    ordered = xb.approve(second.id)
    config = Config(
        authority=XB, jurisdiction="XB", name="Boreo", contact="d@xb.example", ledger_origin="xb.lintas.example/log"
    )
    runtime = Runtime(Home(config, tmp_path_factory.mktemp("home")), xb.node)
    (amendment,) = xb.ask(xb.node.amendments.pending)
    (appeal,) = xb.ask(xb.node.appeals.pending)
    longer = xb.do(lambda tx: xb.node.amendments.confirm(tx, held.id, "Officer Rin Vale", "Court 7/26"))
    town.clock.move(minutes=16)
    xb.do(xb.node.clocks.escalate)
    yield Scene(town, runtime, first, ordered, held, token, aside.object, amendment.id, appeal.id, longer.id)
    runtime.writer.close()
    town.close()


class Shows(NamedTuple):
    """What a route shows: where it is asked, and which holds' objects are in the answer ("aside": what is set aside)."""

    path: str
    what: str
    of: tuple[str, ...]


#: Every GET that shows records of peers.
CARRIES = {
    "/api/v1/cases": Shows("/api/v1/cases", "list", ("waiting", "ordered", "held")),
    "/api/v1/cases/{case}": Shows("/api/v1/cases/{waiting.case}", "case", ("waiting",)),
    "/api/v1/cases/{case}/trail": Shows("/api/v1/cases/{held.case}/trail", "case", ("held",)),
    "/api/v1/holds": Shows("/api/v1/holds?state=any", "list", ("waiting", "ordered", "held")),
    "/api/v1/holds/{hold}": Shows("/api/v1/holds/{ordered.hold}", "hold", ("ordered",)),
    "/api/v1/clocks": Shows("/api/v1/clocks", "list", ("waiting", "ordered", "held")),
    "/api/v1/escalations": Shows("/api/v1/escalations", "list", ("ordered",)),
    "/api/v1/cases/{case}/returns": Shows("/api/v1/cases/{held.case}/returns", "case", ("held",)),
    "/api/v1/holds/{hold}/rail": Shows("/api/v1/holds/{held.hold}/rail", "hold", ("held",)),
    "/api/v1/holds/{hold}/recall.xml": Shows("/api/v1/holds/{held.hold}/recall.xml", "hold", ("held",)),
    "/api/v1/bank/orders/{order}/recall.xml": Shows(
        "/api/v1/bank/orders/{ordered.id}/recall.xml", "work", ("ordered",)
    ),
    "/api/v1/amendments": Shows("/api/v1/amendments", "list", ("held",)),
    "/api/v1/orders/{order}/letter": Shows("/api/v1/orders/{held.id}/letter", "letter", ("held",)),
    "/api/v1/appeals": Shows("/api/v1/appeals", "list", ("held",)),
    "/api/v1/appeals/{token}": Shows("/api/v1/appeals/{token}", "objection", ("held",)),
    "/api/v1/bank/work": Shows("/api/v1/bank/work", "work", ("ordered", "held")),
    "/api/v1/bank/orders/{order}": Shows("/api/v1/bank/orders/{ordered.id}", "work", ("ordered",)),
    "/api/v1/bank/orders/{order}/letter": Shows("/api/v1/bank/orders/{ordered.id}/letter", "letter", ("ordered",)),
    "/api/v1/peers/{authority}/quarantine": Shows("/api/v1/peers/xa-asc/quarantine", "quarantine", ("aside",)),
    "/": Shows("/", "list", ("waiting", "ordered", "held")),
    "/cases": Shows("/cases", "list", ("waiting", "ordered", "held")),
    "/cases/{case}": Shows("/cases/{held.case}", "case", ("held",)),
    "/cases/{case}/trail": Shows("/cases/{held.case}/trail", "case", ("held",)),
    "/holds": Shows("/holds?state=any", "list", ("waiting", "ordered", "held")),
    "/holds/{hold}": Shows("/holds/{ordered.hold}", "hold", ("ordered",)),
    "/orders/{order}": Shows("/orders/{held.id}", "letter", ("held",)),
    "/orders/{order}/letter.pdf": Shows("/orders/{held.id}/letter.pdf", "letter", ("held",)),
    "/amendments/{amendment}": Shows("/amendments/{amendment}", "hold", ("held",)),
    "/objections/{appeal}": Shows("/objections/{appeal}", "hold", ("held",)),
    "/peers": Shows("/peers", "quarantine", ("aside",)),
    "/desk": Shows("/desk", "work", ("ordered", "held")),
    "/desk/orders/{order}": Shows("/desk/orders/{ordered.id}", "letter", ("ordered",)),
    "/desk/orders/{order}/letter.pdf": Shows("/desk/orders/{ordered.id}/letter.pdf", "letter", ("ordered",)),
    "/desk/amendments/{amendment}": Shows("/desk/amendments/{confirmation}", "work", ("held",)),
    "/appeal/{token}": Shows("/appeal/{token}", "objection", ("held",)),
}
#: Roles that get another page there, which shows none.
NOT_SHOWN = {"/": ("administrator", "bank", "telco"), "/peers": ("administrator",)}
#: Every GET that never does, and why.
NEVER = {
    "/api/v1/telco/entries": "peers' entries are walked in test_lists_doors.py",
    "/api/v1/telco/entries/{entry}": "as above",
    "/api/v1/telco/imports": "tables that were imported here",
    "/api/v1/telco/sources": "names of sources",
    "/api/v1/telco/adoptions": "this authority's own words about peers",
    "/api/v1/telco/allow-list": "this authority's own",
    "/api/v1/telco/unconfirmed": "batches of our own",
    "/api/v1/telco/recycled": "what operators here said of their own numbers",
    "/api/v1/telco/gateways": "operators' gateways here",
    "/api/v1/telco/lists/{list}": "a signed list of this authority's own orders, to operators that carry them out",
    "/api/v1/telco/names": "as above: names under which messages come, in force here, without who told of them",
    "/api/v1/telco/senders/registry": "as above: organisations that send under a name, signed",
    "/api/v1/telco/senders": "peers' claims are walked in test_senders_doors.py",
    "/api/v1/telco/senders/{sender}": "as above",
    "/api/v1/telco/lists/{list}/base/{version}": "as above",
    "/api/v1/telco/lists/{list}/deltas": "as above",
    "/api/v1/figures/holds": "counts; small groups are not told",
    "/api/v1/bank/recalls": "money of our own cases, as a bank of ours told of it",
    "/api/v1/bank/recalls/{hold}/recall.xml": "as above",
    "/api/v1/cases/{case}/request": "our own requests; what peers told of those is walked in test_police_paper.py",
    "/cases/{case}/request.pdf": "as above",
    "/healthz": "says that the node is alive",
    "/api/v1/openapi.json": "describes the routes",
    "/api/v1/reports": "what people of this jurisdiction reported here",
    "/api/v1/refusals": "says what was stopped at the border, and why, by ids; nothing that was stopped is kept",
    "/api/v1/approvals": "documents of this authority's own competent authorities",
    "/api/v1/approvals/{approval}": "as above",
    "/ledger/policy": "public keys",
    "/ledger/{file:path}": "commitments, never what they commit to",
    "/api/v1/ledger/reconciliation": "counts envelopes and names objects that left here",
    "/api/v1/ledger/findings": "checkpoints of ledgers, which are public",
    "/api/v1/ledger/proofs/{object}": "commitments, verdicts and ids; never what an object says",
    "/api/v1/exchange/sent": "our own envelopes",
    "/api/v1/exchange/sent/{envelope}": "as above, sealed to their recipient",
    "/api/v1/charter": "public to members and everybody else",
    "/api/v1/peers": "this authority's own decisions about peers, and counts",
    "/api/v1/reads": "ids of objects, and who read them",
    "/api/v1/reads/abroad": "ids of our own objects, and what peers report of them",
    "/api/v1/reads/check": "counts and ids",
    "/figures": "counts, sums and medians; small groups are not told",
    "/sign-in": "a form",
    "/news": "a number",
    "/desk/news": "a number",
    "/find": "an address",
    "/reads": "ids of objects, and who read them",
    "/reads/abroad": "ids of our own objects, and what peers report of them",
    "/reads/check": "counts and ids",
    "/ledger": "counts, ids and checkpoints",
    "/proof/{object}": "as /api/v1/ledger/proofs",
    "/proof/{object}/entry": "as /api/v1/ledger/proofs",
    "/proof/{object}/tlog-proof": "as /api/v1/ledger/proofs",
    "/proof/{object}/receipt": "verdicts and ids",
    "/refusals": "as /api/v1/refusals",
    "/reports": "what people of this jurisdiction reported here",
    "/reports/new": "a form",
    "/static/{file}": "a file of the program",
    "/api/v1/officers": "this authority's own people",
    "/api/v1/officers/{login}": "as above",
    "/api/v1/enrolments/{token}": "as above",
    "/api/v1/keys": "as above",
    "/api/v1/sessions": "as above",
    "/officers": "as above",
    "/officers/{login}": "as above",
    "/sessions": "as above",
    "/enrol/{token}": "as above",
    "/exercise/{token}": "as above",
    "/redress/{id}": "this authority's own order, with most of the number left out",
    "/redress/objections/{token}": "what became of the reader's own objection",
    "/api/v1/redress/{id}": "as /redress/{id}",
    "/api/v1/redress/objections/{token}": "as /redress/objections/{token}",
    "/api/v1/telco/objections": "what people said here; of objections made abroad an id and a ground travel, nothing else",
    "/api/v1/telco/counters": "counts of calls",
    "/api/v1/telco/scorecards": "counts and times",
    "/api/v1/telco/propagation": "counts, times and what was listed here",
    "/telco/appeals": "as /api/v1/telco/objections",
    "/telco/appeals/{objection}": "as above",
    "/telco/desk": "the operator's own reports",
    "/telco/lists": "this authority's own entries, whoever vouches for them; one entry shows who",
    "/telco/lists/new": "a form",
    "/telco/lists/{entry}": "walked in test_telco_desk.py",
    "/telco/senders": "walked in test_senders_doors.py",
    "/telco/senders/{sender}": "as above",
    "/telco/senders/new": "a form",
    "/telco/imports": "as /api/v1/telco/imports",
    "/telco/imports/{import}": "as above, one with its refused lines",
    "/telco/sources": "as /api/v1/telco/sources",
    "/telco/sources/{source}": "as above",
    "/telco/adoptions": "as /api/v1/telco/adoptions",
    "/telco/allow-list": "as /api/v1/telco/allow-list",
    "/telco/simulator": "a form",
    "/telco/counters": "as /api/v1/telco/counters",
    "/telco/scorecards": "as /api/v1/telco/scorecards",
    "/telco/propagation": "as /api/v1/telco/propagation",
}


def test_every_get_is_named_here() -> None:
    assert CARRIES.keys() | NEVER.keys() == GETS.keys()
    assert not CARRIES.keys() & NEVER.keys()
    assert all(NEVER.values())


def roles(route: Route) -> list[str]:
    return [""] if route.public else sorted(route.roles)


WALKS = [(path, role) for path in CARRIES for role in roles(GETS[path])]


@pytest.mark.parametrize(("path", "role"), WALKS, ids=lambda text: str(text) or "anybody")
def test_what_is_shown_is_noted(scene: Scene, path: str, role: str) -> None:
    shows = CARRIES[path]
    answer, noted = scene.ask("GET", shows.path.format(**scene._asdict()), role)
    assert answer.status_code == (303 if path == "/" and role in NOT_SHOWN["/"] else 200), answer.text
    if role in NOT_SHOWN.get(path, ()):
        assert not any(word in answer.text for word in (scene.aside, scene.waiting.id, scene.held.id))
        assert noted == []
        return
    holds = {"waiting": scene.waiting.id, "ordered": scene.ordered.hold, "held": scene.held.hold}
    expected = {scene.aside if each == "aside" else scene.object_of(holds[each]) for each in shows.of}
    assert {each.object for each in noted} >= expected
    assert {(each.peer, each.what, each.role) for each in noted} == {(XA, shows.what, role or "token")}
    door = "bank" if role == "bank" else "api" if path.startswith("/api") else "page"
    # Whoever has a token is one reader, by whichever door it came first.
    assert role == "" or {each.door for each in noted} == {door}
    # And of nothing that is not shown.
    others = {scene.object_of(hold) for name, hold in holds.items() if name not in shows.of}
    assert not {each.object for each in noted} & others


@pytest.mark.parametrize("path", NEVER)
def test_what_shows_none_notes_none(scene: Scene, path: str) -> None:
    address = (
        path.replace("{file:path}", "checkpoint")
        .replace("{envelope}", "none")
        .replace("{approval}", "none")
        .replace("{file}", "none")
        .replace("{entry}", "none")
        .replace("{list}", "calls")
        .replace("{version}", "1")
    )
    for role in roles(GETS[path]):
        answer, noted = scene.ask("GET", address, role)
        assert answer.status_code in (200, 404), answer.text
        assert role == "" or noted == []
        said = html.unescape(answer.text)
        for order in (scene.ordered, scene.held):
            assert order.baton.transfer not in said
            assert order.id not in said


#: Every other route whose answer is such a record, and how it is asked.
ACTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "/api/v1/holds/{hold}/approve": ("/api/v1/holds/{waiting.id}/approve", {}, "waiting"),
    "/api/v1/amendments/{amendment}/approve": ("/api/v1/amendments/{amendment}/approve", {}, "held"),
    "/api/v1/appeals/{appeal}/decide": (
        "/api/v1/appeals/{appeal}/decide",
        {"json": {"uphold": False, "reason": "not shown to be yours"}},
        "held",
    ),
    "/api/v1/appeals/{token}": (
        "/api/v1/appeals/{token}",
        {"json": {"name": "B", "contact": "+2 55", "text": "Mine."}},
        "held",
    ),
    "/api/v1/orders/{order}/confirm": (
        "/api/v1/orders/{held.id}/confirm",
        {"json": {"reference": "Court 12/26"}},
        "held",
    ),
    "/api/v1/orders/{order}/return": (
        "/api/v1/orders/{held.id}/return",
        {
            "json": {
                "reference": "Court 9/26",
                "payees": [{"claim": "hold-of-nobody", "bank": "XAFB", "reference": "victim", "loss_minor": 1}],
            }
        },
        "held",
    ),
    "/api/v1/peers/{authority}/quarantine/{object}/accept": (
        "/api/v1/peers/xa-asc/quarantine/{aside}/accept",
        {"json": {"reason": "it is theirs"}},
        "aside",
    ),
    "/api/v1/peers/{authority}/quarantine/{object}/reject": (
        "/api/v1/peers/xa-asc/quarantine/{aside}/reject",
        {"json": {"reason": "it is not"}},
        "aside",
    ),
}
#: Those whose answer is about this authority's own cases only.
OWN = {
    "/api/v1/bank/rail": "the bank's own words, back to it",
    "/api/v1/reports": "a report filed here",
    "/api/v1/holds": "a request of our own case, which only begins",
    "/api/v1/cases/{case}/undo": "what our own case lets go",
}


def said(route: Route) -> set[str]:
    """Return the names of what a route answers."""
    return {each.__name__ for each in get_args(route.answer) or (route.answer,)}


def test_every_act_that_answers_a_record_is_named_here() -> None:
    silent = {"Filed", "Withdrawn", "InForce", "Published", "StandingChange"}
    # What becomes of lists: an authority's own orders, and counts.
    silent |= {
        "Objection",
        "Receipt",
        "CountsTaken",
        "Judged",
        "Kept",
        "Import",
        "Recycled",
        "Source",
        "Adoption",
        "Allowed",
        "Told",
        "Sender",
    }
    # This authority's own people and their keys.
    silent |= {"Invitation", "Officer", "NewSession", "KeyText"}
    answering = {
        route.path
        for route in api_routes()
        if route.method != "GET" and route.answer is not None and not said(route) & silent
    }
    assert answering == ACTS.keys() | OWN.keys()


def test_what_an_act_answers_is_noted(scene: Scene) -> None:
    holds = {"waiting": scene.waiting.id, "held": scene.held.hold}
    order = ["approve", "{token}", "decide", "confirm", "return", "amendments", "accept", "reject"]
    for path in sorted(ACTS, key=lambda path: next(n for n, word in enumerate(order) if word in path)):
        address, sent, of = ACTS[path]
        route = next(each for each in api_routes() if (each.method, each.path) == ("POST", path))
        answer, noted = scene.ask("POST", address.format(**scene._asdict()), roles(route)[0], **sent)
        assert answer.status_code in (200, 201, 403, 409), (path, answer.text)
        if answer.status_code < 300:
            expected = scene.aside if of == "aside" else scene.object_of(holds[of])
            assert expected in {each.object for each in noted}, path
        assert answer.status_code < 300 or path.endswith(("/confirm", "/return")), (path, answer.text)


class Swapped(NamedTuple):
    """A town seen from its other side."""

    xb: Desk


def test_the_auditors_pages(scene: Scene) -> None:
    scene.ask("GET", f"/api/v1/holds/{scene.held.hold}", "investigator")
    seal(scene.desk)
    shown, _ = scene.ask("GET", "/reads", "auditor", headers={"accept": "text/html"})
    assert "Test investigator" in shown.text
    assert f'href="/cases/{scene.held.case}"' in shown.text
    twin, _ = scene.ask("GET", "/reads", "auditor", headers={"accept": "application/json"})
    newest = twin.json()["reads"][0]
    only, _ = scene.ask("GET", f"/reads?reader={newest['pseudonym']}&object={newest['object']}", "auditor")
    assert only.text.count("<tr data-row=") == 1
    checked, _ = scene.ask("GET", "/reads/check", "auditor")
    assert "all of it matches." in checked.text
    abroad, _ = scene.ask("GET", "/reads/abroad", "auditor")
    assert abroad.status_code == 200
    for bad in ("/reads?after=x", "/reads/abroad?peer=" + "x" * 200):
        answer, _ = scene.ask("GET", bad, "auditor")
        assert answer.status_code == 422
    for path in ("/reads", "/reads/abroad", "/reads/check"):
        assert scene.ask("GET", path, "administrator")[0].status_code == 403


def test_the_case_says_who_read_its_requests_abroad(scene: Scene) -> None:
    scene.ask("GET", f"/api/v1/holds/{scene.held.hold}", "investigator")
    seal(scene.desk)
    xa, xb = scene.town.xa, scene.desk
    wire = xb.ask(lambda tx: xb.node.reads_abroad.report(tx, XA, "0-0"))
    xa.do(lambda tx: xa.node.reads_abroad.take(tx, XB, wire))
    case = xa.ask(lambda tx: xa.node.orders.hold(tx, scene.held.hold)).case
    pseudonym = next(each.reader for each in xa.case(case).reads_abroad if each.role == "investigator")
    runtime = Runtime(scene.runtime.home, xa.node)
    try:
        shown, noted = scene._replace(town=Swapped(xa), runtime=runtime).ask("GET", f"/cases/{case}", "auditor")  # type: ignore[arg-type]
    finally:
        runtime.writer.close()
    assert "Who read our requests abroad" in shown.text
    assert pseudonym in shown.text
    assert "Test investigator" not in shown.text
    assert {each.peer for each in noted} == {XB}  # the answer that the case shows is xb's


def test_the_auditor_sees_it_all_and_pages_through(scene: Scene) -> None:
    for _ in range(60):
        scene.ask("GET", f"/api/v1/holds/{scene.held.hold}", "investigator")
    seal(scene.desk)
    first, _ = scene.ask("GET", "/api/v1/reads", "auditor")
    rows = first.json()
    assert len(rows) == 50
    then, _ = scene.ask("GET", f"/api/v1/reads?after={rows[-1]['seq']}", "auditor")
    assert [each["seq"] for each in rows + then.json()] == sorted(
        (each["seq"] for each in rows + then.json()), reverse=True
    )
    newest = rows[0]
    assert (newest["hold"], newest["case"]) == (scene.held.hold, scene.held.case)
    assert newest["entry"] is not None
    for name in ("reader", "object", "peer", "pseudonym"):
        query = {"reader" if name == "pseudonym" else name: newest[name]}
        found, _ = scene.ask("GET", "/api/v1/reads", "auditor", params=query)
        assert found.json()
        assert {each[name] for each in found.json()} == {newest[name]}
    for bad in ("after=x", "after=-1", "peer=" + "x" * 200, "after=" + "9" * 30):
        answer, _ = scene.ask("GET", f"/api/v1/reads?{bad}", "auditor")
        assert answer.status_code == 422
    checked, _ = scene.ask("GET", "/api/v1/reads/check", "auditor")
    assert checked.json()["committed"]["matches"]
    assert checked.json()["committed"]["waiting"] == 0
