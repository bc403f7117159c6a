"""Sender IDs: what officers file, ask for and confirm about claims and registrations, and the signed registry for gateways."""

import msgspec
from starlette.responses import Response

from lintas.api.lists import APPROVERS, PROPOSERS, SEERS
from lintas.http.routing import Call, Route, page_size
from lintas.model.errors import BadInput
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.telco.registry import published
from lintas.telco.registry.records import NewAsked, NewClaim, Reason, Sender, SenderView, Wish

TELCO = frozenset({"telco"})
STATES = ("proposed", "claimed", "registered", "ended", "declined")


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a claim is taken back, or something declined."""

    reason: Reason


async def senders(call: Call[Runtime]) -> list[Sender]:
    """Return claims and registrations of here and abroad, by id."""
    query, limit, reading = call.query, page_size(call.query, 50), call.services.node.senders.reading
    wanted = {name: query.get(name, "") for name in ("q", "state", "where", "after")}
    if wanted["state"] not in ("", *STATES):
        raise BadInput("there is no such state", f"use one of {', '.join(STATES)}", where="query state")
    if wanted["where"] not in ("", "here", "abroad"):
        raise BadInput("there is no such place", "use here or abroad", where="query where")
    return await call.services.read(lambda tx: reading.listed(tx, **wanted, limit=limit))


async def sender(call: Call[Runtime]) -> SenderView:
    """Return one claim or registration, its clashes, and what authorities say of it."""
    return await call.services.read(lambda tx: call.services.node.senders.reading.view(tx, call.path["sender"]))


async def file(call: Call[Runtime]) -> Sender:
    """File a claim for a claimant."""
    body: NewClaim = call.body
    desk, officer = call.services.node.senders.desk, call.caller.name
    return await call.services.write(call.once(lambda tx: desk.file(tx, body, officer)))


async def approve(call: Call[Runtime]) -> Sender:
    """Approve a claim, which announces it."""
    desk, name, officer = call.services.node.senders.desk, call.path["sender"], call.caller.name
    return await call.services.write(lambda tx: desk.approve(tx, name, officer))


async def decline(call: Call[Runtime]) -> Sender:
    """Decline a claim that waits, or what somebody asked for."""
    body: Why = call.body
    desk, name, officer = call.services.node.senders.desk, call.path["sender"], call.caller.name
    return await call.services.write(lambda tx: desk.decline(tx, name, officer, body.reason))


async def withdraw(call: Call[Runtime]) -> Sender:
    """Take a claim of ours back."""
    body: Why = call.body
    desk, name, officer = call.services.node.senders.desk, call.path["sender"], call.caller.name
    return await call.services.write(lambda tx: desk.withdraw(tx, name, officer, body.reason))


async def ask(call: Call[Runtime]) -> Sender:
    """Ask for what a second officer confirms."""
    body: NewAsked = call.body
    desk, name, officer = call.services.node.senders.desk, call.path["sender"], call.caller.name
    return await call.services.write(lambda tx: desk.ask(tx, name, body, officer))


async def confirm(call: Call[Runtime]) -> Sender:
    """Confirm what another officer asked for; the body names the wish that he read."""
    body: Wish = call.body
    desk, name, officer = call.services.node.senders.desk, call.path["sender"], call.caller.name
    return await call.services.write(lambda tx: desk.confirm(tx, name, body, officer))


async def registry(call: Call[Runtime]) -> Response:
    """Send the registrations in force, signed; 304 to who has them already (RFC 9110, section 13.1.2)."""
    of = call.services.node.senders
    signer = of.signer()
    known = call.request.headers.get("if-none-match", "").strip('"')

    def question(tx: Transaction) -> tuple[str, bytes | None]:
        number, found = of.reading.published(tx)
        tag = f"{signer.public.key_id}-{number}-{len(found)}"
        same = tag == known
        return tag, None if same else published.write(found, authority=of.me, number=number, signer=signer)

    tag, body = await call.services.read(question)
    headers = {"etag": f'"{tag}"'}
    if body is None:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="text/plain")


_S = "/api/v1/telco/senders"
ROUTES = [
    Route(
        "GET",
        _S,
        senders,
        answer=list[Sender],
        roles=SEERS,
        summary="List claims and registrations of sender IDs",
        query={
            "q": "an id, or a part of a sender ID; what looks like it is found too",
            "state": ", ".join(STATES),
            "where": "here or abroad",
            "after": "the last id of the page before",
            "limit": "how many, 1 to 200",
        },
    ),
    Route("POST", _S, file, NewClaim, Sender, PROPOSERS, "File a claim to a sender ID", 201, once=True),
    Route(
        "GET",
        "/api/v1/telco/senders/registry",
        registry,
        roles=TELCO,
        summary="The registrations of sender IDs in force, signed, one a line",
        gives=("text/plain",),
        also={"304": "nothing changed since the ETag in `If-None-Match`"},
    ),
    Route("GET", _S + "/{sender}", sender, answer=SenderView, roles=SEERS, summary="Show one claim or registration"),
    Route("POST", _S + "/{sender}/approve", approve, answer=Sender, roles=APPROVERS, summary="Approve a claim"),
    Route("POST", _S + "/{sender}/decline", decline, Why, Sender, APPROVERS, "Decline what waits"),
    Route("POST", _S + "/{sender}/withdraw", withdraw, Why, Sender, APPROVERS, "Take a claim back"),
    Route("POST", _S + "/{sender}/ask", ask, NewAsked, Sender, PROPOSERS, "Ask for what a second officer confirms"),
    Route("POST", _S + "/{sender}/confirm", confirm, Wish, Sender, APPROVERS, "Confirm what was asked"),
]
