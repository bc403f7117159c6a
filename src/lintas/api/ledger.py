"""The ledger as static files for anybody, and what an auditor or administrator asks about it."""

import re
from datetime import datetime, timedelta

import msgspec
from starlette.responses import Response

from lintas.border.records import Unwelcome, Waiting
from lintas.exchange.days import DifferingDay
from lintas.http.routing import Call, Route
from lintas.ledger.membership import member_policy
from lintas.ledger.tlog_policy import render_policy
from lintas.ledger.watch import Findings
from lintas.model import times
from lintas.model.errors import NotFound
from lintas.node.publication import Published
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction

#: C2SP tlog-tiles: a checkpoint, hash tiles, entry bundles; nothing else of the directory is served.
_FILE = re.compile(r"checkpoint|tile/(?:[0-9]{1,2}|entries)(?:/x[0-9]{3})*/[0-9]{3}(?:\.p/[0-9]{1,3})?")


class Unmatched(msgspec.Struct, frozen=True):
    """One object that left and has no receipt: how long it waits, and whether that is longer than healing should take."""

    object: str
    peer: str
    lane: str
    since: str
    waits_seconds: int
    overdue: bool


class Reconciliation(msgspec.Struct, frozen=True):
    """Releases with and without their receipt, those that a receipt refuses, and the days that a peer counts otherwise.

    ``sent`` = ``matched`` + ``waiting``; ``unmatched`` lists the oldest that wait, ``refused`` the newest, 1,000 each.
    """

    sent: int
    matched: int
    waiting: int
    unmatched: list[Unmatched]
    refused: list[Unwelcome]
    days: list[DifferingDay]


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
    """Write the C2SP tlog-policy of this node's ledger: its key, and every other member's witness, of which two must sign."""
    node = runtime.node
    return render_policy(member_policy(node.ledger.key, node.parts.directory.peers(node.parts.identity.authority)))


async def publish(call: Call[Runtime]) -> Published:
    """Sign and publish a checkpoint now, cosigned by the witnesses that answer; a cosigned one stays when none of them does."""
    return await call.services.publish()


async def reconcile(call: Call[Runtime]) -> Reconciliation:
    """Compare what left with the receipts that came back, and finished days with the peers' digests of them."""
    node, healing = call.services.node, timedelta(hours=call.services.home.config.healing_hours)

    def ask(tx: Transaction) -> Reconciliation:
        now = node.parts.clock.now()
        matched, waiting = node.border.matched(tx), node.border.count_unmatched(tx)
        return Reconciliation(
            sent=matched + waiting,
            matched=matched,
            waiting=waiting,
            unmatched=[_unmatched(each, now, healing) for each in node.border.unmatched(tx)],
            refused=node.border.unwelcome(tx),
            days=node.days.differing(tx),
        )

    return await call.services.read(ask)


def _unmatched(each: Waiting, now: datetime, healing: timedelta) -> Unmatched:
    # What left before its time was noted has waited longer than anything else.
    waits = now - times.parse(each.since) if each.since else healing + timedelta(seconds=1)
    seconds = max(0, int(waits.total_seconds()))
    return Unmatched(each.object, each.peer, each.lane, each.since, seconds, waits > healing)


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
]
