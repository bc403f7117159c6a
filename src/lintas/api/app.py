"""Puts a node's public face together: the API, its OpenAPI document, the ledger's files, health, and the pages."""

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.types import ASGIApp

from lintas import __version__
from lintas.access.records import Caller
from lintas.api import (
    appeals,
    approvals,
    bank,
    calls_abroad,
    charter,
    clocks,
    exchange,
    holds,
    ledger,
    list_gateways,
    lists,
    officers,
    peers,
    rail,
    reads,
    recycled,
    redress,
    reports,
    returns,
    senders,
    sessions,
    simulator,
    telco_figures,
    trail,
    undoing,
)
from lintas.http import openapi
from lintas.http.routing import Call, Pages, Route, routes_to_app
from lintas.node.runtime import Runtime
from lintas.storage.engine import reading


class Health(msgspec.Struct, frozen=True):
    """That the node answers, who it is, and since when (seconds)."""

    status: str
    authority: str
    exercise: bool
    version: str
    up_seconds: float


async def health(call: Call[Runtime]) -> Health:
    """Answer that the node is alive and its database readable, and takes what is written if the last batch was refused."""
    node, writer = call.services.node, call.services.writer
    if writer.trouble is not None:
        # This is written too: Unavailable while the trouble lasts, and an end of it is seen at once.
        await call.services.write(lambda _tx: None)
    await call.services.read(node.ledger.size)
    identity = node.parts.identity
    up = round(time.monotonic() - call.services.started, 1)
    return Health("ok", identity.authority, identity.exercise, __version__, up)


def api_routes() -> list[Route]:
    """Return every route of the API."""
    routes = [
        Route("GET", "/healthz", health, answer=Health, public=True, summary="Whether the node is alive"),
        *reports.ROUTES,
        *trail.ROUTES,
        *holds.ROUTES,
        *clocks.ROUTES,
        *undoing.ROUTES,
        *returns.ROUTES,
        *rail.ROUTES,
        *calls_abroad.ROUTES,
        *appeals.ROUTES,
        *approvals.ROUTES,
        *bank.ROUTES,
        *ledger.ROUTES,
        *lists.ROUTES,
        *list_gateways.ROUTES,
        *senders.ROUTES,
        *exchange.ROUTES,
        *charter.ROUTES,
        *peers.ROUTES,
        *reads.ROUTES,
        *officers.ROUTES,
        *sessions.ROUTES,
        *redress.ROUTES,
        *recycled.ROUTES,
        *telco_figures.ROUTES,
        *simulator.ROUTES,
    ]
    return [*routes, openapi.route("/api/v1/openapi.json", routes, title="lintas", version="1")]


def public_app(
    runtime: Runtime,
    routes: Sequence[Route] = (),
    pages: Pages | None = None,
    mounts: Mapping[str, ASGIApp] | None = None,
) -> Starlette:
    """Build the application of the public door; ``routes`` and ``pages`` are the console's, ``mounts`` faces by their path."""
    return routes_to_app([*api_routes(), *routes], runtime, authenticator(runtime), pages=pages, mounts=mounts)


def authenticator(runtime: Runtime) -> Callable[[str], Caller | None]:
    """Return the function that turns a key or a session's token into its holder, and notes that a session is in use."""
    access = runtime.node.access

    def authenticate(token: str) -> Caller | None:
        with reading(runtime.node.parts.engine) as tx:
            known = access.known(tx, token)
        if known is None:
            return None
        if known.unseen:
            runtime.writer.submit(lambda tx: access.sessions.seen(tx, known.unseen))
        return known.caller

    return authenticate
