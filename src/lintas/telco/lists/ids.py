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
        bits = int.from_bytes(digest.digest(), "big")
        # RFC 4648 section 6 in lower case, two characters at a time: the library's own is several times slower.
        return "".join([_PAIRS[bits >> shift & 1023] for shift in (70, 60, 50, 40, 30, 20, 10, 0)])

    return one


def check_key(key: bytes, where: str = "") -> bytes:
    """Return the key; BadInput when it has too few bytes or too many."""
    if not LEAST_KEY <= len(key) <= MOST_KEY:
        raise BadInput(
            f"a redress key of {len(key)} bytes", f"it has {LEAST_KEY} to {MOST_KEY}, from a random source", where=where
        )
    return key
