"""Numbers that changed their holder: operators report their own in bulk, an approver decides beyond their share."""

from typing import Annotated

import msgspec

from lintas.api.lists import AFTER, APPROVERS, SEERS
from lintas.http.routing import Call, Route
from lintas.node.runtime import Runtime
from lintas.telco.book.records import Recycled

TELCO = frozenset({"telco"})
#: Numbers in one report.
MOST_NUMBERS = 10_000


class Numbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers (E.164) of the operator's own that have a new holder."""

    numbers: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=40)], ...], msgspec.Meta(min_length=1, max_length=MOST_NUMBERS)
    ]


async def report(call: Call[Runtime]) -> Recycled:
    """End what is listed of an operator's own numbers."""
    body: Numbers = call.body
    of, operator = call.services.node.lists.recycling, call.caller.organisation
    return await call.services.write(call.once(lambda tx: of.report(tx, operator, body.numbers).for_operator()))


async def reports(call: Call[Runtime]) -> list[Recycled]:
    """Return reports, newest first; an operator its own."""
    of, before = call.services.node.lists.recycling, call.query.get("after", "~")
    if call.caller.role != "telco":
        return await call.services.read(lambda tx: of.listed(tx, "", before))
    operator = call.caller.organisation
    return await call.services.read(lambda tx: [each.for_operator() for each in of.listed(tx, operator, before)])


async def approve(call: Call[Runtime]) -> Recycled:
    """End what waits of a report."""
    of, name, officer = call.services.node.lists.recycling, call.path["report"], call.caller.name
    return await call.services.write(lambda tx: of.approve(tx, name, officer))


async def decline(call: Call[Runtime]) -> Recycled:
    """Let stand what waits of a report."""
    of, name, officer = call.services.node.lists.recycling, call.path["report"], call.caller.name
    return await call.services.write(lambda tx: of.decline(tx, name, officer))


_R = "/api/v1/telco/recycled"
ROUTES = [
    Route("POST", _R, report, Numbers, Recycled, TELCO, "Report numbers that have a new holder", 201, once=True),
    Route(
        "GET",
        _R,
        reports,
        answer=list[Recycled],
        roles=SEERS | TELCO,
        summary="List reports of recycled numbers, newest first",
        query={"after": AFTER.format("report")},
    ),
    Route("POST", _R + "/{report}/approve", approve, answer=Recycled, roles=APPROVERS, summary="End what waits"),
    Route("POST", _R + "/{report}/decline", decline, answer=Recycled, roles=APPROVERS, summary="Let stand what waits"),
]
