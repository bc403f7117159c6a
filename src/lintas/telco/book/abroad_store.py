"""The tables of what was told to which peer about entries, how far it got there, and of what peers told us."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Column, Index, Integer, Select, String, Table, Text, bindparam, insert, select, update

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.telco.book.records import Told
from lintas.telco.book.rows import batched

told = Table(
    "telco_told",
    metadata,
    Column("batch", String(64), primary_key=True),
    Column("peer", String(80), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("object", String(64), nullable=False),
    Column("left_at", String(40), nullable=False),
    Column("refused_here", String(1000), nullable=False),
    Column("received_at", String(40), nullable=False),
    Column("imported_at", String(40), nullable=False),
    Column("enforced_at", String(40), nullable=False),
    Column("withdrawn_at", String(40), nullable=False),
    Column("not_taken", Text, nullable=False),
    Index("ix_telco_told_object", "object"),
    Index("ix_telco_told_open", "kind", "withdrawn_at", "peer"),
)
carried = Table(
    "telco_carried",
    metadata,
    Column("entry", String(16), primary_key=True),
    Column("batch", String(64), primary_key=True),
    Index("ix_telco_carried_batch", "batch"),
)
#: Batches of peers: confirmed as enforced once every gateway that follows has the version in which they are.
heard = Table(
    "telco_heard",
    metadata,
    Column("peer", String(80), primary_key=True),
    Column("batch", String(64), primary_key=True),
    Column("at", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("enforced_at", String(40), nullable=False),
    Index("ix_telco_heard_open", "enforced_at", "version"),
)


def carry(tx: Transaction, batch: str, ids: Sequence[str]) -> None:
    """Note which entries a batch is about."""
    tx.execute(insert(carried), [{"entry": each, "batch": batch} for each in ids])


def tell(tx: Transaction, batch: str, peer: str, values: dict[str, str]) -> None:
    """Note that a peer was told a batch."""
    blank = dict.fromkeys(
        ("object", "refused_here", "received_at", "imported_at", "enforced_at", "withdrawn_at", "not_taken"), ""
    )
    tx.execute(insert(told), blank | {"batch": batch, "peer": peer} | values)


def peers_told(tx: Transaction, ids: Iterable[str]) -> dict[str, list[str]]:
    """Return for each peer which of these entries left for it."""
    found: dict[str, dict[str, None]] = {}
    for part in batched(ids, 500):
        query = select(told.c.peer, carried.c.entry).join(carried, carried.c.batch == told.c.batch)
        query = query.where(carried.c.entry.in_(part), told.c.kind == "listing", told.c.object != "")
        for row in tx.execute(query):
            found.setdefault(row.peer, {})[row.entry] = None
    return {peer: list(entries) for peer, entries in found.items()}


def knows(tx: Transaction, peer: str, entry: str) -> bool:
    """Tell whether an entry was told to a peer."""
    return entry in peers_told(tx, [entry]).get(peer, [])


def was_told(tx: Transaction, batch: str, peer: str) -> bool:
    """Tell whether a batch of that name went to a peer."""
    query = select(told.c.batch).where(told.c.batch == batch, told.c.peer == peer, told.c.object != "")
    return tx.scalar(query) is not None


def note(tx: Transaction, batch: str, peer: str, values: dict[str, str]) -> None:
    """Note a further step of a batch at a peer; a step that is known already stays as it is."""
    for name, value in values.items():
        column = told.c[name]
        tx.execute(update(told).where(told.c.batch == batch, told.c.peer == peer, column == "").values({name: value}))


def received(tx: Transaction, object_id: str, peer: str, at: str, refused: str) -> None:
    """Note a peer's receipt for a statement of ours."""
    query = update(told).where(told.c.object == object_id, told.c.peer == peer)
    tx.execute(query.values(received_at=at, not_taken=refused) if refused else query.values(received_at=at))


def of_entry(tx: Transaction, entry: str) -> list[Told]:
    """Return what each peer was told of an entry and how far it got, oldest first."""
    query = select(told).join(carried, carried.c.batch == told.c.batch).where(carried.c.entry == entry)
    return [
        Told(**{name: row._mapping[name] for name in Told.__struct_fields__})
        for row in tx.execute(query.order_by(told.c.batch, told.c.peer))
    ]


def unconfirmed(tx: Transaction, limit: int = 200) -> list[Told]:
    """Return withdrawals that a peer has not confirmed yet, oldest first."""
    query = select(told).where(told.c.kind == "withdrawal", told.c.withdrawn_at == "", told.c.object != "")
    return [
        Told(**{name: row._mapping[name] for name in Told.__struct_fields__})
        for row in tx.execute(query.order_by(told.c.batch, told.c.peer).limit(limit))
    ]


def peers(tx: Transaction) -> set[str]:
    """Return every peer that anything was ever told, or would have been if our own law let it."""
    return set(tx.scalars(select(told.c.peer).distinct()))


def told_to(peer: str) -> Select[tuple[str]]:
    """Return the question for what a peer was told of, or would have been."""
    return select(carried.c.entry).join(told, carried.c.batch == told.c.batch).where(told.c.peer == peer)


def hear(tx: Transaction, peer: str, batch: str, at: str) -> bool:
    """Note a peer's batch; False when its name came before."""
    known = tx.scalar(select(heard.c.batch).where(heard.c.peer == peer, heard.c.batch == batch)) is not None
    if not known:
        tx.execute(insert(heard), {"peer": peer, "batch": batch, "at": at, "version": 0, "enforced_at": ""})
    return not known


def published(tx: Transaction, version: int) -> None:
    """Note that whatever was heard until now is in a version of our list."""
    tx.execute(update(heard).where(heard.c.version == 0).values(version=version))


def enforced(tx: Transaction, version: int, at: str) -> list[tuple[str, str]]:
    """Note that every gateway has a version; returns (peer, batch) of what is enforced since."""
    open_ = (heard.c.enforced_at == "", heard.c.version > 0, heard.c.version <= version)
    found = [(row.peer, row.batch) for row in tx.execute(select(heard.c.peer, heard.c.batch).where(*open_))]
    if found:
        done = update(heard).where(heard.c.peer == bindparam("of_peer"), heard.c.batch == bindparam("of_batch"))
        tx.execute(done.values(enforced_at=at), [{"of_peer": peer, "of_batch": batch} for peer, batch in found])
    return found
