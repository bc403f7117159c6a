"""The charter in force: anybody may read it, an administrator hands the node its successor."""

import msgspec
from starlette.responses import Response

from lintas.http.routing import Call, Route
from lintas.node.runtime import Runtime
from lintas.trust.charter import MAX_CHARTER


class InForce(msgspec.Struct, frozen=True):
    """The version now in force."""

    version: int


async def show(call: Call[Runtime]) -> Response:
    """Return the charter as its members endorsed it, byte for byte."""
    document = call.services.node.parts.directory.document
    return Response(document, media_type="text/plain; charset=utf-8")


async def adopt(call: Call[Runtime]) -> InForce:
    """Put a successor in force at once; revoked keys and members that left are refused from here on."""
    return InForce(await call.services.adopt(call.body))


ROUTES = [
    Route("GET", "/api/v1/charter", show, public=True, summary="The charter in force", gives="text/plain"),
    Route(
        "POST",
        "/api/v1/charter",
        adopt,
        bytes,
        InForce,
        frozenset({"administrator"}),
        "Put a successor of the charter in force",
        limit=MAX_CHARTER,
        media=("text/plain", "application/octet-stream"),
    ),
]
