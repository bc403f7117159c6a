"""The tables of what gateways get: deltas of each list, and which gateway had which version in force, and when."""

from collections.abc import Iterable, Sequence

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.telco.book.records import Enforced, Kept
from lintas.telco.book.store import change, entries, to_kept

deltas = Table(
    "telco_deltas",
    metadata,
    Column("list", String(12), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", String(40), nullable=False),
    Column("id", String(64), nullable=False),
    Column("changes", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
)
enforcements = Table(
    "telco_enforcements",
    metadata,
    Column("list", String(12), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("gateway", String(90), primary_key=True),
    Column("at", String(40), nullable=False),
    Index("ix_telco_enforcements_gateway", "gateway", "at"),
)
gateways = Table(
    "telco_gateways",
    metadata,
    Column("name", String(90), primary_key=True),
    Column("list", String(12), primary_key=True),
    Column("organisation", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("enforced_at", String(40), nullable=False),
    Column("seen_at", String(40), nullable=False),
)


def head(tx: Transaction, name: str) -> tuple[int, str]:
    """Return number and id of a list's newest delta; (0, "") before the first."""
    query = select(deltas.c.version, deltas.c.id).where(deltas.c.list == name).order_by(deltas.c.version.desc())
    row = tx.execute(query.limit(1)).first()
    return (row.version, row.id) if row else (0, "")


def add_delta(tx: Transaction, name: str, version: int, values: dict[str, object]) -> None:
    """Store a delta."""
    tx.execute(insert(deltas), {"list": name, "version": version} | values)


def after(tx: Transaction, name: str, version: int, limit: int) -> list[bytes]:
    """Return the deltas that follow a version, in order."""
    query = select(deltas.c.data).where(deltas.c.list == name, deltas.c.version > version)
    return list(tx.scalars(query.order_by(deltas.c.version).limit(limit)))


def oldest(tx: Transaction, name: str) -> int:
    """Return the number of the oldest delta that is kept; 0 for none."""
    return tx.scalar(select(func.min(deltas.c.version)).where(deltas.c.list == name)) or 0


def published_at(tx: Transaction, name: str, version: int) -> str:
    """Return when a version was published; "" for none."""
    query = select(deltas.c.at).where(deltas.c.list == name, deltas.c.version == version)
    return tx.scalar(query) or ""


def trim(tx: Transaction, name: str, below: int) -> None:
    """Forget deltas that every base file has taken in."""
    tx.execute(delete(deltas).where(deltas.c.list == name, deltas.c.version < below))
    tx.execute(delete(enforcements).where(enforcements.c.list == name, enforcements.c.version < below))


# ---- entries, as the lists have them


def unpublished(tx: Transaction, subjects: Sequence[str], limit: int) -> list[tuple[Kept, str, str]]:
    """Return entries that changed since they were published, with the list and the owner under which they are out."""
    query = select(entries).where(entries.c.unpublished == 1, entries.c.subject.in_(subjects))
    rows = tx.execute(query.order_by(entries.c.id).limit(limit))
    return [(to_kept(row), row.published_in, row.published_as) for row in rows]


def skip(tx: Transaction, subjects: Sequence[str]) -> None:
    """Note that changes of other subjects are in no list of numbers."""
    tx.execute(
        update(entries).where(entries.c.unpublished == 1, entries.c.subject.not_in(subjects)).values(unpublished=0)
    )


def mark(tx: Transaction, rows: Iterable[tuple[str, dict[str, object]]]) -> None:
    """Note where entries are out now: ``published_in``, ``published_as``, ``version``."""
    change(tx, ((name, row | {"unpublished": 0}) for name, row in rows))


def out(tx: Transaction, name: str, after_id: str, limit: int) -> list[tuple[Kept, str]]:
    """Return the entries that are out in a list, with the owner under which they are."""
    query = select(entries).where(entries.c.published_in == name, entries.c.id > after_id)
    rows = tx.execute(query.order_by(entries.c.id).limit(limit))
    return [(to_kept(row), row.published_as) for row in rows]


def place(tx: Transaction, entry: str) -> tuple[str, int, str]:
    """Return the list, the version in which an entry last changed, and when that was decided, "" for not yet."""
    decided = case((entries.c.state == "proposed", ""), else_=entries.c.decided_at)
    query = select(entries.c.published_in, entries.c.version, decided).where(entries.c.id == entry)
    row = tx.execute(query).first()
    return (row[0], row[1], row[2]) if row else ("", 0, "")


# ---- gateways


def enforce(tx: Transaction, name: str, gateway: Enforced, organisation: str, now: str) -> None:
    """Note that a gateway has a version in force."""
    known = (
        enforcements.c.list == name,
        enforcements.c.version == gateway.version,
        enforcements.c.gateway == gateway.gateway,
    )
    if tx.scalar(select(enforcements.c.at).where(*known)) is None:
        row = {"list": name, "version": gateway.version, "gateway": gateway.gateway, "at": gateway.at}
        tx.execute(insert(enforcements), row)
    values = {"version": gateway.version, "enforced_at": gateway.at, "seen_at": now}
    of = (gateways.c.name == gateway.gateway, gateways.c.list == name)
    if tx.execute(update(gateways).where(*of).values(**values)).rowcount == 0:
        more = {"name": gateway.gateway, "list": name, "organisation": organisation}
        tx.execute(insert(gateways), values | more)


def make_room(tx: Transaction, name: str, gateway: str, organisation: str, most: int, since: str) -> bool:
    """Tell whether a gateway of an operator can be kept; forgets one that was silent since before ``since`` for a new one."""
    ours = (gateways.c.list == name, gateways.c.organisation == organisation)
    rows = tx.execute(select(gateways.c.name, gateways.c.seen_at).where(*ours).order_by(gateways.c.seen_at)).all()
    if len(rows) < most or any(row.name == gateway for row in rows):
        return True
    if rows[0].seen_at >= since:
        return False
    tx.execute(delete(gateways).where(*ours, gateways.c.name == rows[0].name))
    return True


def following(tx: Transaction, name: str, since: str) -> list[tuple[str, int, str]]:
    """Return (gateway, version, enforced_at) of the gateways that were heard of since a time."""
    query = select(gateways.c.name, gateways.c.version, gateways.c.enforced_at)
    rows = tx.execute(query.where(gateways.c.list == name, gateways.c.seen_at >= since).order_by(gateways.c.name))
    return [(row[0], row[1], row[2]) for row in rows]


def enforced_by(tx: Transaction, name: str, version: int) -> list[Enforced]:
    """Return for each gateway when it first had this version or a later one in force."""
    query = select(enforcements.c.gateway, func.min(enforcements.c.version), func.min(enforcements.c.at))
    query = query.where(enforcements.c.list == name, enforcements.c.version >= version)
    return [Enforced(row[0], row[1], row[2]) for row in tx.execute(query.group_by(enforcements.c.gateway))]


def pending(tx: Transaction) -> bool:
    """Tell whether anything changed that is not published, told or worked out yet."""
    waits = or_(entries.c.unpublished == 1, entries.c.untold == 1, entries.c.unsettled == 1)
    return tx.scalar(select(entries.c.id).where(waits).limit(1)) is not None
