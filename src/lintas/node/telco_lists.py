"""The lists as people look through them: by value or id, with what an entry hits, who must still approve, how far it got."""

from collections.abc import Iterable, Mapping

import msgspec

from lintas.model.errors import BadInput
from lintas.model.listings import ListKind, Subject
from lintas.model.people import same_person
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.node.seeing import Carried, View
from lintas.storage.engine import Transaction
from lintas.telco import browse_store
from lintas.telco.book import safety, sources_store, values
from lintas.telco.book.records import Allowed, EntryPath, Kept, Sighting, State
from lintas.telco.browse_store import Wanted

#: What each filter means, for the routes that take it.
QUERY = {
    "q": "a value as it is written, or the id of a block",
    "subject": "number, range, url, domain, sender_id or wallet",
    "kind": "blocked, do_not_originate, unallocated or protected",
    "state": "proposed, shadow, listed, ended or declined",
    "owner": "a part of the owner's name",
    "source": "who vouches: desk, a feed, or peer: and an authority",
    "after": "the id of the last entry of the page before",
}
SUBJECTS: tuple[Subject, ...] = ("number", "range", "url", "domain", "sender_id", "wallet")
KINDS: tuple[ListKind, ...] = ("blocked", "do_not_originate", "unallocated", "protected")
STATES: tuple[State, ...] = ("proposed", "shadow", "listed", "ended", "declined")
_CLOSED: dict[str, tuple[str, ...]] = {"subject": SUBJECTS, "kind": KINDS, "state": STATES}
#: What people put into a number to read it.
_PLAIN = str.maketrans("", "", " ().\u00a0")
_LONGEST = {"q": 2048, "owner": 200, "source": 90, "after": 16}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; "" asks for all."""

    q: str = ""
    subject: str = ""
    kind: str = ""
    state: str = ""
    owner: str = ""
    source: str = ""
    after: str = ""


class OneEntry(View, frozen=True, kw_only=True):
    """One entry, who vouches for it, what of the allow-list it hits, and how far it got.

    ``mine``: the reader had a say in it; ``contested``: an objection waits; ``relisted``: one was upheld before.
    """

    entry: Kept
    sightings: list[Sighting]
    hits: list[Allowed]
    path: EntryPath
    mine: bool
    contested: bool
    relisted: bool

    def carries(self) -> Iterable[Carried]:
        """Return the statements of peers that it shows."""
        return (Carried("object", each.batch, each.origin) for each in self.sightings if each.origin)


def asked(query: Mapping[str, str]) -> Asked:
    """Read what is asked for; BadInput where a filter cannot be one."""
    given = {name: query.get(name, "").strip() for name in QUERY}
    for name, known in _CLOSED.items():
        if given[name] and given[name] not in known:
            raise BadInput(
                f"{given[name][:40]!r} is no {name}", f"use one of {', '.join(known)}", where=f"query {name}"
            )
    for name, most in _LONGEST.items():
        if len(given[name]) > most:
            raise BadInput("this is too long", f"at most {most} characters", where=f"query {name}")
    return Asked(**given)


async def entries(runtime: Runtime, wish: Asked, limit: int) -> list[Kept]:
    """Return entries by id, after ``wish.after``."""
    wanted = Wanted(
        subject=wish.subject,
        kind=wish.kind,
        state=wish.state,
        owner=wish.owner,
        source=wish.source,
        **_found(runtime.node, wish),
    )
    return await runtime.read(lambda tx: browse_store.found(tx, wanted, after=wish.after, limit=limit))


def _found(node: Node, wish: Asked) -> dict[str, tuple[str, ...]]:
    """Return the ids under which what was typed may stand: itself, and that of each normal form of it as each kind."""
    if not wish.q:
        return {}
    ids = [wish.q.lower()[:16]]
    for subject in SUBJECTS:
        try:
            form = values.normal(subject, wish.q.translate(_PLAIN) if subject in ("number", "range") else wish.q)
        except BadInput:
            continue
        ids += [node.lists.book.id_of(subject, kind, form) for kind in KINDS]
    return {"ids": tuple(ids)}


async def one_entry(runtime: Runtime, entry: str, officer: str) -> OneEntry:
    """Return one entry; NotFound when there is none."""
    node = runtime.node

    def look(tx: Transaction) -> OneEntry:
        kept = node.lists.book.entry(tx, entry)
        hit = None if kept.kind == "protected" else safety.hit_of(tx, kept.subject, kept.value)
        return OneEntry(
            entry=kept,
            sightings=node.lists.book.vouched(tx, entry),
            hits=[hit] if hit else [],
            path=node.lists.publishing.path(tx, entry),
            mine=any(same_person(name, officer) for name in kept.listed_by),
            contested=node.redress.contested(tx, entry),
            relisted=node.redress.upheld_before(tx, kept.subject, kept.value),
        )

    return await runtime.read(look)


def source_names(tx: Transaction) -> list[str]:
    """Return the names of every source, for a filter."""
    return [each.name for each in sources_store.all_sources(tx)]
