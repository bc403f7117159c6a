"""A small application behind real ASGI calls, with one key per role."""

import asyncio
import html
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response

from lintas.access.records import ROLES, Caller
from lintas.http import bodies
from lintas.http.problems import Problem
from lintas.http.routing import Call, Pages, Route, routes_to_app
from lintas.model.errors import BadInput, Conflict, LintasError, NotFound, Refused

Ask = Callable[..., httpx.Response]


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount_minor: int
    currency: str


class Report(msgspec.Struct, frozen=True):
    text: str
    money: Money | None = None
    tags: tuple[str, ...] = ()
    anything: Any = None


class Answer(msgspec.Struct, frozen=True):
    by: str
    echo: str


async def echo(call: Call[str]) -> Answer:
    return Answer(by=call.caller.id, echo=call.body.text + call.services)


async def show(call: Call[str]) -> dict[str, str]:
    return {**call.path, **call.query}


async def anybody(call: Call[str]) -> dict[str, str]:
    return {"who": call.who.id if call.who else ""}


async def raw(call: Call[str]) -> dict[str, int]:
    return {"bytes": len(call.body)}


async def heard(_call: Call[str]) -> str:
    return "heard"


class Upload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str = ""
    file: bytes = b""


async def upload(call: Call[str]) -> str:
    return f"{call.body.text} {call.body.file.hex()}"


async def page(_call: Call[str]) -> HTMLResponse:
    return HTMLResponse("<p>hello</p>", headers={"cache-control": "max-age=60"})


async def nothing(_call: Call[str]) -> None:
    return None


async def fails(call: Call[str]) -> None:
    wrong: dict[str, Exception] = {
        "bad": BadInput("60123456789 is <b>no</b> account", "write it again", where="field \ud800"),
        "refused": Refused("no-rule", "no rule permits this"),
        "missing": NotFound("no such case"),
        "conflict": Conflict("changed since"),
        "root": LintasError("something known"),
        "crash": RuntimeError("secret 60123456789"),
        "recursion": RecursionError("too deep"),
    }
    raise wrong[call.path["how"]]


INVESTIGATOR = frozenset({"investigator"})
ROUTES = (
    Route("POST", "/reports", echo, Report, Answer, INVESTIGATOR, "Take a report", status=201),
    Route("GET", "/reports/{id}", show, None, dict[str, str], INVESTIGATOR, "Show", query={"view": "how much"}),
    Route("DELETE", "/reports/{id}", nothing, None, None, frozenset({"administrator"}), "Remove"),
    Route("GET", "/tiles/{rest:path}", show, None, dict[str, str], summary="A tile", public=True),
    Route("GET", "/anybody", anybody, None, dict[str, str], summary="Who am I", public=True),
    Route("POST", "/raw", raw, bytes, dict[str, int], INVESTIGATOR, "Raw", limit=100, media=("text/csv",)),
    Route("POST", "/form", echo, Report, Answer, INVESTIGATOR, "Form", media=(bodies.FORM, bodies.JSON)),
    Route("POST", "/upload", upload, Upload, str, INVESTIGATOR, "Upload", media=(bodies.FORM, bodies.FILES)),
    Route("POST", "/enter", heard, Report, str, summary="Public form", public=True, media=(bodies.FORM,)),
    Route("POST", "/leave", heard, None, str, summary="Public, without a body", public=True),
    Route("GET", "/page", page, roles=INVESTIGATOR, summary="A page", documented=False),
    Route("GET", "/letter", page, roles=INVESTIGATOR, summary="A letter", gives="text/html"),
    Route("GET", "/fails/{how}", fails, None, None, summary="Goes wrong", public=True),
)


def authenticate(token: str) -> Caller | None:
    role = token.removeprefix("ls_")
    return Caller(id=f"key-{role}", name=role, role=role) if role in ROLES else None


def problem(call: Call[str], problem: Problem, typed: dict[str, str]) -> Response:
    if problem.status == 409:
        raise RuntimeError("the page cannot be written either")
    name = call.who.name if call.who else "nobody"
    return HTMLResponse(html.escape(f"{problem.detail} {name} {typed}"), problem.status)


@pytest.fixture(scope="session")
def app() -> Starlette:
    return routes_to_app(ROUTES, "!", authenticate, pages=Pages("/sign-in", problem))


@pytest.fixture(scope="session")
def ask(app: Starlette) -> Ask:
    """Call the application; an exception that leaves it fails the test."""

    def call(
        method: str,
        path: str,
        role: str = "",
        headers: dict[str, str] | None = None,
        json: object = None,
        content: bytes | AsyncIterator[bytes] | None = None,
    ) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9", trust_env=False) as client:
                sent = ({"authorization": f"Bearer {role}"} if role else {}) | (headers or {})
                return await client.request(method, path, headers=sent, json=json, content=content)

        return asyncio.run(run())

    return call
