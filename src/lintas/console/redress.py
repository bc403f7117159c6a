"""Redress on pages: what anybody reads under a block's id and how they object, and the desk where officers decide."""

from typing import get_args

import msgspec
from starlette.responses import Response

from lintas.console.forms import NOBODY, Form, act, filled, form, show, typed_into
from lintas.console.frame import page
from lintas.http.clients import client_of
from lintas.http.routing import Call
from lintas.model.errors import BadInput, LintasError
from lintas.model.listings import Ground
from lintas.model.people import same_person
from lintas.node.redress import allow, notice, on_tick, progress
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.telco.redress.records import Because, Blocked, Contest, Objection, Ruling

DESK = frozenset({"investigator", "approver", "auditor"})
APPROVERS = frozenset({"approver"})
#: ``notice`` are the open ones of peers, which nobody here decides on.
STATES = ("open", "notice", "upheld", "dismissed", "seen", "any")
PAGE = 50


class Object(Form, frozen=True, kw_only=True):
    """An objection as it was typed; what it must be is told beside the field."""

    ground: str = ""
    name: str = ""
    contact: str = ""
    text: str = ""


class Decide(Form, frozen=True, kw_only=True):
    """An officer's decision on an objection."""

    answer: str = ""
    reason: str = ""


class Lift(Form, frozen=True, kw_only=True):
    """Why this authority takes its own entry back."""

    reason: str = ""


class Seen(Form, frozen=True, kw_only=True):
    """Nothing but that an officer has read a notice."""


class Desk(msgspec.Struct, frozen=True):
    """A page of objections, oldest first; ``after`` leads to the next one, "" on the last."""

    objections: list[Objection]
    after: str


class OneObjection(msgspec.Struct, frozen=True):
    """One objection and the entry that it is to, None once that is gone; ``mine``: the reader had a say in listing it."""

    objection: Objection
    entry: Blocked | None
    mine: bool


async def block(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show what anybody reads under an id, and the form by which to object."""
    view = await notice(call.services, call.path["id"], client_of(call.request))
    return page(call, "redress.html", view, wrong=wrong, typed=typed, grounds=get_args(Ground))


async def object_to(call: Call[Runtime]) -> Response:
    """Take an objection and lead to the page of its own that says what became of it."""
    node, entry, said = call.services.node, call.path["id"], call.body
    allow(call.services.redress_pace, client_of(call.request))
    try:
        wish = filled(Contest, said)
    except BadInput as wrong:
        return await block(call, wrong=wrong, typed=typed_into(said))
    return await on_tick(lambda: act(call, lambda tx: node.redress.contest(tx, entry, wish).address, block))


async def objected(call: Call[Runtime]) -> Response:
    """Show what became of an objection."""
    view = await progress(call.services, call.path["token"], client_of(call.request))
    return page(call, "redress_progress.html", view)


async def desk(call: Call[Runtime]) -> Response:
    """List objections in one state."""
    node, state, after = call.services.node, call.query.get("state", "open"), call.query.get("after", "")
    if state not in STATES:
        raise BadInput(f"no objection is ever {state[:40]!r}", f"use one of {', '.join(STATES)}", where="query state")
    notices, wanted = state == "notice", {"any": None, "notice": "open"}.get(state, state)
    found = await call.services.read(
        lambda tx: node.redress.listed(tx, wanted, notices=notices, after=after, limit=PAGE + 1)
    )
    view = Desk(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else "")
    return page(call, "telco_appeals.html", view, states=STATES, state=state)


async def one(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one objection to the officers."""
    node, name, officer = call.services.node, call.path["objection"], call.caller.name

    def look(tx: Transaction) -> OneObjection:
        found = node.redress.objection(tx, name)
        entry = node.redress.entry_of(tx, found)
        mine = entry is not None and any(same_person(each, officer) for each in entry.listed_by)
        return OneObjection(found, entry, mine)

    return page(call, "telco_appeal.html", await call.services.read(look), wrong=wrong, typed=typed)


async def decide(call: Call[Runtime]) -> Response:
    """Decide on an objection, in the caller's name."""
    node, name, officer, said = call.services.node, call.path["objection"], call.caller.name, call.body
    try:
        if said.answer not in ("uphold", "dismiss"):
            raise BadInput("no decision was chosen", "choose one of the two", where="answer")
        reason = filled(Because, said).reason
    except BadInput as wrong:
        return await one(call, wrong=wrong, typed=typed_into(said))

    def use_case(tx: Transaction) -> str:
        node.redress.decide(tx, name, officer, Ruling(uphold=said.answer == "uphold", reason=reason))
        return f"/telco/appeals/{name}"

    return await act(call, use_case, one)


async def lift(call: Call[Runtime]) -> Response:
    """Take this authority's own entry back while another one decides."""
    node, name, officer = call.services.node, call.path["objection"], call.caller.name
    try:
        reason = filled(Because, call.body).reason
    except BadInput as wrong:
        return await one(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        node.redress.lift(tx, name, officer, reason)
        return f"/telco/appeals/{name}"

    return await act(call, use_case, one)


async def seen(call: Call[Runtime]) -> Response:
    """Put a notice of a peer aside, in the caller's name."""
    node, name, officer = call.services.node, call.path["objection"], call.caller.name

    def use_case(tx: Transaction) -> str:
        node.redress.seen(tx, name, officer)
        return "/telco/appeals?state=notice"

    return await act(call, use_case, one)


_ONE = "/telco/appeals/{objection}"
REDRESS_PAGES = [
    show("/redress/{id}", block, NOBODY, "What is blocked under an id, and how to object"),
    form("/redress/{id}", object_to, Object, NOBODY, "Object to a block"),
    show("/redress/objections/{token}", objected, NOBODY, "What became of an objection"),
    show(
        "/telco/appeals",
        desk,
        DESK,
        "Objections to blocks",
        {"state": "one state, notice, or any; without it open", "after": "the last objection of the page before"},
    ),
    show(_ONE, one, DESK, "One objection to a block"),
    form(f"{_ONE}/decide", decide, Decide, APPROVERS, "Decide on an objection to a block"),
    form(f"{_ONE}/lift", lift, Lift, APPROVERS, "Take a block back here"),
    form(f"{_ONE}/seen", seen, Seen, APPROVERS, "Put a peer's notice aside"),
]
