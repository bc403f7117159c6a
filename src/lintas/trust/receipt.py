"""The receipt: the recipient's signed answer to one envelope, with a verdict for each of its objects.

On the wire it is a MessagePack map of two: ``receipt`` (bytes: JSON, kept exactly as it was signed) and ``signatures``.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from lintas.model.errors import BadInput, Refused
from lintas.model.times import parse
from lintas.trust.envelope import MAX_ITEMS, Counter, Hash, Instant, Lane, Token
from lintas.trust.keys import (
    MAX_SIGNATURES,
    UNREADABLE,
    PublicKey,
    Signature,
    Signer,
    Verify,
    check_signatures,
    sign_all,
    verify_signature,
)

#: 500 verdicts with a long reason each stay below this.
MAX_RECEIPT = 1024 * 1024


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the recipient did with one object; ``reason`` is a short code, "" unless refused or quarantined."""

    object: Token
    commitment: Hash
    verdict: Literal["accepted", "duplicate", "refused", "quarantined"]
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Receipt(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="lintas-receipt"
):
    """One envelope as its recipient saw it; ``origin`` and ``recipient`` are the envelope's, so the recipient signs this."""

    version: Literal[1] = 1
    envelope: Token
    header_sha256: Hash
    origin: Token
    recipient: Token
    lane: Lane
    epoch: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    seq: Counter
    received_at: Instant
    exercise: bool
    verdicts: Annotated[tuple[Verdict, ...], msgspec.Meta(max_length=MAX_ITEMS)]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    receipt: bytes
    signatures: Annotated[tuple[Signature, ...], msgspec.Meta(min_length=1, max_length=MAX_SIGNATURES)]


_wire_decoder = msgspec.msgpack.Decoder(_Wire)
_receipt_decoder = msgspec.json.Decoder(Receipt)


def sign_receipt(receipt: Receipt, signer: Signer) -> bytes:
    """Return the signed wire bytes; BadInput if the receipt is one that its reader would have to refuse."""
    body = msgspec.json.encode(receipt)
    try:
        _parse(body)
    except Refused as wrong:
        raise BadInput(wrong.what, "mend the receipt before it is signed") from None
    return msgspec.msgpack.encode(_Wire(body, sign_all(body, [signer])))


def peek_receipt(wire: bytes) -> Receipt:
    """Read a receipt without trusting it, to find whose keys to try; Refused("too_large" or "malformed")."""
    return _parse(_parse_wire(wire).receipt)


def open_receipt(wire: bytes, keys: Sequence[PublicKey], verify: Verify = verify_signature) -> Receipt:
    """Return the receipt signed by one of ``keys``, the current keys of the envelope's recipient.

    Refused: too_large, malformed, unknown_key, bad_signature, unknown_algorithm. Whether it answers an envelope that was sent
    is for the caller to compare (``header_sha256``).
    """
    parsed = _parse_wire(wire)
    check_signatures(parsed.receipt, parsed.signatures, keys, verify)
    return _parse(parsed.receipt)


def _parse_wire(wire: bytes) -> _Wire:
    if len(wire) > MAX_RECEIPT:
        raise Refused("too_large", f"the receipt has {len(wire):,} bytes", f"send at most {MAX_RECEIPT:,}")
    try:
        return _wire_decoder.decode(wire)
    except UNREADABLE as wrong:
        raise _malformed(wrong) from None


def _parse(body: bytes) -> Receipt:
    try:
        receipt = _receipt_decoder.decode(body)
        parse(receipt.received_at)
    except BadInput as wrong:
        raise _malformed(wrong.what) from None
    except UNREADABLE as wrong:
        raise _malformed(wrong) from None
    return receipt


def _malformed(wrong: object) -> Refused:
    return Refused("malformed", f"the receipt cannot be read: {wrong}", "send a receipt of version 1, complete")
