"""Questions and answers of the check as they travel: the JSON and the protobuf form of Safe Browsing v5 ``hashes.search``.

Ours differs in two fields more, which other clients skip: the redress id (``redressId``; number 15 of ``FullHashDetail``), and
in JSON, where it is asked for, what a person is told of the entry (``lintas``).
Source: ``google/security/safebrowsing/v5/safebrowsing.proto``.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Annotated, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from lintas.model.errors import BadInput, CheckFailed, TooLarge
from lintas.telco.names.hashes import HASH, PREFIX, THREATS, Match
from lintas.trust.keys import UNREADABLE

#: Prefixes in one question at most (the protocol's own limit).
MOST_PREFIXES = 1000
#: Prefixes in one question that wants to be told of the entries.
MOST_TOLD = 64
#: An answer that tells of entries is as long as a multiple of these bytes: its length says little about what was asked.
BLOCK = 16_384
#: Bytes of an answer that a client reads: a thousand prefixes with some twenty hashes each.
LONGEST_ANSWER = 4 << 20
_DURATION = re.compile(r"\A([0-9]{1,6})(?:\.[0-9]{1,9})?s\Z")


class Told(msgspec.Struct, frozen=True):
    """What a person is told of an entry: who lists it, why, until when (RFC 3339), and the address where it is contested."""

    owner: str
    reason: str
    until: str
    contest: str


class Detail(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Why a hash is listed; ``redress_id`` is "" in an answer of somebody else's server."""

    threat_type: Annotated[str, msgspec.Meta(max_length=60)]
    redress_id: str = ""
    lintas: Told | None = None


class FullHash(msgspec.Struct, frozen=True, rename="camel"):
    """One listed hash, in base64, and why."""

    full_hash: bytes
    full_hash_details: tuple[Detail, ...] = ()


class Found(msgspec.Struct, frozen=True, rename="camel"):
    """The JSON answer."""

    full_hashes: tuple[FullHash, ...] = ()
    cache_duration: str = "0s"


class Answer(NamedTuple):
    """What a client learnt, and for how many seconds it may keep it."""

    matches: tuple[Match, ...]
    seconds: int


def read_prefixes(query: str) -> list[int]:
    """Read ``hashPrefixes`` of a query string, base64 in either alphabet; BadInput without saying what was sent."""
    if len(query) > MOST_PREFIXES * 32:
        raise TooLarge("the question is too long", f"send at most {MOST_PREFIXES} prefixes", where="query")
    texts = [value for name, value in parse_qsl(query) if name in ("hashPrefixes", "hashPrefixes[]")]
    if not 1 <= len(texts) <= MOST_PREFIXES:
        raise BadInput(f"{len(texts)} prefixes", f"send 1 to {MOST_PREFIXES}", where="query hashPrefixes")
    try:
        read = [_decoded(text) for text in texts]
    except (ValueError, binascii.Error):
        raise BadInput("a prefix is not base64", "send four bytes in base64", where="query hashPrefixes") from None
    if any(len(one) != PREFIX for one in read):
        raise BadInput("a prefix has not four bytes", "send the first four bytes", where="query hashPrefixes")
    return [int.from_bytes(one, "big") for one in read]


def wants_told(query: str, prefixes: Sequence[int]) -> bool:
    """Say whether a question wants to be told of the entries (``details=1``); BadInput where it asks for too many."""
    wanted = "details=1" in query.split("&")
    if wanted and len(prefixes) > MOST_TOLD:
        raise BadInput(
            f"{len(prefixes)} prefixes", f"send at most {MOST_TOLD} with details", where="query hashPrefixes"
        )
    return wanted


def _decoded(text: str) -> bytes:
    # A plus sign that was not escaped arrives as a blank.
    plain = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def prefix_text(prefix: int) -> str:
    """Write a prefix as it stands in a question."""
    return base64.urlsafe_b64encode(prefix.to_bytes(PREFIX, "big")).decode("ascii")


def to_json(
    matches: Iterable[Match], seconds: int, told: Callable[[Match], Told | None] = lambda _match: None
) -> bytes:
    """Write the JSON answer; ``told`` gives what a person is told of a match."""
    hashes = tuple(
        FullHash(digest, tuple(Detail(one.threat, one.id, told(one)) for one in group))
        for digest, group in groupby(matches, key=lambda match: match.hash)
    )
    return msgspec.json.encode(Found(hashes, f"{seconds}s"))


def padded(body: bytes) -> bytes:
    """Fill a JSON answer up with blanks behind it, which mean nothing (RFC 8259, section 2)."""
    return body + b" " * (-len(body) % BLOCK)


def to_proto(matches: Iterable[Match], seconds: int) -> bytes:
    """Write the protobuf answer (``SearchHashesResponse``)."""
    out = b""
    for digest, group in groupby(matches, key=lambda match: match.hash):
        details = b"".join(
            _field(2, b"\x08" + _varint(THREATS[one.threat]) + _field(15, one.id.encode())) for one in group
        )
        out += _field(1, _field(1, digest) + details)
    return out + _field(2, b"\x08" + _varint(seconds))


def from_json(body: bytes, asked: Sequence[int]) -> Answer:
    """Read a server's answer; CheckFailed where it is none, or holds a hash that nobody asked for."""
    if len(body) > LONGEST_ANSWER:
        raise CheckFailed("the server's answer is too long", "ask another server")
    try:
        found = msgspec.json.decode(body, type=Found)
    except UNREADABLE:
        raise CheckFailed("the server's answer is not that of a list of hashes", "check its address") from None
    duration = _DURATION.match(found.cache_duration)
    begins = {prefix.to_bytes(PREFIX, "big") for prefix in asked}
    for one in found.full_hashes:
        if len(one.full_hash) != HASH or one.full_hash[:PREFIX] not in begins:
            raise CheckFailed("the server answered with a hash that was not asked for", "ask another server")
    matches = tuple(
        # A threat that this client does not know says nothing (the protocol's own rule).
        Match(one.full_hash, threat, detail.redress_id if re.fullmatch(r"[a-z2-7]{16}", detail.redress_id) else "")
        for one in found.full_hashes
        for detail in one.full_hash_details
        for threat in THREATS
        if threat == detail.threat_type
    )
    return Answer(matches, min(int(duration[1]) if duration else 0, 86_400))


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
