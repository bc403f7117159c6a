"""Tables of reads: who read what a peer sent, the batches that the ledger commits to, and what peers report of ours."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from lintas.exchange.records import Seen
from lintas.model.reader import Reader
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

# Ids, roles and times only: nothing of what was read stands here, so nothing of it outlives the statement.
reads = Table(
    "exchange_reads",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("first", String(32), nullable=False),
    Column("last", String(32), nullable=False),
    Column("count", Integer, nullable=False),
    Column("reader", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("role", String(20), nullable=False),
    Column("organisation", String(120), nullable=False),
    # What the originator is told in place of the name.
    Column("pseudonym", String(16), nullable=False, index=True),
    Column("peer", String(80), nullable=False),
    Column("object", String(64), nullable=False, index=True),
    Column("what", String(20), nullable=False),
    Column("door", String(10), nullable=False),
    # Opens this read's leaf under the batch's commitment in the ledger.
    Column("salt", LargeBinary, nullable=False),
    # The batch that commits to it, and the one with which its peer hears of it, or of its count, anew.
    Column("batch", BigInteger),
    Column("told", BigInteger),
    Index("ix_exchange_reads_reader", "reader", "last"),
    Index("ix_exchange_reads_told", "peer", "told", "seq"),
    Index("ix_exchange_reads_batch", "batch"),
)
# What is new on each beat is found without passing every read there ever was.
for _column in (reads.c.batch, reads.c.told):
    _new = _column.is_(None)
    Index(f"ix_exchange_reads_no_{_column.name}", reads.c.seq, sqlite_where=_new, postgresql_where=_new)
batches = Table(
    "exchange_read_batches",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("reads", Integer, nullable=False),
    # Where the ledger commits to it; None for a batch that brought new counts only.
    Column("entry", BigInteger),
)
abroad = Table(
    "exchange_reads_abroad",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("peer", String(80), nullable=False),
    Column("object", String(64), nullable=False),
    Column("reader", String(16), nullable=False),
    Column("role", String(20), nullable=False),
    Column("what", String(20), nullable=False),
    Column("first", String(32), nullable=False),
    Column("last", String(32), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("reported_at", String(32), nullable=False),
    Index("ix_exchange_reads_abroad_one", "peer", "object", "reader", "what", "first", unique=True),
    Index("ix_exchange_reads_abroad_object", "object"),
)
reports = Table(
    "exchange_read_reports",
    metadata,
    Column("peer", String(80), primary_key=True),
    Column("cursor", String(40), nullable=False),
    # The time that the last report bears, and when it came.
    Column("at", String(32)),
    Column("heard_at", String(32)),
    # The last one that named a read, as the peer signed it.
    Column("wire", LargeBinary),
    Column("refused_at", String(32)),
    Column("reason", String(400), nullable=False),
)
secrets = Table(
    "exchange_secrets",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

_RECENT = select(reads.c.seq, reads.c.what, reads.c.peer, reads.c.object).where(
    reads.c.reader == bindparam("of_reader"), reads.c.last > bindparam("since")
)


class Row(msgspec.Struct, frozen=True):
    """One read as it is stored."""

    seq: int
    first: str
    last: str
    count: int
    reader: str
    name: str
    role: str
    organisation: str
    pseudonym: str
    peer: str
    object: str
    what: str
    door: str
    salt: bytes
    batch: int | None


_ROW = tuple(reads.c[name] for name in Row.__struct_fields__)


def recent(tx: Transaction, reader: str, since: str) -> dict[Seen, int]:
    """Return the reads of one reader that go on: what was seen after ``since``, with the row's number."""
    rows = tx.execute(_RECENT, {"of_reader": reader, "since": since})
    return {Seen(row.what, row.peer, row.object): row.seq for row in rows}


def add(tx: Transaction, rows: Sequence[dict[str, object]]) -> None:
    """Store new reads."""
    if rows:
        tx.execute(insert(reads), list(rows))


class Again(NamedTuple):
    """A read that went on: so many more looks, the last of them at this time."""

    seq: int
    more: int
    last: str


