"""Tables of the border: channels' positions, envelopes with their receipts, admitted objects, refusals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Column, Integer, LargeBinary, String, Table, UniqueConstraint, insert, select, update

from lintas.border.records import Refusal
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

channels = Table(
    "border_channels",
    metadata,
    Column("origin", String(80), primary_key=True),
    Column("lane", String(10), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("header", String(64), nullable=False),
)
envelopes = Table(
    "border_envelopes",
    metadata,
    Column("origin", String(80), primary_key=True),
    Column("header", String(64), primary_key=True),
    Column("lane", String(10), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
    UniqueConstraint("origin", "lane", "epoch", "seq"),
)
objects = Table(
    "border_objects",
    metadata,
    Column("origin", String(80), primary_key=True),
    Column("object", String(64), primary_key=True),
    Column("type", String(80), nullable=False),
    Column("commitment", String(64), nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("reason", String(400), nullable=False),
    Column("statement", LargeBinary),
    Column("salt", LargeBinary),
    Column("expires", String(32)),
)
released = Table(
    "border_released",
    metadata,
    Column("object", String(64), primary_key=True),
    Column("peer", String(80), primary_key=True),
    Column("commitment", String(64), nullable=False),
    Column("statement", LargeBinary),
    Column("salt", LargeBinary),
    Column("expires", String(32)),
    Column("verdict", String(20)),
    Column("reason", String(400)),
    Column("receipt_header", String(64)),
)
refusals = Table(
    "border_refusals",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("direction", String(3), nullable=False),
    Column("peer", String(80), nullable=False),
    Column("reason", String(80), nullable=False),
    Column("what", String(1000), nullable=False),
)


def position(tx: Transaction, origin: str, lane: str, epoch: int) -> tuple[int, str]:
    """Return (seq, header hash) of the last envelope admitted on this channel; (0, "") before the first."""
    where = (channels.c.origin == origin, channels.c.lane == lane, channels.c.epoch == epoch)
    row = tx.execute(select(channels.c.seq, channels.c.header).where(*where)).first()
    return (row.seq, row.header) if row else (0, "")


def last_epoch(tx: Transaction, origin: str, lane: str) -> int:
    """Return the highest epoch admitted from this origin on this lane (0: none)."""
    query = select(channels.c.epoch).where(channels.c.origin == origin, channels.c.lane == lane)
    return max((row.epoch for row in tx.execute(query)), default=0)


def move(tx: Transaction, origin: str, lane: str, epoch: int, seq: int, header: str) -> None:
    """Set the position of a channel."""
    where = (channels.c.origin == origin, channels.c.lane == lane, channels.c.epoch == epoch)
    if tx.execute(update(channels).where(*where).values(seq=seq, header=header)).rowcount == 0:
        values = {"origin": origin, "lane": lane, "epoch": epoch, "seq": seq, "header": header}
        tx.execute(insert(channels), values)


def receipt_of(tx: Transaction, origin: str, header: str) -> bytes | None:
    """Return the receipt given for an envelope, if it was admitted before."""
    where = (envelopes.c.origin == origin, envelopes.c.header == header)
    return tx.execute(select(envelopes.c.receipt).where(*where)).scalar()


def keep_envelope(tx: Transaction, values: Mapping[str, object]) -> None:
    """Store an admitted envelope's header hash, position and receipt."""
    tx.execute(insert(envelopes), dict(values))


class Known(NamedTuple):
    """What became of an object when it first came."""

    commitment: str
    verdict: str
    reason: str


def known(tx: Transaction, origin: str, ids: Sequence[str]) -> dict[str, Known]:
    """Return what is known of those of ``ids`` that this origin sent before."""
    columns = (objects.c.object, objects.c.commitment, objects.c.verdict, objects.c.reason)
    query = select(*columns).where(objects.c.origin == origin, objects.c.object.in_(ids))
    return {row.object: Known(row.commitment, row.verdict, row.reason) for row in tx.execute(query)}


def statement_of(tx: Transaction, origin: str, object_id: str) -> bytes | None:
    """Return an accepted statement's bytes; None when there is none, or it was erased."""
    where = (objects.c.origin == origin, objects.c.object == object_id)
    return tx.execute(select(objects.c.statement).where(*where)).scalar()


def keep_objects(tx: Transaction, rows: Sequence[Mapping[str, object]]) -> None:
    """Store objects with the verdict they got."""
    if rows:
        tx.execute(insert(objects), [dict(row) for row in rows])


def erase_expired(tx: Transaction, now: str) -> int:
    """Delete the statement and the salt of what came or left, once its obligation ended; the ledger entry stays valid."""
    erased = 0
    for table in (objects, released):
        where = (table.c.expires < now, table.c.statement.is_not(None))
        erased += tx.execute(update(table).where(*where).values(statement=None, salt=None)).rowcount
    return erased


def keep_released(
    tx: Transaction, object_id: str, peer: str, commitment: str, statement: bytes, salt: bytes, expires: str | None
) -> None:
    """Note that an object left for a peer, and keep what opens its commitment."""
    values = {"object": object_id, "peer": peer, "commitment": commitment}
    tx.execute(insert(released), values | {"statement": statement, "salt": salt, "expires": expires})


def release_of(tx: Transaction, object_id: str, peer: str) -> tuple[str, str | None] | None:
    """Return (commitment, verdict) of one release, None if we never made it."""
    where = (released.c.object == object_id, released.c.peer == peer)
    row = tx.execute(select(released.c.commitment, released.c.verdict).where(*where)).first()
    return (row.commitment, row.verdict) if row else None


def settle(tx: Transaction, object_id: str, peer: str, verdict: str, reason: str, header: str) -> None:
    """Note the verdict that a peer's receipt gives."""
    where = (released.c.object == object_id, released.c.peer == peer)
    tx.execute(update(released).where(*where).values(verdict=verdict, reason=reason, receipt_header=header))


def reconciliation(tx: Transaction) -> list[tuple[str, str, str | None]]:
    """Return (object, peer, verdict or None) of every release, oldest first."""
    query = select(released.c.object, released.c.peer, released.c.verdict).order_by(released.c.object)
    return [(row.object, row.peer, row.verdict) for row in tx.execute(query)]


def keep_refusal(tx: Transaction, refusal: Refusal) -> None:
    """Store one refusal."""
    values = {name: getattr(refusal, name) for name in refusal.__struct_fields__}
    tx.execute(insert(refusals), values | {"what": refusal.what[:1000], "reason": refusal.reason[:80]})


def list_refusals(tx: Transaction, limit: int = 200) -> Iterable[Refusal]:
    """Return the latest refusals, newest first."""
    rows = tx.execute(select(refusals).order_by(refusals.c.seq.desc()).limit(limit))
    return [Refusal(row.at, row.direction, row.peer, row.reason, row.what) for row in rows]
