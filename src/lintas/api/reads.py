"""Who saw what: reads here of what peers sent, reads abroad of what we sent, and whether the ledger and the reports fit."""

from lintas.exchange.records import Read, ReadAbroad
from lintas.http.routing import Call, Route
from lintas.model.errors import BadInput
from lintas.node.audit import Filters, ReadsCheck, reads_abroad, reads_check, reads_here
from lintas.node.runtime import Runtime

AUDITORS = frozenset({"auditor"})
_LONGEST = 120
_FILTERS = {
    "peer": "only what this authority sent, or reports",
    "object": "only reads of this object",
    "reader": "only this reader: an id of this node, or what a peer is told in its place",
    "after": "the number (`seq`) of the last read of the page before",
}


def filters(call: Call[Runtime]) -> Filters:
    """Read which reads are asked for; BadInput when a filter cannot be one."""
    texts = {name: call.query.get(name, "") for name in ("peer", "object", "reader")}
    for name, text in texts.items():
        if len(text) > _LONGEST:
            raise BadInput(f"no {name} is {len(text)} characters long", "take it from the list", where=f"query {name}")
    after = call.query.get("after", "")
    if after and not (after.isascii() and after.isdigit() and len(after) <= 15):
        raise BadInput(f"{after[:20]!r} is no number of a read", "take the last `seq` of the page", where="query after")
    return Filters(**texts, before=int(after) if after else None)


async def list_reads(call: Call[Runtime]) -> list[Read]:
    """Return who read what peers sent, newest first, fifty at a time."""
    return await reads_here(call.services, filters(call))


async def list_abroad(call: Call[Runtime]) -> list[ReadAbroad]:
    """Return what peers report of reads of what we sent, newest first, fifty at a time."""
    return await reads_abroad(call.services, filters(call))


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
        query=_FILTERS,
    ),
    Route(
        "GET",
        "/api/v1/reads/abroad",
        list_abroad,
        answer=list[ReadAbroad],
        roles=AUDITORS,
        summary="Who read abroad what this authority sent, as the peers report it",
        query=_FILTERS,
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
