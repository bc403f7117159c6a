"""Who may call what: every route, every role, with a key, without one, with a revoked one, and from another organisation."""

import re
from typing import Any

import pytest
from tests.e2e.people import Running, session_of

from lintas.access.records import ROLES
from lintas.api.app import api_routes
from lintas.cli.key import issue_key
from lintas.console.pages import ROUTES as PAGES
from lintas.http.routing import Route

ROUTES = [*api_routes(), *PAGES]
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


def test_the_matrix_covers_every_route() -> None:
    assert len({name(route) for route in ROUTES}) == len(ROUTES) >= 20
    assert {name(route) for route in ROUTES if route.public} == {
        "GET /healthz",
        "GET /ledger/policy",
        "GET /ledger/{file:path}",
        "GET /api/v1/openapi.json",
        "GET /api/v1/charter",
        "GET /api/v1/appeals/{token}",
        "POST /api/v1/appeals/{token}",
        "GET /appeal/{token}",
        "POST /appeal/{token}",
        "GET /sign-in",
        "POST /sign-in",
        "POST /sign-out",
        "GET /static/{file}",
        "POST /language",
        "GET /enrol/{token}",
        "POST /enrol/{token}",
        "GET /exercise/{token}",
        "POST /exercise/{token}",
        "GET /api/v1/enrolments/{token}",
        "POST /api/v1/enrolments/{token}",
        "POST /api/v1/sessions",
    }


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_only_the_roles_named_get_in(running: Running, route: Route) -> None:
    for role in sorted(ROLES):
        answer = running.ask(route.method, address(route), key=running.keys[role], **sent_with(route))
        kept_out = answer.status == 403 and b"problem:not-allowed" in answer.body
        assert answer.status < 500
        assert answer.status != 401 or route.path == "/sign-in"
        assert kept_out == (not route.public and role not in route.roles), role


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.public], ids=name)
def test_strangers_and_revoked_keys_are_kept_out(running: Running, route: Route) -> None:
    good = running.keys[sorted(route.roles)[0]]
    altered = good[:-1] + ("A" if good[-1] != "A" else "B")
    strangers = ["", altered, good.upper(), "lk_x_y", "Bearer", good + "x", *running.revoked.values()]
    for key in strangers:
        answer = running.ask(route.method, address(route), key=key, **sent_with(route))
        assert answer.status == 401, key
    for header in (f"Basic {good}", good, f"bearer{good}", "Bearer", f"Token {good}"):
        sent = sent_with(route)
        headers = dict(sent.pop("headers", {})) | {"authorization": header}
        assert running.ask(route.method, address(route), headers=headers, **sent).status == 401, header


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


def test_an_order_bears_the_name_of_the_key_that_approved(running: Running) -> None:
    holds = running.ask("GET", "/api/v1/holds?state=any", key=running.keys["auditor"]).document
    for hold in holds:
        order = running.ask("GET", f"/api/v1/holds/{hold['id']}", key=running.keys["auditor"]).document["order"]
        assert order is None or order["approver"] in ("Test approver", running.xa.cast.approver)
