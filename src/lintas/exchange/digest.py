"""The daily digest between two members: how many envelopes of a day were sent and admitted, by lane, signed; pure.

Counts are under the Merkle root of the envelopes' header hashes, in order; the hashes come along unsigned, since the signed
root covers them. On the wire: a MessagePack map of ``digest`` (bytes: JSON, as signed), ``signatures`` and ``headers``.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from lintas.model.errors import Refused
from lintas.model.messages import Lane
from lintas.trust import merkle
from lintas.trust.envelope import Hash, Token
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

#: Beyond so many envelopes of one day the hashes stay at home, and counts and roots alone are compared.
MAX_LISTED = 10_000
MAX_DIGEST = 1024 * 1024
#: So many differences of one day are kept; more say the same.
MAX_DIFFERENCES = 500

Direction = Literal["sent", "admitted"]
DayText = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One lane and direction, as the signer sees it: the number of envelopes, and the root over their header hashes."""

    lane: Lane
    direction: Direction
    count: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    root: Hash


class Digest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="lintas-digest"
):
    """What ``authority`` says to have sent to ``peer``, and admitted of it, of the envelopes made on one UTC day."""

    version: Literal[1] = 1
    authority: Token
    peer: Token
    day: DayText
    exercise: bool
    lines: Annotated[tuple[Line, ...], msgspec.Meta(max_length=4)]


class Counted(msgspec.Struct, frozen=True):
    """A digest with the header hashes of each line (hex, in order), None where they were too many."""

    digest: Digest
    headers: tuple[tuple[str, ...], ...] | None


class Difference(msgspec.Struct, frozen=True):
    """One envelope that one side alone counts; ``direction`` is ours, ``header`` is "" where only the counts are known."""

    lane: Lane
    direction: Direction
    header: str
    missing: Literal["here", "there", "unknown"]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digest: bytes
    signatures: Annotated[tuple[Signature, ...], msgspec.Meta(min_length=1, max_length=MAX_SIGNATURES)]
    headers: Annotated[tuple[tuple[bytes, ...], ...], msgspec.Meta(max_length=4)] | None


_wire_decoder = msgspec.msgpack.Decoder(_Wire)
_digest_decoder = msgspec.json.Decoder(Digest)


def line(lane: Lane, direction: Direction, headers: Sequence[str]) -> Line:
    """Count header hashes (hex, in order) of one lane and direction."""
    return Line(lane, direction, len(headers), _root([bytes.fromhex(each) for each in headers]))


def sign_digest(counted: Counted, signer: Signer) -> bytes:
    """Return the signed wire bytes."""
    body = msgspec.json.encode(counted.digest)
    headers = counted.headers
    if headers is not None and sum(map(len, headers)) > MAX_LISTED:
        headers = None
    packed = None if headers is None else tuple(tuple(bytes.fromhex(each) for each in of_one) for of_one in headers)
    return msgspec.msgpack.encode(_Wire(body, sign_all(body, [signer]), packed))


def open_digest(wire: bytes, keys: Sequence[PublicKey], verify: Verify = verify_signature) -> Counted:
    """Return the digest signed by one of ``keys``, its lists only if they hash to its roots.

    Refused: malformed, unknown_key, bad_signature, unknown_algorithm, root_mismatch.
    """
    try:
        parsed = _wire_decoder.decode(wire)
    except UNREADABLE as wrong:
        raise _malformed(wrong) from None
    check_signatures(parsed.digest, parsed.signatures, keys, verify)
    try:
        digest = _digest_decoder.decode(parsed.digest)
    except UNREADABLE as wrong:
        raise _malformed(wrong) from None
    if parsed.headers is None:
        return Counted(digest, None)
    whole = [(len(each), _root(each)) for each in parsed.headers]
    if whole != [(each.count, each.root) for each in digest.lines]:
        raise Refused("root_mismatch", "the hashes listed are not those that were signed", "ask for the digest again")
    return Counted(digest, tuple(tuple(each.hex() for each in of_one) for of_one in parsed.headers))


def signed_part(wire: bytes) -> bytes:
    """Return an opened digest's wire without its lists: what proves later that it was said, and is small whatever was said."""
    return msgspec.msgpack.encode(msgspec.structs.replace(_wire_decoder.decode(wire), headers=None))


def differences(ours: Counted, theirs: Counted) -> list[Difference]:
    """Return what one side counts and the other does not: what we sent against what they admitted, and the reverse."""
    found: list[Difference] = []
    at_theirs = {(each.lane, each.direction): number for number, each in enumerate(theirs.digest.lines)}
    for number, mine in enumerate(ours.digest.lines):
        other = at_theirs.get((mine.lane, "admitted" if mine.direction == "sent" else "sent"))
        if other is None:
            found.append(Difference(mine.lane, mine.direction, "", "unknown"))
        elif (mine.count, mine.root) != (theirs.digest.lines[other].count, theirs.digest.lines[other].root):
            if ours.headers is None or theirs.headers is None:
                found.append(Difference(mine.lane, mine.direction, "", "unknown"))
                continue
            here, there = set(ours.headers[number]), set(theirs.headers[other])
            found += [Difference(mine.lane, mine.direction, each, "there") for each in sorted(here - there)]
            found += [Difference(mine.lane, mine.direction, each, "here") for each in sorted(there - here)]
    return found[:MAX_DIFFERENCES]


def _root(hashes: Sequence[bytes]) -> str:
    return merkle.root([merkle.leaf_hash(each) for each in hashes]).hex()


def _malformed(wrong: object) -> Refused:
    return Refused("malformed", f"the digest cannot be read: {wrong}", "send a digest of version 1, complete")
