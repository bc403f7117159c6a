"""Typed routes over Starlette: a route says what it takes, gives and who may call it; here it is allowed, decoded, run.

The default is no: a route names the roles that may call it, or says that it is public.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as Address
from starlette.types import ASGIApp

from lintas.access.records import ROLES, Caller
from lintas.http import bodies, problems
from lintas.http.once import AnsweredBefore, Once, again
from lintas.http.once import read as read_once
from lintas.http.problems import Problem
from lintas.model.errors import BadInput, LintasError, NotAllowed, NotSignedIn
from lintas.model.reader import Door, Reader, answering
from lintas.storage.engine import Transaction

#: Longest long poll, seconds.
LONGEST_WAIT = 25.0
#: Rows of a list in one answer.
MOST_LISTED = 200
#: The cookie that carries a browser's token; scripts of other sites cannot use it (see ``_token``).
COOKIE = "lintas_session"
#: How a session's token begins, and no other.
SESSION = "ls_"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: Sent with every answer unless the answer says otherwise: nothing is cached, framed, sniffed, or loaded from elsewhere.
SAFE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_log = logging.getLogger("lintas.api")

ServicesT = TypeVar("ServicesT")
T = TypeVar("T")


def seconds_to_wait(query: Mapping[str, str]) -> float:
    """Return how long a long poll may wait by its ``wait``: 0 where none is asked for, LONGEST_WAIT at most; BadInput."""
    text = query.get("wait", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise BadInput(f"{text[:20]!r} is no number of seconds", f"wait 0 to {LONGEST_WAIT:.0f}", where="query wait")
    return min(float(text), LONGEST_WAIT)


def page_size(query: Mapping[str, str], usual: int) -> int:
    """Return how many rows are wanted by ``limit``: ``usual`` where that is not named, MOST_LISTED at most; BadInput."""
    text = query.get("limit", str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST_LISTED):
        raise BadInput(f"{text[:20]!r} is no number of rows", f"ask for 1 to {MOST_LISTED}", where="query limit")
    return int(text)


def flag(query: Mapping[str, str], name: str) -> bool:
    """Return whether a yes-or-no parameter is ``1``; BadInput for anything but 0 and 1."""
    text = query.get(name, "0")
    if text not in ("0", "1"):
        raise BadInput(f"{text[:20]!r} is neither 0 nor 1", "send 1 for yes", where=f"query {name}")
    return text == "1"


Authenticate = Callable[[str], Caller | None]


class Call(msgspec.Struct, Generic[ServicesT], frozen=True, kw_only=True):
    """One call: who makes it (None only on a public route), what the address and the body say, and the node's services."""

    who: Caller | None
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    services: ServicesT
    request: Request
    #: What tells this call from others, where its route takes that and the caller sent it.
    told_apart: Once | None = None
    status: int = 200

    def once(
        self, use_case: Callable[[Transaction], T], answer: Callable[[T], Response] | None = None
    ) -> Callable[[Transaction], T]:
        """Return a use case that runs once for this form or key; sent again, the call gets the first answer and does nothing.

        ``answer`` makes the answer from the result; without it that is the route's own, as JSON.
        """
        if self.told_apart is None:
            return use_case
        return self.told_apart.use_case(use_case, answer or self.as_json)

    def as_json(self, result: object) -> Response:
        """Answer as the route says, as JSON."""
        return Response(msgspec.json.encode(result), self.status, media_type=bodies.JSON)

    @property
    def caller(self) -> Caller:
        """Return who calls; NotSignedIn for a stranger."""
        if self.who is None:
            raise _not_signed_in()
        return self.who


Handler = Callable[[Call[Any]], Awaitable[object]]


class Pages(msgspec.Struct, frozen=True):
    """What a browser sees beside the pages that it asked for.

    ``sign_in`` is where one without a session is sent; ``problem`` writes the page of a problem, given the call and what
    had been typed into a form that came too late for its session.
    """

    sign_in: str
    problem: Callable[[Call[Any], Problem, dict[str, str]], Response]


