"""Tables of the border: channels' positions, envelopes with their receipts, objects that came and that left, refusals.

Statements that every envelope needs are made once: building them anew would cost more than running them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from lintas.border.records import Answered, Exchanged, Refusal, Unwelcome, Waiting
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
    # The UTC day on which its origin says it was made: both sides count it on that day, whenever it came.
    Column("day", String(10)),
    UniqueConstraint("origin", "lane", "epoch", "seq"),
    Index("ix_border_envelopes_day", "origin", "day"),
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
    # The ids of the keys that signed it, with commas between: a key that was revoked since can be told.
    Column("signed_by", String(80)),
    # The number of the ledger entry that says what became of it.
    Column("entry", BigInteger),
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
    Column("lane", String(10)),
    Column("left_at", String(32)),
    Column("entry", BigInteger),
)
# What left before these were noted has none of them.
_LANE_OF, _LEFT_AT = func.coalesce(released.c.lane, ""), func.coalesce(released.c.left_at, "")
# What waits, and what a peer refused, is found without passing everything that ever left.
_WAITS = released.c.verdict.is_(None)
Index("ix_border_released_waiting", released.c.left_at, sqlite_where=_WAITS, postgresql_where=_WAITS)
_UNWELCOME = released.c.verdict.in_(("refused", "quarantined"))
Index("ix_border_released_unwelcome", released.c.left_at, sqlite_where=_UNWELCOME, postgresql_where=_UNWELCOME)
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


# An empty origin means that the whole database was put back from a backup; a row of a channel after it, that the epoch
# of its peer was learnt since.
restores = Table(
    "border_restores",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("origin", String(80), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("epoch", Integer, nullable=False),
)


# Looking for what has expired, each minute, passes only what is not erased yet.
for _table in (objects, released):
    _here = _table.c.statement.is_not(None)
    Index(f"ix_{_table.name}_expires", _table.c.expires, sqlite_where=_here, postgresql_where=_here)

_LANE = (channels.c.origin == bindparam("of_origin"), channels.c.lane == bindparam("on_lane"))
_POSITION = (
    select(channels.c.epoch, channels.c.seq, channels.c.header).where(*_LANE).order_by(channels.c.epoch.desc()).limit(1)
)
_MOVE = (
    update(channels)
    .where(*_LANE, channels.c.epoch == bindparam("in_epoch"))
    .values(seq=bindparam("to_seq"), header=bindparam("to_header"))
)
_RECEIPT = select(envelopes.c.receipt).where(
    envelopes.c.origin == bindparam("of_origin"), envelopes.c.header == bindparam("of_header")
)
_NEW_ENVELOPE = insert(envelopes)
_KNOWN = select(objects.c.object, objects.c.commitment, objects.c.verdict, objects.c.reason).where(
    objects.c.origin == bindparam("of_origin"), objects.c.object.in_(bindparam("ids", expanding=True))
)
_THIS = (objects.c.origin == bindparam("of_origin"), objects.c.object == bindparam("of_object"))
_STATEMENT = select(objects.c.statement).where(*_THIS, objects.c.verdict == "accepted")
_SIGNED_BY = select(objects.c.signed_by).where(*_THIS)
_NEW_OBJECTS = insert(objects)
_NEW_RELEASED = insert(released)
_RELEASES = select(released.c.object, released.c.commitment, released.c.verdict).where(
    released.c.peer == bindparam("of_peer"), released.c.object.in_(bindparam("ids", expanding=True))
)
_SETTLE = (
    update(released)
    .where(released.c.object == bindparam("of_object"), released.c.peer == bindparam("of_peer"))
    .values(verdict=bindparam("said"), reason=bindparam("why"), receipt_header=bindparam("in_header"))
)


def position(tx: Transaction, origin: str, lane: str) -> tuple[int, int, str]:
    """Return (epoch, seq, header hash) of the last envelope admitted in a lane's highest epoch; (0, 0, "") before one."""
    row = tx.execute(_POSITION, {"of_origin": origin, "on_lane": lane}).first()
    return (row.epoch, row.seq, row.header) if row else (0, 0, "")


def move(tx: Transaction, origin: str, lane: str, epoch: int, seq: int, header: str) -> None:
    """Set the position of a channel."""
    at = {"of_origin": origin, "on_lane": lane, "in_epoch": epoch}
    if tx.execute(_MOVE, at | {"to_seq": seq, "to_header": header}).rowcount == 0:
        values = {"origin": origin, "lane": lane, "epoch": epoch, "seq": seq, "header": header}
        tx.execute(insert(channels), values)


