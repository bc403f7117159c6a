"""Holds that wait for a named officer, and the officer's decision."""

from typing import get_args

import msgspec
from starlette.responses import Response

from lintas.api.reports import AFTER, LIMIT, READERS
from lintas.border.records import Refusal
from lintas.http import bodies
from lintas.http.routing import Call, Route, page_size
from lintas.model.errors import BadInput
from lintas.node import stopped
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.node.views import with_doubts
from lintas.requests.forms import Sentence
from lintas.requests.records import Hold, HoldState, Order
from lintas.storage.engine import Transaction

APPROVERS = frozenset({"approver"})
#: So much of what was stopped is in one answer.
LISTED = 200
STATES = (*get_args(HoldState), "overdue", "any")


class HoldView(msgspec.Struct, frozen=True):
    """One hold with the order it led to; ``people_needed`` by the table now while it waits for approval, else 0."""

    hold: Hold
    order: Order | None
    people_needed: int = 0


class Declined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an officer says no; the asking authority gets this sentence."""

    reason: Sentence


async def list_holds(call: Call[Runtime]) -> list[Hold]:
    """Return holds in one state; without one, those that wait for approval; ``overdue`` ones wait for an answer too long."""
    state = call.query.get("state", "awaiting_approval")
    if state not in STATES:
        raise BadInput(f"no hold is ever {state!r}", f"use one of {', '.join(STATES)}", where="query state")
    node, after, limit = call.services.node, call.query.get("after"), page_size(call.query, 200)

    def listed(tx: Transaction) -> list[Hold]:
        if state == "overdue":
            return with_doubts(node, tx, node.orders.overdue(tx, after=after, limit=limit))
        wanted = None if state == "any" else state
        return with_doubts(node, tx, node.orders.pending(tx, wanted, after=after, limit=limit))

    return await call.services.read(listed)


async def show_hold(call: Call[Runtime]) -> HoldView:
    """Return one hold with its order."""
    node, hold = call.services.node, call.path["hold"]

    def view(tx: Transaction) -> HoldView:
        return read_hold(node, tx, hold)

    return await call.services.read(view)


def read_hold(node: Node, tx: Transaction, hold: str) -> HoldView:
    """Read one hold whole; NotFound when there is none."""
    (seen,) = with_doubts(node, tx, [node.orders.hold(tx, hold)])
    waits = seen.state == "awaiting_approval" and seen.direction != "asked"
    needed = node.orders.people_needed(tx, seen) if waits else 0
    return HoldView(seen, node.orders.order_of(tx, hold), needed)


async def approve(call: Call[Runtime]) -> Response:
    """Issue this authority's own order in the caller's name; 202 and the hold while a second officer is missing."""
    hold, officer, node = call.path["hold"], call.caller.name, call.services.node

    def use_case(tx: Transaction) -> Order | HoldView:
        return node.orders.approve(tx, hold, officer) or read_hold(node, tx, hold)

    def answer(done: Order | HoldView) -> Response:
        waits = isinstance(done, HoldView)
        return Response(msgspec.json.encode(done), 202 if waits else 201, media_type=bodies.JSON)

    return answer(await call.services.write(call.once(use_case, answer)))


async def take_back(call: Call[Runtime]) -> None:
    """Take back the caller's own approval of a hold that waits for a second officer."""
    hold, officer = call.path["hold"], call.caller.name
    await call.services.write(lambda tx: call.services.node.orders.take_back(tx, hold, officer))


async def decline(call: Call[Runtime]) -> None:
    """Decline, with a reason."""
    body: Declined = call.body
    hold, officer = call.path["hold"], call.caller.name
    await call.services.write(lambda tx: call.services.node.orders.decline(tx, hold, officer, body.reason))


async def list_refusals(call: Call[Runtime]) -> list[Refusal]:
    """Return what was stopped at the border, newest first."""
    return await stopped.stopped(call.services, stopped.wanted(call.query), LISTED)


ROUTES = [
    Route(
        "GET",
        "/api/v1/holds",
        list_holds,
        answer=list[Hold],
        roles=READERS,
        summary="List holds, oldest first",
        query={
            "state": "one state, overdue, or any; without it awaiting_approval",
            "after": f"{AFTER.format('hold')}; empty for the first, where all are to be paged through",
            "limit": LIMIT,
        },
    ),
    Route("GET", "/api/v1/holds/{hold}", show_hold, answer=HoldView, roles=READERS, summary="Show one hold"),
    Route(
        "POST",
        "/api/v1/holds/{hold}/approve",
        approve,
        answer=Order,
        roles=APPROVERS,
        summary="Approve: issue this authority's own order (202 with the hold while a second officer is missing)",
        status=201,
        once=True,
    ),
    Route(
        "POST",
        "/api/v1/holds/{hold}/take-back",
        take_back,
        roles=APPROVERS,
        summary="Take back one's own approval, while a second officer's is missing",
    ),
    Route("POST", "/api/v1/holds/{hold}/decline", decline, Declined, None, APPROVERS, "Decline, with a reason", 204),
    Route(
        "GET",
        "/api/v1/refusals",
        list_refusals,
        answer=list[Refusal],
        roles=READERS,
        summary="List what was stopped at the border",
        query=stopped.QUERY,
    ),
]
