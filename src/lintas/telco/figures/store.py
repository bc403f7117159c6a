"""The tables of counters: which minutes of which gateway were taken, and the calls of each day by sort."""

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.telco.figures.records import CounterReport, CounterRow

minutes = Table(
    "telco_counted",
    metadata,
    Column("operator", String(40), primary_key=True),
    Column("gateway", String(40), primary_key=True),
    Column("minute", String(32), primary_key=True),
    Column("list_version", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Index("ix_telco_counted_minute", "minute"),
)
counts = Table(
    "telco_counts",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("operator", String(40), primary_key=True),
    Column("preset", String(10), primary_key=True),
    Column("trunk", String(20), primary_key=True),
    Column("action", String(20), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("shadow", Boolean, primary_key=True),
    Column("calls", BigInteger, nullable=False),
)
_SORT = ("operator", "preset", "trunk", "action", "kind", "shadow")


def digest_of(tx: Transaction, operator: str, gateway: str, minute: str) -> bytes | None:
    """Return the digest of what was counted in a minute; None where it was not taken yet."""
    table = minutes.c
    query = select(table.digest).where(table.operator == operator, table.gateway == gateway, table.minute == minute)
    return tx.scalar(query)


def add(tx: Transaction, operator: str, report: CounterReport, digest: bytes) -> None:
    """Note a minute and add its calls to its day."""
    noted = {"operator": operator, "gateway": report.gateway, "minute": report.minute}
    tx.execute(insert(minutes), noted | {"list_version": report.list_version, "digest": digest})
    for each in report.counts:
        sort = {"day": report.minute[:10], "operator": operator, "preset": report.preset}
        sort |= {"trunk": each.trunk, "action": each.action, "kind": each.kind}
        where = [counts.c[name] == value for name, value in sort.items()] + [counts.c.shadow.is_(each.shadow)]
        more = update(counts).where(*where).values(calls=counts.c.calls + each.calls)
        if tx.execute(more).rowcount == 0:
            tx.execute(insert(counts), sort | {"shadow": each.shadow, "calls": each.calls})


def forget_before(tx: Transaction, minute: str) -> None:
    """Forget which minutes were taken before one from which on none is taken any more."""
    tx.execute(delete(minutes).where(minutes.c.minute < minute))


def between(tx: Transaction, since: str, until: str, operator: str = "") -> list[CounterRow]:
    """Return the calls of the days from ``since`` until before ``until`` by sort, of one operator or of all."""
    by = [counts.c[name] for name in _SORT]
    query = select(*by, func.sum(counts.c.calls)).where(counts.c.day >= since[:10], counts.c.day < until[:10])
    if operator:
        query = query.where(counts.c.operator == operator)
    rows = tx.execute(query.group_by(*by).order_by(*by)).all()
    return [msgspec.convert(dict(zip((*_SORT, "calls"), map(_plain, row), strict=True)), CounterRow) for row in rows]


def _plain(value: object) -> object:
    """PostgreSQL sums into a decimal."""
    return value if isinstance(value, (str, bool)) else int(value)  # type: ignore[call-overload] # a number
