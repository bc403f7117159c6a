"""The tables of sources, of the allow-list, of what two officers adopted from a peer, and of imports."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, delete, insert, select, update

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.telco.book.records import Adoption, Allowed, Import, Source
from lintas.telco.book.rows import batched, from_row, to_row

sources = Table(
    "telco_sources",
    metadata,
    Column("name", String(90), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("since", String(40), nullable=False),
    Column("shadow_until", String(40), nullable=False),
    Column("cap_hour", Integer, nullable=False),
    Column("stopped_at", String(40), nullable=False),
    Column("stopped_by", String(120), nullable=False),
    Column("stop_reason", String(500), nullable=False),
    Column("restart_by", String(120), nullable=False),
    Column("severed", Integer, nullable=False),
)
allowed = Table(
    "telco_allowed",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("subject", String(12), nullable=False),
    Column("value", String(2048), nullable=False),
    Column("group", String(12), nullable=False),
    Column("name", String(200), nullable=False),
    Column("added_by", String(120), nullable=False),
    Column("added_at", String(40), nullable=False),
    Column("removal_by", String(120), nullable=False),
    # First and last of numbers and ranges: 15 digits, more than 32 bits.
    Column("low", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),
    Index("ix_telco_allowed_low", "low", "high"),
    Index("ix_telco_allowed_value", "value"),
)
adoptions = Table(
    "telco_adoptions",
    metadata,
    Column("peer", String(80), primary_key=True),
    Column("subjects", Text, nullable=False),
    Column("until", String(40), nullable=False),
    Column("first_by", String(120), nullable=False),
    Column("first_at", String(40), nullable=False),
    Column("second_by", String(120), nullable=False),
    Column("since", String(40), nullable=False),
    Column("ended_at", String(40), nullable=False),
    Column("ended_by", String(120), nullable=False),
)
imports = Table(
    "telco_imports",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("source", String(90), nullable=False),
    Column("at", String(40), nullable=False),
    Column("by", String(120), nullable=False),
    Column("taken", Integer, nullable=False),
    Column("renewed", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("refusals", Text, nullable=False),
    Column("shortened", Integer, nullable=False, server_default="0"),
    Column("state", String(12), nullable=False),
    Column("approved_by", String(120), nullable=False),
)


def source(tx: Transaction, name: str) -> Source | None:
    """Return one source."""
    row = tx.execute(select(sources).where(sources.c.name == name)).first()
    return from_row(Source, row, flags=("severed",)) if row else None


def all_sources(tx: Transaction) -> list[Source]:
    """Return every source by its name."""
    return [from_row(Source, row, flags=("severed",)) for row in tx.execute(select(sources).order_by(sources.c.name))]


def keep_source(tx: Transaction, item: Source) -> None:
    """Store a source, or replace the one of its name."""
    if tx.execute(update(sources).where(sources.c.name == item.name).values(**to_row(item))).rowcount == 0:
        tx.execute(insert(sources), to_row(item))


def allow(tx: Transaction, item: Allowed, low: int, high: int) -> None:
    """Store a line of the allow-list; ``low`` and ``high`` are 0 where it is no number."""
    tx.execute(insert(allowed), to_row(item) | {"low": low, "high": high})


def ask_removal(tx: Transaction, allowed_id: str, officer: str) -> None:
    """Note who asked for a line's removal."""
    tx.execute(update(allowed).where(allowed.c.id == allowed_id).values(removal_by=officer))


def disallow(tx: Transaction, allowed_id: str) -> None:
    """Remove a line of the allow-list."""
    tx.execute(delete(allowed).where(allowed.c.id == allowed_id))


def allowed_line(tx: Transaction, allowed_id: str) -> Allowed | None:
    """Return one line of the allow-list."""
    row = tx.execute(select(allowed).where(allowed.c.id == allowed_id)).first()
    return from_row(Allowed, row) if row else None


