"""What an operator's gateways ask of the lists: where one stands, its base file, what changed since, and what they enforce."""

from typing import Annotated

import msgspec
from starlette.responses import FileResponse, Response

from lintas.http.routing import Call, Route, seconds_to_wait
from lintas.model.errors import BadInput
from lintas.node.list_bases import Standing
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.telco.book.records import Enforced
from lintas.trust import note

TELCO = frozenset({"telco"})


class Deltas(msgspec.Struct, frozen=True, kw_only=True):
    """What follows a version: signed deltas in order (base64 in JSON); ``resync``: they are not kept, fetch a base file."""

    version: int
    deltas: list[bytes] = []
    resync: bool = False

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.deltas) or self.resync


class Enforces(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version a gateway has in force since when, and its name at its operator."""

    gateway: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9.-]{0,39}\Z")]
    version: Annotated[int, msgspec.Meta(ge=0)]
    at: Annotated[str, msgspec.Meta(max_length=40)]


async def standing(call: Call[Runtime]) -> Standing:
    """Say where a list stands and what to begin with."""
    runtime, which = call.services, call.path["list"]
    lists, signer = runtime.node.lists, runtime.node.lists.publishing.signer()
    base = await runtime.list_bases.current(which, signer)
    version, head = await runtime.read(lambda tx: lists.publishing.head(tx, which))
    return Standing(
        name=lists.publishing.name_of(which),
        version=version,
        head=head,
        base_version=base.version,
        base_bytes=base.path.stat().st_size,
        manifest=base.manifest.decode(),
        keys=(str(note.ed25519_key(signer.name, signer)),),
        redress_key=lists.redress_key.hex(),
    )


async def base(call: Call[Runtime]) -> Response:
    """Send the base file of a version."""
    path = call.services.list_bases.file(call.path["list"], _number(call.path["version"], "version"))
    return FileResponse(path, media_type="application/octet-stream")


async def deltas(call: Call[Runtime]) -> Deltas:
    """Return what follows the version ``after``; with ``wait`` seconds, wait that long for the first of it."""
    which, after = call.path["list"], _number(call.query.get("after", "0"), "query after")
    publishing = call.services.node.lists.publishing

    def ask(tx: Transaction) -> Deltas:
        version, _ = publishing.head(tx, which)
        found = publishing.after(tx, which, after)
        return Deltas(version=version, deltas=found, resync=after > version or (not found and after < version))

    return await call.services.until(ask, seconds_to_wait(call.query))


async def enforced(call: Call[Runtime]) -> None:
    """Take a gateway's word of which version it has in force."""
    body: Enforces = call.body
    which, operator = call.path["list"], call.caller.organisation
    said = Enforced(body.gateway, body.version, body.at)
    publishing = call.services.node.lists.publishing
    await call.services.write(lambda tx: publishing.enforced(tx, which, operator, said))


async def names(call: Call[Runtime]) -> Response:
    """Send the names in force, a JSON object a line; 304 to who has them already (RFC 9110, section 13.1.2)."""
    known = call.request.headers.get("if-none-match", "").strip('"')
    state, found = await call.services.read(lambda tx: call.services.node.book.names(tx, known))
    headers = {"etag": f'"{state}"'}
    if state == known:
        return Response(status_code=304, headers=headers)
    lines = await call.services.apart(msgspec.json.Encoder().encode_lines, found)
    return Response(lines, headers=headers, media_type="application/jsonl")


def _number(text: str, where: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise BadInput(f"{text[:20]!r} is no version", "give its number", where=where)
    return int(text)


ROUTES = [
    Route(
        "GET",
        "/api/v1/telco/lists/{list}",
        standing,
        answer=Standing,
        roles=TELCO,
        summary="Where a list stands, and what a gateway begins with",
    ),
    Route(
        "GET",
        "/api/v1/telco/lists/{list}/base/{version}",
        base,
        roles=TELCO,
        summary="The base file of a list",
        gives=("application/octet-stream",),
    ),
    Route(
        "GET",
        "/api/v1/telco/lists/{list}/deltas",
        deltas,
        answer=Deltas,
        roles=TELCO,
        summary="What follows a version of a list",
        query={"after": "the version that is held", "wait": "seconds to wait for the first delta, at most 25"},
    ),
    Route(
        "GET",
        "/api/v1/telco/names",
        names,
        roles=TELCO,
        summary="The names in force: URLs, domains and sender IDs, an entry a line",
        gives=("application/jsonl",),
        also={"304": "nothing changed since the ETag in `If-None-Match`"},
    ),
    Route(
        "POST",
        "/api/v1/telco/lists/{list}/enforced",
        enforced,
        Enforces,
        None,
        TELCO,
        "Say which version a gateway has in force",
        204,
    ),
]
