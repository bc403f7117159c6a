"""Questions over the table of entries for people who look through it: by value, owner and source, page by page."""

import msgspec
from sqlalchemy import exists, literal, select, union_all

from lintas.storage.engine import Transaction
from lintas.telco.book.records import DESK, Kept
from lintas.telco.book.sources_store import sources
from lintas.telco.book.store import WAITS, entries, sightings, to_kept


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are looked for; "" and () ask for all."""

    ids: tuple[str, ...] = ()
    subject: str = ""
    kind: str = ""
    state: str = ""
    owner: str = ""
    source: str = ""


def found(tx: Transaction, wanted: Wanted, *, after: str = "", limit: int = 50) -> list[Kept]:
    """Return entries by id, after the id ``after``."""
    query = select(entries).where(entries.c.id > after).order_by(entries.c.id).limit(limit)
    if wanted.ids:
        query = query.where(entries.c.id.in_(wanted.ids))
    for column, value in (
        (entries.c.subject, wanted.subject),
        (entries.c.kind, wanted.kind),
        (entries.c.state, wanted.state),
    ):
        if value:
            query = query.where(column == value)
    if wanted.owner:
        query = query.where(entries.c.owner.icontains(wanted.owner, autoescape=True))
    if wanted.source:
        vouches = exists().where(sightings.c.entry == entries.c.id, sightings.c.source == wanted.source)
        query = query.where(vouches)
    return [to_kept(row) for row in tx.execute(query)]


def to_approve(tx: Transaction, limit: int) -> list[Kept]:
    """Return entries that wait for an approver each by itself: what only an import brought waits as a whole."""
    one_by_one = union_all(select(literal(DESK)), select(sources.c.name).where(sources.c.kind == "peer"))
    waiting = select(sightings.c.entry).where(WAITS, sightings.c.source.in_(one_by_one))
    query = select(entries).where(entries.c.state == "proposed", entries.c.needs > 0, entries.c.id.in_(waiting))
    return [to_kept(row) for row in tx.execute(query.order_by(entries.c.id).limit(limit))]
