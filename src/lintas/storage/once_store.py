"""Remembers for a day what a call was answered, in the transaction of what it did: the same call again does nothing twice."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Column, Integer, LargeBinary, String, Table, bindparam, delete, insert, select

from lintas.model import times
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

once_forms = Table(
    "once_forms",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("caller", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", String(32), nullable=False, index=True),
    Column("status", Integer, nullable=False),
    Column("media", String(100), nullable=False),
    Column("location", String(500), nullable=False),
    # None where it was too large to be kept.
    Column("body", LargeBinary),
)
#: By the machine's clock: it is about browsers and programs, not about the law's days.
REMEMBERED = timedelta(hours=24)
_FIND = select(once_forms).where(once_forms.c.key == bindparam("of_key"))


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What a call was answered: ``digest`` is the SHA-256 of what it said, ``location`` where it was sent on to ("": nowhere).

    ``key`` and ``digest`` are lower-case hex, ``at`` is RFC 3339; ``body`` is None where it was too large to be kept.
    """

    key: str
    caller: str
    digest: str
    at: str
    status: int
    media: str
    location: str
    body: bytes | None


def find(tx: Transaction, key: str) -> Answered | None:
    """Return what the call with this key was answered."""
    row = tx.execute(_FIND, {"of_key": key}).first()
    return None if row is None else Answered(**{str(name): value for name, value in row._mapping.items()})


def keep(tx: Transaction, answered: Answered) -> None:
    """Store an answer; a second one under the same key is an IntegrityError, which undoes what it would repeat."""
    tx.execute(insert(once_forms), msgspec.structs.asdict(answered))


def erase(tx: Transaction, now: datetime) -> int:
    """Erase the answers that are older than a day; returns how many."""
    return tx.execute(delete(once_forms).where(once_forms.c.at < times.render(now - REMEMBERED))).rowcount
