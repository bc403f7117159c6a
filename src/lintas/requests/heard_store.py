"""The table of what peers said about each hold: which of their objects a record here shows, so that its reads can be told."""

from collections.abc import Collection
from typing import NamedTuple

import msgspec
from sqlalchemy import Column, String, Table, bindparam, func, insert, or_, select

from lintas.requests.orders_store import orders
from lintas.requests.records import Hold
from lintas.requests.store import holds, read_all, shares
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

heard = Table(
    "requests_heard",
    metadata,
    Column("peer", String(80), primary_key=True),
    Column("object", String(64), primary_key=True),
    Column("hold", String(64), nullable=False, index=True),
    Column("case", String(64), nullable=False, index=True),
)
#: So many objects of a peer about one hold are told apart; a peer that sends more of them has nothing left to be told.
MOST_HEARD = 100

_ABOUT = select(heard.c.peer, heard.c.object, heard.c.hold, heard.c.case).where(
    or_(
        heard.c.hold.in_(bindparam("of_holds", expanding=True)),
        heard.c.case.in_(bindparam("of_cases", expanding=True)),
    )
)


class Told(NamedTuple):
    """One object of a peer, with the hold and the case here that it is about."""

    peer: str
    object: str
    hold: str
    case: str


def keep(tx: Transaction, told: Told) -> None:
    """Note an object, once; beyond ``MOST_HEARD`` about one hold nothing is noted any more."""
    here = (heard.c.peer == told.peer, heard.c.object == told.object)
    if tx.execute(select(heard.c.hold).where(*here)).first() is not None:
        return
    count = tx.execute(select(func.count()).where(heard.c.hold == told.hold)).scalar_one()
    if count < MOST_HEARD:
        tx.execute(insert(heard), told._asdict())


def about(tx: Transaction, of_holds: Collection[str], of_cases: Collection[str]) -> list[Told]:
    """Return what peers said about these holds, and about every hold of these cases."""
    if not of_holds and not of_cases:
        return []
    rows = tx.execute(_ABOUT, {"of_holds": sorted(of_holds), "of_cases": sorted(of_cases)})
    return [Told(*row) for row in rows]


def objects(tx: Transaction, ids: Collection[str]) -> dict[tuple[str, str], Told]:
    """Return what is known of objects of these ids, by peer and id."""
    rows = tx.execute(select(heard).where(heard.c.object.in_(ids)))
    return {(row.peer, row.object): Told(row.peer, row.object, row.hold, row.case) for row in rows}


def holds_of_orders(tx: Transaction, order_ids: Collection[str]) -> set[str]:
    """Return the holds that led to these orders."""
    return set(tx.scalars(select(orders.c.hold).where(orders.c.id.in_(order_ids)))) if order_ids else set()


def holds_of_shares(tx: Transaction, share_ids: Collection[str]) -> set[str]:
    """Return the holds that cover these shares."""
    if not share_ids:
        return set()
    return {each for each in tx.scalars(select(shares.c.hold).where(shares.c.id.in_(share_ids))) if each}


def asked_as(tx: Transaction, ids: Collection[str]) -> dict[str, Hold]:
    """Return the holds of ours whose request left as one of these objects, by object."""
    query = select(holds.c.doc).where(holds.c.object.in_(ids))
    return {each.object or "": each for each in read_all(tx, query, Hold)}


def newest_answered(tx: Transaction, limit: int) -> list[Hold]:
    """Return the newest requests of ours that left and have an answer."""
    query = select(holds.c.doc).where(holds.c.state == "answered", holds.c.object.is_not(None))
    rows = tx.scalars(query.order_by(holds.c.asked_at.desc(), holds.c.id.desc()).limit(limit))
    return [msgspec.json.decode(row, type=Hold) for row in rows]
