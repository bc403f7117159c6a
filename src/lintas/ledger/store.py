"""The ledger's tables: entries, hash tiles (the rightmost of each level may be partial), and one row of state."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

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

_ONLY = 1


class State(msgspec.Struct, frozen=True):
    """What the ledger is now: whose it is, and its tree."""

    origin: str
    tree: CompactRange


def read_state(tx: Transaction, *, lock: bool = False) -> State | None:
    """Return the state, or None before the first entry; ``lock`` keeps other writers out until the commit (PostgreSQL)."""
    query = select(state.c.origin, state.c.size, state.c.hashes).where(state.c.id == _ONLY)
    row = tx.execute(query.with_for_update() if lock else query).first()
    if row is None:
        return None
    packed = bytes(row.hashes)
    hashes = tuple(packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES))
    return State(row.origin, CompactRange(row.size, hashes))


def create_state(tx: Transaction, origin: str, tree: CompactRange) -> None:
    """Write the first state; a second writer that comes at the same moment fails on the key."""
    values = {"id": _ONLY, "origin": origin, "size": tree.size, "hashes": b"".join(tree.hashes)}
    tx.execute(insert(state), values)


def write_state(tx: Transaction, tree: CompactRange) -> None:
    """Replace the tree in the state."""
    tx.execute(update(state).where(state.c.id == _ONLY).values(size=tree.size, hashes=b"".join(tree.hashes)))


def add_entries(tx: Transaction, start: int, entries: Sequence[bytes]) -> None:
    """Insert entries at ``start`` and after."""
    tx.execute(insert(entry), [{"index": start + n, "data": data} for n, data in enumerate(entries)])


def read_entries(tx: Transaction, start: int, end: int) -> list[bytes]:
    """Return the entries ``[start, end)`` that there are, in order."""
    query = select(entry.c.data).where(entry.c.index >= start, entry.c.index < end).order_by(entry.c.index)
    return [bytes(data) for data in tx.scalars(query)]


def read_tile(tx: Transaction, level: int, index: int) -> bytes:
    """Return a tile's hashes, concatenated; empty when there is no such tile."""
    data = tx.scalar(select(tile.c.hashes).where(tile.c.level == level, tile.c.index == index))
    return bytes(data) if data is not None else b""


def write_tiles(tx: Transaction, tiles: Iterable[tuple[int, int, bytes]]) -> None:
    """Insert tiles ``(level, index, hashes)``, or replace their shorter selves."""
    rows = [{"level": level, "index": index, "hashes": hashes} for level, index, hashes in tiles]
    if tx.dialect.name == "postgresql":
        pg = postgresql.insert(tile)
        tx.execute(
            pg.on_conflict_do_update(index_elements=["level", "index"], set_={"hashes": pg.excluded.hashes}), rows
        )
    else:
        lite = sqlite.insert(tile)
        keys = ["level", "index"]
        tx.execute(lite.on_conflict_do_update(index_elements=keys, set_={"hashes": lite.excluded.hashes}), rows)
