"""The id by which an entry of a list is contested: keyed, so that nobody finds numbers by trying ids."""

import hashlib
import struct
from collections.abc import Callable

from lintas.model.errors import BadInput

#: A redress key: shorter ones could be tried, BLAKE2b takes no longer ones.
LEAST_KEY, MOST_KEY = 16, 64


_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
#: 80 bits as 64 and 16.
_HALVES = struct.Struct(">QH")


def redress_id(key: bytes, kind: str, value: str) -> str:
    """Return 80 bits of BLAKE2b under the authority's own key over kind and value, as 16 characters of a-z2-7.

    ``value`` is as entries have it: ``+first`` or ``+first-+last``. One number listed as one kind by several owners has one
    id: who contests it contests them all. Each authority has its own key, so its ids are its own.
    """
    return redress_ids(key)(kind, value)


def redress_ids(key: bytes) -> Callable[[str, str], str]:
    """Return ``redress_id`` under one key, for many ids: key and kind are taken in once."""
    begun: dict[str, hashlib.blake2b] = {}

    def one(kind: str, value: str) -> str:
        state = begun.get(kind)
        if state is None:
            state = begun[kind] = hashlib.blake2b(f"{kind}\n".encode(), digest_size=10, key=key)
        digest = state.copy()
        digest.update(value.encode())
        high, low = _HALVES.unpack(digest.digest())
        # RFC 4648 section 6 in lower case, two characters at a time: several times faster than the library's own; a table of
        # three at a time would not stay in the processor's cache.
        return (
            f"{_PAIRS[high >> 54]}{_PAIRS[high >> 44 & 1023]}{_PAIRS[high >> 34 & 1023]}{_PAIRS[high >> 24 & 1023]}"
            f"{_PAIRS[high >> 14 & 1023]}{_PAIRS[high >> 4 & 1023]}{_PAIRS[(high & 15) << 6 | low >> 10]}{_PAIRS[low & 1023]}"
        )

    return one


def key_of_bytes(digest: str) -> bytes:
    """Return a key made from a list's own digest, for a list without one: ids last as long as the list is unchanged."""
    return hashlib.blake2b(digest.encode(), digest_size=32, person=b"lintas-redress").digest()


def check_key(key: bytes, where: str = "") -> bytes:
    """Return the key; BadInput when it has too few bytes or too many."""
    if not LEAST_KEY <= len(key) <= MOST_KEY:
        raise BadInput(
            f"a redress key of {len(key)} bytes", f"it has {LEAST_KEY} to {MOST_KEY}, from a random source", where=where
        )
    return key
