"""Ids: time-ordered and opaque, from a clock and a source of randomness that are passed in."""

import re
import secrets
from collections.abc import Callable
from datetime import datetime

from lintas.model.times import Clock

#: n -> n random bytes; ``secrets.token_bytes`` in a node, seeded in a simulation.
Randomness = Callable[[int], bytes]
#: What ``IdSource`` makes and nothing else: a kind, and 28 hexadecimal digits, in which nobody can write a name.
FORM = re.compile(r"[a-z]{2,12}-[0-9a-f]{28}")


class IdSource:
    """Makes ids like ``hold-0197c0de4f2a7b31d2e9a8c4f0b1``: a kind, 48 bits of milliseconds, 64 random bits."""

    def __init__(self, clock: Clock, randomness: Randomness = secrets.token_bytes) -> None:
        self._clock, self._randomness = clock, randomness

    def new(self, kind: str) -> str:
        """Return a fresh id of the given kind (lower-case letters)."""
        return f"{kind}-{_milliseconds(self._clock.now()):012x}{self._randomness(8).hex()}"

    def salt(self) -> bytes:
        """Return 32 random bytes, for a ledger commitment."""
        return self._randomness(32)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
