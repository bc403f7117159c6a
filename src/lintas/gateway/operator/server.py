"""The operator's process: gateways ask about a caller id over mutual TLS, and its own people see alarms and counts.

``POST /telco/v1/cli-check`` takes a ``CliQuestion`` and gives a ``CliAnswer``, always of one size and not sooner than a fixed
time, with the operator's signature over question and answer in the header ``lintas-signature`` (base64 of Ed25519).
``POST /telco/v1/call-records`` takes how many calls a gateway had on record in an hour.
At the desk: ``GET /telco/v1/alarms``, ``POST /telco/v1/alarms/{gateway}/lift``, ``GET /telco/v1/counts``, and
``POST /telco/v1/feeds/{name}`` for CAMARA's events. API clients have a door of their own (``gateway/camara/home.py``).
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import msgspec

from lintas.gateway.camara.home import face
from lintas.gateway.operator.feeding import feeding
from lintas.gateway.operator.listening import silences
from lintas.gateway.operator.operator import DoorSettings, Operator, read_settings
from lintas.http.listeners import Listener, Listeners, TlsFiles, serve
from lintas.model.errors import LintasError
from lintas.telco.home.checks import CallRecords, sealed
from lintas.telco.home.feeds import camara
from lintas.telco.home.records import BadEvent, Gateway
from lintas.telco.records import CliQuestion
from lintas.trust.certificates import fingerprint_of_der

log = logging.getLogger("lintas.telco")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MAX_QUESTION = 2048
SIGNATURE = b"lintas-signature"
#: For which peer a node asks.
ON_BEHALF = b"lintas-for"
_question = msgspec.json.Decoder(CliQuestion).decode
_records = msgspec.json.Decoder(CallRecords).decode
_fingerprint = lru_cache(maxsize=4096)(fingerprint_of_der)


class GatewayDoor:
    """The door at which gateways ask; ``plain``: an exercise, where a header names the gateway, without certificate."""

    def __init__(self, operator: Operator, *, plain: bool = False) -> None:
        self._operator, self._plain = operator, plain
        self._least_s = operator.settings.answer_ms / 1000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        started = time.monotonic()
        gateway = self._known(scope)
        if gateway is None:
            return await _answer(send, 403, b'{"status":403,"detail":"no gateway known here"}')
        gateway = self._operator.asking(gateway, dict(scope["headers"]).get(ON_BEHALF, b"").decode("latin-1"))
        body = await _body(receive, MAX_QUESTION)
        way = (scope["method"], scope["path"])
        try:
            if way == ("POST", "/telco/v1/cli-check"):
                return await self._check(gateway, body, started, send)
            if way == ("POST", "/telco/v1/call-records"):
                fits = self._operator.checks.reconcile(gateway.name, _records(body))
                return await _answer(send, 200, msgspec.json.encode({"taken": True, "fits": fits}))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return await _answer(
                send, 422, b'{"status":422,"detail":"this is not the question of docs/telco-state.md"}'
            )
        except LintasError as wrong:
            said = {"status": wrong.status, "detail": wrong.what}
            return await _answer(send, wrong.status, msgspec.json.encode(said))
        return await _answer(send, 404, b'{"status":404,"detail":"there is no such address"}')

    async def _check(self, gateway: Gateway, body: bytes, started: float, send: Send) -> None:
        answer = self._operator.checks.answer(gateway, _question(body))
        said, signature = sealed(body, answer, self._operator.signer)
        # What an answer costs to find, microseconds, is not to be seen from outside.
        await asyncio.sleep(max(0.0, started + self._least_s - time.monotonic()))
        await _answer(send, 200, said, [(SIGNATURE, base64.b64encode(signature))])

    def _known(self, scope: Scope) -> Gateway | None:
        if self._plain:
            name = dict(scope["headers"]).get(b"lintas-gateway", b"").decode("latin-1")
            return self._operator.by_name.get(name)
        der: bytes | None = scope.get("state", {}).get("peer_certificate")
        return None if der is None else self._operator.by_certificate.get(_fingerprint(der))


class DeskDoor:
    """The door of the operator's own people and feeds, each with a token; nothing here shows a number or its state."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._desk = operator.token(operator.settings.desk_token_file)
        feeds = [feed for feed in operator.settings.feeds if feed.kind == "camara"]
        self._feeds = {feed.name: operator.token(feed.token_file) for feed in feeds}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        method, path = scope["method"], scope["path"]
        feed = path.removeprefix("/telco/v1/feeds/") if method == "POST" else ""
        if feed in self._feeds and _holds(scope, self._feeds[feed]):
            return await self._event(feed, await _body(receive, camara.MAX_EVENT), send)
        lifted = path.removeprefix("/telco/v1/alarms/").removesuffix("/lift") if path.endswith("/lift") else ""
        if method == "POST" and self._asks(lifted.partition("/")[0]) and _holds(scope, self._desk):
            done = self._operator.checks.alarms.lift(lifted)
            return await _answer(send, 200, msgspec.json.encode({"lifted": done}))
        shown = {"/telco/v1/alarms": self._alarms, "/telco/v1/counts": self._counts}.get(path)
        if shown is None or method != "GET" or not _holds(scope, self._desk):
            known = shown is not None or feed in self._feeds
            return await _answer(send, 401 if known else 404, b'{"detail":"no such address, or no valid token"}')
        return await _answer(send, 200, msgspec.json.encode(shown()))

    async def _event(self, feed: str, body: bytes, send: Send) -> None:
        keeper = self._operator.keeper
        try:
            changes = camara.read(body)
        except BadEvent as wrong:
            keeper.counts[feed, wrong.kind] += 1
            return await _answer(send, 422, msgspec.json.encode({"status": 422, "detail": wrong.what}))
        await keeper.take(feed, changes)
        return await _answer(send, 204, b"")

    def _asks(self, name: str) -> bool:
        """Tell whether it is a gateway, or an API client that rang an alarm."""
        return name in self._operator.by_name or any(
            each.gateway == name for each in self._operator.checks.alarms.listed()
        )

    def _alarms(self) -> object:
        return {"alarms": self._operator.checks.alarms.listed(), "owing": self._operator.checks.owing()}

    def _counts(self) -> object:
        answers = {" ".join(key): count for key, count in sorted(self._operator.checks.counts.items())}
        keeper = self._operator.keeper
        feeds = keeper.counted()
        for name, each in silences(self._operator).items():
            feeds[name] = msgspec.structs.asdict(each) | feeds.get(name, {})
        return {
            "table": keeper.table.counts(),
            "feeds": feeds,
            "answers": answers,
            "not_admitted": self._operator.turned_away.counts,
        }


