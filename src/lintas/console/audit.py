"""Who saw what, for the auditor: reads here of what peers sent, reads abroad of what we sent, and whether all of it fits."""

from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from lintas.console.forms import show
from lintas.console.frame import page
from lintas.exchange.reads import LISTED
from lintas.exchange.records import Read, ReadAbroad
from lintas.http.routing import Call
from lintas.node.audit import QUERY, Filters, filters, reads_abroad, reads_check, reads_here
from lintas.node.runtime import Runtime

AUDITORS = frozenset({"auditor"})


class Here(msgspec.Struct, frozen=True):
    """One page of reads of what peers sent, newest first; ``after`` leads to the next page, "" on the last."""

    reads: list[Read]
    asked: Filters
    after: str


class Abroad(msgspec.Struct, frozen=True):
    """One page of reads of what we sent, as the peers report them."""

    reads: list[ReadAbroad]
    asked: Filters
    after: str


def address(asked: Filters, **changed: str) -> str:
    """Return the query of the same page with other filters."""
    kept = {"peer": asked.peer, "object": asked.object, "reader": asked.reader} | changed
    return "?" + urlencode({name: value for name, value in kept.items() if value})


async def here(call: Call[Runtime]) -> Response:
    """Show who read what peers sent."""
    asked = filters(call.query)
    found = await reads_here(call.services, asked)
    return page(call, "reads.html", Here(found, asked, _next(found)), address=address)


async def abroad(call: Call[Runtime]) -> Response:
    """Show who read abroad what we sent."""
    asked = filters(call.query)
    found = await reads_abroad(call.services, asked)
    return page(call, "reads_abroad.html", Abroad(found, asked, _next(found)), address=address)


async def checked(call: Call[Runtime]) -> Response:
    """Show whether the reads are those that the ledger commits to, and how the peers report theirs."""
    return page(call, "reads_check.html", await reads_check(call.services))


def _next(found: list[Read] | list[ReadAbroad]) -> str:
    return str(found[-1].seq) if len(found) == LISTED else ""


AUDIT_PAGES = [
    show("/reads", here, AUDITORS, "Who read what peers sent", QUERY),
    show("/reads/abroad", abroad, AUDITORS, "Who read abroad what we sent", QUERY),
    show("/reads/check", checked, AUDITORS, "Whether reads match the ledger, and peers report theirs"),
]
