"""What our ledger's entries say: one JSON object each, compact, keys sorted; commitments only, never personal data."""

import hashlib
import hmac
from typing import Annotated

import msgspec

from lintas.model.errors import BadInput
from lintas.trust.merkle import HASH_BYTES

Type = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_.-]{0,39}\Z")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Hex = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One leaf.

    ``type`` is release, receipt, order, ...; ``at`` an RFC 3339 time; ``node`` and ``peer`` authorities; ``rules`` the ids of
    the rules that decided and ``policy`` the SHA-256 of their table; ``approvals`` the ids of the approvals that a release
    rested on; ``object`` the id of what it is about;
    ``commitment`` what ``commit`` returned for its payload; ``actor`` a pseudonym of the officer.
    """

    type: Type
    at: Name
    node: Name
    object: Name
    commitment: Hex
    peer: str = ""
    purpose: str = ""
    rules: tuple[str, ...] = ()
    policy: str = ""
    approvals: tuple[str, ...] = ()
    actor: str = ""


def commit(salt: bytes, payload: bytes) -> str:
    """Return HMAC-SHA-256(salt, payload) in hex: shows the payload later, and nothing once the 32-byte salt is deleted."""
    if len(salt) != HASH_BYTES:
        # A short salt could be guessed, and with it a telephone number.
        raise BadInput(f"a salt of {len(salt)} bytes", f"take {HASH_BYTES} random bytes")
    return hmac.new(salt, payload, hashlib.sha256).hexdigest()


def encode(entry: Entry) -> bytes:
    """Write an entry as it is logged."""
    return msgspec.json.encode(entry, order="sorted")


def decode(data: bytes, *, where: str = "") -> Entry:
    """Read an entry that ``encode`` wrote; BadInput otherwise."""
    try:
        entry = msgspec.json.decode(data, type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise BadInput(f"not an entry of this ledger: {wrong}", "check which ledger it is from", where=where) from None
    if encode(entry) != data:
        raise BadInput("the entry is not in its one spelling", "check which ledger it is from", where=where)
    return entry
