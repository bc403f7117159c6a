"""Questions over a month's orders and cases: their ids begin with the time, so that no column of its own is needed."""

from datetime import datetime

import msgspec
from sqlalchemy import Column, ColumnElement, select

from lintas.requests import changes_store
from lintas.requests.orders_store import orders
from lintas.requests.records import Claim, Order
from lintas.requests.store import claims, read_all
from lintas.storage.engine import Transaction


def _from(kind: str, at: datetime) -> str:
    """Return where the ids of a kind begin that were made at a moment (:class:`lintas.model.ids.IdSource`)."""
    return f"{kind}-{int(at.timestamp() * 1000):012x}"


def orders_between(tx: Transaction, since: datetime, until: datetime, limit: int) -> list[Order]:
    """Return the orders that were issued from ``since`` until before ``until``, oldest first."""
    query = select(orders.c.doc).where(*_between(orders.c.id, "order", since, until))
    return read_all(tx, query.order_by(orders.c.id).limit(limit), Order)


def claims_between(tx: Transaction, since: datetime, until: datetime, limit: int) -> list[Claim]:
    """Return the claims of the cases that were opened from ``since`` until before ``until``, oldest first."""
    query = select(claims.c.doc).where(*_between(claims.c.case, "case", since, until))
    return read_all(tx, query.order_by(claims.c.case).limit(limit), Claim)


def release_codes(tx: Transaction, order: str) -> set[str]:
    """Return why parts of an order were let go, of what was carried out."""
    table = changes_store.amendments
    query = select(table.c.doc).where(table.c.order == order, table.c.state == "done")
    found = (msgspec.json.decode(doc) for doc in tx.execute(query).scalars())
    return {each.get("code", "correction") for each in found if each["kind"] == "release"}


def _between(column: "Column[str]", kind: str, since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return column >= _from(kind, since), column < _from(kind, until)
