"""The id by which an entry of a list is contested: keyed, so that nobody finds numbers by trying ids."""

import hashlib
from collections.abc import Callable

from lintas.model.errors import BadInput

#: A redress key: shorter ones could be tried, BLAKE2b takes no longer ones.
LEAST_KEY, MOST_KEY = 16, 64


_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)


def redress_id(key: bytes, kind: str, value: str) -> str:
    """Return 80 bits of BLAKE2b under the authority's own key over kind and value, as 16 characters of a-z2-7.

    ``value`` is as entries have it: ``+first`` or ``+first-+last``. One number listed as one kind by several owners has one
    id: who contests it contests them all. Each authority has its own key, so its ids are its own.
    """
    return redress_ids(key)(kind, value)


def redress_ids(key: bytes) -> Callable[[str, str], str]:
    """Return ``redress_id`` under one key, for many ids: the key is taken in once."""
    keyed = hashlib.blake2b(digest_size=10, key=key)

    def one(kind: str, value: str) -> str:
        digest = keyed.copy()
        digest.update(f"{kind}\n{value}".encode())
        raw = digest.digest()
        # RFC 4648 section 6 in lower case, two characters at a time: the library's own is several times slower.
        a, b = int.from_bytes(raw[:5], "big"), int.from_bytes(raw[5:], "big")
        return (
            f"{_PAIRS[a >> 30]}{_PAIRS[a >> 20 & 1023]}{_PAIRS[a >> 10 & 1023]}{_PAIRS[a & 1023]}"
            f"{_PAIRS[b >> 30]}{_PAIRS[b >> 20 & 1023]}{_PAIRS[b >> 10 & 1023]}{_PAIRS[b & 1023]}"
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
