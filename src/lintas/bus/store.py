"""Tables of the bus: events, each hearer's cursor, events that a hearer could not handle, and the outbox.

Statements that every message needs are made once: building them anew would cost more than running them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

events = Table(
    "bus_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("type", String(80), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", String(32), nullable=False),
    # A hearer whose kind of event is rare must not read all the others to find none.
    Index("ix_bus_events_type", "type", "seq"),
)
cursors = Table(
    "bus_cursors",
    metadata,
    Column("hearer", String(120), primary_key=True),
    Column("seq", Integer, nullable=False),
)
parked = Table(
    "bus_parked",
    metadata,
    Column("hearer", String(120), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("why", String(2000), nullable=False),
)
outbox = Table(
    "bus_outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("object", String(64), nullable=False),
    Column("peer", String(80), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("statement", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("envelope", String(64)),
    Column("expires", String(32)),
    Index("ix_bus_outbox_due", "peer", "lane", "envelope", "seq"),
    Index("ix_bus_outbox_object", "object"),
)


_NEW_EVENT = insert(events)
_EVENTS_AFTER = (
    select(events.c.seq, events.c.type, events.c.body)
    .where(events.c.seq > bindparam("after"), events.c.type.in_(bindparam("kinds", expanding=True)))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)
_LAST_EVENT = select(func.max(events.c.seq))
_CURSORS = select(cursors.c.hearer, cursors.c.seq)
_CURSOR = select(cursors.c.seq).where(cursors.c.hearer == bindparam("of_hearer"))
_MOVE_CURSOR = update(cursors).where(cursors.c.hearer == bindparam("of_hearer")).values(seq=bindparam("to_seq"))
_NEW_OUT = insert(outbox)
# What is sealed may have arrived already, so it is sent until it is answered; what is not stays here once it has expired.
_STILL = or_(outbox.c.envelope.is_not(None), outbox.c.expires.is_(None), outbox.c.expires >= bindparam("at"))
_DUE = (
    select(outbox.c.seq, outbox.c.object, outbox.c.statement, outbox.c.salt)
    .where(outbox.c.peer == bindparam("to"), outbox.c.lane == bindparam("by"), outbox.c.envelope.is_(None), _STILL)
    .order_by(outbox.c.seq)
    .limit(bindparam("most"))
)
_UNANSWERED = (
    select(outbox.c.seq, outbox.c.object, outbox.c.statement, outbox.c.salt)
    .where(outbox.c.peer == bindparam("to"), outbox.c.lane == bindparam("by"), _STILL)
    .order_by(outbox.c.seq)
    .limit(bindparam("most"))
)
_INSIDE = (
    select(outbox.c.seq, outbox.c.object, outbox.c.statement, outbox.c.salt)
    .where(outbox.c.peer == bindparam("to"), outbox.c.envelope == bindparam("inside"))
    .order_by(outbox.c.seq)
)
_WAITING = select(outbox.c.seq).where(outbox.c.peer == bindparam("to"), outbox.c.lane == bindparam("by")).limit(1)
_ANSWERED = delete(outbox).where(outbox.c.peer == bindparam("to"), outbox.c.object == bindparam("answered"))
_WAITS_IN = (
    select(outbox.c.seq).where(outbox.c.peer == bindparam("to"), outbox.c.envelope == bindparam("inside")).limit(1)
)
_SEALED = update(outbox).where(outbox.c.seq == bindparam("row")).values(envelope=bindparam("inside"))


def add_events(tx: Transaction, new: Sequence[tuple[str, bytes]], at: str) -> None:
    """Store events (type, body), in this order."""
    tx.execute(_NEW_EVENT, [{"type": kind, "body": body, "at": at} for kind, body in new])


def events_after(tx: Transaction, seq: int, kinds: Sequence[str], limit: int) -> list[tuple[int, str, bytes]]:
    """Return (seq, type, body) of the given types after ``seq``, oldest first."""
    rows = tx.execute(_EVENTS_AFTER, {"after": seq, "kinds": kinds, "most": limit})
    return [(row.seq, row.type, row.body) for row in rows]


def last_event(tx: Transaction) -> int:
    """Return the number of the newest event (0: none)."""
    return tx.scalar(_LAST_EVENT) or 0


def all_cursors(tx: Transaction) -> dict[str, int]:
    """Return the last event that each hearer has handled; one that has handled none is not there."""
    return {row.hearer: row.seq for row in tx.execute(_CURSORS)}


def cursor(tx: Transaction, hearer: str) -> int:
    """Return the last event the hearer has handled (0: none)."""
    return tx.scalar(_CURSOR, {"of_hearer": hearer}) or 0


def advance(tx: Transaction, hearer: str, seq: int) -> None:
    """Move the hearer's cursor."""
    if tx.execute(_MOVE_CURSOR, {"of_hearer": hearer, "to_seq": seq}).rowcount == 0:
        tx.execute(insert(cursors), {"hearer": hearer, "seq": seq})


