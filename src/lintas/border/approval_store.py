"""The table of approvals on file: each document as its issuer signed it, how often it was used, who withdrew it."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, bindparam, insert, inspect, select, update

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

approvals = Table(
    "border_approvals",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("issuer", String(300), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("case", String(64), nullable=False),
    Column("expires", String(32), nullable=False),
    Column("note", LargeBinary),
    Column("salt", LargeBinary, nullable=False),
    Column("used", Integer, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("recorded_by", String(120), nullable=False),
    Column("withdrawn_at", String(32)),
    Column("withdrawn_by", String(300), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("withdrawal", LargeBinary),
    # Most approvals are given for one case: those of other cases are passed over unread.
    Index("ix_border_approvals_kind", "kind", "case", "expires"),
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One document as it is stored; ``note`` is None where only its issuer's ``withdrawal`` came so far.

    ``case`` is the case that it names, "" where it names none or several.
    """

    id: str
    issuer: str
    kind: str
    case: str
    expires: str
    note: bytes | None
    salt: bytes
    used: int
    recorded_at: str
    recorded_by: str
    withdrawn_at: str | None = None
    withdrawn_by: str = ""
    reason: str = ""
    withdrawal: bytes | None = None


_USE = update(approvals).where(approvals.c.id == bindparam("of_id")).values(used=approvals.c.used + 1)


def row(tx: Transaction, approval_id: str) -> Row | None:
    """Return one document."""
    found = tx.execute(select(approvals).where(approvals.c.id == approval_id)).first()
    return Row(**found._mapping) if found else None


def keep(tx: Transaction, item: Row) -> None:
    """Store a document, or replace the one of its id."""
    values = msgspec.structs.asdict(item)
    if tx.execute(update(approvals).where(approvals.c.id == item.id).values(**values)).rowcount == 0:
        tx.execute(insert(approvals), values)


def carry(old: Transaction, new: Transaction) -> int:
    """Put what one database knows of documents into another: uses, withdrawals; returns how many were not like that there."""
    if not inspect(old).has_table(approvals.name):
        return 0
    rows = [Row(**each._mapping) for each in old.execute(select(approvals))]
    changed = [each for each in rows if row(new, each.id) != each]
    for each in changed:
        keep(new, each)
    return len(changed)


def live(tx: Transaction, kind: str, case: str, now: str) -> list[Row]:
    """Return the documents that may concern a case and are neither withdrawn nor ended, the one that ends first foremost."""
    query = select(approvals).where(
        approvals.c.kind == kind,
        approvals.c.case.in_(("", case)),
        approvals.c.expires > now,
        approvals.c.withdrawn_at.is_(None),
    )
    return [Row(**each._mapping) for each in tx.execute(query.order_by(approvals.c.expires, approvals.c.id))]


def newest(tx: Transaction, kind: str, limit: int) -> list[Row]:
    """Return the latest documents of a kind, whether they count or not."""
    query = select(approvals).where(approvals.c.kind == kind).order_by(approvals.c.id.desc()).limit(limit)
    return [Row(**each._mapping) for each in tx.execute(query)]


def listed(tx: Transaction, after: str, limit: int) -> list[Row]:
    """Return documents, newest id first, before the id ``after`` (keyset paging)."""
    query = select(approvals).where(approvals.c.id < after).order_by(approvals.c.id.desc()).limit(limit)
    return [Row(**each._mapping) for each in tx.execute(query)]


def use(tx: Transaction, approval_ids: Sequence[str]) -> None:
    """Count one more use of each id, as often as it is named."""
    tx.execute(_USE, [{"of_id": each} for each in approval_ids])