def note_restore(tx: Transaction, at: str) -> None:
    """Note that this database was put back from a backup: what peers sent since then is unknown here."""
    tx.execute(insert(restores), {"at": at, "origin": "", "lane": "", "epoch": 0})


def note_learnt(tx: Transaction, at: str, origin: str, lane: str, epoch: int) -> None:
    """Note the epoch that was learnt of a channel after a restore."""
    tx.execute(insert(restores), {"at": at, "origin": origin, "lane": lane, "epoch": epoch})


def to_learn(tx: Transaction, origin: str, lane: str) -> bool:
    """Tell whether the database was put back and no new epoch of this channel came since."""
    last = select(func.max(restores.c.seq))
    restored = tx.scalar(last.where(restores.c.origin == "")) or 0
    learnt = tx.scalar(last.where(restores.c.origin == origin, restores.c.lane == lane)) or 0
    return restored > learnt


def receipt_of(tx: Transaction, origin: str, header: str) -> bytes | None:
    """Return the receipt given for an envelope, if it was admitted before."""
    return tx.scalar(_RECEIPT, {"of_origin": origin, "of_header": header})


def keep_envelope(tx: Transaction, values: Mapping[str, object]) -> None:
    """Store an admitted envelope's header hash, position and receipt."""
    tx.execute(_NEW_ENVELOPE, dict(values))


class Known(NamedTuple):
    """What became of an object when it first came."""

    commitment: str
    verdict: str
    reason: str


def known(tx: Transaction, origin: str, ids: Sequence[str]) -> dict[str, Known]:
    """Return what is known of those of ``ids`` that this origin sent before."""
    rows = tx.execute(_KNOWN, {"of_origin": origin, "ids": ids})
    return {row.object: Known(row.commitment, row.verdict, row.reason) for row in rows}


def statement_of(tx: Transaction, origin: str, object_id: str) -> bytes | None:
    """Return an accepted statement's bytes; None when there is none, or it was erased."""
    return tx.scalar(_STATEMENT, {"of_origin": origin, "of_object": object_id})


def signed_by(tx: Transaction, origin: str, object_id: str) -> tuple[str, ...]:
    """Return the ids of the keys that signed an object; none where that is not known."""
    found = tx.scalar(_SIGNED_BY, {"of_origin": origin, "of_object": object_id})
    return tuple(found.split(",")) if found else ()


def keep_objects(tx: Transaction, rows: Sequence[Mapping[str, object]]) -> None:
    """Store objects with the verdict they got."""
    if rows:
        tx.execute(_NEW_OBJECTS, [dict(row) for row in rows])


def erase_expired(tx: Transaction, now: str) -> int:
    """Delete the statement and the salt of what came or left, once its obligation ended; the ledger entry stays valid."""
    erased = 0
    for table in (objects, released):
        where = (table.c.expires < now, table.c.statement.is_not(None))
        erased += tx.execute(update(table).where(*where).values(statement=None, salt=None)).rowcount
    return erased


class Left(NamedTuple):
    """One object that left for a peer, with what opens its commitment."""

    object: str
    peer: str
    commitment: str
    statement: bytes
    salt: bytes
    expires: str | None
    lane: str
    left_at: str
    entry: int | None = None


def keep_released(tx: Transaction, left: Sequence[Left]) -> None:
    """Note what left."""
    tx.execute(_NEW_RELEASED, [each._asdict() for each in left])


def releases_of(tx: Transaction, object_ids: Sequence[str], peer: str) -> dict[str, tuple[str, str | None]]:
    """Return object -> (commitment, verdict or None) for those that were released to this peer."""
    rows = tx.execute(_RELEASES, {"of_peer": peer, "ids": object_ids})
    return {row.object: (row.commitment, row.verdict) for row in rows}


def left_at(tx: Transaction, peer: str, object_ids: Iterable[str]) -> dict[str, str]:
    """Return when each of those objects that were released to this peer left ("" where that was not noted)."""
    query = select(released.c.object, _LEFT_AT).where(released.c.peer == peer, released.c.object.in_(list(object_ids)))
    return {row[0]: row[1] for row in tx.execute(query)}


