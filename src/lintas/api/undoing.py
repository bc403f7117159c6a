"""What changes a hold afterwards: undo in a case, amendments of orders, confirmation."""

from typing import get_args

import msgspec
from starlette.responses import Response

from lintas.api import letters
from lintas.api.holds import APPROVERS, Declined
from lintas.api.reports import AFTER, LIMIT, READERS
from lintas.http.routing import Call, Route, page_size
from lintas.model.errors import BadInput
from lintas.node.runtime import Runtime
from lintas.requests.forms import ConfirmForm, UndoForm
from lintas.requests.records import Amendment, AmendmentState, Undone

STATES = (*get_args(AmendmentState), "any")


async def undo(call: Call[Runtime]) -> Undone:
    """Let go of everything below a share, wherever it is held."""
    form: UndoForm = call.body
    case, officer = call.path["case"], call.caller.name
    return await call.services.write(call.once(lambda tx: call.services.node.undo.undo(tx, case, form, officer)))


async def list_amendments(call: Call[Runtime]) -> list[Amendment]:
    """Return amendments in one state; without one, those that wait for approval."""
    state = call.query.get("state", "awaiting_approval")
    if state not in STATES:
        raise BadInput(f"no amendment is ever {state!r}", f"use one of {', '.join(STATES)}", where="query state")
    amendments, wanted = call.services.node.amendments, None if state == "any" else state
    after, limit = call.query.get("after", ""), page_size(call.query, 200)
    return await call.services.read(lambda tx: amendments.pending(tx, wanted, after=after, limit=limit))


async def approve(call: Call[Runtime]) -> Amendment:
    """Release, in the caller's name."""
    amendment, officer = call.path["amendment"], call.caller.name
    amendments = call.services.node.amendments
    return await call.services.write(call.once(lambda tx: amendments.approve(tx, amendment, officer)))


async def take_back(call: Call[Runtime]) -> None:
    """Take back the caller's own approval, while a second officer's is missing."""
    amendment, officer = call.path["amendment"], call.caller.name
    await call.services.write(lambda tx: call.services.node.amendments.take_back(tx, amendment, officer))


async def decline(call: Call[Runtime]) -> None:
    """Keep holding, with a reason."""
    body: Declined = call.body
    amendment, officer = call.path["amendment"], call.caller.name
    await call.services.write(lambda tx: call.services.node.amendments.decline(tx, amendment, officer, body.reason))


async def confirm(call: Call[Runtime]) -> Amendment:
    """Hold for longer, in the caller's name, with the document that the law asks for."""
    form: ConfirmForm = call.body
    order, officer = call.path["order"], call.caller.name
    node = call.services.node
    confirm = node.amendments.confirm
    return await call.services.write(call.once(lambda tx: confirm(tx, order, officer, form.reference)))


async def letter(call: Call[Runtime]) -> Response:
    """Return an order's letter, without the address for objections: that is for the owner of the account alone."""
    order, language, orders = call.path["order"], letters.language_of(call), call.services.node.orders
    return await letters.sent(call, await call.services.read(lambda tx: orders.letter(tx, order, language=language)))


def _decision(path: str, handler: object, body: type[msgspec.Struct] | None, summary: str, **more: object) -> Route:
    return Route("POST", f"/api/v1/{path}", handler, body, roles=APPROVERS, summary=summary, **more)  # type: ignore[arg-type]


ROUTES = [
    _decision("cases/{case}/undo", undo, UndoForm, "Let go of money, wherever it is held", answer=Undone, once=True),
    Route(
        "GET",
        "/api/v1/amendments",
        list_amendments,
        answer=list[Amendment],
        roles=READERS,
        summary="List amendments of orders, oldest first",
        query={
            "state": "one state, or any; without it awaiting_approval",
            "after": AFTER.format("amendment"),
            "limit": LIMIT,
        },
    ),
    _decision(
        "amendments/{amendment}/approve",
        approve,
        None,
        "Approve a release or confirmation",
        answer=Amendment,
        once=True,
    ),
    _decision("amendments/{amendment}/take-back", take_back, None, "Take back one's own approval of it"),
    _decision("amendments/{amendment}/decline", decline, Declined, "Decline it, with a reason", status=204),
    _decision(
        "orders/{order}/confirm", confirm, ConfirmForm, "Confirm an order for longer", answer=Amendment, once=True
    ),
    Route(
        "GET",
        "/api/v1/orders/{order}/letter",
        letter,
        roles=APPROVERS | {"auditor"},
        summary="An order's letter, without the address for objections",
        gives=letters.MEDIA,
        query=letters.QUERY,
    ),
]
