"""The table behind the check that does not learn the question: SHA-256 of every listed name, found by its first four bytes.

A client sends prefixes of hashes and gets the full hashes that begin so (Safe Browsing v5, ``hashes.search``); it compares
them itself. In memory a name takes 57 bytes in five sorted columns: 1,000,000 of them are 57 MB.
"""

import bisect
import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from lintas.telco.names import urls
from lintas.telco.names.entries import expires
from lintas.telco.records import Entry

Threat = Literal["MALWARE", "SOCIAL_ENGINEERING"]
#: The numbers of ``google.security.safebrowsing.v5.ThreatType`` that occur here.
THREATS: dict[Threat, int] = {"MALWARE": 1, "SOCIAL_ENGINEERING": 2}
_NAMES = {number: name for name, number in THREATS.items()}
#: Bytes of a prefix, of a hash; characters of a redress id.
PREFIX, HASH, ID = 4, 32, 16
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
    """Return the row of an entry as ``listable`` returns it: every address below a domain meets it, an address only itself."""
    expression = f"{entry.value}/" if entry.subject == "domain" else urls.exact(entry.value)
    threat: Threat = "MALWARE" if "malware" in entry.scheme else "SOCIAL_ENGINEERING"
    return Row(full_hash(expression), threat, entry.id, int(expires(entry).timestamp()))


class Hashes:
    """An immutable table; a new list is a new table."""

    def __init__(self, rows: Iterable[Row]) -> None:
        columns = list(rows)
        joined = b"".join(row.hash for row in columns)
        # "S32" compares as bytes do, and both ends have 32 of them.
        order = np.argsort(np.frombuffer(joined, "S32"), kind="stable")
        digests = np.frombuffer(joined, np.uint8).reshape(-1, HASH)[order]
        ids = np.frombuffer("".join(row.id for row in columns).encode("ascii"), np.uint8).reshape(-1, ID)[order]
        ends = np.array([min(row.expires, _LATEST) for row in columns], np.uint32)[order]
        prefixes = digests[:, :PREFIX].copy().view(">u4").reshape(-1)
        self._digests: bytes = digests.tobytes()
        self._ids: bytes = ids.tobytes()
        self._threats = bytes(THREATS[columns[place].threat] for place in order.tolist())
        # Plain views, for bisect reads one number at a time.
        self._ends = memoryview(ends.tobytes()).cast("I")
        self._prefixes = memoryview(prefixes.astype(np.uint32).tobytes()).cast("I")
        #: The sorted four-byte prefixes, each once, big-endian: what clients keep.
        self.prefix_list: bytes = np.unique(prefixes).astype(">u4").tobytes()
        #: SHA-256 of it: two people can tell whether they were given the same list.
        self.version: bytes = hashlib.sha256(self.prefix_list).digest()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._threats)

    @property
    def size(self) -> int:
        """Return the bytes that the table takes."""
        columns = (self._digests, self._ids, self._threats, self._ends, self._prefixes)
        return sum(memoryview(column).nbytes for column in columns)

    def search(self, prefixes: Sequence[int], now: float) -> list[Match]:
        """Return what is listed now under any of the prefixes, in their order; a prefix asked twice is answered once."""
        found: list[Match] = []
        every, ends, count = self._prefixes, self._ends, len(self._prefixes)
        for prefix in dict.fromkeys(prefixes):
            place = bisect.bisect_left(every, prefix)
            while place < count and every[place] == prefix:
                if ends[place] > now:
                    found.append(self._match(place))
                place += 1
        return found

    def _match(self, place: int) -> Match:
        return Match(
            self._digests[place * HASH : (place + 1) * HASH],
            _NAMES[self._threats[place]],
            self._ids[place * ID : (place + 1) * ID].decode("ascii"),
        )
