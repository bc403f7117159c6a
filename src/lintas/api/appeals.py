"""Objections: anybody with an order's token reads what it is and objects; an officer decides."""

from typing import get_args

from lintas.api.holds import APPROVERS
from lintas.api.reports import AFTER, LIMIT, READERS
from lintas.http.routing import Call, Route, page_size
from lintas.model.errors import BadInput
from lintas.node.runtime import Runtime
from lintas.node.views import AppealView, appeal_view
from lintas.requests.forms import AppealDecision, AppealForm
from lintas.requests.records import Appeal, AppealState

STATES = (*get_args(AppealState), "any")


async def show(call: Call[Runtime]) -> AppealView:
    """Return the order that a token belongs to, and what became of objections to it."""
    return await appeal_view(call.services, call.path["token"])


async def file(call: Call[Runtime]) -> AppealView:
    """Take an objection; returns the order as it stands."""
    form: AppealForm = call.body
    token = call.path["token"]
    await call.services.write(lambda tx: call.services.node.appeals.file(tx, token, form))
    return await appeal_view(call.services, token)


async def list_appeals(call: Call[Runtime]) -> list[Appeal]:
    """Return objections in one state; without one, those that are open."""
    state = call.query.get("state", "open")
    if state not in STATES:
        raise BadInput(f"no appeal is ever {state!r}", f"use one of {', '.join(STATES)}", where="query state")
    appeals, wanted = call.services.node.appeals, None if state == "any" else state
    after, limit = call.query.get("after", ""), page_size(call.query, 200)
    return await call.services.read(lambda tx: appeals.pending(tx, wanted, after=after, limit=limit))


async def decide(call: Call[Runtime]) -> Appeal:
    """Decide on an objection in the caller's name."""
    decision: AppealDecision = call.body
    appeal, officer = call.path["appeal"], call.caller.name
    appeals = call.services.node.appeals
    return await call.services.write(call.once(lambda tx: appeals.decide(tx, appeal, officer, decision)))


ROUTES = [
    Route(
        "GET",
        "/api/v1/appeals",
        list_appeals,
        answer=list[Appeal],
        roles=READERS,
        summary="List objections, oldest first",
        query={
            "state": "one state, or any; without it open",
            "after": AFTER.format("objection"),
            "limit": LIMIT,
        },
    ),
    Route(
        "POST",
        "/api/v1/appeals/{appeal}/decide",
        decide,
        AppealDecision,
        Appeal,
        APPROVERS,
        "Decide on an objection; upheld, it releases",
        once=True,
    ),
    Route("GET", "/api/v1/appeals/{token}", show, answer=AppealView, public=True, summary="The order of a token"),
    Route(
        "POST",
        "/api/v1/appeals/{token}",
        file,
        AppealForm,
        AppealView,
        summary="Object to an order",
        status=201,
        public=True,
    ),
]
