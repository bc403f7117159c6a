"""The lists on pages: looking through them, one entry with what it hits and who must still approve, and acting on it."""

from typing import get_args
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, filled, form, show, typed_into
from lintas.console.frame import page
from lintas.http.routing import Call
from lintas.model.errors import BadInput, LintasError
from lintas.model.listings import ListKind, Subject
from lintas.model.schemes import schemes
from lintas.node import telco_lists
from lintas.node.runtime import Runtime
from lintas.node.telco_lists import KINDS, QUERY, STATES, SUBJECTS, Asked
from lintas.storage.engine import Transaction
from lintas.telco.book.records import Kept, Proposal
from lintas.telco.redress.records import Because

READERS = frozenset({"investigator", "approver", "auditor", "administrator"})
PROPOSERS = frozenset({"investigator", "approver"})
APPROVERS = frozenset({"approver"})
PAGE = 50


class Lists(msgspec.Struct, frozen=True):
    """One page of entries; ``after`` leads to the next one, "" on the last."""

    entries: list[Kept]
    asked: Asked
    after: str


class Propose(Form, frozen=True, kw_only=True):
    """An entry as it was typed; what it must be is told beside the field. ``keep``: no other authority is told."""

    subject: str = ""
    value: str = ""
    kind: str = ""
    scheme: str = ""
    owner: str = ""
    sources: str = ""
    expires: str = ""
    reason: str = ""
    confirmed: bool = False
    keep: bool = False


class Decide(Form, frozen=True, kw_only=True):
    """An officer's word on an entry that waits."""

    answer: str = ""
    reason: str = ""


class TakeBack(Form, frozen=True, kw_only=True):
    """Why an entry is taken back."""

    reason: str = ""


def address(asked: Asked, **changed: str) -> str:
    """Return the query of the same page with other filters."""
    kept = msgspec.structs.asdict(asked) | {"after": ""} | changed
    return "?" + urlencode({name: value for name, value in kept.items() if value})


async def lists(call: Call[Runtime]) -> Response:
    """List entries."""
    wish = telco_lists.asked(call.query)
    found = await telco_lists.entries(call.services, wish, PAGE + 1)
    view = Lists(found[:PAGE], wish, found[PAGE - 1].id if len(found) > PAGE else "")
    sources = await call.services.read(telco_lists.source_names)
    return page(
        call,
        "telco_lists.html",
        view,
        address=address,
        subjects=SUBJECTS,
        kinds=KINDS,
        states=STATES,
        sources=sources,
    )


async def propose_page(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show the form for an entry."""
    return page(
        call,
        "telco_propose.html",
        wrong=wrong,
        typed=typed,
        subjects=get_args(Subject),
        kinds=get_args(ListKind),
        schemes=list(schemes()),
    )


async def propose(call: Call[Runtime]) -> Response:
    """Propose an entry, in the caller's name."""
    node, officer, said = call.services.node, call.caller.name, call.body
    try:
        wish = _proposal(said)
    except BadInput as wrong:
        return await propose_page(call, wrong=wrong, typed=typed_into(said))

    def use_case(tx: Transaction) -> str:
        return f"/telco/lists/{node.lists.book.propose(tx, wish, officer).id}"

    return await act(call, use_case, propose_page)


def _proposal(said: Propose) -> Proposal:
    """Return what was typed as the book takes it: a day ends with its last second."""
    typed = msgspec.structs.asdict(said)
    lines = [each.strip() for each in said.sources.splitlines()]
    given = {name: typed[name] for name in Proposal.__struct_fields__ if name in typed}
    given |= {"sources": [each for each in lines if each], "share": not said.keep}
    given["expires"] = f"{said.expires}T23:59:59Z" if said.expires else ""
    try:
        return msgspec.convert(given, Proposal)
    except msgspec.ValidationError as wrong:
        what, _, where = str(wrong).partition(" - at ")
        raise BadInput(
            what.replace("`", ""), "correct it and send it again", where=where.strip("`").removeprefix("$.")
        ) from None


async def entry(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one entry."""
    view = await telco_lists.one_entry(call.services, call.path["entry"], call.caller.name)
    return page(call, "telco_entry.html", view, wrong=wrong, typed=typed)


async def decide(call: Call[Runtime]) -> Response:
    """Approve or decline what waits, in the caller's name."""
    node, name, officer, said = call.services.node, call.path["entry"], call.caller.name, call.body
    try:
        if said.answer not in ("approve", "decline"):
            raise BadInput("no decision was chosen", "choose one of the two", where="answer")
        reason = filled(Because, said).reason if said.answer == "decline" else ""
    except BadInput as wrong:
        return await entry(call, wrong=wrong, typed=typed_into(said))

    def use_case(tx: Transaction) -> str:
        if reason:
            node.lists.book.decline(tx, name, officer, reason)
        else:
            node.lists.book.approve(tx, name, officer)
        return f"/telco/lists/{name}"

    return await act(call, use_case, entry)


async def withdraw(call: Call[Runtime]) -> Response:
    """Take an entry back, here and wherever it was sent."""
    node, name, officer = call.services.node, call.path["entry"], call.caller.name
    try:
        reason = filled(Because, call.body).reason
    except BadInput as wrong:
        return await entry(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        node.lists.book.withdraw(tx, name, officer, reason)
        return f"/telco/lists/{name}"

    return await act(call, use_case, entry)


_ONE = "/telco/lists/{entry}"
LIST_PAGES = [
    show("/telco/lists", lists, READERS, "What is listed", QUERY),
    # Before one entry, whose id would match it too.
    show("/telco/lists/new", propose_page, PROPOSERS, "Propose an entry"),
    form("/telco/lists/new", propose, Propose, PROPOSERS, "Propose an entry"),
    show(_ONE, entry, READERS, "One entry"),
    form(f"{_ONE}/decide", decide, Decide, APPROVERS, "Approve or decline an entry"),
    form(f"{_ONE}/withdraw", withdraw, TakeBack, APPROVERS, "Take an entry back"),
]
