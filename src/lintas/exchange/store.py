"""Tables of the exchange: envelopes we sealed with their receipts, charters we adopted, decisions about peers' standing.

Statements that every envelope needs are made once: building them anew would cost more than running them.
"""

from typing import NamedTuple

from sqlalchemy import (
    CheckConstraint,
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
    inspect,
    or_,
    select,
    update,
)

from lintas.border.records import Standing
from lintas.exchange.records import StandingChange
from lintas.model.messages import Lane
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

sealed = Table(
    "exchange_sealed",
    metadata,
    Column("envelope", String(64), primary_key=True),
    Column("peer", String(80), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("header", String(64), nullable=False),
    Column("wire", LargeBinary, nullable=False),
    # The SHA-256 of the recipient's key: only its other half opens the wire.
    Column("kem", String(64), nullable=False),
    Column("receipt", LargeBinary),
    # The UTC day of its header, by which both sides count it.
    Column("day", String(10)),
    UniqueConstraint("peer", "lane", "epoch", "seq"),
    Index("ix_exchange_sealed_day", "peer", "day"),
    Index("ix_exchange_sealed_header", "header"),
)
# What still waits for its receipt is found without passing everything ever sent.
_WAITS = sealed.c.receipt.is_(None)
Index(
    "ix_exchange_sealed_waiting",
    sealed.c.peer,
    sealed.c.lane,
    sealed.c.epoch,
    sealed.c.seq,
    sqlite_where=_WAITS,
    postgresql_where=_WAITS,
)
charters = Table(
    "exchange_charters",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("adopted_at", String(32), nullable=False),
)
standings = Table(
    "exchange_standings",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("peer", String(80), nullable=False),
    Column("standing", String(20), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("asked_by", String(120), nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("confirmed_by", String(120)),
    Column("confirmed_at", String(32)),
    Column("confirmed_reason", String(500)),
    # What opens the ledger entry's commitment to this decision.
    Column("salt", LargeBinary),
    # Trust comes back by two people's word only, whatever a program does.
    CheckConstraint("confirmed_by IS NULL OR lower(trim(asked_by)) <> lower(trim(confirmed_by))", name="two_people"),
    Index("ix_exchange_standings_peer", "peer", "seq"),
)


days = Table(
    "exchange_days",
    metadata,
    Column("peer", String(80), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("doc", LargeBinary, nullable=False),
    # Their digest as they signed it, without the lists.
    Column("theirs", LargeBinary, nullable=False),
    Column("differs_since", String(32)),
    Column("compared_at", String(32), nullable=False),
)

_LANE = (sealed.c.peer == bindparam("to"), sealed.c.lane == bindparam("by"))
_PLACE = (
    select(sealed.c.epoch, sealed.c.seq, sealed.c.header)
    .where(*_LANE)
    .order_by(sealed.c.epoch.desc(), sealed.c.seq.desc())
    .limit(1)
)
_NEW_SEALED = insert(sealed)
_newer = sealed.alias()
# What an epoch that ended left without receipt travels again in the present one.
_EPOCH = select(func.max(_newer.c.epoch)).where(_newer.c.peer == bindparam("to"), _newer.c.lane == bindparam("by"))
_UNRECEIPTED = (
    select(sealed.c.envelope, sealed.c.wire, sealed.c.kem)
    .where(*_LANE, sealed.c.receipt.is_(None), sealed.c.epoch == _EPOCH.scalar_subquery())
    .order_by(sealed.c.seq)
    .limit(1)
)
_ENVELOPE = select(sealed.c.envelope, sealed.c.peer, sealed.c.lane, sealed.c.receipt).where(
    sealed.c.header == bindparam("of_header")
)
_RECEIPTED = (
    update(sealed)
    .where(sealed.c.header == bindparam("of_header"), sealed.c.receipt.is_(None))
    .values(receipt=bindparam("answer"))
)


class Place(NamedTuple):
    """Where a channel to a peer stands: the last envelope's number and header hash."""

    epoch: int
    seq: int
    header: str


def place(tx: Transaction, peer: str, lane: str) -> Place:
    """Return the last place taken on a channel; (1, 0, "") before the first envelope."""
    row = tx.execute(_PLACE, {"to": peer, "by": lane}).first()
    return Place(row.epoch, row.seq, row.header) if row else Place(1, 0, "")


class Waiting(NamedTuple):
    """An envelope without receipt: its id, its bytes, and the SHA-256 of the recipient's key that opens them."""

    envelope: str
    wire: bytes
    kem: str


def keep_sealed(tx: Transaction, peer: str, lane: str, at: Place, new: Waiting, day: str) -> None:
    """Store an envelope sealed on a UTC day before it is first sent."""
    tx.execute(_NEW_SEALED, {"peer": peer, "lane": lane, "day": day, **at._asdict(), **new._asdict()})


def keep_resealed(tx: Transaction, anew: Waiting) -> None:
    """Put an envelope's new bytes in place of those that nobody can open or believe any more."""
    where = (sealed.c.envelope == anew.envelope, sealed.c.receipt.is_(None))
    tx.execute(update(sealed).where(*where).values(wire=anew.wire, kem=anew.kem))


def unreceipted(tx: Transaction, peer: str, lane: str) -> Waiting | None:
    """Return the oldest envelope of the present epoch that has no receipt yet."""
    row = tx.execute(_UNRECEIPTED, {"to": peer, "by": lane}).first()
    return Waiting(row.envelope, row.wire, row.kem) if row else None


class Ours(NamedTuple):
    """One of our envelopes: its id, whom it was for, on which lane, and the receipt if one came."""

    envelope: str
    peer: str
    lane: Lane
    receipt: bytes | None


def envelope_of(tx: Transaction, header: str) -> Ours | None:
    """Return one of our envelopes by its header hash."""
    row = tx.execute(_ENVELOPE, {"of_header": header}).first()
    return Ours(row.envelope, row.peer, row.lane, row.receipt) if row else None


def keep_receipt(tx: Transaction, header: str, receipt: bytes) -> None:
    """Store the receipt of an envelope, once."""
    tx.execute(_RECEIPTED, {"of_header": header, "answer": receipt})


class Sent(NamedTuple):
    """One envelope as it was sent, for those who audit: its place, and whether a receipt came."""

    envelope: str
    peer: str
    lane: str
    epoch: int
    seq: int
    header: str
    receipted: bool


def list_sent(tx: Transaction, limit: int = 200) -> list[Sent]:
    """Return the latest envelopes, newest first."""
    columns = (sealed.c.envelope, sealed.c.peer, sealed.c.lane, sealed.c.epoch, sealed.c.seq, sealed.c.header)
    query = select(*columns, sealed.c.receipt.is_not(None).label("receipted"))
    rows = tx.execute(query.order_by(sealed.c.envelope.desc()).limit(limit))
    return [Sent(*row) for row in rows]


def wire_of(tx: Transaction, envelope: str) -> bytes | None:
    """Return an envelope's bytes as they were sent."""
    return tx.execute(select(sealed.c.wire).where(sealed.c.envelope == envelope)).scalar()


class Adopted(NamedTuple):
    """A charter's document, and when this node put it in force."""

    document: bytes
    adopted_at: str


def keep_charter(tx: Transaction, version: int, adopted: Adopted) -> None:
    """Store an adopted charter, once."""
    if tx.scalar(select(charters.c.version).where(charters.c.version == version)) is None:
        tx.execute(insert(charters), {"version": version, **adopted._asdict()})


def carry_charters(old: Transaction, new: Transaction) -> int:
    """Bring the charters that one database has over into another; returns how many were new there."""
    known = set(new.scalars(select(charters.c.version)))
    rows = [dict(row._mapping) for row in old.execute(select(charters).order_by(charters.c.version))]
    missing = [row for row in rows if row["version"] not in known]
    if missing:
        new.execute(insert(charters), missing)
    return len(missing)


def carry_standings(old: Transaction, new: Transaction) -> int:
    """Put what one database knows of peers' standings into another; returns how many decisions were new there."""
    if not inspect(old).has_table(standings.name):
        return 0
    rows = [dict(row._mapping) for row in old.execute(select(standings).order_by(standings.c.seq))]
    known = new.execute(delete(standings)).rowcount
    if rows:
        new.execute(insert(standings), rows)
    return max(0, len(rows) - known)


def charters_after(tx: Transaction, version: int) -> list[Adopted]:
    """Return the charters adopted after a version, oldest first."""
    query = select(charters.c.document, charters.c.adopted_at).where(charters.c.version > version)
    return [Adopted(*row) for row in tx.execute(query.order_by(charters.c.version))]


def charter_of(tx: Transaction, version: int) -> bytes | None:
    """Return an adopted charter's document."""
    return tx.scalar(select(charters.c.document).where(charters.c.version == version))


def last_sealed(tx: Transaction, peer: str, lane: str) -> bytes | None:
    """Return the last envelope sealed for a peer on a lane."""
    query = select(sealed.c.wire).where(sealed.c.peer == peer, sealed.c.lane == lane)
    return tx.scalar(query.order_by(sealed.c.epoch.desc(), sealed.c.seq.desc()).limit(1))


# A decision counts at once, except that trust comes back only when it was confirmed.
_COUNTS = or_(standings.c.standing != "trusted", standings.c.confirmed_by.is_not(None))
_STANDING = (
    select(standings.c.standing)
    .where(standings.c.peer == bindparam("of_peer"), _COUNTS)
    .order_by(standings.c.seq.desc())
    .limit(1)
)


def standing(tx: Transaction, peer: str) -> Standing | None:
    """Return how far a peer is trusted; None when nobody ever decided about it."""
    found: Standing | None = tx.scalar(_STANDING, {"of_peer": peer})
    return found


def standing_changes(tx: Transaction, peer: str) -> list[StandingChange]:
    """Return every decision about a peer's standing, newest first."""
    columns = [standings.c[name] for name in StandingChange.__struct_fields__]
    query = select(*columns).where(standings.c.peer == peer).order_by(standings.c.seq.desc())
    return [StandingChange(**dict(row._mapping)) for row in tx.execute(query)]


def keep_change(tx: Transaction, change: StandingChange) -> None:
    """Store a decision about a peer's standing."""
    tx.execute(insert(standings), {name: getattr(change, name) for name in change.__struct_fields__})


def confirm_change(tx: Transaction, change: StandingChange) -> None:
    """Store that a decision was confirmed, by whom and why."""
    names = ("confirmed_by", "confirmed_at", "confirmed_reason")
    values = {name: getattr(change, name) for name in names}
    tx.execute(update(standings).where(standings.c.id == change.id).values(values))


def keep_standing_salt(tx: Transaction, change: str, salt: bytes) -> None:
    """Store what opens the ledger entry of a decision."""
    tx.execute(update(standings).where(standings.c.id == change).values(salt=salt))


def headers_on(tx: Transaction, peer: str, lane: str, day: str) -> list[str]:
    """Return the header hashes of what was sealed for a peer on one day and lane, in order."""
    query = select(sealed.c.header).where(sealed.c.peer == peer, sealed.c.day == day, sealed.c.lane == lane)
    return list(tx.scalars(query.order_by(sealed.c.header)))


class Day(NamedTuple):
    """One day compared with one peer: what differs (JSON), their digest, since when it differs (None: it does not)."""

    peer: str
    day: str
    doc: bytes
    theirs: bytes
    differs_since: str | None
    compared_at: str


def day_of(tx: Transaction, peer: str, day: str) -> Day | None:
    """Return how a day stands with a peer; None before it was compared."""
    row = tx.execute(select(days).where(days.c.peer == peer, days.c.day == day)).first()
    return Day(*row) if row else None


def keep_day(tx: Transaction, new: Day) -> None:
    """Put the latest comparison of a day in place of the one before."""
    here = (days.c.peer == new.peer, days.c.day == new.day)
    if not tx.execute(update(days).where(*here).values(new._asdict())).rowcount:
        tx.execute(insert(days), new._asdict())


def differing_days(tx: Transaction, limit: int) -> list[Day]:
    """Return the days that differ, newest first."""
    query = select(days).where(days.c.differs_since.is_not(None))
    return [Day(*row) for row in tx.execute(query.order_by(days.c.day.desc(), days.c.peer).limit(limit))]
