"""Holds: the queue of each state, one hold with the why of it, and the officer's decision."""

from typing import get_args

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, form, show
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.http.routing import Call
from lintas.model.errors import BadInput, Conflict, LintasError
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.node.views import with_doubts
from lintas.requests.records import Hold, HoldState, Order, Sentence
from lintas.storage.engine import Transaction

APPROVERS = frozenset({"approver"})
STATES = (*get_args(HoldState), "overdue", "any")
WAITING = "awaiting_approval"


class Approve(Form, frozen=True, kw_only=True):
    """The button that approves; ``seen`` is what the officer was looking at."""

    seen: str = ""


class TakeBack(Form, frozen=True, kw_only=True):
    """The button that takes one's own approval back while a second officer's is missing."""


class Decline(Form, frozen=True, kw_only=True):
    """Why an officer says no; the asking authority gets this sentence."""

    reason: Sentence


class Holds(msgspec.Struct, frozen=True):
    """The holds of one state."""

    state: str
    holds: list[Hold]


class HoldPage(msgspec.Struct, frozen=True):
    """One hold, the order it led to, and ``seen``, which changes whenever there is something new to look at."""

    hold: Hold
    order: Order | None
    seen: str


async def holds(call: Call[Runtime]) -> Response:
    """List holds in one state."""
    state = call.query.get("state", WAITING)
    if state not in STATES:
        raise BadInput(f"no hold is ever {state!r}", f"use one of {', '.join(STATES)}", where="query state")
    node = call.services.node

    def look(tx: Transaction) -> Holds:
        if state == "overdue":
            return Holds(state, with_doubts(node, tx, node.orders.overdue(tx)))
        return Holds(state, with_doubts(node, tx, node.orders.pending(tx, None if state == "any" else state)))

    return page(call, "holds.html", await call.services.read(look), states=STATES)


def hold_view(node: Node, tx: Transaction, name: str) -> HoldPage:
    """Read one hold as its page shows it."""
    (hold,) = with_doubts(node, tx, [node.orders.hold(tx, name)])
    return HoldPage(hold, node.orders.order_of(tx, name), seen_of(hold))


def seen_of(hold: Hold) -> str:
    """Return what an officer looks at in few letters: state, amount, who approved it first, doubt."""
    first = hold.first_approval.officer if hold.first_approval else ""
    return f"{hold.state} {hold.amount_minor} {first} {hold.doubt}".strip()


async def hold(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one hold."""
    name = call.path["hold"]
    view = await call.services.read(lambda tx: hold_view(call.services.node, tx, name))
    return page(call, "hold.html", view, wrong=wrong, typed=typed)


async def approve(call: Call[Runtime]) -> Response:
    """Issue this authority's own order, in the caller's name, if the hold is still what the officer looked at."""
    node, button = call.services.node, call.body
    name, officer = call.path["hold"], call.caller.name

    def use_case(tx: Transaction) -> str:
        if button.seen and button.seen != hold_view(node, tx, name).seen:
            raise Conflict("this hold changed since you opened it", "look at it as it is now, and decide again")
        node.orders.approve(tx, name, officer)
        return f"/holds/{name}"

    return await act(call, use_case, hold)


async def take_back(call: Call[Runtime]) -> Response:
    """Take back one's own approval while a second officer's is missing."""
    node, name, officer = call.services.node, call.path["hold"], call.caller.name

    def use_case(tx: Transaction) -> str:
        node.orders.take_back(tx, name, officer)
        return f"/holds/{name}"

    return await act(call, use_case, hold)


async def decline(call: Call[Runtime]) -> Response:
    """Decline, with the reason that the asking authority gets."""
    said: Decline = call.body
    node, name, officer = call.services.node, call.path["hold"], call.caller.name

    def use_case(tx: Transaction) -> str:
        node.orders.decline(tx, name, officer, said.reason.strip())
        return f"/holds/{name}"

    return await act(call, use_case, hold)


HOLD_PAGES = [
    show("/holds", holds, READERS, "Holds of one state", {"state": "one state, overdue, or any"}),
    show("/holds/{hold}", hold, READERS, "One hold"),
    form("/holds/{hold}/approve", approve, Approve, APPROVERS, "Approve a hold"),
    form("/holds/{hold}/take-back", take_back, TakeBack, APPROVERS, "Take one's own approval back"),
    form("/holds/{hold}/decline", decline, Decline, APPROVERS, "Decline a hold"),
]
