"""The table of API keys, and the only SQL on it."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Column, LargeBinary, String, Table, bindparam, func, insert, select, update

from lintas.access.records import MAX_NAME, IssuedKey
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
    Column("name", String(MAX_NAME), nullable=False),
    Column("role", String(20), nullable=False),
    Column("organisation", String(MAX_NAME), nullable=False),
    Column("created", String(32), nullable=False),
    Column("revoked", String(32)),
    Column("issued_by", String(MAX_NAME)),
)
_SHOWN = (api_keys.c.id, api_keys.c.name, api_keys.c.role, api_keys.c.organisation)
# Every call asks this: made once, because building it anew would cost more than running it.
_FIND = select(*_SHOWN, api_keys.c.hash, api_keys.c.revoked).where(api_keys.c.id == bindparam("of_key"))


class Found(NamedTuple):
    """A key as it is compared with what a caller sends."""

    id: str
    name: str
    role: str
    organisation: str
    hash: bytes
    revoked: str | None


def add(tx: Transaction, key: IssuedKey, hashed: bytes) -> None:
    """Store a new key by its hash."""
    values = {"id": key.id, "hash": hashed, "name": key.name, "role": key.role, "organisation": key.organisation}
    tx.execute(insert(api_keys), values | {"created": key.created, "issued_by": key.issued_by or None})


def find(tx: Transaction, key_id: str) -> Found | None:
    """Return a key by its id, valid or not."""
    row = tx.execute(_FIND, {"of_key": key_id}).first()
    return None if row is None else Found(*row)


def revoke(tx: Transaction, key_id: str, at: str) -> bool:
    """Mark a valid key as revoked; False when there was none."""
    open_ = (api_keys.c.id == key_id) & api_keys.c.revoked.is_(None)
    return bool(tx.execute(update(api_keys).where(open_).values(revoked=at)).rowcount)


def carry_revoked(old: Transaction, new: Transaction) -> int:
    """Revoke in one database what another knows to be revoked; returns how many keys that were valid there until now."""
    gone = old.execute(select(api_keys.c.id, api_keys.c.revoked).where(api_keys.c.revoked.is_not(None))).all()
    return sum(revoke(new, row.id, row.revoked) for row in gone)


def holders(tx: Transaction, role: str) -> Sequence[str]:
    """Return whose keys of a role are valid."""
    return tx.scalars(select(api_keys.c.name).where(api_keys.c.role == role, api_keys.c.revoked.is_(None))).all()


def issued(tx: Transaction) -> Sequence[IssuedKey]:
    """Return every key ever issued, oldest first, without anything that would let somebody use it."""
    by = func.coalesce(api_keys.c.issued_by, "").label("issued_by")
    query = select(*_SHOWN, api_keys.c.created, api_keys.c.revoked, by)
    rows = tx.execute(query.order_by(api_keys.c.created, api_keys.c.id))
    return [IssuedKey(**{str(name): value for name, value in row._mapping.items()}) for row in rows]