def _holds(scope: Scope, expected: bytes) -> bool:
    said = dict(scope["headers"]).get(b"authorization", b"")
    return said.startswith(b"Bearer ") and hmac.compare_digest(hashlib.sha256(said[7:].strip()).digest(), expected)


async def _body(receive: Receive, limit: int) -> bytes:
    """Read a body to its end; one longer than ``limit`` is cut, and then is no valid one."""
    body, more = b"", True
    while more:
        part = await receive()
        more = part.get("more_body", False) and len(body) <= limit
        body += part.get("body", b"")
    return body[: limit + 1] if len(body) <= limit else b""


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    length = (b"content-length", str(len(body)).encode())
    kind = (b"content-type", b"application/json")
    start = {"type": "http.response.start", "status": status, "headers": [kind, length, *(headers or [])]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def doors(operator: Operator) -> list[Listener]:
    """Return the doors that the settings name."""
    settings, root = operator.settings, operator.root
    found: list[Listener] = []
    if settings.door is not None:
        app = GatewayDoor(operator)
        known = operator.certificates()
        gateways = _listener("gateways", settings.door, root, app, known)
        found.append(msgspec.structs.replace(gateways, turned_away=operator.turned_away))
    if settings.plain is not None:
        found.append(_listener("plain", settings.plain, root, GatewayDoor(operator, plain=True)))
    if settings.desk is not None:
        found.append(_listener("desk", settings.desk, root, DeskDoor(operator)))
    if settings.camara is not None:
        found.append(_listener("camara", settings.camara, root, face(operator)))
    return found


def _listener(name: str, door: DoorSettings, root: Path, app: object, known: bytes | None = None) -> Listener:
    tls = TlsFiles(certificate=root / door.certificate, key=root / door.key) if door.certificate else None
    return Listener(name=name, host=door.host, port=door.port, app=app, tls=tls, client_certificates=known)


def _say(say: Callable[[str], object], opened: Listeners) -> None:
    for name, url in opened.urls.items():
        say(f"ready {name} {url}")


async def run(path: Path, say: Callable[[str], object]) -> None:
    """Run the operator's process until SIGTERM or SIGINT; says ``ready`` and each address once its doors are open."""
    operator = Operator(read_settings(path), path.parent)
    say(f"key {operator.settings.operator} {base64.b64encode(operator.signer.public.key).decode()}")
    try:
        async with feeding(operator):
            await serve(doors(operator), partial(_say, say))
    finally:
        with contextlib.suppress(OSError):
            operator.keeper.close()
