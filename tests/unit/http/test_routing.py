"""Routes: default deny, strict decoding, cookies against forged requests, 404 and 405 as problems, safe headers."""

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import quote_from_bytes

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from tests.unit.http.conftest import INVESTIGATOR, ROUTES, Ask, authenticate, show

from lintas.access.records import ROLES, Caller
from lintas.http.routing import COOKIE, Call, Route, routes_to_app
from lintas.model.errors import BadInput

REPORT = {"text": "โอนเงินแล้ว", "money": {"amount_minor": 500, "currency": "XAD"}}


def test_a_call_is_decoded_run_and_encoded(ask: Ask) -> None:
    answer = ask("POST", "/reports", "investigator", json=REPORT)
    assert (answer.status_code, answer.json()) == (201, {"by": "key-investigator", "echo": "โอนเงินแล้ว!"})


def test_path_and_query_arrive(ask: Ask) -> None:
    assert ask("GET", "/reports/case-1?view=all", "investigator").json() == {"id": "case-1", "view": "all"}
    assert ask("GET", "/tiles/0/x001/067").json() == {"rest": "0/x001/067"}


def test_nothing_answered_is_204(ask: Ask) -> None:
    answer = ask("DELETE", "/reports/case-1", "administrator")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.public], ids=lambda r: f"{r.method}{r.path}")
def test_only_the_named_roles_get_in(ask: Ask, route: Route) -> None:
    path = re.sub(r"{.*?}", "x", route.path)
    stranger = ask(route.method, path)
    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, "Bearer")
    assert ask(route.method, path, "made-up").status_code == 401
    for role in ROLES - route.roles:
        assert ask(route.method, path, role).status_code == 403
    for role in route.roles:
        assert ask(route.method, path, role).status_code not in (401, 403)


class _Watched(httpx.AsyncByteStream):
    """A body that knows whether somebody began to read it."""

    read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.read = True
        yield b"{}"


def test_a_stranger_is_refused_before_the_body_is_read(app: Starlette) -> None:
    async def run(role: str) -> tuple[int, bool]:
        body = _Watched()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://h") as client:
            request = client.build_request("POST", "/reports", headers={"content-type": "application/json"})
            request.headers["authorization"] = f"Bearer {role}"
            request.stream = body
            return (await client.send(request)).status_code, body.read

    assert asyncio.run(run("stranger")) == (401, False)
    assert asyncio.run(run("bank")) == (403, False)
    assert asyncio.run(run("investigator")) == (422, True)


def test_public_routes_know_a_caller_who_says_so(ask: Ask) -> None:
    assert ask("GET", "/anybody").json() == {"who": ""}
    assert ask("GET", "/anybody", "auditor").json() == {"who": "key-auditor"}
    assert ask("GET", "/anybody", headers={"authorization": "Basic auditor"}).json() == {"who": ""}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:9"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:99"}, 403),
        ({"origin": "https://127.0.0.1:9"}, 403),
        ({"origin": "http://127.0.0.1:9"}, 201),
        ({"sec-fetch-site": "same-origin"}, 201),
    ],
)
def test_a_cookie_acts_only_from_our_own_page(ask: Ask, headers: dict[str, str], status: int) -> None:
    cookie = {"cookie": f"{COOKIE}=ls_investigator"}
    assert ask("POST", "/reports", headers=cookie | headers, json=REPORT).status_code == status
    assert ask("GET", "/reports/1", headers=cookie | headers).status_code == 200


@pytest.mark.parametrize("path", ["/enter", "/leave"])
@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "http://127.0.0.1:9"}, True),
    ],
)
def test_a_public_form_is_taken_only_from_our_own_page(
    ask: Ask, path: str, headers: dict[str, str], taken: bool
) -> None:
    sent = {"content-type": "application/x-www-form-urlencoded"} | headers
    answer = ask("POST", path, headers=sent, content=b"text=x")
    assert answer.status_code == (200 if taken else 403)
    # A program that shows its key is no page of another site.
    assert ask("POST", path, "investigator", headers=sent, content=b"text=x").status_code == 200


@pytest.mark.parametrize(
    "media", ["text/plain", "multipart/form-data", "Application/X-WWW-Form-Urlencoded ; charset=utf-8"]
)
def test_a_form_of_another_type_is_no_way_round(ask: Ask, media: str) -> None:
    headers = {"content-type": media, "sec-fetch-site": "cross-site"}
    assert ask("POST", "/leave", headers=headers, content=b"text=x").status_code == 403
    assert ask("POST", "/enter", headers=headers, content=b"text=x").status_code == 403