class Route(msgspec.Struct, frozen=True):
    """One method of one address.

    ``body`` is a struct (JSON, or a form if ``media`` names it), ``bytes`` (handed on as read) or None; ``answer`` is the
    type that the handler returns, None for nothing (204) or for a handler that makes a Response itself, of the media type
    ``gives`` (or one of several); with both it is JSON unless another form is asked for. ``query`` says what each parameter
    means. ``once``: sent again with the same form or ``Idempotency-Key``, it does nothing more (its handler runs its use
    case by ``Call.once``). ``also`` says which statuses it answers with beside those of every such route, and when. BadInput,
    when the node starts, for one that contradicts itself.
    """

    method: str
    path: str
    handler: Handler
    body: Any = None
    answer: Any = None
    roles: frozenset[str] = frozenset()
    summary: str = ""
    status: int = 200
    public: bool = False
    limit: int = bodies.DEFAULT_LIMIT
    media: tuple[str, ...] = (bodies.JSON,)
    query: dict[str, str] = {}
    gives: str | tuple[str, ...] = ""
    documented: bool = True
    once: bool = False
    also: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Find the mistakes that would open or close a door by accident."""
        for wrong, what in (
            (self.method not in METHODS, f"the method must be one of {', '.join(METHODS)}"),
            (not self.path.startswith("/"), "the path must begin with /"),
            (self.public and bool(self.roles), "it is public and names roles"),
            (not self.public and not self.roles, "it is not public and names no role, so nobody could call it"),
            (not self.roles <= ROLES, f"it names roles that do not exist: {', '.join(sorted(self.roles - ROLES))}"),
            (self.method == "GET" and self.body is not None, "a GET has no body"),
            (not 0 < self.limit <= bodies.MAX_LIMIT, f"the limit must be at most {bodies.MAX_LIMIT} bytes"),
            (self.once and self.method != "POST", "once is for POST"),
            (not self.summary, "it has no summary"),
            (not iscoroutinefunction(self.handler), "its handler is not an async function"),
        ):
            if wrong:
                raise BadInput(what, "correct the route", where=f"route {self.method} {self.path}")


def routes_to_app(
    routes: Sequence[Route],
    services: object,
    authenticate: Authenticate,
    *,
    pages: Pages | None = None,
    mounts: Mapping[str, ASGIApp] | None = None,
) -> Starlette:
    """Build the ASGI application.

    ``authenticate`` turns a token into its holder or None. ``pages`` are for browsers, where there are any. ``mounts`` are
    other ASGI applications by their path. BadInput for the same route twice.
    """
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        methods = by_path.setdefault(route.path, {})
        if route.method in methods:
            raise BadInput("this route is there twice", "keep one", where=f"route {route.method} {route.path}")
        methods[route.method] = route

    def address(path: str, methods: dict[str, Route]) -> BaseRoute:
        async def endpoint(request: Request) -> Response:
            route = methods["GET" if request.method == "HEAD" else request.method]
            return await _guarded(route, request, services, authenticate, pages)

        return Address(path, endpoint, methods=list(methods))

    async def no_route(request: Request, wrong: Exception) -> Response:
        return _safe(await _tell(request, wrong, services, authenticate, pages))

    addresses = [address(path, methods) for path, methods in by_path.items()]
    addresses += [Mount(path, app) for path, app in (mounts or {}).items()]
    app = Starlette(routes=addresses, exception_handlers={HTTPException: no_route})
    # A redirect would repeat the caller's own Host header to it.
    app.router.redirect_slashes = False
    return app


async def _guarded(
    route: Route, request: Request, services: object, authenticate: Authenticate, pages: Pages | None
) -> Response:
    """Answer a call; whatever goes wrong becomes a problem document, or its page, here and nowhere else."""
    try:
        return _safe(await _answer(route, request, services, authenticate))
    except AnsweredBefore as before:
        try:
            return _safe(again(before.answered))
        except LintasError as wrong:
            return _safe(await _tell(request, wrong, services, authenticate, pages))
    except NotSignedIn as wrong:
        if pages is not None and request.method == "GET" and problems.wants_html(request):
            return _safe(RedirectResponse(pages.sign_in, 303))
        return _safe(await _tell(request, wrong, services, authenticate, pages))
    # The server cancels what is still open when its grace is over: a long poll then hears why instead of a broken pipe.
    # Any other error is a fault of ours, which the caller must see as such and the log as its kind.
    except (Exception, asyncio.CancelledError) as wrong:  # noqa: BLE001
        return _safe(await _tell(request, wrong, services, authenticate, pages))


async def _tell(
    request: Request, wrong: BaseException, services: object, authenticate: Authenticate, pages: Pages | None
) -> Response:
    """Say what went wrong: on a page to a browser, in a problem document to everybody else."""
    if pages is None or not problems.wants_html(request):
        return problems.respond(request, wrong)
    problem, headers = problems.describe(wrong)
    typed: dict[str, str] = {}
    try:
        who = authenticate(token) if (token := _session(request)) else None
        late = problem.status == HTTPStatus.UNAUTHORIZED and request.method == "POST"
        if late and request.url.path != pages.sign_in and _same_origin(request):
            typed = await bodies.typed(request)
        query = {name: value for name, value in request.query_params.items() if "\0" not in name + value}
        call: Call[Any] = Call(who=who, path={}, query=query, body=None, services=services, request=request)
        response = pages.problem(call, problem, typed)
    # Whatever hinders the page (the database may be what went wrong) must not hide the problem: the plain page needs nothing.
    except Exception as hindrance:  # noqa: BLE001
        _log.error("the page of a problem failed", extra={"why": type(hindrance).__name__})
        return problems.respond(request, wrong)
    response.headers.update(headers)
    return response


async def _answer(route: Route, request: Request, services: object, authenticate: Authenticate) -> Response:
    who = _allowed(route, request, authenticate)
    raw, media = await _read(route, request)
    told_apart = read_once(request, who.id if who else "", raw, media) if route.once else None
    call = Call(
        who=who,
        path=_without_null("path", ((name, str(value)) for name, value in request.path_params.items())),
        query=_known(route, _without_null("query", request.query_params.multi_items())),
        body=_body(route, request, raw, media),
        services=services,
        request=request,
        told_apart=told_apart,
        status=route.status,
    )
    with answering(_reader(route, who)):
        result = await route.handler(call)
    if isinstance(result, Response):
        return result
    if result is None and route.answer is None:
        return Response(status_code=204)
    return call.as_json(result)


def _reader(route: Route, who: Caller | None) -> Reader:
    """Say who reads the answer, and by which door; nobody knows who holds no more than an order's token."""
    if who is None:
        return Reader(id="token", name="", role="token", door="api" if route.documented else "page")
    door: Door = "bank" if who.role == "bank" else "api" if route.documented else "page"
    return Reader(id=who.id, name=who.name, role=who.role, organisation=who.organisation, door=door)


