"""API keys of banks, programs and people's scripts: issued once in clear, stored only as a hash.

A key reads ``lk_<id>_<secret>``; the secret is 32 random bytes in base64url (43 characters), so a plain SHA-256 is
enough to store it: there is nothing to guess, unlike with a password.
"""

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from hmac import compare_digest

from lintas.access import key_store, rules
from lintas.access.records import Caller, IssuedKey
from lintas.model import times
from lintas.model.errors import NotFound
from lintas.model.ids import IdSource
from lintas.model.people import same_person
from lintas.storage.engine import Transaction

_KEY = re.compile(r"lk_([a-z0-9-]{1,64})_([A-Za-z0-9_-]{43})")


def issue(
    tx: Transaction, ids: IdSource, *, name: str, role: str, organisation: str = "", at: datetime, by: str = ""
) -> str:
    """Issue a key and return its text, which is shown this once; BadInput for a role or name that cannot be."""
    rules.check_key(name, role, organisation)
    key = IssuedKey(
        id=ids.new("key"), name=name, role=role, organisation=organisation, created=times.render(at), issued_by=by
    )
    text = f"lk_{key.id}_{secret_text(ids.salt())}"
    key_store.add(tx, key, rules.hash_of(text))
    return text


def revoke(tx: Transaction, key_id: str, *, at: datetime) -> None:
    """Make a key worthless from now on; doing it again changes nothing; NotFound for an id never issued."""
    if not key_store.revoke(tx, key_id, times.render(at)) and key_store.find(tx, key_id) is None:
        raise NotFound(f"no key has the id {key_id!r}", "look at the list of keys that were issued")


def who(tx: Transaction, token: str) -> Caller | None:
    """Return the holder of a valid key; None for anything else (unknown, altered, revoked, not a key at all)."""
    shape = _KEY.fullmatch(token)
    found = key_store.find(tx, shape[1]) if shape else None
    # The id is no secret, so finding no row may take another time than finding one; the hash is compared in constant time.
    if found is None or not compare_digest(found.hash, rules.hash_of(token)) or found.revoked is not None:
        return None
    return Caller(id=found.id, name=found.name, role=found.role, organisation=found.organisation)


def issued(tx: Transaction) -> Sequence[IssuedKey]:
    """Return every key ever issued, oldest first, without anything that would let somebody use it."""
    return key_store.issued(tx)


def may_approve(tx: Transaction, name: str) -> bool:
    """Tell whether the person of this name holds a valid approver's key."""
    return any(same_person(holder, name) for holder in key_store.holders(tx, "approver"))


def id_of(text: str) -> str:
    """Return the id inside a key's text."""
    return text.split("_", 2)[1]


def secret_text(secret: bytes) -> str:
    """Write 32 random bytes as 43 characters."""
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
