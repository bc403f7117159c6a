"""Asks whether an address is listed without saying which: the client's side, without any socket.

With a copy of the prefix list most addresses need no question at all. Where a prefix of the address is on the list, it is
asked for with seven others **of that list**, always the same seven: who answers cannot tell them apart by what is plausible
(every question has only listed prefixes), nor by asking again (the companions do not change). See docs/telco-names.md for
what is learnt nevertheless.
"""

import bisect
import hashlib
import hmac

import msgspec
import numpy as np

from lintas.model.errors import CheckFailed
from lintas.telco.names import urls
from lintas.telco.names.hashes import PREFIX, full_hash, prefix_of
from lintas.telco.names.wire import Answer

#: Prefixes that are asked for beside each one that is meant.
COMPANIONS = 7
#: Bytes of a prefix list that a client takes: 16,000,000 names.
LONGEST_LIST = 64 << 20


class PrefixList:
    """A copy of a server's list: sorted four-byte prefixes, big-endian."""

    def __init__(self, data: bytes) -> None:
        if len(data) % PREFIX or len(data) > LONGEST_LIST:
            raise CheckFailed("the list of prefixes is cut or too long", "fetch it again")
        numbers = np.frombuffer(data, ">u4").astype(np.uint32)
        if np.any(numbers[:-1] >= numbers[1:]):
            raise CheckFailed("the list of prefixes is not sorted", "fetch it again")
        self._prefixes = memoryview(numbers.tobytes()).cast("I")
        self.data = data
        #: SHA-256 of the list, as the server says it; compare it with another person's.
        self.version = hashlib.sha256(data).digest()

    def __len__(self) -> int:
        """Return the number of prefixes."""
        return len(self._prefixes)

    def __contains__(self, prefix: int) -> bool:
        """Say whether a prefix is on the list."""
        place = bisect.bisect_left(self._prefixes, prefix)
        return place < len(self._prefixes) and self._prefixes[place] == prefix

    def companions(self, prefix: int, secret: bytes) -> list[int]:
        """Return seven others of the list, the same each time for one secret; fewer where the list has fewer."""
        chosen: list[int] = []
        count, tries = len(self._prefixes), 0
        while len(chosen) < min(COMPANIONS, count - 1):
            drawn = hmac.digest(secret, prefix.to_bytes(PREFIX, "big") + tries.to_bytes(8, "big"), "sha256")
            other = self._prefixes[int.from_bytes(drawn[:16], "big") % count]
            if other != prefix and other not in chosen:
                chosen.append(other)
            tries += 1
        return chosen


class Listing(msgspec.Struct, frozen=True):
    """Which part of an address is listed, as what, and the id by which that is contested."""

    expression: str
    threat: str
    id: str


class Inquiry(msgspec.Struct, frozen=True):
    """One address to be checked: its hashes by expression, and the prefixes to ask for; none where it cannot be listed."""

    url: str
    hashes: dict[bytes, str]
    ask: tuple[int, ...]

    def conclude(self, answer: Answer) -> tuple[Listing, ...]:
        """Return what the answer says of this address, the most exact first."""
        order = list(self.hashes)
        mine = sorted(
            (one for one in answer.matches if one.hash in self.hashes), key=lambda one: (order.index(one.hash), one.id)
        )
        return tuple(Listing(self.hashes[one.hash], one.threat, one.id) for one in mine)


def inquire(url: str, known: PrefixList, secret: bytes) -> Inquiry:
    """Begin a check of one address; BadInput where it is none.

    ``secret`` chooses the companions: 32 random bytes that stay with this client.
    """
    hashes = {full_hash(expression): expression for expression in urls.expressions(url)}
    meant = [prefix for digest in hashes if (prefix := prefix_of(digest)) in known]
    asked = {prefix for one in meant for prefix in (one, *known.companions(one, secret))}
    return Inquiry(urls.canonical(url), hashes, tuple(sorted(asked)))
