"""Who may call what, by a reviewed table: each route and role, keys and sessions, those that are over, and two banks."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import update
from tests.e2e.people import Answer, Running, entered, session_of

from lintas.access import store
from lintas.access.records import MACHINE, ROLES, NewOfficer
from lintas.api.app import api_routes
from lintas.cli.demo.stage import admit
from lintas.cli.key import issue_key
from lintas.console.pages import ROUTES as PAGES
from lintas.http.routing import Route
from lintas.node.home import open_node
from lintas.storage.engine import Transaction
from lintas.storage.writer import SerialWriter

ROUTES = [*api_routes(), *PAGES]
#: Written by hand: what the program says of itself proves nothing.
TABLE = Path(__file__).with_name("who_may.yaml")
FORM = "application/x-www-form-urlencoded"


def address(route: Route) -> str:
    """Return an address that the route matches and where nothing is."""
    return re.sub(r"\{[a-z_]+(:path)?\}", "nothing-0", route.path)


def sent_with(route: Route) -> dict[str, Any]:
    """Return an empty body where the route takes one: authorisation comes before it is looked at."""
    if route.body is None:
        return {}
    media = FORM if FORM in route.media else route.media[0]
    return {"content": b"" if media == FORM else b"{}", "headers": {"content-type": media}}


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def allowed() -> dict[str, frozenset[str] | None]:
    """Return the reviewed table: route -> the roles that get in, None for everybody."""
    found: dict[str, frozenset[str] | None] = {}
    for group in yaml.safe_load(TABLE.read_text("utf-8")):
        assert group["why"]
        for line in group["routes"]:
            assert line not in found, f"{line} stands there twice"
            found[line] = None if group["who"] == "public" else frozenset(group["who"])
    return found


MAY = allowed()
#: How a session comes to its end.
WAYS = ("revoked", "idle", "ended", "disabled", "renewed")
CLOSED = [route for route in ROUTES if MAY.get(name(route), ROLES) is not None]


def test_the_table_has_a_line_for_every_route_and_for_no_other() -> None:
    assert {name(route) for route in ROUTES} == MAY.keys(), "review what is new, and write its line"
    assert len({name(route) for route in ROUTES}) == len(ROUTES) >= 100
    for roles in MAY.values():
        assert roles is None or frozenset() < roles <= ROLES


@pytest.fixture(scope="module")
def cookies(running: Running) -> dict[str, str]:
    """Return a session of each role."""
    return {role: session_of(running, role) for role in sorted(ROLES)}


def with_key(running: Running, route: Route, token: str) -> Answer:
    return running.ask(route.method, address(route), key=token, **sent_with(route))


def with_cookie(running: Running, route: Route, token: str) -> Answer:
    """Call as a browser does from the node's own page."""
    sent = sent_with(route)
    headers = sent.pop("headers", {}) | {"cookie": f"lintas_session={token}", "sec-fetch-site": "same-origin"}
    return running.ask(route.method, address(route), headers=headers, **sent)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_only_the_roles_of_the_table_get_in(running: Running, cookies: dict[str, str], route: Route) -> None:
    roles = MAY[name(route)]
    for role in sorted(ROLES):
        answers = [with_key(running, route, running.keys[role])]
        # The token of a session goes where a key does, and into a browser's cookie. Signing out ends it.
        if route.path != "/sign-out":
            answers += [with_key(running, route, cookies[role]), with_cookie(running, route, cookies[role])]
        for answer in answers:
            kept_out = answer.status == 403 and b"problem:not-allowed" in answer.body
            assert answer.status < 500
            assert answer.status != 401 or route.path in ("/sign-in", "/api/v1/sessions")
            assert kept_out == (roles is not None and role not in roles), role


