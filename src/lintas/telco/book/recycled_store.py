"""The table of what operators said of recycled numbers; each row is its struct as JSON beside the columns that are searched."""

import msgspec
from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, func, insert, select, update

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.telco.book.records import Recycled

recycled = Table(
    "telco_recycled",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("operator", String(40), nullable=False),
    Column("at", String(32), nullable=False),
    Column("state", String(12), nullable=False),
    # Entries that ended at the operator's word alone.
    Column("ended", Integer, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_telco_recycled_operator", "operator", "at"),
)


def add(tx: Transaction, item: Recycled) -> None:
    """Store a report."""
    columns = {name: getattr(item, name) for name in ("id", "operator", "at", "state", "ended")}
    tx.execute(insert(recycled), columns | {"doc": msgspec.json.encode(item)})


def keep(tx: Transaction, item: Recycled) -> None:
    """Replace a report that was decided; what ended at the operator's word alone stays as it was counted."""
    values = {"state": item.state, "doc": msgspec.json.encode(item)}
    tx.execute(update(recycled).where(recycled.c.id == item.id).values(values))


def find(tx: Transaction, name: str) -> Recycled | None:
    """Return one report."""
    data = tx.scalar(select(recycled.c.doc).where(recycled.c.id == name))
    return None if data is None else msgspec.json.decode(data, type=Recycled)


def listed(tx: Transaction, operator: str, before: str, limit: int) -> list[Recycled]:
    """Return reports of an operator ("" of all), newest first, before the id ``before``."""
    query = select(recycled.c.doc).where(recycled.c.id < before)
    if operator:
        query = query.where(recycled.c.operator == operator)
    found = tx.scalars(query.order_by(recycled.c.id.desc()).limit(limit)).all()
    return [msgspec.json.decode(data, type=Recycled) for data in found]


def ended_since(tx: Transaction, operator: str, since: str) -> int:
    """Count the entries that ended at an operator's word alone since a time."""
    query = select(func.sum(recycled.c.ended)).where(recycled.c.operator == operator, recycled.c.at > since)
    return int(tx.scalar(query) or 0)


def waiting(tx: Transaction, operator: str, since: str) -> list[Recycled]:
    """Return the reports of an operator since a time that wait for an approver."""
    wanted = recycled.c.operator == operator, recycled.c.state == "waits", recycled.c.at > since
    found = tx.scalars(select(recycled.c.doc).where(*wanted)).all()
    return [msgspec.json.decode(data, type=Recycled) for data in found]
