"""Who saw what: reads here of what peers sent, reads abroad of what we sent, and whether the ledger and the reports fit."""

from lintas.exchange.records import Read, ReadAbroad
from lintas.http.routing import Call, Route
from lintas.node.audit import QUERY, ReadsCheck, filters, reads_abroad, reads_check, reads_here
from lintas.node.runtime import Runtime

AUDITORS = frozenset({"auditor"})


async def list_reads(call: Call[Runtime]) -> list[Read]:
    """Return who read what peers sent, newest first, fifty at a time."""
    return await reads_here(call.services, filters(call.query))


async def list_abroad(call: Call[Runtime]) -> list[ReadAbroad]:
    """Return what peers report of reads of what we sent, newest first, fifty at a time."""
    return await reads_abroad(call.services, filters(call.query))


async def check(call: Call[Runtime]) -> ReadsCheck:
    """Hold reads against the ledger and reports against answers."""
    return await reads_check(call.services)


ROUTES = [
    Route(
        "GET",
        "/api/v1/reads",
        list_reads,
        answer=list[Read],
        roles=AUDITORS,
        summary="Who read what peers sent, newest first",
        query=QUERY,
    ),
    Route(
        "GET",
        "/api/v1/reads/abroad",
        list_abroad,
        answer=list[ReadAbroad],
        roles=AUDITORS,
        summary="Who read abroad what this authority sent, as the peers report it",
        query=QUERY,
    ),
    Route(
        "GET",
        "/api/v1/reads/check",
        check,
        answer=ReadsCheck,
        roles=AUDITORS,
        summary="Whether reads match the ledger, and peers report theirs",
    ),
]
