"""The table of what banks said on their own rail about holds: recalls, answers, money sent back."""

import msgspec
from sqlalchemy import Column, LargeBinary, String, Table, insert, select

from lintas.requests.orders_store import orders
from lintas.requests.recalls import RailWord
from lintas.requests.records import Hold, Order
from lintas.requests.store import holds, read_all, read_doc
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

rail = Table(
    "requests_rail",
    metadata,
    # Of the bank, the message's bytes, and which part of it: the same message again is the same word.
    Column("id", String(64), primary_key=True),
    Column("hold", String(64), nullable=False, index=True),
    Column("doc", LargeBinary, nullable=False),
)


def word(tx: Transaction, name: str) -> RailWord | None:
    """Return one word by its id."""
    return read_doc(tx.scalar(select(rail.c.doc).where(rail.c.id == name)), RailWord)


#: Holds whose money somebody asks for now: what the table forbade, or an officer took back, is recalled by nobody.
ASKED = ("awaiting_approval", "sent", "delivered", "ordered", "answered")


def keep(tx: Transaction, name: str, item: RailWord) -> None:
    """Store one word under its id."""
    tx.execute(insert(rail), {"id": name, "hold": item.hold, "doc": msgspec.json.encode(item)})


def words(tx: Transaction, hold: str) -> list[RailWord]:
    """Return what was said about a hold, oldest first."""
    found = read_all(tx, select(rail.c.doc).where(rail.c.hold == hold), RailWord)
    return sorted(found, key=lambda each: each.received_at)


def sent_by(tx: Transaction, bank: str, limit: int) -> list[Hold]:
    """Return the holds of our own cases on money that this bank sent, newest first."""
    wanted = holds.c.sender == bank, holds.c.state.in_(ASKED)
    query = select(holds.c.doc).where(*wanted).order_by(holds.c.asked_at.desc(), holds.c.id.desc())
    return read_all(tx, query.limit(limit), Hold)


def order_on(tx: Transaction, bank: str, transfer: str) -> list[Order]:
    """Return the orders to a bank about one transfer, whatever the case of its letters."""
    query = select(orders.c.doc).where(orders.c.bank == bank, orders.c.transfer.in_((transfer, transfer.upper())))
    return read_all(tx, query, Order)
