"""Questions over what was told to peers and published to gateways: who has which version, what arrived when."""

from typing import NamedTuple

from sqlalchemy import func, select

from lintas.storage.engine import Transaction
from lintas.telco.book.abroad_store import told
from lintas.telco.book.gates_store import deltas, enforcements, gateways
from lintas.telco.book.records import Told
from lintas.telco.book.store import entries

#: Batches, and confirmations of gateways, that are looked at: the newest ones.
MOST = 20_000


class Gate(NamedTuple):
    """One gateway of the list that is acted upon."""

    name: str
    operator: str
    version: int
    enforced_at: str
    seen_at: str


class Changed(NamedTuple):
    """One entry as it was published last."""

    entry: str
    value: str
    state: str
    decided_at: str
    version: int
    published_at: str


def told_since(tx: Transaction, since: str) -> list[Told]:
    """Return what peers were told since a time, oldest first."""
    newest = select(told).where(told.c.left_at >= since).order_by(told.c.batch.desc(), told.c.peer).limit(MOST)
    rows = tx.execute(newest).all()
    return [Told(**{name: row._mapping[name] for name in Told.__struct_fields__}) for row in reversed(rows)]


def gates(tx: Transaction, operator: str = "") -> list[Gate]:
    """Return the gateways that follow the list, of one operator or of all."""
    columns = (
        gateways.c.name,
        gateways.c.organisation,
        gateways.c.version,
        gateways.c.enforced_at,
        gateways.c.seen_at,
    )
    query = select(*columns).where(gateways.c.list == "calls").order_by(gateways.c.name)
    if operator:
        query = query.where(gateways.c.organisation == operator)
    return [Gate(*row) for row in tx.execute(query)]


def published_since(tx: Transaction, since: str) -> list[tuple[int, str]]:
    """Return versions of the list and when each was published, since a time, oldest first."""
    query = select(deltas.c.version, deltas.c.at).where(deltas.c.list == "calls", deltas.c.at >= since)
    rows = tx.execute(query.order_by(deltas.c.version.desc()).limit(MOST)).all()
    return [(row[0], row[1]) for row in reversed(rows)]


def enforced(tx: Transaction, gateway: str, least: int) -> list[tuple[int, str]]:
    """Return the versions, from ``least`` on, that a gateway said to have in force, and when, the lowest first."""
    query = select(enforcements.c.version, enforcements.c.at).where(
        enforcements.c.list == "calls", enforcements.c.gateway == gateway, enforcements.c.version >= least
    )
    return [(row[0], row[1]) for row in tx.execute(query.order_by(enforcements.c.version).limit(MOST))]


def changed(tx: Transaction, limit: int) -> list[Changed]:
    """Return the entries that were decided upon last, the newest first."""
    when = deltas.c.at
    query = (
        select(entries.c.id, entries.c.value, entries.c.state, entries.c.decided_at, entries.c.version, when)
        .outerjoin(deltas, (deltas.c.version == entries.c.version) & (deltas.c.list == "calls"))
        .where(entries.c.decided_at != "", entries.c.state.in_(("listed", "ended")))
        .order_by(entries.c.decided_at.desc(), entries.c.id)
    )
    return [Changed(row[0], row[1], row[2], row[3], row[4], row[5] or "") for row in tx.execute(query.limit(limit))]


def head(tx: Transaction) -> int:
    """Return the newest version of the list that is acted upon; 0 before the first."""
    return tx.scalar(select(func.max(deltas.c.version)).where(deltas.c.list == "calls")) or 0
