"""What the board of running holds is read from: holds that wait, orders in force, and what is held abroad; soonest first."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import bindparam, select

from lintas.requests.orders_store import orders
from lintas.requests.records import OPEN, Hold, Order, Share
from lintas.requests.store import holds, read_all, shares
from lintas.storage.engine import Transaction

_WAITING = (
    select(holds.c.doc)
    .where(holds.c.state.in_(sorted(OPEN - {"ordered"})))
    .order_by(holds.c.answer_by.is_(None), holds.c.answer_by, holds.c.asked_at, holds.c.id)
    .limit(bindparam("most"))
)
_IN_FORCE = (
    select(orders.c.doc, holds.c.doc.label("hold"))
    .join(holds, holds.c.id == orders.c.hold)
    .where(orders.c.ends.is_not(None))
    .order_by(orders.c.ends, orders.c.id)
    .limit(bindparam("most"))
)
_HELD = (
    select(shares.c.doc).where(shares.c.ends.is_not(None)).order_by(shares.c.ends, shares.c.id).limit(bindparam("most"))
)
_NAMED = select(holds.c.doc).where(holds.c.id.in_(bindparam("ids", expanding=True)))


def waiting(tx: Transaction, most: int) -> list[Hold]:
    """Return the holds that wait for an officer or for a peer."""
    return read_all(tx, _WAITING, Hold, most=most)


def in_force(tx: Transaction, most: int) -> list[tuple[Order, Hold]]:
    """Return the orders that have not ended, each with the hold that it carries out."""
    rows = tx.execute(_IN_FORCE, {"most": most})
    return [(msgspec.json.decode(row.doc, type=Order), msgspec.json.decode(row.hold, type=Hold)) for row in rows]


def held(tx: Transaction, most: int) -> list[Share]:
    """Return the shares of our cases that are held, here or abroad."""
    return read_all(tx, _HELD, Share, most=most)


def named(tx: Transaction, ids: Iterable[str]) -> dict[str, Hold]:
    """Return holds by their ids."""
    return {hold.id: hold for hold in read_all(tx, _NAMED, Hold, ids=sorted(ids))}
