"""The officers' side of lists: entries proposed, approved and taken back, imports, sources, standing words, the allow-list."""

from typing import Annotated

import msgspec

from lintas.api.reports import READERS
from lintas.http.routing import Call, Route, page_size
from lintas.model.listings import Subject
from lintas.node import telco_lists
from lintas.node.list_reading import ListedEntry, listed_entry
from lintas.node.runtime import Runtime
from lintas.telco.book import bulk
from lintas.telco.book.records import (
    Adoption,
    Allowed,
    Enforced,
    Import,
    Kept,
    NewAllowed,
    Proposal,
    Reason,
    Source,
    Told,
)

PROPOSERS = frozenset({"investigator", "approver"})
APPROVERS = frozenset({"approver"})
KEEPERS = frozenset({"administrator"})
SEERS = READERS | KEEPERS
#: A table of a hundred thousand rows has about ten megabytes; longer ones are imported by the command, or in parts.
MAX_TABLE = 16 * 1024 * 1024
AFTER = "the last {} of the page before"


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why something is taken back, declined or stopped."""

    reason: Reason


class Adopts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which subjects a peer's entries are enforced here without a further word."""

    subjects: Annotated[tuple[Subject, ...], msgspec.Meta(min_length=1, max_length=6)]


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much a source may bring in an hour."""

    cap_hour: int


# ---- entries


async def entries(call: Call[Runtime]) -> list[Kept]:
    """Return entries by id; ``value`` finds one by what it names exactly. BadInput for an unknown state, subject, kind."""
    book, query = call.services.node.book, call.query
    limit, wish = page_size(query, 50), telco_lists.asked(query)
    if "value" in query:
        return await call.services.read(lambda tx: book.named(tx, query["value"]))
    return await call.services.read(
        lambda tx: book.listed(
            tx, state=wish.state, subject=wish.subject, kind=wish.kind, after=wish.after, limit=limit
        )
    )


async def entry(call: Call[Runtime]) -> ListedEntry:
    """Return one entry, who vouches for it, and how far it got."""
    return await call.services.read(lambda tx: listed_entry(call.services.node, tx, call.path["entry"]))


async def propose(call: Call[Runtime]) -> Kept:
    """Propose an entry, or see one again that stands."""
    form: Proposal = call.body
    book, officer = call.services.node.book, call.caller.name
    return await call.services.write(call.once(lambda tx: book.propose(tx, form, officer)))


async def approve(call: Call[Runtime]) -> Kept:
    """Say yes to an entry that waits."""
    book, name, officer = call.services.node.book, call.path["entry"], call.caller.name
    return await call.services.write(lambda tx: book.approve(tx, name, officer))


async def decline(call: Call[Runtime]) -> Kept:
    """Refuse an entry that waits."""
    body: Because = call.body
    book, name, officer = call.services.node.book, call.path["entry"], call.caller.name
    return await call.services.write(lambda tx: book.decline(tx, name, officer, body.reason))


async def withdraw(call: Call[Runtime]) -> Kept:
    """Take an entry back, here and wherever it was told."""
    body: Because = call.body
    book, name, officer = call.services.node.book, call.path["entry"], call.caller.name
    return await call.services.write(lambda tx: book.withdraw(tx, name, officer, body.reason))


async def unconfirmed(call: Call[Runtime]) -> list[Told]:
    """Return withdrawals that somebody who got the original has not confirmed."""
    return await call.services.read(call.services.node.lists.telling.unconfirmed)


async def gateways(call: Call[Runtime]) -> list[Enforced]:
    """Return the gateways that follow, with the version that each has in force."""
    return await call.services.read(call.services.node.lists.publishing.gateways)


# ---- imports


async def import_(call: Call[Runtime]) -> Import:
    """Take a table from a feed; the rows that are refused are told by line, the others wait for an approver."""
    imports, services, officer = call.services.node.lists.bulk, call.services, call.caller.name
    lines = await services.apart(lambda: list(bulk.read(bulk.text_of(call.body))))
    begun = await services.write(lambda tx: imports.begin(tx, call.query.get("source", ""), officer))
    for part in bulk.parts(lines):
        await services.write(lambda tx, rows=part: imports.take(tx, begun.id, rows))  # type: ignore[misc] # bound now
    return await services.write(lambda tx: imports.end(tx, begun.id))


async def imports(call: Call[Runtime]) -> list[Import]:
    """Return imports, newest first."""
    before = call.query.get("after", "~")
    return await call.services.read(lambda tx: call.services.node.lists.bulk.listed(tx, before))


async def approve_import(call: Call[Runtime]) -> Import:
    """Let all that an import brought stand."""
    name, officer = call.path["import"], call.caller.name
    return await call.services.write(lambda tx: call.services.node.lists.bulk.approve(tx, name, officer))


async def decline_import(call: Call[Runtime]) -> Import:
    """Let nothing of an import stand."""
    name, officer = call.path["import"], call.caller.name
    return await call.services.write(lambda tx: call.services.node.lists.bulk.decline(tx, name, officer))


# ---- sources, standing words, the allow-list


async def sources(call: Call[Runtime]) -> list[Source]:
    """Return every source."""
    return await call.services.read(call.services.node.lists.sources.listed)


async def stop(call: Call[Runtime]) -> Source:
    """Let nothing of a source count from now on."""
    body: Because = call.body
    of, name, officer = call.services.node.lists.sources, call.path["source"], call.caller.name
    return await call.services.write(lambda tx: of.stop(tx, name, officer, body.reason))


async def restart(call: Call[Runtime]) -> Source:
    """Ask that a source counts again, or let it when somebody else has asked."""
    of, name, officer = call.services.node.lists.sources, call.path["source"], call.caller.name
    return await call.services.write(lambda tx: of.restart(tx, name, officer))


async def cap(call: Call[Runtime]) -> Source:
    """Set how much a source may bring in an hour."""
    body: Cap = call.body
    of, name = call.services.node.lists.sources, call.path["source"]
    return await call.services.write(lambda tx: of.cap(tx, name, body.cap_hour))


async def adoptions(call: Call[Runtime]) -> list[Adoption]:
    """Return the standing words for peers."""
    return await call.services.read(call.services.node.lists.sources.adoptions)


async def adopt(call: Call[Runtime]) -> Adoption:
    """Ask that what a peer lists is enforced without a further word, or say so when somebody else has asked."""
    body: Adopts = call.body
    of, peer, officer = call.services.node.lists.sources, call.path["peer"], call.caller.name
    return await call.services.write(lambda tx: of.adopt(tx, peer, body.subjects, officer))


async def end_adoption(call: Call[Runtime]) -> Adoption:
    """End a standing word."""
    of, peer, officer = call.services.node.lists.sources, call.path["peer"], call.caller.name
    return await call.services.write(lambda tx: of.end_adoption(tx, peer, officer))


async def allow_list(call: Call[Runtime]) -> list[Allowed]:
    """Return the allow-list."""
    after = call.query.get("after", "")
    return await call.services.read(lambda tx: call.services.node.lists.sources.allow_list(tx, after))


async def allow(call: Call[Runtime]) -> Allowed:
    """Put something on the allow-list."""
    body: NewAllowed = call.body
    of, officer = call.services.node.lists.sources, call.caller.name
    return await call.services.write(lambda tx: of.allow(tx, body, officer))


async def disallow(call: Call[Runtime]) -> Allowed | None:
    """Ask that a line be removed, or remove it when another administrator has asked."""
    of, name, officer = call.services.node.lists.sources, call.path["allowed"], call.caller.name
    return await call.services.write(lambda tx: of.disallow(tx, name, officer))


_E, _S, _A, _I = "/api/v1/telco/entries", "/api/v1/telco/sources", "/api/v1/telco/adoptions", "/api/v1/telco/imports"
_L = "/api/v1/telco/allow-list"
ROUTES = [
    Route(
        "GET",
        _E,
        entries,
        answer=list[Kept],
        roles=SEERS,
        summary="List entries of the lists",
        query={
            "value": "exactly what an entry names",
            **{name: telco_lists.QUERY[name] for name in ("state", "subject", "kind")},
            "after": AFTER.format("entry"),
            "limit": "how many, 1 to 200",
        },
    ),
    Route("POST", _E, propose, Proposal, Kept, PROPOSERS, "Propose an entry", 201, once=True),
    Route("GET", _E + "/{entry}", entry, answer=ListedEntry, roles=SEERS, summary="Show one entry and its way"),
    Route("POST", _E + "/{entry}/approve", approve, answer=Kept, roles=APPROVERS, summary="Approve an entry"),
    Route("POST", _E + "/{entry}/decline", decline, Because, Kept, APPROVERS, "Decline an entry"),
    Route("POST", _E + "/{entry}/withdraw", withdraw, Because, Kept, APPROVERS, "Take an entry back"),
    Route(
        "GET",
        "/api/v1/telco/unconfirmed",
        unconfirmed,
        answer=list[Told],
        roles=SEERS,
        summary="List withdrawals that a peer has not confirmed",
    ),
    Route(
        "GET",
        "/api/v1/telco/gateways",
        gateways,
        answer=list[Enforced],
        roles=SEERS,
        summary="List the gateways that follow our list",
    ),
    Route(
        "POST",
        _I,
        import_,
        bytes,
        Import,
        PROPOSERS,
        "Import a table of entries from a feed",
        201,
        limit=MAX_TABLE,
        media=("text/csv",),
        query={"source": "the feed's name"},
    ),
    Route(
        "GET",
        _I,
        imports,
        answer=list[Import],
        roles=SEERS,
        summary="List imports, newest first",
        query={"after": AFTER.format("import")},
    ),
    Route(
        "POST", _I + "/{import}/approve", approve_import, answer=Import, roles=APPROVERS, summary="Approve an import"
    ),
    Route(
        "POST", _I + "/{import}/decline", decline_import, answer=Import, roles=APPROVERS, summary="Decline an import"
    ),
    Route("GET", _S, sources, answer=list[Source], roles=SEERS, summary="List the sources of entries"),
    Route("POST", _S + "/{source}/stop", stop, Because, Source, PROPOSERS | KEEPERS, "Stop a source at once"),
    Route(
        "POST", _S + "/{source}/restart", restart, answer=Source, roles=APPROVERS, summary="Let a source count again"
    ),
    Route("PUT", _S + "/{source}/cap", cap, Cap, Source, KEEPERS, "Set how much a source may bring in an hour"),
    Route("GET", _A, adoptions, answer=list[Adoption], roles=SEERS, summary="List standing words for peers"),
    Route("PUT", _A + "/{peer}", adopt, Adopts, Adoption, APPROVERS, "Adopt what a peer lists"),
    Route("DELETE", _A + "/{peer}", end_adoption, answer=Adoption, roles=APPROVERS, summary="End a standing word"),
    Route(
        "GET",
        _L,
        allow_list,
        answer=list[Allowed],
        roles=SEERS,
        summary="Show the allow-list",
        query={"after": AFTER.format("line")},
    ),
    Route("POST", _L, allow, NewAllowed, Allowed, KEEPERS, "Put something on the allow-list", 201),
    Route(
        "POST",
        _L + "/{allowed}/remove",
        disallow,
        answer=Allowed | None,
        roles=KEEPERS,
        summary="Remove a line of the allow-list, by two administrators",
    ),
]