def go_on(tx: Transaction, again: Iterable[Again]) -> None:
    """Add looks to reads; their peers hear of it with the next batch."""
    for each in again:
        here = reads.c.seq == each.seq
        tx.execute(update(reads).where(here).values(count=reads.c.count + each.more, told=None))
        tx.execute(update(reads).where(here, reads.c.last < each.last).values(last=each.last))


def unsealed(tx: Transaction, limit: int) -> list[Row]:
    """Return the reads that no batch covers yet, oldest first."""
    return [
        Row(*row) for row in tx.execute(select(*_ROW).where(reads.c.batch.is_(None)).order_by(reads.c.seq).limit(limit))
    ]


def has_untold(tx: Transaction) -> bool:
    """Tell whether there is a read that is new, or has more looks, since the last batch."""
    return tx.execute(select(reads.c.seq).where(reads.c.told.is_(None)).limit(1)).first() is not None


def count_unsealed(tx: Transaction) -> int:
    """Count the reads that no batch covers yet."""
    return tx.execute(select(func.count()).where(reads.c.batch.is_(None))).scalar_one()


class Batch(NamedTuple):
    """Reads that the ledger commits to with one entry."""

    number: int
    id: str
    at: str
    reads: int
    entry: int | None


def last_batch(tx: Transaction) -> int:
    """Return the number of the last batch, 0 before the first."""
    return tx.scalar(select(func.max(batches.c.number))) or 0


def keep_batch(tx: Transaction, batch: Batch, last: int) -> None:
    """Store a batch, put the reads up to ``last`` that have none into it, and tell what is untold of those that have one."""
    tx.execute(insert(batches), batch._asdict())
    tx.execute(update(reads).where(reads.c.batch.is_(None), reads.c.seq <= last).values(batch=batch.number))
    tx.execute(update(reads).where(reads.c.told.is_(None), reads.c.batch.is_not(None)).values(told=batch.number))


def batches_after(tx: Transaction, number: int, limit: int) -> list[Batch]:
    """Return batches in order."""
    query = select(batches).where(batches.c.number > number).order_by(batches.c.number).limit(limit)
    return [Batch(*row) for row in tx.execute(query)]


def entries_of(tx: Transaction, numbers: Collection[int]) -> dict[int, int]:
    """Return where the ledger commits to these batches."""
    query = select(batches.c.number, batches.c.entry).where(batches.c.number.in_(numbers), batches.c.entry.is_not(None))
    return {row.number: row.entry for row in tx.execute(query)}


def of_batch(tx: Transaction, number: int) -> list[Row]:
    """Return the reads of one batch, in the order in which they were committed to."""
    return [Row(*row) for row in tx.execute(select(*_ROW).where(reads.c.batch == number).order_by(reads.c.seq))]


def listed(tx: Transaction, *, peer: str, object: str, reader: str, before: int | None, limit: int) -> list[Row]:
    """Return reads, newest first, of one peer, object and reader (key or pseudonym) where these are named."""
    query = select(*_ROW).order_by(reads.c.seq.desc()).limit(limit)
    for value, where in (
        (peer, reads.c.peer == peer),
        (object, reads.c.object == object),
        (reader, or_(reads.c.reader == reader, reads.c.pseudonym == reader)),
    ):
        query = query.where(where) if value else query
    return [Row(*row) for row in tx.execute(query if before is None else query.where(reads.c.seq < before))]


def to_tell(tx: Transaction, peer: str, batch: int, seq: int, limit: int) -> list[tuple[int, Row]]:
    """Return what a peer has not heard after (batch, seq): reads of its objects, with the batch that tells them."""
    after = or_(reads.c.told > batch, (reads.c.told == batch) & (reads.c.seq > seq))
    query = select(reads.c.told, *_ROW).where(reads.c.peer == peer, reads.c.told.is_not(None), after)
    rows = tx.execute(query.order_by(reads.c.told, reads.c.seq).limit(limit))
    return [(row[0], Row(*row[1:])) for row in rows]


def secret(tx: Transaction, name: str) -> bytes | None:
    """Return a secret of this node."""
    return tx.scalar(select(secrets.c.value).where(secrets.c.name == name))