def allow_list(tx: Transaction, after: str = "", limit: int = 200) -> list[Allowed]:
    """Return lines of the allow-list by id, after the id ``after``."""
    query = select(allowed).where(allowed.c.id > after).order_by(allowed.c.id).limit(limit)
    return [from_row(Allowed, row) for row in tx.execute(query)]


def hits_numbers(tx: Transaction, low: int, high: int) -> Allowed | None:
    """Return a line of the allow-list that has a number in common with ``low`` to ``high``."""
    query = select(allowed).where(allowed.c.low <= high, allowed.c.high >= low, allowed.c.high > 0).limit(1)
    row = tx.execute(query).first()
    return from_row(Allowed, row) if row else None


def allowed_ranges(tx: Transaction) -> list[tuple[int, int]]:
    """Return first and last of every number and range of the allow-list, for a whole import."""
    return [(int(row[0]), int(row[1])) for row in tx.execute(select(allowed.c.low, allowed.c.high)) if row[1]]


def hits_values(tx: Transaction, subjects: Iterable[str], values: Iterable[str]) -> Allowed | None:
    """Return a line of the allow-list that has one of these values."""
    for part in batched(values, 500):
        query = select(allowed).where(allowed.c.subject.in_(list(subjects)), allowed.c.value.in_(part)).limit(1)
        row = tx.execute(query).first()
        if row:
            return from_row(Allowed, row)
    return None


def hits_below(tx: Transaction, domain: str) -> Allowed | None:
    """Return an allowed domain that lies below a domain: listing the one would take the other along."""
    query = select(allowed).where(
        allowed.c.subject == "domain", allowed.c.value.endswith(f".{domain}", autoescape=True)
    )
    row = tx.execute(query.limit(1)).first()
    return from_row(Allowed, row) if row else None


def urls_naming(tx: Transaction, host: str) -> list[Allowed]:
    """Return the allowed addresses that have a host's name in them; the caller looks where."""
    query = select(allowed).where(allowed.c.subject == "url", allowed.c.value.contains(host, autoescape=True))
    return [from_row(Allowed, row) for row in tx.execute(query)]


def adoption(tx: Transaction, peer: str) -> Adoption | None:
    """Return what was adopted of a peer."""
    row = tx.execute(select(adoptions).where(adoptions.c.peer == peer)).first()
    return from_row(Adoption, row, ("subjects",)) if row else None


def all_adoptions(tx: Transaction) -> list[Adoption]:
    """Return every adoption, by peer."""
    return [from_row(Adoption, row, ("subjects",)) for row in tx.execute(select(adoptions).order_by(adoptions.c.peer))]


def keep_adoption(tx: Transaction, item: Adoption) -> None:
    """Store an adoption, or replace the one of its peer."""
    if tx.execute(update(adoptions).where(adoptions.c.peer == item.peer).values(**to_row(item))).rowcount == 0:
        tx.execute(insert(adoptions), to_row(item))


def import_(tx: Transaction, import_id: str) -> Import | None:
    """Return one import."""
    row = tx.execute(select(imports).where(imports.c.id == import_id)).first()
    return from_row(Import, row, ("refusals",)) if row else None


def all_imports(tx: Transaction, before: str = "~", limit: int = 50) -> list[Import]:
    """Return imports, newest first, before the id ``before``."""
    query = select(imports).where(imports.c.id < before).order_by(imports.c.id.desc()).limit(limit)
    return [from_row(Import, row, ("refusals",)) for row in tx.execute(query)]


def waiting_imports(tx: Transaction, limit: int) -> list[Import]:
    """Return imports that brought something and wait, oldest first."""
    query = select(imports).where(imports.c.state == "waits", imports.c.taken > 0).order_by(imports.c.id).limit(limit)
    return [from_row(Import, row, ("refusals",)) for row in tx.execute(query)]


def keep_import(tx: Transaction, item: Import) -> None:
    """Store an import, or replace it."""
    if tx.execute(update(imports).where(imports.c.id == item.id).values(**to_row(item))).rowcount == 0:
        tx.execute(insert(imports), to_row(item))
