"""Tables of requests: claims, shares, holds, orders. Each row is its struct as JSON beside the columns that are searched."""

from typing import TypeVar

import msgspec
from sqlalchemy import Column, Index, LargeBinary, String, Table, bindparam, delete, func, insert, select, update

from lintas.requests.records import Claim, Hold, Order, Share
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

S = TypeVar("S", bound=msgspec.Struct)

claims = Table(
    "requests_claims",
    metadata,
    Column("case", String(64), primary_key=True),
    Column("doc", LargeBinary, nullable=False),
)
shares = Table(
    "requests_shares",
    metadata,
    Column("id", String(400), primary_key=True),
    Column("case", String(64), nullable=False, index=True),
    Column("doc", LargeBinary, nullable=False),
)
holds = Table(
    "requests_holds",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("peer", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("case", String(64), nullable=False, index=True),
    Column("object", String(64), index=True),
    Column("asked_at", String(32), nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_requests_holds_waiting", "state", "asked_at", "id"),
)
orders = Table(
    "requests_orders",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hold", String(64), nullable=False, unique=True),
    Column("bank", String(40), nullable=False),
    Column("transfer", String(200), nullable=False),
    Column("answered_at", String(32)),
    Column("doc", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    Index("ix_requests_orders_open", "bank", "answered_at"),
    Index("ix_requests_orders_on", "bank", "transfer"),
)

# Statements that are asked after every commit, for each step of a case, are made once.
_CLAIM = select(claims.c.doc).where(claims.c.case == bindparam("of_case"))
_SHARES = select(shares.c.doc).where(shares.c.case == bindparam("of_case")).order_by(shares.c.id)
_SHARE = select(shares.c.doc).where(shares.c.id == bindparam("of_id"))
_NEW_SHARE = insert(shares)
_NEXT_SHARE = update(shares).where(shares.c.id == bindparam("of_id")).values(doc=bindparam("new_doc"))
_HOLD = select(holds.c.doc).where(holds.c.id == bindparam("of_id"))
_HOLD_BY_OBJECT = select(holds.c.doc).where(holds.c.object == bindparam("of_object"))
_HOLDS_OF = select(holds.c.doc).where(holds.c.case == bindparam("of_case")).order_by(holds.c.id)
_OPEN_ORDERS = (
    select(orders.c.doc)
    .where(orders.c.bank == bindparam("of_bank"), orders.c.answered_at.is_(None))
    .order_by(orders.c.id)
    .limit(bindparam("most"))
)


def _read(data: bytes | None, kind: type[S]) -> S | None:
    return None if data is None else msgspec.json.decode(data, type=kind)


def keep_claim(tx: Transaction, claim: Claim) -> None:
    """Store a claim, or replace the one of its case."""
    doc = msgspec.json.encode(claim)
    if tx.execute(update(claims).where(claims.c.case == claim.case).values(doc=doc)).rowcount == 0:
        tx.execute(insert(claims), {"case": claim.case, "doc": doc})


def claim(tx: Transaction, case: str) -> Claim | None:
    """Return the claim of a case."""
    return _read(tx.scalar(_CLAIM, {"of_case": case}), Claim)


def list_claims(tx: Transaction, after: str = "~", limit: int = 50) -> list[Claim]:
    """Return claims, newest case first, before the case ``after`` (keyset paging)."""
    query = select(claims.c.doc).where(claims.c.case < after).order_by(claims.c.case.desc()).limit(limit)
    return [msgspec.json.decode(row.doc, type=Claim) for row in tx.execute(query)]


def shares_of(tx: Transaction, case: str) -> list[Share]:
    """Return the shares of a case in the order of the trail."""
    rows = tx.execute(_SHARES, {"of_case": case})
    return [msgspec.json.decode(row.doc, type=Share) for row in rows]


def share(tx: Transaction, share_id: str) -> Share | None:
    """Return one share."""
    return _read(tx.scalar(_SHARE, {"of_id": share_id}), Share)


def keep_share(tx: Transaction, item: Share) -> None:
    """Store a share, or replace the one of its id."""
    doc = msgspec.json.encode(item)
    if tx.execute(_NEXT_SHARE, {"of_id": item.id, "new_doc": doc}).rowcount == 0:
        tx.execute(_NEW_SHARE, {"id": item.id, "case": item.case, "doc": doc})


def drop_share(tx: Transaction, share_id: str) -> None:
    """Remove a share that its own parts replace, in the same transaction."""
    tx.execute(delete(shares).where(shares.c.id == share_id))


def keep_hold(tx: Transaction, hold: Hold) -> None:
    """Store a hold, or replace the one of its id."""
    values = {
        "peer": hold.peer,
        "state": hold.state,
        "case": hold.case,
        "object": hold.object,
        "asked_at": hold.asked_at,
    }
    values_doc = values | {"doc": msgspec.json.encode(hold)}
    if tx.execute(update(holds).where(holds.c.id == hold.id).values(**values_doc)).rowcount == 0:
        tx.execute(insert(holds), {"id": hold.id, **values_doc})


def hold(tx: Transaction, hold_id: str) -> Hold | None:
    """Return one hold."""
    return _read(tx.scalar(_HOLD, {"of_id": hold_id}), Hold)


def hold_by_object(tx: Transaction, object_id: str) -> Hold | None:
    """Return the hold whose request left as this object."""
    return _read(tx.scalar(_HOLD_BY_OBJECT, {"of_object": object_id}), Hold)


def holds_in(tx: Transaction, state: str | None, limit: int = 200) -> list[Hold]:
    """Return holds in one state (None: all), the longest waiting first, by our own clock."""
    query = select(holds.c.doc).order_by(holds.c.asked_at, holds.c.id).limit(limit)
    if state is not None:
        query = query.where(holds.c.state == state)
    return [msgspec.json.decode(row.doc, type=Hold) for row in tx.execute(query)]


def count_waiting(tx: Transaction, peer: str) -> int:
    """Count the requests of a peer that wait for an officer."""
    query = select(func.count()).where(holds.c.peer == peer, holds.c.state == "awaiting_approval")
    return tx.execute(query).scalar_one()


def holds_of(tx: Transaction, case: str) -> list[Hold]:
    """Return the holds of one case, oldest first."""
    rows = tx.execute(_HOLDS_OF, {"of_case": case})
    return [msgspec.json.decode(row.doc, type=Hold) for row in rows]


def keep_order(tx: Transaction, order: Order) -> None:
    """Store an order, or replace the one of its id."""
    values = {"bank": order.bank, "answered_at": order.answered_at, "doc": msgspec.json.encode(order)}
    if tx.execute(update(orders).where(orders.c.id == order.id).values(**values)).rowcount == 0:
        tx.execute(insert(orders), {"id": order.id, "hold": order.hold, "transfer": order.baton.transfer, **values})


def orders_on(tx: Transaction, bank: str, transfer: str) -> list[Order]:
    """Return the orders to a bank about one transfer."""
    query = select(orders.c.doc).where(orders.c.bank == bank, orders.c.transfer == transfer)
    return [msgspec.json.decode(row.doc, type=Order) for row in tx.execute(query)]


def keep_salt(tx: Transaction, order_id: str, salt: bytes) -> None:
    """Store the salt of the order's ledger commitment; deleting it later is the erasure."""
    tx.execute(update(orders).where(orders.c.id == order_id).values(salt=salt))


def order(tx: Transaction, order_id: str) -> Order | None:
    """Return one order."""
    return _read(tx.execute(select(orders.c.doc).where(orders.c.id == order_id)).scalar(), Order)


def order_of(tx: Transaction, hold_id: str) -> Order | None:
    """Return the order that a hold led to."""
    return _read(tx.execute(select(orders.c.doc).where(orders.c.hold == hold_id)).scalar(), Order)


def open_orders(tx: Transaction, bank: str, limit: int) -> list[Order]:
    """Return the orders that a bank has not answered, oldest first."""
    rows = tx.execute(_OPEN_ORDERS, {"of_bank": bank, "most": limit})
    return [msgspec.json.decode(row.doc, type=Order) for row in rows]