def _allowed(route: Route, request: Request, authenticate: Authenticate) -> Caller | None:
    """Decide before the body is read, so that a stranger cannot make the node read it."""
    _refuse_foreign_form(route, request)
    token = _token(request)
    who = authenticate(token) if token else None
    if route.public:
        return who
    if who is None:
        raise _not_signed_in()
    if who.role not in route.roles:
        raise NotAllowed(f"the role {who.role} does not cover this", f"it is for: {', '.join(sorted(route.roles))}")
    return who


def _token(request: Request) -> str:
    """Read the bearer token, else the cookie; a cookie acts (not GET, HEAD) only when the page is our own (no CSRF)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        return token.strip() if scheme.lower() == "bearer" else ""
    cookie = _session(request)
    if cookie and request.method not in ("GET", "HEAD") and not _same_origin(request):
        raise _foreign()
    return cookie


def _session(request: Request) -> str:
    """Read a session's token from the cookie; a key is for programs and is nobody's session."""
    cookie = request.cookies.get(COOKIE, "")
    return cookie if cookie.startswith(SESSION) else ""


def _refuse_foreign_form(route: Route, request: Request) -> None:
    """Take a form on a public route only from our own page: another site's could sign its reader in as somebody else.

    A browser sends any site's form unasked, but never with a key in the header. A route that reads no body would take a
    form of whatever type. What is not public needs a key or a cookie, and a cookie our own page (see ``_token``).
    """
    acts = route.public and request.method not in ("GET", "HEAD") and "authorization" not in request.headers
    if acts and (route.body is None or {bodies.FORM, bodies.FILES} & set(route.media)) and not _same_origin(request):
        raise _foreign()


def _foreign() -> NotAllowed:
    return NotAllowed("this came from a page of another site", "use the form on this node's own page")


def _same_origin(request: Request) -> bool:
    """Believe Sec-Fetch-Site, which no page can set; where a browser does not send it, Origin must be this very host."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and (origin.scheme, origin.netloc) == (request.url.scheme, request.headers.get("host"))


async def _read(route: Route, request: Request) -> tuple[bytes, str]:
    if route.body is None:
        return b"", ""
    media = bodies.media_of(request, route.media)
    return await bodies.read(request, route.limit), media


def _body(route: Route, request: Request, body: bytes, media: str) -> Any:  # noqa: ANN401 — the route's own type, known to its handler
    if route.body is None:
        return None
    if route.body is bytes:
        return body
    if media == bodies.FILES:
        return bodies.decode_files(request, body, route.body)
    return bodies.decode_form(body, route.body) if media == bodies.FORM else bodies.decode_json(body, route.body)


def _known(route: Route, query: dict[str, str]) -> dict[str, str]:
    """Return the parameters; BadInput for one that a call of the API does not have: a filter misspelt must not show all.

    Peers of a newer version, and clients of what others have laid down, may send more than is known here.
    """
    strange = next((name for name in query if name not in route.query), None)
    if route.documented and route.method == "GET" and route.path.startswith("/api/") and strange is not None:
        those = f"use one of {', '.join(route.query)}" if route.query else "send none"
        raise BadInput("there is no such parameter", those, where=f"query {strange[:40]}")
    return query


def _without_null(part: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Collect names and values; BadInput for U+0000, which databases refuse, and for a name given twice."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise BadInput("a text holds the character U+0000", "leave it out", where=part)
        if name in values:
            raise BadInput("this parameter is there twice", "send it once", where=f"{part} {name}")
        values[name] = value
    return values


def _not_signed_in() -> NotSignedIn:
    return NotSignedIn("no valid key came with this call", "send it as 'Authorization: Bearer lk_...'")


def _safe(response: Response) -> Response:
    for name, value in SAFE_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
