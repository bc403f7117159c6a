"""The signed report of reads from one member to another: who, by role and pseudonym, read which of its objects; pure.

On the wire: a MessagePack map of ``report`` (bytes: JSON, as signed) and ``signatures``.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import msgspec

from lintas.model.errors import BadInput, Refused
from lintas.trust.envelope import Token
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

MAX_REPORT = 512 * 1024
#: Reads in one report; what is more comes with the next.
MAX_READS = 500

#: A code of a closed list, of which another version may know more: no place to write anything about a person.
Code = Annotated[str, msgspec.Meta(pattern=r"\A[a-z_]{1,20}\Z")]
Pseudonym = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
ObjectId = Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{2,12}-[0-9a-f]{28}\Z")]
Moment = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z\Z")]
CursorText = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,15}-[0-9]{1,15}\Z")]
_CURSOR = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")


class Cursor(NamedTuple):
    """How far a peer has heard: the batch that told it, and the read in it."""

    batch: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor; BadInput when it is none."""
        found = _CURSOR.fullmatch(text)
        if found is None or not text.isascii():
            raise BadInput(f"{text[:40]!r} is no place in a report", "start with 0-0", where="query after")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        """Write it as it stands in a report."""
        return f"{self.batch}-{self.seq}"


START = Cursor(0, 0)


class ReportedRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One read: of which object, by whom, how it was shown, the first and the last look, and how many."""

    object: ObjectId
    reader: Pseudonym
    role: Code
    what: Code
    first: Moment
    last: Moment
    count: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class ReadReport(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="lintas-reads"
):
    """What ``authority`` says was read there of ``peer``'s objects after ``after``; ``upto`` is where the next one begins."""

    version: Literal[1] = 1
    authority: Token
    peer: Token
    exercise: bool
    at: Moment
    after: CursorText
    upto: CursorText
    more: bool
    reads: Annotated[tuple[ReportedRead, ...], msgspec.Meta(max_length=MAX_READS)]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    report: bytes
    signatures: Annotated[tuple[Signature, ...], msgspec.Meta(min_length=1, max_length=MAX_SIGNATURES)]


_wire_decoder = msgspec.msgpack.Decoder(_Wire)
_report_decoder = msgspec.json.Decoder(ReadReport)


def sign_report(report: ReadReport, signer: Signer) -> bytes:
    """Return the signed wire bytes."""
    body = msgspec.json.encode(report)
    return msgspec.msgpack.encode(_Wire(body, sign_all(body, [signer])))


def open_report(wire: bytes, keys: Sequence[PublicKey], verify: Verify = verify_signature) -> ReadReport:
    """Return the report signed by one of ``keys``; Refused: malformed, unknown_key, bad_signature, unknown_algorithm."""
    try:
        parsed = _wire_decoder.decode(wire)
        # Read only when somebody has signed it.
        check_signatures(parsed.report, parsed.signatures, keys, verify)
        return _report_decoder.decode(parsed.report)
    except UNREADABLE as wrong:
        raise Refused("malformed", f"the report cannot be read: {wrong}", "send one of version 1, complete") from None


def says_more(wire: bytes) -> bool:
    """Tell whether a report of our own making leaves something for the next."""
    return _report_decoder.decode(_wire_decoder.decode(wire).report).more
