"""The witness process over HTTP: one URL prefix per identity, add-checkpoint as C2SP tlog-witness says, and health."""

import asyncio
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lintas.http import bodies, problems
from lintas.ledger.witness import MAX_BODY, Witness
from lintas.model.errors import LintasError, NotFound
from lintas.storage.engine import unavailable


def witness_app(witnesses: Mapping[str, Witness]) -> Starlette:
    """Return the application for witnesses by URL prefix (``/xb/witness``: slash in front, none behind).

    ``POST <prefix>/add-checkpoint`` answers as the witness says; ``GET <prefix>/vkey`` its verifier key; ``GET /healthz`` ok.
    A failing database answers 503 and cosigns nothing.
    """

    async def add_checkpoint(request: Request) -> Response:
        witness = _of(witnesses, request, "/add-checkpoint")
        body = await bodies.read(request, MAX_BODY)
        try:
            answer = await asyncio.to_thread(witness.add_checkpoint, body)
        except DBAPIError as wrong:
            raise unavailable(wrong) from wrong
        # No charset is added to what the protocol names exactly.
        return Response(answer.body, answer.status, {"content-type": answer.content_type})

    async def vkey(request: Request) -> Response:
        return PlainTextResponse(f"{_of(witnesses, request, '/vkey').key}\n")

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    routes = [
        Route("/healthz", health),
        Route("/{prefix:path}/add-checkpoint", add_checkpoint, methods=["POST"]),
        Route("/{prefix:path}/vkey", vkey),
    ]
    return Starlette(routes=routes, exception_handlers=dict.fromkeys((LintasError, HTTPException), _problem))


def _of(witnesses: Mapping[str, Witness], request: Request, tail: str) -> Witness:
    prefix = request.url.path.removesuffix(tail)
    if prefix not in witnesses:
        raise NotFound(f"no witness at {prefix}", "check the address with its operator")
    return witnesses[prefix]


async def _problem(request: Request, wrong: Exception) -> Response:
    return problems.respond(request, wrong)
