"""Tables of this authority's own orders, and of what peers were told of them. ``ends`` and ``due`` are when a clock has to look
at the row, None when no clock does."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, bindparam, insert, select, update

from lintas.model.tainted import Baton
from lintas.requests import rules
from lintas.requests.records import Order
from lintas.requests.store import Keeper, read_all, read_doc
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

orders = Table(
    "requests_orders",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hold", String(64), nullable=False, unique=True),
    Column("bank", String(40), nullable=False),
    Column("transfer", String(200), nullable=False),
    Column("answered_at", String(32)),
    Column("case", String(64), nullable=False, index=True),
    Column("peer", String(80), nullable=False),
    Column("ends", String(32), index=True),
    Column("automatic_on", String(10)),
    # When its bank should have answered, or somebody here should think of confirming it.
    Column("due", String(32)),
    Column("doc", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    # The SHA-256 of the token by which somebody objects: who reads the database cannot object in their name.
    Column("token", String(64), unique=True),
    Index("ix_requests_orders_open", "bank", "answered_at"),
    Index("ix_requests_orders_on", "bank", "transfer"),
    Index("ix_requests_orders_automatic", "peer", "automatic_on"),
    Index("ix_requests_orders_due", "due", "id"),
)


# Batons of this authority's banks that a peer was told of: it may ask for these, and for no other money that moved here.
told = Table(
    "requests_told",
    metadata,
    Column("peer", String(80), primary_key=True),
    Column("sender", String(40), primary_key=True),
    Column("transfer", String(200), primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("end", BigInteger, primary_key=True),
)


_ORDER = select(orders.c.doc).where(orders.c.id == bindparam("of_id"))
_ORDER_OF = select(orders.c.doc).where(orders.c.hold == bindparam("of_hold"))
_ORDERS_ON = select(orders.c.doc).where(
    orders.c.bank == bindparam("of_bank"), orders.c.transfer == bindparam("of_transfer")
)
_OPEN_ORDERS = (
    select(orders.c.doc)
    # One that ended has no end to wait for any more: however many there are, they do not stand before the others.
    .where(orders.c.bank == bindparam("of_bank"), orders.c.answered_at.is_(None), orders.c.ends.is_not(None))
    .order_by(orders.c.id)
    .limit(bindparam("most"))
)


_ENDED = select(orders.c.doc).where(orders.c.ends <= bindparam("now")).order_by(orders.c.ends).limit(bindparam("most"))
_KEEP_ORDER = Keeper(orders, "id", "answered_at", "ends", "due", "doc")


def order_row(order: Order, peer: str = "") -> dict[str, object]:
    """Return an order's row; ``peer`` is who asked for it, "" for our own."""
    return {
        "id": order.id,
        "hold": order.hold,
        "bank": order.bank,
        "transfer": order.baton.transfer,
        "case": order.case,
        "peer": peer,
        "answered_at": order.answered_at,
        "ends": None if order.closed_at or order.refusal else order.expires,
        "automatic_on": order.issued_at[:10] if order.automatic else None,
        "due": rules.due(order),
        "doc": msgspec.json.encode(order),
    }


def keep_order(tx: Transaction, order: Order, peer: str = "") -> None:
    """Store an order, or replace the one of its id; ``peer`` is who asked for it, "" for our own."""
    _KEEP_ORDER(tx, order_row(order, peer))


def orders_on(tx: Transaction, bank: str, transfer: str) -> list[Order]:
    """Return the orders to a bank about one transfer."""
    return read_all(tx, _ORDERS_ON, Order, of_bank=bank, of_transfer=transfer)


def keep_secrets(tx: Transaction, order_id: str, salt: bytes, token: str) -> None:
    """Store the salt of the order's ledger commitment, whose deletion is the erasure, and the hash of its appeal token."""
    tx.execute(update(orders).where(orders.c.id == order_id).values(salt=salt, token=token))


def salt_of(tx: Transaction, order_id: str) -> bytes | None:
    """Return the salt of an order; None once it is erased."""
    return tx.scalar(select(orders.c.salt).where(orders.c.id == order_id))


def order(tx: Transaction, order_id: str) -> Order | None:
    """Return one order."""
    return read_doc(tx.scalar(_ORDER, {"of_id": order_id}), Order)


def order_of(tx: Transaction, hold_id: str) -> Order | None:
    """Return the order that a hold led to."""
    return read_doc(tx.scalar(_ORDER_OF, {"of_hold": hold_id}), Order)


def order_by_token(tx: Transaction, token: str) -> Order | None:
    """Return the order whose appeal token has this SHA-256."""
    return read_doc(tx.scalar(select(orders.c.doc).where(orders.c.token == token)), Order)


def orders_of(tx: Transaction, case: str) -> list[Order]:
    """Return the orders of one case, oldest first."""
    return read_all(tx, select(orders.c.doc).where(orders.c.case == case).order_by(orders.c.id), Order)


def open_orders(tx: Transaction, bank: str, limit: int) -> list[Order]:
    """Return the orders that a bank has not answered, oldest first."""
    return read_all(tx, _OPEN_ORDERS, Order, of_bank=bank, most=limit)


def answered_orders(tx: Transaction, bank: str, before: Order | None, limit: int) -> list[Order]:
    """Return the orders that a bank answered or refused, the last answered first; those behind ``before`` where it is given."""
    at, name = orders.c.answered_at, orders.c.id
    query = select(orders.c.doc).where(orders.c.bank == bank, at.is_not(None))
    if before is not None:
        query = query.where((at < before.answered_at) | ((at == before.answered_at) & (name < before.id)))
    return read_all(tx, query.order_by(at.desc(), name.desc()).limit(limit), Order)


def ended_orders(tx: Transaction, now: str, limit: int) -> list[Order]:
    """Return the orders that ended and were not closed yet."""
    return read_all(tx, _ENDED, Order, now=now, most=limit)


def keep_told(tx: Transaction, peer: str, batons: Iterable[Baton]) -> None:
    """Note which batons a peer was told of."""
    for baton in batons:
        key = {
            "peer": peer,
            "sender": baton.sender,
            "transfer": baton.transfer,
            "start": baton.start,
            "end": baton.end,
        }
        same = (told.c[name] == value for name, value in key.items())
        if tx.execute(select(told.c.peer).where(*same)).first() is None:
            tx.execute(insert(told), key)


def was_told(tx: Transaction, peer: str, baton: Baton) -> bool:
    """Tell whether a peer was told that this very money left this bank."""
    query = select(told.c.peer).where(
        told.c.peer == peer,
        told.c.transfer == baton.transfer,
        told.c.sender == baton.sender,
        told.c.start <= baton.start,
        told.c.end >= baton.end,
    )
    return tx.execute(query.limit(1)).first() is not None
