"""The ledger's tables: entries, full hash tiles, a row of state with what fills no tile yet, and what the members' logs showed.

Statements are made once: building them anew would cost more than running them.
"""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.trust.merkle import HASH_BYTES, CompactRange

# On SQLite only INTEGER makes the key the row's own number; BIGINT would cost a second index.
_Index = BigInteger().with_variant(Integer, "sqlite")

state = Table(
    "ledger_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("origin", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    Column("edge", LargeBinary, nullable=False),
)
entry = Table(
    "ledger_entry",
    metadata,
    Column("index", _Index, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)
tile = Table(
    "ledger_tile",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)
watched = Table(
    "ledger_watched",
    metadata,
    Column("origin", String(200), primary_key=True),
    Column("note", LargeBinary),
    Column("why", String(400), nullable=False),
    Column("since", String(32), nullable=False),
    Column("looked_at", String(32), nullable=False),
)
unproven = Table(
    "ledger_unproven",
    metadata,
    Column("origin", String(200), primary_key=True),
    Column("tree", String(64), primary_key=True),
    Column("note", LargeBinary, nullable=False),
    Column("through", String(80), nullable=False),
    Column("since", String(32), nullable=False),
    Column("why", String(400), nullable=False),
)
findings = Table(
    "ledger_findings",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("origin", String(200), nullable=False, index=True),
    Column("vkey", String(400), nullable=False),
    Column("older", LargeBinary, nullable=False),
    Column("newer", LargeBinary, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    Column("through", String(80), nullable=False),
    Column("at", String(32), nullable=False),
)

_ONLY = 1
_STATE = select(state.c.origin, state.c.size, state.c.hashes, state.c.edge).where(state.c.id == _ONLY)
# On PostgreSQL other writers wait here until the commit; SQLite has one writer anyway.
_LOCKED_STATE = _STATE.with_for_update()
_NEW_STATE = insert(state)
_NEXT_STATE = (
    update(state)
    .where(state.c.id == _ONLY)
    .values(size=bindparam("size"), hashes=bindparam("hashes"), edge=bindparam("edge"))
)
_NEW_ENTRIES = insert(entry)
_ENTRIES = (
    select(entry.c.data)
    .where(entry.c.index >= bindparam("start"), entry.c.index < bindparam("end"))
    .order_by(entry.c.index)
)
_NEW_TILES = insert(tile)
_TILE = select(tile.c.hashes).where(tile.c.level == bindparam("level"), tile.c.index == bindparam("place"))


class State(msgspec.Struct, frozen=True):
    """Whose ledger it is, its tree, and its edge: the hashes of the partial tiles, level by level from 0, in one string."""

    origin: str
    tree: CompactRange
    edge: bytes


def read_state(tx: Transaction, *, lock: bool = False) -> State | None:
    """Return the state, or None before the first entry; ``lock`` keeps other writers out until the commit."""
    row = tx.execute(_LOCKED_STATE if lock else _STATE).first()
    if row is None:
        return None
    packed = bytes(row.hashes)
    hashes = tuple(packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES))
    return State(row.origin, CompactRange(row.size, hashes), bytes(row.edge))


def write_state(tx: Transaction, new: State, *, first: bool) -> None:
    """Replace the state, or write the ``first``: of two that do so at the same moment one fails on the key."""
    values = {"size": new.tree.size, "hashes": b"".join(new.tree.hashes), "edge": new.edge}
    if first:
        tx.execute(_NEW_STATE, {"id": _ONLY, "origin": new.origin, **values})
    else:
        tx.execute(_NEXT_STATE, values)


def add_entries(tx: Transaction, start: int, entries: Sequence[bytes]) -> None:
    """Insert entries at ``start`` and after."""
    tx.execute(_NEW_ENTRIES, [{"index": start + n, "data": data} for n, data in enumerate(entries)])


def read_entries(tx: Transaction, start: int, end: int) -> list[bytes]:
    """Return the entries ``[start, end)`` that there are, in order."""
    return [bytes(data) for data in tx.scalars(_ENTRIES, {"start": start, "end": end})]


def read_tile(tx: Transaction, level: int, index: int) -> bytes:
    """Return a full tile's hashes in one string; empty when there is no such tile."""
    data = tx.scalar(_TILE, {"level": level, "place": index})
    return bytes(data) if data is not None else b""


def add_tiles(tx: Transaction, tiles: Iterable[tuple[int, int, bytes]]) -> None:
    """Insert full tiles ``(level, index, hashes)``."""
    rows = [{"level": level, "index": index, "hashes": hashes} for level, index, hashes in tiles]
    if rows:
        tx.execute(_NEW_TILES, rows)


# ---- what other logs showed


class WatchedRow(msgspec.Struct, frozen=True):
    """One log: the last checkpoint that extends all seen before, and ``why`` the last look proved nothing ("": it did)."""

    origin: str
    note: bytes | None
    why: str
    since: str
    looked_at: str


class UnprovenRow(msgspec.Struct, frozen=True):
    """A checkpoint that its log signed, and that nothing joins with the others yet."""

    origin: str
    tree: str
    note: bytes
    through: str
    since: str
    why: str


class FindingRow(msgspec.Struct, frozen=True):
    """Two checkpoints that cannot both be true, with the hashes that show it."""

    id: str
    origin: str
    vkey: str
    older: bytes
    newer: bytes
    proof: bytes
    through: str
    at: str


def read_watched(tx: Transaction) -> list[WatchedRow]:
    """Return every log that was looked at."""
    return [WatchedRow(*row) for row in tx.execute(select(watched).order_by(watched.c.origin))]


def write_watched(tx: Transaction, row: WatchedRow) -> None:
    """Put the last look at a log in place of the one before."""
    values = msgspec.structs.asdict(row)
    if not tx.execute(update(watched).where(watched.c.origin == row.origin).values(values)).rowcount:
        tx.execute(insert(watched), values)


def read_unproven(tx: Transaction) -> list[UnprovenRow]:
    """Return what is unproven, oldest first."""
    return [UnprovenRow(*row) for row in tx.execute(select(unproven).order_by(unproven.c.since, unproven.c.tree))]


def write_unproven(tx: Transaction, origin: str, rows: Sequence[UnprovenRow]) -> None:
    """Replace what is unproven of one log."""
    tx.execute(delete(unproven).where(unproven.c.origin == origin))
    if rows:
        tx.execute(insert(unproven), [msgspec.structs.asdict(row) for row in rows])


def read_findings(tx: Transaction) -> list[FindingRow]:
    """Return every finding, oldest first."""
    return [FindingRow(*row) for row in tx.execute(select(findings).order_by(findings.c.at, findings.c.id))]


def add_finding(tx: Transaction, row: FindingRow, limit: int) -> bool:
    """Keep a finding for ever; False when it is here already, or when its log has ``limit`` of them."""
    kept = tx.scalars(select(findings.c.id).where(findings.c.origin == row.origin)).all()
    if row.id in kept or len(kept) >= limit:
        return False
    tx.execute(insert(findings), msgspec.structs.asdict(row))
    return True
