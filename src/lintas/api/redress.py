"""Redress: anybody reads what a block's id names and objects to it; operators report false blocks; an officer decides."""

from typing import get_args

from lintas.api.holds import APPROVERS
from lintas.api.reports import AFTER, LIMIT
from lintas.http.clients import client_of
from lintas.http.routing import Call, Route, flag, page_size
from lintas.model.errors import BadInput
from lintas.node import redress
from lintas.node.runtime import Runtime
from lintas.telco.redress.records import (
    Because,
    Contest,
    FalseBlock,
    Notice,
    Objection,
    ObjectionState,
    Progress,
    Receipt,
    Ruling,
)

TELCO = frozenset({"telco"})
DESK = frozenset({"investigator", "approver", "auditor"})
TOO_MANY = {"429": "Too many questions came from this address"}
STATES = (*get_args(ObjectionState), "any")


async def show(call: Call[Runtime]) -> Notice:
    """Return what anybody reads under an id."""
    return await redress.notice(call.services, call.path["id"], client_of(call.request))


async def contest(call: Call[Runtime]) -> Receipt:
    """Take an objection."""
    return await redress.contest(call.services, call.path["id"], call.body, client_of(call.request))


async def progress(call: Call[Runtime]) -> Progress:
    """Return what became of an objection."""
    return await redress.progress(call.services, call.path["token"], client_of(call.request))


async def false_block(call: Call[Runtime]) -> Objection:
    """Take an operator's report that a block is wrong."""
    report: FalseBlock = call.body
    node, operator = call.services.node, call.caller.organisation
    return await call.services.write(call.once(lambda tx: node.redress.false_block(tx, operator, report)))


async def objections(call: Call[Runtime]) -> list[Objection]:
    """Return objections in one state; without one, those that wait."""
    state = call.query.get("state", "open")
    if state not in STATES:
        raise BadInput(f"no objection is ever {state[:40]!r}", f"use one of {', '.join(STATES)}", where="query state")
    node, wanted, late = call.services.node, None if state == "any" else state, flag(call.query, "late")
    after, limit, notices = call.query.get("after", ""), page_size(call.query, 200), flag(call.query, "notices")
    return await call.services.read(
        lambda tx: node.redress.listed(tx, wanted, late=late, notices=notices, after=after, limit=limit)
    )


async def decide(call: Call[Runtime]) -> Objection:
    """Decide on an objection in the caller's name."""
    ruling: Ruling = call.body
    node, name, officer = call.services.node, call.path["objection"], call.caller.name
    return await call.services.write(call.once(lambda tx: node.redress.decide(tx, name, officer, ruling)))


async def lift(call: Call[Runtime]) -> Objection:
    """Take this authority's own entry back while another one decides."""
    because: Because = call.body
    node, name, officer = call.services.node, call.path["objection"], call.caller.name
    return await call.services.write(call.once(lambda tx: node.redress.lift(tx, name, officer, because.reason)))


async def seen(call: Call[Runtime]) -> Objection:
    """Put a notice of a peer aside in the caller's name."""
    node, name, officer = call.services.node, call.path["objection"], call.caller.name
    return await call.services.write(call.once(lambda tx: node.redress.seen(tx, name, officer)))


_ONE = "/api/v1/telco/objections/{objection}"
ROUTES = [
    Route(
        "GET",
        "/api/v1/redress/{id}",
        show,
        answer=Notice,
        public=True,
        summary="What is blocked under an id, and why",
        also=TOO_MANY,
    ),
    Route(
        "POST",
        "/api/v1/redress/{id}",
        contest,
        Contest,
        Receipt,
        summary="Object to a block",
        status=201,
        public=True,
        also=TOO_MANY,
    ),
    Route(
        "GET",
        "/api/v1/redress/objections/{token}",
        progress,
        answer=Progress,
        public=True,
        summary="What became of an objection",
        also=TOO_MANY,
    ),
    Route(
        "POST",
        "/api/v1/telco/false-blocks",
        false_block,
        FalseBlock,
        Objection,
        TELCO,
        "Report a block that is wrong",
        status=201,
        once=True,
    ),
    Route(
        "GET",
        "/api/v1/telco/objections",
        objections,
        answer=list[Objection],
        roles=DESK,
        summary="List objections to blocks, oldest first",
        query={
            "state": "one state, or any; without it open",
            "late": "1 for those whose first answer was late only",
            "notices": "1 for what peers tell of objections to their own entries only; without it none of those that wait",
            "after": AFTER.format("objection"),
            "limit": LIMIT,
        },
    ),
    Route(
        "POST",
        f"{_ONE}/decide",
        decide,
        Ruling,
        Objection,
        APPROVERS,
        "Decide on an objection; upheld, the entry is taken back everywhere",
        once=True,
    ),
    Route(
        "POST",
        f"{_ONE}/lift",
        lift,
        Because,
        Objection,
        APPROVERS,
        "Take the block back here while the authority that listed it decides",
        once=True,
    ),
    Route(
        "POST",
        f"{_ONE}/seen",
        seen,
        answer=Objection,
        roles=APPROVERS,
        summary="Put a peer's notice of an objection to its own entry aside",
        once=True,
    ),
]