@pytest.mark.parametrize("route", CLOSED, ids=name)
def test_strangers_and_revoked_keys_are_kept_out(running: Running, route: Route) -> None:
    good = running.keys[sorted(MAY[name(route)] or ROLES)[0]]
    altered = good[:-1] + ("A" if good[-1] != "A" else "B")
    strangers = ["", altered, good.upper(), "lk_x_y", "Bearer", good + "x", *running.revoked.values()]
    for key in strangers:
        answer = running.ask(route.method, address(route), key=key, **sent_with(route))
        assert answer.status == 401, key
    for header in (f"Basic {good}", good, f"bearer{good}", "Bearer", f"Token {good}"):
        sent = sent_with(route)
        headers = dict(sent.pop("headers", {})) | {"authorization": header}
        assert running.ask(route.method, address(route), headers=headers, **sent).status == 401, header


@pytest.fixture(scope="module")
def over(running: Running) -> dict[str, str]:
    """Return the tokens of sessions of each role that are over, in each way."""
    people = {
        f"{way}-{role}": NewOfficer(
            login=f"{way}-{role}",
            name=f"Over {way} {role}",
            role=role,
            organisation=running.organisation(role),
        )
        for way in WAYS
        for role in sorted(ROLES)
    }
    made = admit(running.xa.home, list(people.values()))
    tokens = {login: entered(running, there) for login, there in made.items()}
    for token in tokens.values():
        assert running.ask("GET", "/api/v1/sessions", key=token).status == 200
    node = open_node(running.xa.home)
    officers, sessions = node.access.officers, node.access.sessions

    def end(tx: Transaction) -> None:
        past = "2026-01-01T00:00:00Z"
        for login, token in tokens.items():
            way, session = login.split("-")[0], store.sessions.c.id == token.split("_")[1]
            if way == "revoked":
                sessions.revoke(tx, token.split("_")[1], MACHINE, login=None)
            elif way == "disabled":
                officers.disable(tx, login, MACHINE)
            elif way == "renewed":
                officers.reset(tx, login, MACHINE)
            elif way == "idle":
                tx.execute(update(store.sessions).where(session).values(last_seen=past))
            else:
                tx.execute(update(store.sessions).where(session).values(ends=past))

    SerialWriter(node.parts.engine).submit(end).result()
    node.parts.engine.dispose()
    return tokens


@pytest.mark.parametrize("route", CLOSED, ids=name)
def test_a_session_that_is_over_opens_nothing(running: Running, over: dict[str, str], route: Route) -> None:
    role = sorted(MAY[name(route)] or ROLES)[0]
    for way in WAYS:
        assert with_key(running, route, over[f"{way}-{role}"]).status == 401, way
        browsers = with_cookie(running, route, over[f"{way}-{role}"])
        assert browsers.status == 401, way


def test_a_cookie_acts_only_from_the_nodes_own_page(running: Running) -> None:
    cookie = {"cookie": f"lintas_session={session_of(running, 'approver')}"}
    path = "/holds/hold-0/approve"
    assert running.ask("GET", "/", headers=cookie).status == 200
    for foreign in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}, {}):
        assert running.ask("POST", path, headers=cookie | foreign).status == 403
    own = {"sec-fetch-site": "same-origin"}
    assert running.ask("POST", path, headers=cookie | own, data={"seen": ""}).status == 404


