"""The table of objections; each row is its struct as JSON beside the columns that are searched."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Column, Index, LargeBinary, String, Table, exists, func, insert, or_, select, tuple_, update

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.telco.redress.records import Objection

objections = Table(
    "telco_objections",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("entry", String(16), nullable=False),
    Column("subject", String(20), nullable=False),
    Column("value", String(2048), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("origin", String(80), nullable=False),
    Column("via", String(80), nullable=False),
    Column("their_id", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("received_at", String(32), nullable=False),
    Column("answer_by", String(32), nullable=False),
    # The operator that reported it, "" where somebody else objects.
    Column("operator", String(40), nullable=False),
    Column("late_at", String(32)),
    # When this authority took the entry back by its own law, whatever the origin decides.
    Column("lifted_at", String(32)),
    # The SHA-256 of the token under which whoever objected reads on: who reads the database does not hold it.
    Column("token", String(64), unique=True),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_telco_objections_entry", "entry", "state"),
    Index("ix_telco_objections_state", "state", "received_at", "id"),
    Index("ix_telco_objections_operator", "operator", "received_at"),
    Index("ix_telco_objections_at", "received_at", "id"),
    Index("ix_telco_objections_via", "via", "received_at"),
    Index("ix_telco_objections_due", "state", "origin", "answer_by"),
    Index("ix_telco_objections_their", "their_id", unique=True),
)
_CHANGING = ("state", "late_at", "lifted_at")


def _row(item: Objection) -> dict[str, object]:
    names = {column.name for column in objections.c} - {"operator", "token", "doc"}
    operator = item.name if item.kind == "false_block" else ""
    return {name: getattr(item, name) for name in names} | {"operator": operator, "doc": msgspec.json.encode(item)}


def add(tx: Transaction, item: Objection, token: str | None = None) -> None:
    """Store a new objection, with the hash of its maker's token where it has one."""
    tx.execute(insert(objections), _row(item) | {"token": token})


def keep(tx: Transaction, item: Objection) -> None:
    """Replace an objection."""
    row = _row(item)
    changed = {name: row[name] for name in (*_CHANGING, "doc")}
    tx.execute(update(objections).where(objections.c.id == item.id).values(**changed))


def objection(tx: Transaction, name: str) -> Objection | None:
    """Return one objection."""
    return _one(tx.scalar(select(objections.c.doc).where(objections.c.id == name)))


def by_token(tx: Transaction, token: str) -> Objection | None:
    """Return the objection of a token's hash."""
    return _one(tx.scalar(select(objections.c.doc).where(objections.c.token == token)))


def by_their_id(tx: Transaction, name: str) -> Objection | None:
    """Return the objection of which authorities speak by this id."""
    return _one(tx.scalar(select(objections.c.doc).where(objections.c.their_id == name).limit(1)))


def known(tx: Transaction, name: str) -> bool:
    """Tell whether authorities speak of an objection by this id already: nobody speaks for another's."""
    return by_their_id(tx, name) is not None


def of_entry(tx: Transaction, entry: str, *, open_only: bool = False) -> list[Objection]:
    """Return the objections to an entry, oldest first."""
    query = select(objections.c.doc).where(objections.c.entry == entry)
    if open_only:
        query = query.where(objections.c.state == "open")
    return _all(tx.execute(query.order_by(objections.c.received_at, objections.c.id)).scalars().all())


def contested(tx: Transaction, entry: str) -> bool:
    """Tell whether an objection to an entry waits for its decision, here or where it was listed."""
    waits = exists().where(objections.c.entry == entry, objections.c.state.in_(("open", "seen")))
    return bool(tx.scalar(select(waits)))


def noticed(tx: Transaction, peer: str) -> set[str]:
    """Return the entries to which a notice of a peer waits."""
    table = objections.c
    query = select(table.entry).where(table.state == "open", table.kind == "notice", table.via == peer)
    return set(tx.scalars(query))


def listed(
    tx: Transaction,
    state: str | None,
    *,
    late: bool = False,
    notices: bool | None = None,
    after: tuple[str, str] = ("", ""),
    limit: int = 200,
) -> list[Objection]:
    """Return objections in a state (None: any), oldest first, after (``received_at``, id); with ``late`` the escalated ones.

    ``notices`` True asks for notices only, False for none of them.
    """
    query = select(objections.c.doc).where(tuple_(objections.c.received_at, objections.c.id) > after)
    if state is not None:
        query = query.where(objections.c.state == state)
    if notices is not None:
        query = query.where((objections.c.kind == "notice") == notices)
    if late:
        query = query.where(objections.c.late_at.is_not(None))
    return _all(tx.execute(query.order_by(objections.c.received_at, objections.c.id).limit(limit)).scalars().all())


def reported_by(tx: Transaction, operator: str, limit: int) -> list[Objection]:
    """Return the newest reports of one operator, the last first."""
    query = select(objections.c.doc).where(objections.c.operator == operator, objections.c.kind == "false_block")
    newest = query.order_by(objections.c.received_at.desc(), objections.c.id.desc()).limit(limit)
    return _all(tx.execute(newest).scalars().all())


def ran_out(tx: Transaction, now: str, limit: int) -> list[Objection]:
    """Return open objections of this authority's own to decide whose first answer is overdue and that nobody was told of."""
    query = (
        select(objections.c.doc)
        .where(objections.c.state == "open", objections.c.origin == "", objections.c.answer_by <= now)
        .where(objections.c.late_at.is_(None))
        .order_by(objections.c.answer_by)
    )
    return _all(tx.execute(query.limit(limit)).scalars().all())


def all_reversed(tx: Transaction) -> set[tuple[str, str]]:
    """Return subject and value of everything that was ever taken back on an objection: upheld, or lifted here."""
    table = objections.c
    query = select(table.subject, table.value).where(or_(table.state == "upheld", table.lifted_at.is_not(None)))
    return {(row[0], row[1]) for row in tx.execute(query.distinct())}


def passed_on(tx: Transaction, peer: str, since: str) -> int:
    """Count the objections, to entries of this authority's own, that a peer passed on since a time."""
    table = objections.c
    query = select(func.count()).where(table.via == peer, table.received_at > since, table.kind != "notice")
    return tx.scalar(query) or 0


def received_between(tx: Transaction, since: str, until: str) -> list[Objection]:
    """Return the objections received from ``since`` until before ``until``, oldest first."""
    table = objections.c
    query = select(table.doc).where(table.received_at >= since, table.received_at < until)
    return _all(tx.execute(query.order_by(table.received_at, table.id)).scalars().all())


def _one(data: bytes | None) -> Objection | None:
    return None if data is None else msgspec.json.decode(data, type=Objection)


def _all(rows: Sequence[bytes]) -> list[Objection]:
    return [msgspec.json.decode(data, type=Objection) for data in rows]
