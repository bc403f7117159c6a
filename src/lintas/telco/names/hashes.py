"""The table behind the check that does not learn the question: SHA-256 of every listed name, found by its first four bytes.

A client sends prefixes of hashes and gets the full hashes that begin so (Safe Browsing v5, ``hashes.search``); it compares
them itself. In memory a name takes 55 bytes in four sorted arrays: 1,000,000 of them are 55 MB.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lintas.telco.names import urls
from lintas.telco.names.entries import expires
from lintas.telco.records import Entry

Threat = Literal["MALWARE", "SOCIAL_ENGINEERING"]
#: The numbers of ``google.security.safebrowsing.v5.ThreatType`` that occur here.
THREATS: dict[Threat, int] = {"MALWARE": 1, "SOCIAL_ENGINEERING": 2}
_NAMES = {number: name for name, number in THREATS.items()}
#: Bytes of a prefix, of a hash, of a redress id.
PREFIX, HASH, ID = 4, 32, 10
_LATEST = 0xFFFF_FFFF


class Match(NamedTuple):
    """One listed hash: what it threatens with, and the id by which the block is contested."""

    hash: bytes
    threat: Threat
    id: str


class Row(NamedTuple):
    """One row of the table; ``expires`` in seconds since 1970."""

    hash: bytes
    threat: Threat
    id: str
    expires: int


def full_hash(expression: str) -> bytes:
    """Return SHA-256 of an expression."""
    return hashlib.sha256(expression.encode("ascii")).digest()


def prefix_of(digest: bytes) -> int:
    """Return the first four bytes of a hash as a number; numbers sort as the bytes do."""
    return int.from_bytes(digest[:PREFIX], "big")


def row_of(entry: Entry) -> Row:
    """Return the row of an entry: a domain is met by every address below it, an address by itself."""
    expression = urls.of_domain(entry.value) if entry.subject == "domain" else urls.expressions(entry.value)[0]
    threat: Threat = "MALWARE" if "malware" in entry.scheme else "SOCIAL_ENGINEERING"
    return Row(full_hash(expression), threat, entry.id, int(expires(entry).timestamp()))


class Hashes:
    """An immutable table; a new list is a new table."""

    def __init__(self, rows: Iterable[Row]) -> None:
        columns = list(rows)
        joined = b"".join(row.hash for row in columns)
        digests = np.frombuffer(joined, np.uint8).reshape(-1, HASH)
        # "S32" compares as bytes do, and both ends have 32 of them.
        order = np.argsort(np.frombuffer(joined, "S32"), kind="stable")
        ids = np.frombuffer(b"".join(_packed(row.id) for row in columns), np.uint8).reshape(-1, ID)
        self._digests: bytes = digests[order].tobytes()
        self._ids: bytes = ids[order].tobytes()
        self._threats: bytes = bytes(THREATS[columns[place].threat] for place in order.tolist())
        self._expires = np.array([min(row.expires, _LATEST) for row in columns], np.uint32)[order]
        self._prefixes: npt.NDArray[np.uint32] = (
            np.frombuffer(self._digests, ">u4").reshape(-1, HASH // 4)[:, 0].astype(np.uint32)
        )
        #: The sorted four-byte prefixes, each once, big-endian: what clients keep.
        self.prefix_list: bytes = np.unique(self._prefixes).astype(">u4").tobytes()
        #: SHA-256 of it: two people can tell whether they were given the same list.
        self.version: bytes = hashlib.sha256(self.prefix_list).digest()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._threats)

    def search(self, prefixes: Sequence[int], now: float) -> list[Match]:
        """Return what is listed now under any of the prefixes, in their order; a prefix asked twice is answered once."""
        wanted = np.array(list(dict.fromkeys(prefixes)), np.uint32)
        firsts = np.searchsorted(self._prefixes, wanted, "left").tolist()
        lasts = np.searchsorted(self._prefixes, wanted, "right").tolist()
        return [
            self._match(place)
            for first, last in zip(firsts, lasts, strict=True)
            for place in range(first, last)
            if self._expires[place] > now
        ]

    def _match(self, place: int) -> Match:
        return Match(
            self._digests[place * HASH : (place + 1) * HASH],
            _NAMES[self._threats[place]],
            base64.b32encode(self._ids[place * ID : (place + 1) * ID]).decode("ascii").lower(),
        )


def _packed(redress_id: str) -> bytes:
    return base64.b32decode(redress_id.upper())
