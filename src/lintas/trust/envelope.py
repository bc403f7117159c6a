"""The envelope: up to 500 objects to one recipient under one origin signature and one encryption.

On the wire it is a MessagePack map of three: ``header`` (bytes: JSON, kept exactly as it was signed), ``signatures``, and
``body`` (bytes: HPKE ciphertext). The header carries the Merkle root (RFC 6962) over the objects' commitments, so the one
signature covers every object, and a single object can later be proved without showing the others. The header is bound to the
ciphertext through HPKE's ``info``. A commitment covers the statement, not the item's id: a statement names itself.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec

from lintas.model.errors import BadInput, Refused, TooLarge
from lintas.model.times import parse
from lintas.trust.keys import (
    MAX_SIGNATURES,
    UNREADABLE,
    KemKey,
    PublicKey,
    Signature,
    Signer,
    Verify,
    check_signatures,
    encrypt_to,
    sign_all,
    verify_signature,
)
from lintas.trust.merkle import leaf_hash, root

VERSION: Final = 1
MAX_ITEMS = 500
MAX_WIRE = 8 * 1024 * 1024
#: Some times what the longest allowed names make of a header.
MAX_HEADER = 16 * 1024
SALT_BYTES = 32
#: How far ahead the sender's clock may be.
MAX_AHEAD = timedelta(minutes=10)

_INFO = b"lintas-envelope-v1\n"
_VISIBLE = r"\A[\x21-\x7e]{1,128}\Z"

Lane = Literal["urgent", "bulk"]
#: An id or a name: visible ASCII, so that a log line or a page shows it as it is.
Token = Annotated[str, msgspec.Meta(pattern=_VISIBLE)]
Hash = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
HashOrNone = Annotated[str, msgspec.Meta(pattern=r"\A([0-9a-f]{64})?\Z")]
Instant = Annotated[
    str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z\Z")
]
# Bounds that every SQL database and every JSON reader can hold.
Counter = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A header before its objects are counted: who writes to whom, and the place in their gap-free order.

    ``prev`` is the hex SHA-256 of the previous header's bytes in the same (origin, recipient, lane, epoch), "" for the first;
    ``created`` is RFC 3339 in UTC, ending in Z.
    """

    version: Literal[1] = VERSION
    id: Token
    origin: Token
    recipient: Token
    lane: Lane
    epoch: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    seq: Counter
    prev: HashOrNone
    created: Instant
    exercise: bool


class Header(Draft, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="lintas-envelope"):
    """What the origin signs: the draft, and how many objects there are under which Merkle root (hex)."""

    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_ITEMS)]
    root: Hash


