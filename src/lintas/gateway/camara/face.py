"""The face as an ASGI application: who asks is known, held to scope and rate, answered, counted; errors in CAMARA's shape."""

import uuid
from datetime import timedelta
from typing import Annotated

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lintas.gateway.camara.assertions import Assertions
from lintas.gateway.camara.clients import Register
from lintas.gateway.camara.counters import Counters
from lintas.gateway.camara.limits import Rates, Tries
from lintas.gateway.camara.oauth import TokenEndpoint
from lintas.gateway.camara.operations import Api, Operation, Operations
from lintas.gateway.camara.sources import Sources
from lintas.gateway.camara.tokens import Token, Tokens
from lintas.http import bodies, problems
from lintas.interop.camara.faults import Fault
from lintas.interop.camara.requests import CORRELATOR
from lintas.interop.camara.scopes import NEEDED
from lintas.model.errors import BadInput, LintasError
from lintas.model.times import Clock, SystemClock

#: Under which paths the face answers; whoever mounts it mounts it under each.
PREFIXES = ("/device-roaming-status/v1", "/sim-swap/v2", "/number-recycling/v0.2", "/oauth2")
TOKEN_PATH = "/oauth2/token"  # noqa: S105 — an address and no token
#: The least minutes to which the time of a status is rounded down.
FLOOR_MINUTES = 15
#: Bytes of a request; the definitions need a few hundred.
_LIMIT = 16 << 10
_SAFE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How an operator runs its face.

    ``apis`` are those offered. ``token_url`` is the token endpoint's public address, which a client's signed assertion must
    name; "" admits no assertion. A token lasts ``token_seconds``. The time of a status is rounded down to
    ``status_minutes``. SIM changes are told ``monitored_days`` back (0: all the way; the definition's default question goes
    back ten days).
    """

    apis: frozenset[Api] = frozenset({"device-roaming-status", "sim-swap", "number-recycling"})
    token_url: str = ""
    token_seconds: Annotated[int, msgspec.Meta(ge=30, le=3600)] = 300
    status_minutes: Annotated[int, msgspec.Meta(ge=FLOOR_MINUTES, le=1440)] = FLOOR_MINUTES
    monitored_days: int = 0

    def __post_init__(self) -> None:
        """Refuse a time that would be told too exactly, whoever builds the settings."""
        if self.status_minutes < FLOOR_MINUTES:
            raise BadInput(f"a status is told to {FLOOR_MINUTES} minutes at most", "set status_minutes higher")
        if self.monitored_days != 0 and not 10 <= self.monitored_days <= 36_500:
            raise BadInput(
                "monitored_days is 0, or 10 and more", "the definition asks for ten days where a client says nothing"
            )


class Face:
    """An ASGI application over an operator's sources and its register of clients."""

    def __init__(self, sources: Sources, register: Register, settings: Settings, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        self.tokens = Tokens(register.find, clock, timedelta(seconds=settings.token_seconds))
        self.counters = Counters()
        self._rates = Rates()
        assertions = Assertions(settings.token_url, clock)
        self._endpoint = TokenEndpoint(register.find, self.tokens, assertions, settings.token_seconds, Tries())
        step = timedelta(minutes=settings.status_minutes)
        self._operations = Operations(sources, clock, step, settings.monitored_days).by_path(settings.apis)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = await (self._endpoint.answer if request.url.path == TOKEN_PATH else self._answer)(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self._operations.get(request.url.path)
        named = request.headers.get("x-correlator")
        valid = named is None or CORRELATOR.fullmatch(named) is not None
        headers = _SAFE | {"x-correlator": named if named is not None and valid else str(uuid.uuid4())}
        token, outcome = None, "ok"
        try:
            if operation is None:
                raise Fault("NOT_FOUND")
            if request.method != "POST":
                raise Fault("METHOD_NOT_ALLOWED")
            token = self._known(request)
            self._allowed(token, operation)
            if not valid:
                raise Fault("INVALID_ARGUMENT", "The header x-correlator holds characters that it may not.")
            answer = operation.answer(token, await _body(request))
            return Response(msgspec.json.encode(answer), 200, headers, "application/json")
        # Whatever goes wrong becomes an error in CAMARA's shape, here and nowhere else.
        except Exception as wrong:  # noqa: BLE001
            fault = _fault(wrong)
            outcome = fault.code
            return Response(fault.body, fault.status, headers | _told(fault, request), "application/json")
        finally:
            if token is not None and operation is not None:
                self.counters.note(token.client.id, token.purpose, operation.name, outcome)

    def _known(self, request: Request) -> Token:
        """Return what the bearer token stands for (RFC 6750 section 2.1: in the header, once)."""
        given = request.headers.getlist("authorization")
        scheme, _, text = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        token = self.tokens.find(text.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            raise Fault("UNAUTHENTICATED")
        return token

    def _allowed(self, token: Token, operation: Operation) -> None:
        """Hold a client to its rate, and then to its scope: what is refused counts too."""
        wait = self._rates.take(token.client.id, token.client.per_minute)
        if wait:
            raise _Wait(wait)
        if not token.scopes & NEEDED[operation.name]:
            raise Fault("PERMISSION_DENIED")


class _Wait(Fault):
    """A client is above its rate; ``seconds`` until the next request is taken."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__("TOO_MANY_REQUESTS")


async def _body(request: Request) -> bytes:
    body = await bodies.read(request, _LIMIT)
    if body:
        bodies.media_of(request, (bodies.JSON,))
    return body


def _fault(wrong: Exception) -> Fault:
    """Return an error as CAMARA's; one of ours that nobody expected is logged by a number and said by it."""
    if isinstance(wrong, Fault):
        return wrong
    if isinstance(wrong, HTTPException):
        return Fault("UNSUPPORTED_MEDIA_TYPE" if wrong.status_code == 415 else "INVALID_ARGUMENT")
    if isinstance(wrong, LintasError) and wrong.status in _BY_STATUS:
        return Fault(_BY_STATUS[wrong.status])
    return Fault(
        "INTERNAL", f"This is a fault of the service, not of the request: {problems.problem_of(wrong).instance}."
    )


_BY_STATUS = {400: "INVALID_ARGUMENT", 413: "PAYLOAD_TOO_LARGE", 503: "UNAVAILABLE"}


def _told(fault: Fault, request: Request) -> dict[str, str]:
    """Return the headers that go with an error (RFC 6750 section 3; RFC 9110 sections 10.2.3 and 15.5.6)."""
    if fault.status == 401:
        return {"www-authenticate": 'Bearer error="invalid_token"' if "authorization" in request.headers else "Bearer"}
    if fault.status == 403:
        return {"www-authenticate": 'Bearer error="insufficient_scope"'}
    if fault.status == 405:
        return {"allow": "POST"}
    if isinstance(fault, _Wait):
        return {"retry-after": f"{fault.seconds + 1:.0f}"}
    return {"retry-after": "60"} if fault.status in (429, 503) else {}
