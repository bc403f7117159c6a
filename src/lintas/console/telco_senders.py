"""Sender IDs on pages: claims and registrations of here and abroad, one with its clock and clashes, and acting on it."""

from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, ShapeT, act, filled, form, show, typed_into
from lintas.console.frame import page
from lintas.console.telco_lists import APPROVERS, PROPOSERS, READERS
from lintas.http.routing import Call
from lintas.model.errors import BadInput, LintasError
from lintas.model.people import same_person
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.telco.names.claims import WINDOW
from lintas.telco.redress.records import Because
from lintas.telco.registry import rules
from lintas.telco.registry.records import NewAsked, NewClaim, Sender, Wish

STATES = ("proposed", "claimed", "registered", "ended", "declined")
PLACES = ("here", "abroad")
QUERY = {
    "q": "a part of a sender ID, or an id",
    "state": ", ".join(STATES),
    "where": "here or abroad",
    "after": "an id",
}
PAGE = 50


class Listed(msgspec.Struct, frozen=True):
    """One page of claims and registrations; ``next`` is the query of the next one, "" on the last."""

    senders: list[Sender]
    asked: dict[str, str]
    next: str


class Claim(Form, frozen=True, kw_only=True):
    """A claim as it was typed; aggregators one on each line."""

    sender: str = ""
    owner: str = ""
    aggregators: str = ""


class Ask(Form, frozen=True, kw_only=True):
    """What an officer asks for; ``aggregators`` one on each line, where a registration is attested."""

    act: str = ""
    reason: str = ""
    registration: str = ""
    objector: str = ""
    aggregators: str = ""


class Decide(Form, frozen=True, kw_only=True):
    """An approver's word on what waits; ``act`` and ``at`` name the wish that the page showed, "" where it was a claim."""

    answer: str = ""
    act: str = ""
    at: str = ""
    reason: str = ""


class TakeBack(Form, frozen=True, kw_only=True):
    """Why a claim is taken back."""

    reason: str = ""


async def senders(call: Call[Runtime]) -> Response:
    """List claims and registrations."""
    asked = {name: call.query.get(name, "") for name in ("q", "state", "where", "after")}
    if asked["state"] not in ("", *STATES) or asked["where"] not in ("", *PLACES) or len(asked["q"]) > 80:
        raise BadInput("nothing can be looked for like that", "choose what the page offers", where="query")
    reading = call.services.node.senders.reading
    found = await call.services.read(lambda tx: reading.listed(tx, **asked, limit=PAGE + 1))
    after = found[PAGE - 1].id if len(found) > PAGE else ""
    more = "?" + urlencode({name: value for name, value in (asked | {"after": after}).items() if value})
    view = Listed(found[:PAGE], asked, more if after else "")
    return page(call, "telco_senders.html", view, states=STATES, places=PLACES)


async def claim_page(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show the form for a claim."""
    return page(call, "telco_sender_claim.html", wrong=wrong, typed=typed)


async def claim(call: Call[Runtime]) -> Response:
    """File a claim, in the caller's name."""
    desk, officer, said = call.services.node.senders.desk, call.caller.name, call.body
    try:
        new = _shaped(NewClaim, said, aggregators=_lines(said.aggregators))
    except BadInput as wrong:
        return await claim_page(call, wrong=wrong, typed=typed_into(said))

    def use_case(tx: Transaction) -> str:
        return f"/telco/senders/{desk.file(tx, new, officer).id}"

    return await act(call, use_case, claim_page)


async def sender(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one claim or registration."""
    node, name, who = call.services.node, call.path["sender"], call.caller.name
    view = await call.services.read(lambda tx: node.senders.reading.view(tx, name))
    item = view.sender
    waits = item.filed_by if item.state == "proposed" else item.asked.by if item.asked else ""
    offered = () if item.asked else rules.ACTS.get((item.origin == "", item.state), ())
    return page(
        call,
        "telco_sender.html",
        view,
        wrong=wrong,
        typed=typed,
        mine=bool(waits) and same_person(waits, who),
        filed=bool(item.filed_by) and same_person(item.filed_by, who),
        waits=bool(waits),
        offered=offered,
        window=WINDOW.days,
    )


async def ask(call: Call[Runtime]) -> Response:
    """Ask for what a second officer confirms, in the caller's name."""
    desk, name, officer, said = call.services.node.senders.desk, call.path["sender"], call.caller.name, call.body
    try:
        lines = _lines(said.aggregators) if said.act == "attest" else None
        new = _shaped(NewAsked, said, aggregators=lines)
    except BadInput as wrong:
        return await sender(call, wrong=wrong, typed=typed_into(said))

    def use_case(tx: Transaction) -> str:
        desk.ask(tx, name, new, officer)
        return f"/telco/senders/{name}"

    return await act(call, use_case, sender)


async def decide(call: Call[Runtime]) -> Response:
    """Approve or confirm what waits, or decline it, in the caller's name."""
    desk, name, officer, said = call.services.node.senders.desk, call.path["sender"], call.caller.name, call.body
    try:
        if said.answer not in ("approve", "confirm", "decline"):
            raise BadInput("no decision was chosen", "choose one of the two", where="answer")
        reason = filled(Because, said).reason if said.answer == "decline" else ""
        wish = filled(Wish, said) if said.answer == "confirm" else None
    except BadInput as wrong:
        return await sender(call, wrong=wrong, typed=typed_into(said))

    def use_case(tx: Transaction) -> str:
        if said.answer == "decline":
            desk.decline(tx, name, officer, reason)
        elif wish is not None:
            desk.confirm(tx, name, wish, officer)
        else:
            desk.approve(tx, name, officer)
        return f"/telco/senders/{name}"

    return await act(call, use_case, sender)


async def withdraw(call: Call[Runtime]) -> Response:
    """Take a claim of ours back."""
    desk, name, officer = call.services.node.senders.desk, call.path["sender"], call.caller.name
    try:
        reason = filled(Because, call.body).reason
    except BadInput as wrong:
        return await sender(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        desk.withdraw(tx, name, officer, reason)
        return f"/telco/senders/{name}"

    return await act(call, use_case, sender)


def _lines(typed: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in typed.splitlines() if line.strip())


def _shaped(shape: type[ShapeT], said: Form, **changed: object) -> ShapeT:
    """Return what was typed in the shape that the use case takes; BadInput names the field that does not fit."""
    try:
        return msgspec.convert(msgspec.structs.asdict(said) | changed, shape)
    except msgspec.ValidationError as wrong:
        what, _, where = str(wrong).partition(" - at ")
        field = where.strip("`").removeprefix("$.")
        raise BadInput(what.replace("`", ""), "correct it and send it again", where=field) from None


_ONE = "/telco/senders/{sender}"
SENDER_PAGES = [
    show("/telco/senders", senders, READERS, "Sender IDs", QUERY),
    # Before one claim, whose id would match it too.
    show("/telco/senders/new", claim_page, PROPOSERS, "Claim a sender ID"),
    form("/telco/senders/new", claim, Claim, PROPOSERS, "Claim a sender ID"),
    show(_ONE, sender, READERS, "One sender ID"),
    form(f"{_ONE}/ask", ask, Ask, PROPOSERS, "Ask for what a second officer confirms"),
    form(f"{_ONE}/decide", decide, Decide, APPROVERS, "Approve, confirm or decline"),
    form(f"{_ONE}/withdraw", withdraw, TakeBack, APPROVERS, "Take a claim back"),
]
