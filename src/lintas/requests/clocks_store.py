"""The table of clocks that ran out, and the questions that find which clocks run, over the tables of what they run on."""

from collections.abc import Collection, Sequence
from functools import cache

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    LargeBinary,
    Select,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    exists,
    literal,
    select,
    true,
    tuple_,
    union_all,
)

from lintas.requests.clock_records import ClockKind, Escalation
from lintas.requests.orders_store import orders
from lintas.requests.records import Hold, Order, Share
from lintas.requests.store import Keeper, holds, read_all, read_doc, shares
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

escalations = Table(
    "requests_escalations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("subject", String(400), nullable=False),
    Column("due", String(32), nullable=False),
    Column("case", String(64), nullable=False, index=True),
    Column("raised_at", String(32), nullable=False),
    Column("settled_at", String(32)),
    Column("doc", LargeBinary, nullable=False),
    # One clock runs out once, however often anybody looks.
    UniqueConstraint("subject", "due"),
    Index("ix_requests_escalations_open", "settled_at", "raised_at", "id"),
    Index("ix_requests_escalations_at", "raised_at", "id"),
)
_KEEP = Keeper(escalations, "id", "settled_at", "doc")

#: A hold's clock is its answer's, until an order has one of its own.
_WAITS = holds.c.state.in_(("awaiting_approval", "sent", "delivered"))
_DUE: dict[type[Hold | Order | Share], tuple[Table, ColumnElement[str], ColumnElement[bool]]] = {
    Hold: (holds, holds.c.answer_by, _WAITS),
    Order: (orders, orders.c.due, orders.c.due.is_not(None)),
    Share: (shares, shares.c.due, shares.c.due.is_not(None)),
}

#: What each kind of clock runs on, and which of those.
_CLOCKS: dict[ClockKind, tuple[type[Hold | Order | Share], ColumnElement[bool]]] = {
    "decide": (Hold, holds.c.state == "awaiting_approval"),
    "peer_answer": (Hold, holds.c.state != "awaiting_approval"),
    "bank_answer": (Order, orders.c.answered_at.is_(None)),
    "confirm": (Order, orders.c.answered_at.is_not(None)),
    "chase": (Share, true()),
}


def running(
    tx: Transaction, kinds: Collection[ClockKind], after: tuple[str, str], limit: int
) -> list[Hold | Order | Share]:
    """Return what clocks of these kinds run on, the ``limit`` that run out first after (due, id), in that order."""
    pages = [_page(kind, after, limit).subquery() for kind in kinds]
    rows = union_all(*map(select, pages)).order_by("due", "id").limit(limit)
    return [msgspec.json.decode(row.doc, type=_CLOCKS[row.kind][0]) for row in tx.execute(rows)]


def _page(kind: ClockKind, after: tuple[str, str], limit: int) -> Select[str, str, str, bytes]:
    what, of_kind = _CLOCKS[kind]
    table, due, runs = _DUE[what]
    columns = literal(kind).label("kind"), due.label("due"), table.c.id.label("id"), table.c.doc
    query = select(*columns).where(runs, of_kind, tuple_(due, table.c.id) > after)
    return query.order_by(due, table.c.id).limit(limit)


def subject(tx: Transaction, name: str) -> Hold | Order | Share | None:
    """Return what has this id and may have a clock."""
    for kind, (table, _, _) in _DUE.items():
        found = read_doc(tx.scalar(select(table.c.doc).where(table.c.id == name)), kind)
        if found is not None:
            return found
    return None


def ran_out(tx: Transaction, now: str, limit: int) -> list[Hold | Order | Share]:
    """Return what has a clock that ran out and that nobody noted yet."""
    found: list[Hold | Order | Share] = []
    for kind in _DUE:
        found += read_all(tx, _ran_out(kind), kind, now=now, most=limit)
    return found


@cache
def _ran_out(kind: type[Hold | Order | Share]) -> Select[bytes]:
    table, due, runs = _DUE[kind]
    noted = exists().where(escalations.c.subject == table.c.id, escalations.c.due == due)
    return select(table.c.doc).where(runs, due <= bindparam("now"), ~noted).order_by(due).limit(bindparam("most"))


def settled(tx: Transaction, limit: int) -> list[Escalation]:
    """Return escalations that are open though their clock runs no more: somebody acted, or nothing is left to act on."""
    return read_all(tx, _settled(), Escalation, most=limit)


@cache
def _settled() -> Select[bytes]:
    query = select(escalations.c.doc).where(escalations.c.settled_at.is_(None))
    for table, due, runs in _DUE.values():
        query = query.where(~exists().where(table.c.id == escalations.c.subject, due == escalations.c.due, runs))
    return query.limit(bindparam("most"))


def keep(tx: Transaction, item: Escalation) -> None:
    """Store an escalation, or replace the one of its id."""
    names = ("id", "subject", "due", "case", "raised_at", "settled_at")
    _KEEP(tx, {name: getattr(item, name) for name in names} | {"doc": msgspec.json.encode(item)})


def escalation(tx: Transaction, name: str) -> Escalation | None:
    """Return one escalation."""
    return read_doc(tx.scalar(select(escalations.c.doc).where(escalations.c.id == name)), Escalation)


def escalated(
    tx: Transaction, *, open_only: bool, after: tuple[str, str] = ("", ""), limit: int = 200
) -> Sequence[Escalation]:
    """Return escalations, oldest first, after (``raised_at``, id)."""
    query = select(escalations.c.doc).where(tuple_(escalations.c.raised_at, escalations.c.id) > after)
    if open_only:
        query = query.where(escalations.c.settled_at.is_(None))
    return read_all(tx, query.order_by(escalations.c.raised_at, escalations.c.id).limit(limit), Escalation)
