"""Questions over the table of entries for people who look through it: by value, owner and source, page by page."""

import msgspec
from sqlalchemy import exists, select

from lintas.storage.engine import Transaction
from lintas.telco.book.records import Kept
from lintas.telco.book.store import entries, sightings, to_kept


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