def test_a_bearer_key_needs_no_origin_and_wins_over_the_cookie(ask: Ask) -> None:
    headers = {"cookie": f"{COOKIE}=ls_administrator", "sec-fetch-site": "cross-site"}
    assert ask("POST", "/reports", "investigator", headers=headers, json=REPORT).status_code == 201
    assert ask("GET", "/reports/1", "bank", headers={"cookie": f"{COOKIE}=ls_investigator"}).status_code == 403


def test_a_browser_without_a_session_is_sent_to_sign_in(ask: Ask) -> None:
    answer = ask("GET", "/page", headers={"accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert ask("POST", "/form", headers={"accept": "text/html"}).status_code == 401


def test_unknown_addresses_and_methods_are_problems(ask: Ask) -> None:
    missing, wrong, slash = ask("GET", "/nowhere"), ask("PUT", "/reports/1", "investigator"), ask("GET", "/anybody/")
    assert [a.status_code for a in (missing, wrong, slash)] == [404, 405, 404]
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD", "DELETE"}
    for answer in (missing, wrong, slash):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "about:blank" and answer.json()["do"]


def test_head_is_get_without_a_body_of_its_own_meaning(ask: Ask) -> None:
    assert ask("HEAD", "/anybody").status_code == 200
    assert ask("HEAD", "/reports/1").status_code == 401


@pytest.mark.parametrize("path", ["/reports/1?a=1&a=2", "/reports/1?a=%00", "/reports/%00"])
def test_parameters_that_could_be_read_two_ways_are_refused(ask: Ask, path: str) -> None:
    assert ask("GET", path, "investigator").status_code == 422


def test_every_answer_carries_the_safe_headers_unless_it_says_otherwise(ask: Ask) -> None:
    for answer in (ask("GET", "/anybody"), ask("GET", "/nowhere"), ask("GET", "/fails/crash")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
    assert ask("GET", "/page", "investigator").headers["cache-control"] == "max-age=60"


def test_mounted_applications_are_reached() -> None:
    inner = routes_to_app([Route("GET", "/x", show, answer=dict[str, str], public=True, summary="x")], "", authenticate)
    outer = routes_to_app([], "", authenticate, mounts={"/inner": inner})

    async def run() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=outer), base_url="http://h") as client:
            return (await client.get("/inner/x")).status_code

    assert asyncio.run(run()) == 200


@pytest.mark.parametrize(
    "change",
    [
        {"method": "get"},
        {"path": "x"},
        {"roles": frozenset[str]()},
        {"public": True},
        {"roles": frozenset({"root"})},
        {"body": bytes},
        {"limit": (16 << 20) + 1},
        {"limit": 0},
        {"summary": ""},
        {"handler": lambda call: call},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_route_that_contradicts_itself_stops_the_node(change: dict[str, object]) -> None:
    sound = {"method": "GET", "path": "/x", "handler": show, "roles": INVESTIGATOR, "summary": "x"}
    assert Route(**sound).path == "/x"  # type: ignore[arg-type] # a table of fields
    with pytest.raises(BadInput):
        Route(**(sound | change))  # type: ignore[arg-type] # a table of fields


def test_the_same_route_twice_stops_the_node() -> None:
    with pytest.raises(BadInput):
        routes_to_app([ROUTES[0], ROUTES[0]], "", authenticate)


def test_call_says_not_signed_in_for_a_stranger() -> None:
    async def needs(call: Call[None]) -> str:
        return call.caller.id

    app = routes_to_app([Route("GET", "/", needs, answer=str, public=True, summary="x")], None, lambda _: None)

    async def run() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://h") as client:
            return (await client.get("/")).status_code

    assert asyncio.run(run()) == 401


@given(st.binary(max_size=30), st.binary(max_size=30), st.sampled_from([*sorted(ROLES), "x", ""]))
def test_whatever_is_asked_is_never_our_fault(ask: Ask, path: bytes, query: bytes, role: str) -> None:
    assert ask("GET", f"/reports/{quote_from_bytes(path)}?{quote_from_bytes(query, '=&%+')}", role).status_code < 500


def test_callers_are_values() -> None:
    who = Caller(id="k", name="n", role="bank", organisation="bank-1")
    assert msgspec.json.decode(msgspec.json.encode(who), type=Caller) == who