def park(tx: Transaction, hearer: str, seq: int, why: str) -> None:
    """Set aside an event that a hearer refused, so that those behind it are heard."""
    tx.execute(insert(parked), {"hearer": hearer, "seq": seq, "why": why[:2000]})


def parked_events(tx: Transaction) -> list[tuple[str, int, str]]:
    """Return (hearer, seq, why) of every event set aside."""
    rows = tx.execute(select(parked.c.hearer, parked.c.seq, parked.c.why).order_by(parked.c.seq))
    return [(row.hearer, row.seq, row.why) for row in rows]


class Out(NamedTuple):
    """One released statement that waits for its envelope, until its obligation expires."""

    object: str
    peer: str
    lane: str
    statement: bytes
    salt: bytes
    expires: str | None = None


def put_out(tx: Transaction, waiting: Sequence[Out]) -> None:
    """Queue released statements, in this order."""
    tx.execute(_NEW_OUT, [each._asdict() for each in waiting])


def waiting(tx: Transaction, peer: str, lane: str) -> bool:
    """Tell whether anything released to this peer on this lane has no receipt yet, sealed or not."""
    return tx.scalar(_WAITING, {"to": peer, "by": lane}) is not None


def due(tx: Transaction, peer: str, lane: str, now: str, limit: int) -> list[tuple[int, str, bytes, bytes]]:
    """Return (seq, object, statement, salt) that no envelope holds yet and that has not expired, in order."""
    rows = tx.execute(_DUE, {"to": peer, "by": lane, "at": now, "most": limit})
    return [(row.seq, row.object, row.statement, row.salt) for row in rows]


def unanswered(tx: Transaction, peer: str, lane: str, now: str, limit: int) -> list[tuple[int, str, bytes, bytes]]:
    """Return (seq, object, statement, salt) that no receipt has answered yet, sealed or still to be sealed, in order."""
    rows = tx.execute(_UNANSWERED, {"to": peer, "by": lane, "at": now, "most": limit})
    return [(row.seq, row.object, row.statement, row.salt) for row in rows]


def inside(tx: Transaction, peer: str, envelope: str) -> list[tuple[int, str, bytes, bytes]]:
    """Return (seq, object, statement, salt) of what an envelope without receipt carries, in order."""
    rows = tx.execute(_INSIDE, {"to": peer, "inside": envelope})
    return [(row.seq, row.object, row.statement, row.salt) for row in rows]


def unseal(tx: Transaction, peer: str, lane: str) -> None:
    """Queue again what was sealed and has no receipt, for envelopes of a new epoch."""
    tx.execute(update(outbox).where(outbox.c.peer == peer, outbox.c.lane == lane).values(envelope=None))


def drop_expired(tx: Transaction, now: str) -> int:
    """Delete what expired before an envelope took it; returns how many. What is sealed stays until it is answered."""
    return tx.execute(delete(outbox).where(outbox.c.envelope.is_(None), outbox.c.expires < now)).rowcount


def take_out(tx: Transaction, object_ids: Sequence[str], peer: str) -> None:
    """Remove what a receipt has answered."""
    tx.execute(_ANSWERED, [{"to": peer, "answered": object_id} for object_id in object_ids])


def mark_sealed(tx: Transaction, seqs: Sequence[int], envelope: str) -> None:
    """Note which envelope carries these rows."""
    tx.execute(_SEALED, [{"row": seq, "inside": envelope} for seq in seqs])


def waits_in(tx: Transaction, peer: str, envelope: str) -> bool:
    """Tell whether anything that an envelope carries has no receipt yet."""
    return tx.scalar(_WAITS_IN, {"to": peer, "inside": envelope}) is not None