def exchanged(tx: Transaction, object_id: str) -> list[Exchanged]:
    """Return what left and what came under this id; ids are drawn, so that more than one is somebody's copy."""
    left = select(released).where(released.c.object == object_id).order_by(released.c.peer)
    came = select(objects).where(objects.c.object == object_id).order_by(objects.c.origin)
    return [
        *(
            Exchanged(
                object=row.object,
                direction="out",
                peer=row.peer,
                commitment=row.commitment,
                verdict=row.verdict or "",
                reason=row.reason or "",
                left_at=row.left_at or "",
                header=row.receipt_header or "",
                entry=row.entry,
                erased=row.statement is None,
            )
            for row in tx.execute(left)
        ),
        *(
            Exchanged(
                object=row.object,
                direction="in",
                peer=row.origin,
                commitment=row.commitment,
                verdict=row.verdict,
                reason=row.reason,
                entry=row.entry,
                erased=row.statement is None,
            )
            for row in tx.execute(came)
        ),
    ]


def settle(tx: Transaction, answers: Iterable[Answered], header: str) -> None:
    """Note the verdicts that a peer's receipt gives."""
    tx.execute(
        _SETTLE,
        [
            {
                "of_object": each.object,
                "of_peer": each.peer,
                "said": each.verdict,
                "why": each.reason,
                "in_header": header,
            }
            for each in answers
        ],
    )


def unmatched(tx: Transaction, limit: int) -> list[Waiting]:
    """Return the releases without a verdict, oldest first."""
    query = select(released.c.object, released.c.peer, _LANE_OF, _LEFT_AT).where(_WAITS)
    oldest = (released.c.left_at.nulls_first(), released.c.object)
    return [Waiting(*row) for row in tx.execute(query.order_by(*oldest).limit(limit))]


def count_unmatched(tx: Transaction, peer: str | None = None) -> int:
    """Count the releases without a verdict, to everybody or to one peer."""
    whose = () if peer is None else (released.c.peer == peer,)
    return tx.execute(select(func.count()).where(_WAITS, *whose)).scalar_one()


def unwelcome(tx: Transaction, limit: int) -> list[Unwelcome]:
    """Return the releases that their peer did not accept, newest first."""
    columns = (released.c.object, released.c.peer, _LANE_OF, released.c.verdict, released.c.reason)
    newest = (released.c.left_at.desc().nulls_last(), released.c.object.desc())
    return [Unwelcome(*row) for row in tx.execute(select(*columns).where(_UNWELCOME).order_by(*newest).limit(limit))]


def headers_on(tx: Transaction, origin: str, lane: str, day: str) -> list[str]:
    """Return the header hashes of what was admitted of an origin's envelopes of one day and lane, in order."""
    query = select(envelopes.c.header).where(
        envelopes.c.origin == origin, envelopes.c.day == day, envelopes.c.lane == lane
    )
    return list(tx.scalars(query.order_by(envelopes.c.header)))


def count_matched(tx: Transaction) -> int:
    """Count the releases that have a verdict."""
    return tx.execute(select(func.count()).where(released.c.verdict.is_not(None))).scalar_one()


def keep_refusal(tx: Transaction, refusal: Refusal) -> None:
    """Store one refusal."""
    # Its number is the table's to give.
    values = {name: getattr(refusal, name) for name in refusal.__struct_fields__ if name != "seq"}
    tx.execute(insert(refusals), values | {"what": refusal.what[:1000], "reason": refusal.reason[:80]})


def trim_refusals(tx: Transaction, keep: int) -> None:
    """Delete the oldest refusals beyond ``keep``: a peer that is refused all day must not fill the disk."""
    newest = tx.execute(select(func.max(refusals.c.seq))).scalar() or 0
    tx.execute(delete(refusals).where(refusals.c.seq <= newest - keep))


def list_refusals(tx: Transaction, *, before: int | None, direction: str, peer: str, limit: int) -> list[Refusal]:
    """Return refusals, newest first: those numbered below ``before``, of one direction and one peer where these are given."""
    query = select(refusals).order_by(refusals.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(refusals.c.seq < before)
    for column, wanted in ((refusals.c.direction, direction), (refusals.c.peer, peer)):
        if wanted:
            query = query.where(column == wanted)
    return [Refusal(row.at, row.direction, row.peer, row.reason, row.what, row.seq) for row in tx.execute(query)]


def last_received(tx: Transaction, origin: str, lane: str) -> bytes | None:
    """Return the receipt of the last envelope admitted from a peer on a lane."""
    query = select(envelopes.c.receipt).where(envelopes.c.origin == origin, envelopes.c.lane == lane)
    return tx.scalar(query.order_by(envelopes.c.epoch.desc(), envelopes.c.seq.desc()).limit(1))
