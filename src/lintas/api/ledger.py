"""The ledger as static files for anybody, and what an auditor or administrator asks about it."""

import re

import msgspec
from starlette.responses import Response

from lintas.http.routing import Call, Route
from lintas.ledger.membership import member_policy
from lintas.ledger.tlog_policy import render_policy
from lintas.model.errors import NotFound
from lintas.node.publication import Published
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction

#: C2SP tlog-tiles: a checkpoint, hash tiles, entry bundles; nothing else of the directory is served.
_FILE = re.compile(r"checkpoint|tile/(?:[0-9]{1,2}|entries)(?:/x[0-9]{3})*/[0-9]{3}(?:\.p/[0-9]{1,3})?")


class Reconciliation(msgspec.Struct, frozen=True):
    """Releases with and without their receipt: ``unmatched`` lists (object, peer)."""

    sent: int
    matched: int
    unmatched: list[tuple[str, str]]


async def file(call: Call[Runtime]) -> Response:
    """Serve one published file."""
    name = call.path["file"]
    if _FILE.fullmatch(name) is None:
        raise NotFound(f"the ledger has no file {name[:80]!r}", "see C2SP tlog-tiles for the paths")
    path = call.services.home.path(call.services.home.config.ledger) / name
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise NotFound(f"the ledger has no file {name!r} now", "read the checkpoint first") from None
    if name == "checkpoint":
        return Response(data, media_type="text/plain; charset=utf-8", headers={"cache-control": "max-age=5"})
    return Response(data, media_type="application/octet-stream", headers={"cache-control": "max-age=604800, immutable"})


async def policy(call: Call[Runtime]) -> Response:
    """Serve the trust policy by which this ledger may be verified; a careful verifier gets it from somebody else."""
    return Response(tlog_policy(call.services), media_type="text/plain; charset=utf-8")


def tlog_policy(runtime: Runtime) -> str:
    """Write the C2SP tlog-policy of this node's ledger: its key, and every other member's witness, of which one must sign."""
    node = runtime.node
    peers = node.parts.directory.peers(node.parts.identity.authority)
    return render_policy(member_policy(node.ledger.key, peers, 1 if peers else None))


async def publish(call: Call[Runtime]) -> Published:
    """Sign and publish a checkpoint now, cosigned by the witnesses that answer; a cosigned one stays when none of them does."""
    return await call.services.publish()


async def reconcile(call: Call[Runtime]) -> Reconciliation:
    """Compare what left with the receipts that came back."""
    border = call.services.node.border

    def ask(tx: Transaction) -> Reconciliation:
        matched, unmatched = border.matched(tx), border.unmatched(tx)
        return Reconciliation(matched + len(unmatched), matched, unmatched)

    return await call.services.read(ask)


ROUTES = [
    Route(
        "GET",
        "/ledger/policy",
        policy,
        public=True,
        summary="The trust policy of this ledger (C2SP tlog-policy)",
        gives="text/plain",
    ),
    Route(
        "GET",
        "/ledger/{file:path}",
        file,
        public=True,
        summary="One file of the ledger (C2SP tlog-tiles)",
        gives="application/octet-stream",
    ),
    Route(
        "POST",
        "/api/v1/ledger/checkpoint",
        publish,
        answer=Published,
        roles=frozenset({"administrator", "auditor"}),
        summary="Publish a checkpoint now",
    ),
    Route(
        "GET",
        "/api/v1/ledger/reconciliation",
        reconcile,
        answer=Reconciliation,
        roles=frozenset({"administrator", "auditor"}),
        summary="Compare releases with receipts",
    ),
]
