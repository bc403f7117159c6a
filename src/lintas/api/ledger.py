"""The ledger as static files for anybody, and what an auditor or administrator asks about it."""

import re

from starlette.responses import Response

from lintas.api.reports import READERS
from lintas.http.routing import Call, Route
from lintas.ledger.tlog_policy import render_policy
from lintas.ledger.watch import Findings
from lintas.model.errors import NotFound
from lintas.node.proofs import Proven, proven
from lintas.node.publication import Published
from lintas.node.reconciliation import Reconciliation, reconciliation, trust_policy
from lintas.node.runtime import Runtime

#: C2SP tlog-tiles: a checkpoint, hash tiles, entry bundles; nothing else of the directory is served.
_FILE = re.compile(r"checkpoint|tile/(?:[0-9]{1,2}|entries)(?:/x[0-9]{3})*/[0-9]{3}(?:\.p/[0-9]{1,3})?")


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
    return Response(render_policy(trust_policy(call.services)), media_type="text/plain; charset=utf-8")


async def publish(call: Call[Runtime]) -> Published:
    """Sign and publish a checkpoint now, cosigned by the witnesses that answer; a cosigned one stays when none of them does."""
    return await call.services.publish()


async def reconcile(call: Call[Runtime]) -> Reconciliation:
    """Compare what left with the receipts that came back, and finished days with the peers' digests of them."""
    return await reconciliation(call.services)


async def proof(call: Call[Runtime]) -> Proven:
    """Say what became of one exchanged object, with the ledger entry about it and its proof."""
    return await proven(call.services, call.path["object"], call.query.get("peer", ""))


async def findings(call: Call[Runtime]) -> Findings:
    """Say how every member's ledger stands: split views with their proof, what is unproven, what could not be reached."""
    return await call.services.read(call.services.node.watch.findings)


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
        summary="Compare releases with receipts, and finished days with the peers",
    ),
    Route(
        "GET",
        "/api/v1/ledger/findings",
        findings,
        answer=Findings,
        roles=frozenset({"administrator", "auditor"}),
        summary="Split views with their proof, and how every member's ledger stands",
    ),
    Route(
        "GET",
        "/api/v1/ledger/proofs/{object}",
        proof,
        answer=Proven,
        roles=READERS,
        summary="The ledger entry about one exchanged object, and its proof",
        query={"peer": "the authority, where several gave objects the same id"},
    ),
]
