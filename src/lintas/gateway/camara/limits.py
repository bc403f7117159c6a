"""How often a client may ask, and how often somebody may try to be one: two bounded tables in memory."""

import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256

#: Wrong tries to prove a client from one address, within how many seconds, before further ones are not looked at.
TRIES, TRY_SECONDS = 20, 300.0
#: Pairs of address and client that are remembered; beyond, those with the fewest wrong tries are forgotten, the oldest first.
_MOST_PAIRS = 10_000
#: No client's id is longer; a longer one is nobody's, and is not looked at.
LONGEST_ID = 64


class Rates:
    """A bucket for each client that fills again evenly: a minute's worth at once, then as many as flow in."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, client: str, per_minute: int) -> float:
        """Take one request; returns 0, or the seconds after which the next one will be taken."""
        now = self._now()
        left, then = self._buckets.get(client, (float(per_minute), now))
        left = min(float(per_minute), left + (now - then) * per_minute / 60)
        if left < 1:
            self._buckets[client] = (left, now)
            return (1 - left) * 60 / per_minute
        self._buckets[client] = (left - 1, now)
        return 0.0


class Tries:
    """Wrong tries by address and claimed client together, so that nobody locks a client out from elsewhere."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        #: By how many wrong tries, at most ``TRIES``: the pairs as hashes, and when the first of these tries was.
        self._by_count: list[OrderedDict[bytes, float]] = [OrderedDict() for _ in range(TRIES + 1)]
        self._counts: dict[bytes, int] = {}

    def too_many(self, address: str, client: str) -> bool:
        """Tell whether a further try is not to be looked at."""
        pair = _pair(address, client)
        return self._counts.get(pair, 0) >= TRIES and self._now() - self._by_count[TRIES][pair] < TRY_SECONDS

    def wrong(self, address: str, client: str) -> None:
        """Note a wrong try; made-up names push out others that were tried as little, and no lock that holds."""
        pair, now = _pair(address, client), self._now()
        count = self._counts.pop(pair, 0)
        since = self._by_count[count].pop(pair, now)
        if now - since >= TRY_SECONDS:
            count, since = 0, now
        if len(self._counts) >= _MOST_PAIRS:
            self._forget_one(now)
        self._counts[pair] = count = min(count + 1, TRIES)
        self._by_count[count][pair] = since

    def _forget_one(self, now: float) -> None:
        """Forget a pair whose time is over, if the first of a count is one; else the oldest of those tried least."""
        kept = [pairs for pairs in self._by_count if pairs]
        over = (pairs for pairs in kept if now - next(iter(pairs.values())) >= TRY_SECONDS)
        pair, _ = next(over, kept[0]).popitem(last=False)
        del self._counts[pair]

    def __len__(self) -> int:
        """Return how many pairs are remembered."""
        return len(self._counts)


def _pair(address: str, client: str) -> bytes:
    return sha256(f"{address}\n{client}".encode("utf-8", "surrogatepass")).digest()