def keep_secret(tx: Transaction, name: str, value: bytes) -> None:
    """Store a secret of this node, for ever."""
    tx.execute(insert(secrets), {"name": name, "value": value})


def new_row(reader: Reader, seen: Seen, at: str, pseudonym: str, salt: bytes) -> dict[str, object]:
    """Return the columns of a read that begins now."""
    who = {"reader": reader.id, "name": reader.name, "role": reader.role, "organisation": reader.organisation}
    what = {"peer": seen.peer, "object": seen.object, "what": seen.what, "door": reader.door}
    return {"first": at, "last": at, "count": 1, **who, **what, "pseudonym": pseudonym, "salt": salt}


# ---- what peers report


class Abroad(msgspec.Struct, frozen=True):
    """One read of an object of ours, as a peer reported it."""

    seq: int
    peer: str
    object: str
    reader: str
    role: str
    what: str
    first: str
    last: str
    count: int
    reported_at: str


def keep_abroad(tx: Transaction, new: Abroad) -> None:
    """Store a reported read, or what is new about it: a count only grows, and a time is only later."""
    values = {name: value for name, value in msgspec.structs.asdict(new).items() if name != "seq"}
    same = (abroad.c[name] == values[name] for name in ("peer", "object", "reader", "what", "first"))
    row = tx.execute(select(abroad.c.seq, abroad.c.last, abroad.c.count).where(*same)).first()
    if row is None:
        tx.execute(insert(abroad), values)
        return
    seq, last, count = row
    grown = {"count": max(count, new.count), "last": max(last, new.last), "reported_at": new.reported_at}
    tx.execute(update(abroad).where(abroad.c.seq == seq).values(grown))


def count_abroad(tx: Transaction, peer: str, object_ids: Collection[str]) -> dict[str, int]:
    """Count what a peer reported of each of these objects; what nobody reported of is not there."""
    query = select(abroad.c.object, func.count()).where(abroad.c.peer == peer, abroad.c.object.in_(object_ids))
    return {row[0]: row[1] for row in tx.execute(query.group_by(abroad.c.object))}


def count_by_peer(tx: Transaction) -> dict[str, int]:
    """Count the reads that each peer reported."""
    rows = tx.execute(select(abroad.c.peer, func.count()).group_by(abroad.c.peer))
    return {row[0]: row[1] for row in rows}


def abroad_of(tx: Transaction, object_ids: Collection[str], limit: int) -> list[Abroad]:
    """Return what was reported of these objects, by whichever peer, oldest first."""
    query = select(abroad).where(abroad.c.object.in_(object_ids)).order_by(abroad.c.first, abroad.c.seq).limit(limit)
    return [Abroad(*row) for row in tx.execute(query)]


def list_abroad(
    tx: Transaction, *, peer: str, object: str, reader: str, before: int | None, limit: int
) -> list[Abroad]:
    """Return reported reads, newest first, of one peer, object and reader where these are named."""
    query = select(abroad).order_by(abroad.c.seq.desc()).limit(limit)
    for name, value in (("peer", peer), ("object", object), ("reader", reader)):
        query = query.where(abroad.c[name] == value) if value else query
    return [Abroad(*row) for row in tx.execute(query if before is None else query.where(abroad.c.seq < before))]


class Heard(NamedTuple):
    """How a peer's reports stand: up to where they were taken, the last one, and since when and why the next is refused."""

    peer: str
    cursor: str
    at: str | None
    heard_at: str | None
    wire: bytes | None
    refused_at: str | None
    reason: str


def heard_of(tx: Transaction, peer: str) -> Heard | None:
    """Return how a peer's reports stand; None before it was asked."""
    row = tx.execute(select(reports).where(reports.c.peer == peer)).first()
    return Heard(*row) if row else None


def all_heard(tx: Transaction) -> list[Heard]:
    """Return how every peer's reports stand."""
    return [Heard(*row) for row in tx.execute(select(reports).order_by(reports.c.peer))]


def keep_heard(tx: Transaction, new: Heard) -> None:
    """Put how a peer's reports stand now in place of how they stood."""
    if not tx.execute(update(reports).where(reports.c.peer == new.peer).values(new._asdict())).rowcount:
        tx.execute(insert(reports), new._asdict())