def test_a_bank_sees_its_own_work_only(running: Running) -> None:
    home, (first, second) = running.xa.home, running.xa.cast.banks
    other = issue_key(home, name="other desk", role="bank", organisation=second)
    report = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=running.theft().form).document

    def traced() -> Any:  # noqa: ANN401 — JSON
        found = running.ask("GET", f"/api/v1/cases/{report['case']}", key=running.keys["hotline"]).document
        return found if any(hold["direction"] == "own" for hold in found["holds"]) else None

    view: Any = running.until(traced)
    questions = {step["question"]["id"]: step for step in view["trail"]}
    assert {step["question"]["bank"] for step in questions.values()} == {first, second}
    for question, step in questions.items():
        for bank, key in ((first, running.keys["bank"]), (second, other)):
            path = f"/api/v1/bank/traces/{question}/answer"
            answer = running.ask("POST", path, key=key, json=step["answer"])
            # The same answer again is fine from the bank that gave it, and nobody else's question exists.
            assert answer.status == (204 if bank == step["question"]["bank"] else 404)
    own = next(hold for hold in view["holds"] if hold["direction"] == "own")
    order = running.ask("POST", f"/api/v1/holds/{own['id']}/approve", key=running.keys["approver"]).document
    assert order["bank"] == second
    for path in ("", "/letter", "/answer", "/refusal"):
        method = "GET" if path in ("", "/letter") else "POST"
        body = {"reason": "not ours"} if path == "/refusal" else {**view["trail"][0]["answer"]}
        sent: dict[str, Any] = {} if method == "GET" else {"json": body}
        answer = running.ask(method, f"/api/v1/bank/orders/{order['id']}{path}", key=running.keys["bank"], **sent)
        assert answer.status == 404
    assert running.ask("GET", f"/api/v1/bank/orders/{order['id']}/letter", key=other).status == 200
    assert running.ask("GET", f"/api/v1/bank/orders/{order['id']}", key=other).document["id"] == order["id"]
    browsers = session_of(running, "bank")  # somebody of the first bank
    desk = [("GET", ""), ("GET", "/letter.pdf"), ("POST", "/answer"), ("POST", "/refusal")]
    check_not_theirs(running, browsers, [(method, f"/desk/orders/{order['id']}{path}") for method, path in desk])
    held = running.until(lambda: longer(running, order["id"]))
    calls = [("POST", f"/api/v1/bank/amendments/{held}/{path}") for path in ("done", "refusal")]
    pages = [
        ("GET", f"/desk/amendments/{held}"),
        *(("POST", f"/desk/amendments/{held}/{p}") for p in ("done", "paid", "refusal")),
    ]
    check_not_theirs(running, browsers, pages)
    for method, path in calls:
        sent = {"json": {"reason": "not ours"}} if path.endswith("refusal") else {}
        assert running.ask(method, path, key=running.keys["bank"], **sent).status == 404, path
    waiting = running.ask("GET", "/api/v1/bank/work", key=running.keys["bank"]).body
    assert order["id"].encode() not in waiting
    assert str(held).encode() not in waiting


def longer(running: Running, order: str) -> str:
    """Return the change by which another officer holds for longer, once the bank has answered; "" until then."""
    answer = running.ask(
        "POST", f"/api/v1/orders/{order}/confirm", key=running.xa.second_key, json={"reference": "Court order 17/26"}
    )
    return str(answer.document["id"]) if answer.status in (200, 201, 202) else ""


def check_not_theirs(running: Running, token: str, calls: list[tuple[str, str]]) -> None:
    """Check that nothing is there for a browser of another bank."""
    for method, path in calls:
        headers = {"cookie": f"lintas_session={token}", "sec-fetch-site": "same-origin"}
        # What each form asks for, so that only whose it is decides.
        forms = {
            "answer": {"kind": "spent"},
            "refusal": {"reason": "not ours at all"},
            "done": {"once": ""},
            "paid": {"reference": "R"},
        }
        fields = forms[path.rpartition("/")[2]] if method == "POST" else None
        answer = running.ask(method, path, headers=headers, data=fields)
        assert answer.status == 404, (path, answer.body[:300])


def test_an_order_bears_the_name_of_the_key_that_approved(running: Running) -> None:
    holds = running.ask("GET", "/api/v1/holds?state=any", key=running.keys["auditor"]).document
    for hold in holds:
        order = running.ask("GET", f"/api/v1/holds/{hold['id']}", key=running.keys["auditor"]).document["order"]
        assert order is None or order["approver"] in ("Test approver", running.xa.cast.approver)
