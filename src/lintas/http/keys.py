"""API keys of officers, organisations (banks) and administrators: issued once in clear, stored only as a hash.

A key reads ``lk_<id>_<secret>``; the secret is 32 random bytes in base64url (43 characters), so a plain SHA-256 is
enough to store it: there is nothing to guess, unlike with a password.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from hmac import compare_digest

import msgspec
from sqlalchemy import Column, LargeBinary, String, Table, bindparam, insert, select, update

from lintas.model import times
from lintas.model.errors import BadInput, NotFound
from lintas.model.ids import IdSource
from lintas.model.people import same_person
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

#: The closed list of roles; a route names those that may call it.
ROLES = frozenset({"hotline", "investigator", "approver", "bank", "auditor", "administrator"})

_MAX_NAME = 120
_KEY = re.compile(r"lk_([a-z0-9-]{1,64})_([A-Za-z0-9_-]{43})")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: the id of the key, its holder's name, one role, and the organisation ("" for the authority itself)."""

    id: str
    name: str
    role: str
    organisation: str = ""


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a key after it was issued; times are RFC 3339, ``revoked`` is None while it is valid."""

    id: str
    name: str
    role: str
    organisation: str
    created: str
    revoked: str | None = None


# --- store: the only SQL of this room ---------------------------------------------------------------------------------

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
    Column("name", String(_MAX_NAME), nullable=False),
    Column("role", String(20), nullable=False),
    Column("organisation", String(_MAX_NAME), nullable=False),
    Column("created", String(32), nullable=False),
    Column("revoked", String(32)),
)
_SHOWN = (api_keys.c.id, api_keys.c.name, api_keys.c.role, api_keys.c.organisation)
# Every call asks this: made once, because building it anew would cost more than running it.
_WHO = select(*_SHOWN, api_keys.c.hash, api_keys.c.revoked).where(api_keys.c.id == bindparam("of_key"))


def issue(tx: Transaction, ids: IdSource, *, name: str, role: str, organisation: str = "", at: datetime) -> str:
    """Issue a key and return its text, which is shown this once; BadInput for a role or name that cannot be."""
    _check(name, role, organisation)
    key, secret = ids.new("key"), base64.urlsafe_b64encode(ids.salt()).rstrip(b"=").decode()
    text = f"lk_{key}_{secret}"
    values = {"id": key, "hash": _hash(text), "name": name, "role": role, "organisation": organisation}
    tx.execute(insert(api_keys), values | {"created": times.render(at)})
    return text


def revoke(tx: Transaction, key_id: str, *, at: datetime) -> None:
    """Make a key worthless from now on; doing it again changes nothing; NotFound for an id never issued."""
    open_ = (api_keys.c.id == key_id) & api_keys.c.revoked.is_(None)
    if tx.execute(update(api_keys).where(open_).values(revoked=times.render(at))).rowcount:
        return
    if tx.execute(select(api_keys.c.id).where(api_keys.c.id == key_id)).first() is None:
        raise NotFound(f"no key has the id {key_id!r}", "look at the list of keys that were issued")


def carry_revoked(old: Transaction, new: Transaction) -> int:
    """Revoke in one database what another knows to be revoked; returns how many keys that were valid there until now."""
    gone = old.execute(select(api_keys.c.id, api_keys.c.revoked).where(api_keys.c.revoked.is_not(None))).all()
    valid = api_keys.c.revoked.is_(None)
    return sum(
        new.execute(update(api_keys).where(api_keys.c.id == row.id, valid).values(revoked=row.revoked)).rowcount
        for row in gone
    )


def who(tx: Transaction, token: str) -> Caller | None:
    """Return the holder of a valid key; None for anything else (unknown, altered, revoked, not a key at all)."""
    shape = _KEY.fullmatch(token)
    if shape is None:
        return None
    row = tx.execute(_WHO, {"of_key": shape[1]}).first()
    # The id is no secret, so finding no row may take another time than finding one; the hash is compared in constant time.
    if row is None or not compare_digest(row.hash, _hash(token)) or row.revoked is not None:
        return None
    return Caller(id=row.id, name=row.name, role=row.role, organisation=row.organisation)


def may_approve(tx: Transaction, name: str) -> bool:
    """Tell whether the person of this name holds a valid approver's key."""
    valid = select(api_keys.c.name).where(api_keys.c.role == "approver", api_keys.c.revoked.is_(None))
    return any(same_person(holder, name) for holder in tx.scalars(valid))


def issued(tx: Transaction) -> Sequence[IssuedKey]:
    """Return every key ever issued, oldest first, without anything that would let somebody use it."""
    rows = tx.execute(
        select(*_SHOWN, api_keys.c.created, api_keys.c.revoked).order_by(api_keys.c.created, api_keys.c.id)
    )
    return [IssuedKey(**{str(name): value for name, value in row._mapping.items()}) for row in rows]


# --- rules ------------------------------------------------------------------------------------------------------------


def _check(name: str, role: str, organisation: str) -> None:
    if role not in ROLES:
        raise BadInput(f"there is no role {role!r}", f"choose one of {', '.join(sorted(ROLES))}", where="role")
    if role == "bank" and not organisation:
        raise BadInput("a bank's key needs its organisation", "name the bank that will use it", where="organisation")
    for where, text in (("name", name), ("organisation", organisation)):
        if len(text) > _MAX_NAME or not text.isprintable():
            raise BadInput(
                f"this {where} cannot be stored", f"use at most {_MAX_NAME} printable characters", where=where
            )
    if not name.strip():
        raise BadInput("a key needs a name", "name the person or system that will use it", where="name")


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
