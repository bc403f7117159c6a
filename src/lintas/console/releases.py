"""Letting go: releases that wait for an officer, objections to decide, and the public page where an owner objects."""

import msgspec
from starlette.responses import Response

from lintas.console.forms import NOBODY, Form, act, filled, form, show, typed_into
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.http.routing import Call
from lintas.model.errors import BadInput, LintasError
from lintas.node.runtime import Runtime
from lintas.node.views import appeal_view, held_now
from lintas.requests.forms import AppealDecision, AppealForm, Sentence
from lintas.requests.records import Amendment, Appeal, Order
from lintas.storage.engine import Transaction

APPROVERS = frozenset({"approver"})


class Release(Form, frozen=True, kw_only=True):
    """The button that releases."""


class TakeBack(Form, frozen=True, kw_only=True):
    """The button that takes one's own approval back while a second officer's is missing."""


class HoldOn(Form, frozen=True, kw_only=True):
    """Why the money stays held; the asking authority gets this sentence."""

    reason: Sentence


class Decide(Form, frozen=True, kw_only=True):
    """An officer's decision on an objection."""

    answer: str
    reason: Sentence


class Object(Form, frozen=True, kw_only=True):
    """An objection as it was typed; what it must be is told beside the field."""

    name: str = ""
    contact: str = ""
    text: str = ""


class AmendmentPage(msgspec.Struct, frozen=True):
    """One release or confirmation, and the order that it changes."""

    amendment: Amendment
    order: Order


class ObjectionPage(msgspec.Struct, frozen=True):
    """One objection, the order that it is about, and what that order still holds: the figure that the objector sees."""

    objection: Appeal
    order: Order
    held_minor: int


async def amendment(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one release."""
    node, name = call.services.node, call.path["amendment"]

    def look(tx: Transaction) -> AmendmentPage:
        found = node.amendments.amendment(tx, name)
        return AmendmentPage(found, node.orders.order(tx, found.order))

    return page(call, "amendment.html", await call.services.read(look), wrong=wrong, typed=typed)


async def release(call: Call[Runtime]) -> Response:
    """Release, in the caller's name."""
    node, name, officer = call.services.node, call.path["amendment"], call.caller.name

    def use_case(tx: Transaction) -> str:
        node.amendments.approve(tx, name, officer)
        return f"/amendments/{name}"

    return await act(call, use_case, amendment)


async def take_back(call: Call[Runtime]) -> Response:
    """Take back one's own approval while a second officer's is missing."""
    node, name, officer = call.services.node, call.path["amendment"], call.caller.name

    def use_case(tx: Transaction) -> str:
        node.amendments.take_back(tx, name, officer)
        return f"/amendments/{name}"

    return await act(call, use_case, amendment)


async def hold_on(call: Call[Runtime]) -> Response:
    """Keep holding, with the reason that the asking authority gets."""
    said: HoldOn = call.body
    node, name, officer = call.services.node, call.path["amendment"], call.caller.name

    def use_case(tx: Transaction) -> str:
        node.amendments.decline(tx, name, officer, said.reason.strip())
        return f"/amendments/{name}"

    return await act(call, use_case, amendment)


async def objection(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one objection to the officers."""
    node, name = call.services.node, call.path["appeal"]

    def look(tx: Transaction) -> ObjectionPage:
        found = node.appeals.appeal(tx, name)
        order = node.orders.order(tx, found.order)
        return ObjectionPage(found, order, held_now(order))

    return page(call, "objection.html", await call.services.read(look), wrong=wrong, typed=typed)


async def decide(call: Call[Runtime]) -> Response:
    """Decide on an objection; upheld, it releases."""
    said: Decide = call.body
    decision = AppealDecision(uphold=said.answer == "uphold", reason=said.reason.strip())
    node, name, officer = call.services.node, call.path["appeal"], call.caller.name

    def use_case(tx: Transaction) -> str:
        node.appeals.decide(tx, name, officer, decision)
        return f"/objections/{name}"

    return await act(call, use_case, objection)


async def appeal(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show what the holder of a token may see, and the form by which to object."""
    token = call.path["token"]
    view = await appeal_view(call.services, token)
    return page(call, "appeal.html", view, wrong=wrong, typed=typed, token=token)


async def object_to(call: Call[Runtime]) -> Response:
    """Take an objection from whoever holds the token."""
    node, token, said = call.services.node, call.path["token"], call.body
    try:
        wish = filled(AppealForm, said)
    except BadInput as wrong:
        return await appeal(call, wrong=wrong, typed=typed_into(said))

    def use_case(tx: Transaction) -> str:
        node.appeals.file(tx, token, wish)
        return f"/appeal/{token}"

    return await act(call, use_case, appeal)


RELEASE_PAGES = [
    show("/amendments/{amendment}", amendment, READERS, "One release"),
    form("/amendments/{amendment}/approve", release, Release, APPROVERS, "Release"),
    form("/amendments/{amendment}/take-back", take_back, TakeBack, APPROVERS, "Take one's own approval back"),
    form("/amendments/{amendment}/decline", hold_on, HoldOn, APPROVERS, "Hold on"),
    show("/objections/{appeal}", objection, READERS, "One objection"),
    form("/objections/{appeal}/decide", decide, Decide, APPROVERS, "Decide on an objection"),
    show("/appeal/{token}", appeal, NOBODY, "Object to an order"),
    form("/appeal/{token}", object_to, Object, NOBODY, "Object to an order"),
]