class Item(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One object: its id, the exact bytes of its statement, and 32 random bytes so that nobody can guess its commitment."""

    id: Token
    statement: bytes
    salt: Annotated[bytes, msgspec.Meta(min_length=SALT_BYTES, max_length=SALT_BYTES)]

    @property
    def commitment(self) -> bytes:
        """Return HMAC-SHA-256(salt, statement), 32 bytes: what ledgers and receipts may hold."""
        return commitment(self.salt, self.statement)


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A verified, decrypted envelope; ``commitments`` (hex) are in the order of ``items``, ``signed_by`` holds key ids."""

    header: Header
    header_sha256: str
    signed_by: tuple[str, ...]
    items: tuple[Item, ...]
    commitments: tuple[str, ...]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    header: Annotated[bytes, msgspec.Meta(max_length=MAX_HEADER)]
    signatures: Annotated[tuple[Signature, ...], msgspec.Meta(min_length=1, max_length=MAX_SIGNATURES)]
    body: bytes


class _AnyVersion(msgspec.Struct):
    version: int


_wire_decoder = msgspec.msgpack.Decoder(_Wire)
_header_decoder = msgspec.json.Decoder(Header)
_items_decoder = msgspec.msgpack.Decoder(tuple[Item, ...])


def commitment(salt: bytes, statement: bytes) -> bytes:
    """Return HMAC-SHA-256(salt, statement); BadInput unless the salt has 32 bytes."""
    if len(salt) != SALT_BYTES:
        # HMAC pads short keys, so salts of another length could share a commitment.
        raise BadInput(f"a salt of {len(salt)} bytes", f"draw {SALT_BYTES} random bytes")
    return hmac.digest(salt, statement, "sha256")


def merkle_root(commitments: Sequence[bytes]) -> str:
    """Return the hex RFC 6962 root over commitments in their order."""
    return root([leaf_hash(each) for each in commitments]).hex()


def seal(draft: Draft, items: Sequence[Item], signers: Sequence[Signer], recipient_kem: bytes) -> bytes:
    """Sign and encrypt; return the wire bytes.

    1 to 500 items with different ids; 1 to 4 signers of the origin; ``recipient_kem`` from the charter. BadInput for anything
    else, TooLarge above 8 MiB.
    """
    return _wrap(_header_over(draft, items), items, signers, recipient_kem)


def _wrap(header: bytes, items: Sequence[Item], signers: Sequence[Signer], recipient_kem: bytes) -> bytes:
    body = encrypt_to(recipient_kem, msgspec.msgpack.encode(items), info=_INFO + header)
    wire = msgspec.msgpack.encode(_Wire(header, sign_all(header, signers), body))
    if len(wire) > MAX_WIRE:
        raise TooLarge(f"the envelope would have {len(wire):,} bytes", f"seal fewer objects; the limit is {MAX_WIRE:,}")
    return wire


def reseal(wire: bytes, items: Sequence[Item], signers: Sequence[Signer], recipient_kem: bytes) -> bytes:
    """Sign and encrypt an envelope anew, under other keys, and leave its header as it is, byte for byte.

    A receiver that admitted the first copy knows the header and takes this one for the replay that it is. BadInput unless
    ``items`` are the envelope's own, in their order; Refused("too_large" or "malformed") for a wire that is none.
    """
    header = _parse(wire).header
    read = _parse_header(header)
    if len(items) != read.count or merkle_root([item.commitment for item in items]) != read.root:
        raise BadInput("these are not the objects of the envelope", "give those it was sealed with, in their order")
    return _wrap(header, items, signers, recipient_kem)


def peek(wire: bytes) -> Header:
    """Read the header without trusting it, to find whose keys to try; Refused("too_large" or "malformed")."""
    return _parse_header(_parse(wire).header)


def signed_with(wire: bytes) -> tuple[str, ...]:
    """Return the ids of the keys by which an envelope says it was signed; Refused("too_large" or "malformed")."""
    return tuple(signature.key_id for signature in _parse(wire).signatures)


def header_sha256(wire: bytes) -> str:
    """Return the hex SHA-256 of the header's exact bytes: the envelope's name in receipts and in the next ``prev``."""
    return hashlib.sha256(_parse(wire).header).hexdigest()


def open_envelope(
    wire: bytes,
    *,
    me: str,
    keys: Sequence[PublicKey],
    kem: KemKey,
    now: datetime,
    exercise: bool,
    verify: Verify = verify_signature,
) -> Opened:
    """Verify and decrypt an envelope to ``me``; every refusal is Refused with a reason of its own.

    ``keys`` are the current keys of the origin that ``peek`` named; ``exercise`` says how this node runs. Reasons: too_large,
    malformed, wrong_recipient, exercise_flag, future, unknown_key, bad_signature, unknown_algorithm, undecryptable,
    bad_body, too_many_items, duplicate_item, count_mismatch, root_mismatch.
    """
    parsed = _parse(wire)
    header = _parse_header(parsed.header)
    _check_addressing(header, me=me, now=now, exercise=exercise)
    signed_by = check_signatures(parsed.header, parsed.signatures, keys, verify)
    items = _parse_items(kem.decrypt(parsed.body, info=_INFO + parsed.header))
    commitments = [item.commitment for item in items]
    _check_items(header, items, commitments)
    return Opened(
        header=header,
        header_sha256=hashlib.sha256(parsed.header).hexdigest(),
        signed_by=signed_by,
        items=items,
        commitments=tuple(each.hex() for each in commitments),
    )


def _header_over(draft: Draft, items: Sequence[Item]) -> bytes:
    """Return the header's bytes; BadInput for what the other side must refuse: structs do not check what they are made of."""
    if not 1 <= len(items) <= MAX_ITEMS:
        raise BadInput(f"{len(items)} objects in one envelope", f"seal 1 to {MAX_ITEMS}")
    if len({item.id for item in items}) != len(items):
        raise BadInput("two objects of one envelope share an id", "give each object its own id")
    if not all(re.match(_VISIBLE, item.id) for item in items):
        raise BadInput("an object's id is empty, too long or unprintable", "give it 1 to 128 visible ASCII characters")
    fields = {name: getattr(draft, name) for name in Draft.__struct_fields__}
    total = merkle_root([item.commitment for item in items])
    header = msgspec.json.encode(Header(**fields, count=len(items), root=total))
    try:
        _parse_header(header)
    except Refused as wrong:
        raise BadInput(wrong.what, "mend the draft before it is sealed") from None
    return header


def _parse(wire: bytes) -> _Wire:
    if len(wire) > MAX_WIRE:
        raise Refused("too_large", f"the envelope has {len(wire):,} bytes", f"send at most {MAX_WIRE:,}")
    try:
        return _wire_decoder.decode(wire)
    except UNREADABLE as wrong:
        raise _malformed("envelope", wrong) from None


def _parse_header(header: bytes) -> Header:
    try:
        parsed = _header_decoder.decode(header)
        parse(parsed.created)  # The pattern lets the 99th of February pass.
    except UNREADABLE as wrong:
        raise _malformed("header", _version_first(header) or wrong) from None
    except BadInput as wrong:
        raise _malformed("header", wrong.what) from None
    return parsed


def _version_first(header: bytes) -> str | None:
    """Say it if the header is of a version made after this program; any other fault is for the strict reader to name."""
    try:
        version = msgspec.json.decode(header, type=_AnyVersion).version
    except UNREADABLE:
        return None
    return None if version == VERSION else f"version {version} is not known here"


def _parse_items(body: bytes) -> tuple[Item, ...]:
    try:
        items = _items_decoder.decode(body)
    except UNREADABLE as wrong:
        raise Refused("bad_body", f"what was encrypted is no list of objects ({wrong})", "mend the sender") from None
    if len(items) > MAX_ITEMS:
        raise Refused("too_many_items", f"the envelope holds {len(items)} objects", f"send at most {MAX_ITEMS}")
    return items


def _check_addressing(header: Header, *, me: str, now: datetime, exercise: bool) -> None:
    if header.recipient != me:
        raise Refused(
            "wrong_recipient", f"the envelope is addressed to {header.recipient}, not to {me}", "send it there"
        )
    if header.exercise != exercise:
        sent, here = ("an exercise", "real") if header.exercise else ("a real", "exercise")
        raise Refused(
            "exercise_flag",
            f"this is {sent} envelope, and the node here runs in {here} mode",
            "keep exercises and real work on nodes of their own",
        )
    if parse(header.created) - now > MAX_AHEAD:
        raise Refused(
            "future",
            f"the envelope was made at {header.created}, more than ten minutes ahead of the clock here",
            "set the clocks of both sides",
        )


def _check_items(header: Header, items: Sequence[Item], commitments: Sequence[bytes]) -> None:
    if len({item.id for item in items}) != len(items):
        raise Refused("duplicate_item", "two objects of the envelope share an id", "give each object its own id")
    if len(items) != header.count:
        raise Refused("count_mismatch", f"{len(items)} objects where {header.count} were signed", "send all of them")
    if merkle_root(commitments) != header.root:
        raise Refused("root_mismatch", "the objects are not those that the origin signed", "send it again unchanged")


def _malformed(part: str, wrong: object) -> Refused:
    return Refused("malformed", f"the {part} cannot be read: {wrong}", "send an envelope of version 1, complete")
