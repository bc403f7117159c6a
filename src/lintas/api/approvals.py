"""Approvals of competent authorities: put on file by their signature, listed, withdrawn."""

from typing import Annotated

import msgspec

from lintas.api.reports import READERS
from lintas.border.records import Filed
from lintas.http.routing import Call, Route
from lintas.node.runtime import Runtime
from lintas.trust.note import MAX_BYTES

KEEPERS = frozenset({"approver", "administrator"})
SEERS = READERS | KEEPERS


class Withdrawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an approval shall count no more."""

    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=r"\S")]


async def record(call: Call[Runtime]) -> Filed:
    """Put a signed approval, or its issuer's signed withdrawal, on file."""
    note, officer = call.body, call.caller.name
    return await call.services.write(lambda tx: call.services.node.approvals.record(tx, note, officer))


async def list_approvals(call: Call[Runtime]) -> list[Filed]:
    """Return what is on file, newest first; ``after`` is the last one of the page before."""
    after = call.query.get("after", "~")
    return await call.services.read(lambda tx: call.services.node.approvals.listed(tx, after))


async def show(call: Call[Runtime]) -> Filed:
    """Return one document with its signed text."""
    return await call.services.read(lambda tx: call.services.node.approvals.filed(tx, call.path["approval"]))


async def withdraw(call: Call[Runtime]) -> Filed:
    """Let an approval count no more, from now on."""
    body: Withdrawn = call.body
    approval, officer = call.path["approval"], call.caller.name
    return await call.services.write(
        lambda tx: call.services.node.approvals.withdraw(tx, approval, officer, body.reason)
    )


ROUTES = [
    Route(
        "POST",
        "/api/v1/approvals",
        record,
        bytes,
        Filed,
        KEEPERS,
        "Put a signed approval, or its issuer's withdrawal, on file",
        201,
        limit=MAX_BYTES,
        media=("text/plain", "application/octet-stream"),
    ),
    Route(
        "GET",
        "/api/v1/approvals",
        list_approvals,
        answer=list[Filed],
        roles=SEERS,
        summary="List approvals, newest first",
        query={"after": "the last approval of the page before"},
    ),
    Route("GET", "/api/v1/approvals/{approval}", show, answer=Filed, roles=SEERS, summary="Show one approval"),
    Route(
        "POST",
        "/api/v1/approvals/{approval}/withdraw",
        withdraw,
        Withdrawn,
        Filed,
        KEEPERS,
        "Let an approval count no more",
    ),
]
