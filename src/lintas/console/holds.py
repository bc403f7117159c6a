"""Holds: the board of those whose clock runs, the queue of each state, one hold with the why of it, the officer's decision."""

from collections.abc import Mapping
from typing import TypeVar, get_args

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, form, show
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.http.routing import Call, flag
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, LintasError
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.node.views import with_doubts
from lintas.requests import board
from lintas.requests.forms import Sentence
from lintas.requests.records import Direction, Hold, HoldState, Order
from lintas.storage.engine import Transaction

APPROVERS = frozenset({"approver"})
STATES = (*get_args(HoldState), "overdue", "any")
T = TypeVar("T")


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
    """Show the board of running holds, or list holds in one state."""
    if "state" not in call.query:
        return await board_page(call)
    state = call.query["state"]
    if state not in STATES:
        raise BadInput(f"no hold is ever {state!r}", f"use one of {', '.join(STATES)}", where="query state")
    node = call.services.node

    def look(tx: Transaction) -> Holds:
        if state == "overdue":
            return Holds(state, with_doubts(node, tx, node.orders.overdue(tx)))
        return Holds(state, with_doubts(node, tx, node.orders.pending(tx, None if state == "any" else state)))

    return page(call, "holds.html", await call.services.read(look), states=STATES)


async def board_page(call: Call[Runtime]) -> Response:
    """Show the holds whose clock runs, the most pressing first; of one clock, of one direction, or only those overdue."""
    node, query = call.services.node, call.query
    clock = _one_of(query, "clock", board.CLOCKS)
    direction = _one_of(query, "direction", get_args(Direction))
    overdue = flag(query, "overdue")

    def look(tx: Transaction) -> board.Board:
        now = times.render(node.parts.clock.now())
        rows, more = board.read(tx, node.parts.identity.authority, now)
        doubted = with_doubts(node, tx, [row.hold for row in rows])
        seen = [msgspec.structs.replace(row, hold=hold) for row, hold in zip(rows, doubted, strict=True)]
        return board.board(seen, more=more, clock=clock, direction=direction, overdue=overdue)

    view = await call.services.read(look)
    return page(call, "board.html", view, states=STATES, clock=clock, direction=direction, overdue=overdue)


def _one_of(query: Mapping[str, str], name: str, known: tuple[T, ...]) -> T | None:
    """Return a parameter that must be one of a closed list; None where it is not there; BadInput."""
    text = query.get(name)
    if text is None:
        return None
    found = next((each for each in known if each == text), None)
    if found is None:
        raise BadInput(f"no {name} is {text[:20]!r}", f"use one of {', '.join(map(str, known))}", where=f"query {name}")
    return found


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
    show(
        "/holds",
        holds,
        READERS,
        "The board of running holds, or holds of one state",
        {
            "state": "one state, overdue, or any",
            "clock": "answer, confirm or end",
            "direction": "asked, received or own",
            "overdue": "1 for those whose clock struck",
        },
    ),
    show("/holds/{hold}", hold, READERS, "One hold"),
    form("/holds/{hold}/approve", approve, Approve, APPROVERS, "Approve a hold"),
    form("/holds/{hold}/take-back", take_back, TakeBack, APPROVERS, "Take one's own approval back"),
    form("/holds/{hold}/decline", decline, Decline, APPROVERS, "Decline a hold"),
]
