"""How often a client may ask, and how often somebody may try to be one: two bounded tables in memory."""

import time
from collections import OrderedDict
from collections.abc import Callable

#: Wrong tries to prove a client from one address, within how many seconds, before further ones are not looked at.
TRIES, TRY_SECONDS = 20, 300.0
#: Pairs of address and client that are remembered; the oldest are forgotten beyond.
_MOST_PAIRS = 10_000


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
        self._wrong: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def too_many(self, address: str, client: str) -> bool:
        """Tell whether a further try is not to be looked at."""
        count, since = self._wrong.get((address, client), (0, 0.0))
        return count >= TRIES and self._now() - since < TRY_SECONDS

    def wrong(self, address: str, client: str) -> None:
        """Note a wrong try."""
        count, since = self._wrong.pop((address, client), (0, self._now()))
        if self._now() - since >= TRY_SECONDS:
            count, since = 0, self._now()
        self._wrong[address, client] = (count + 1, since)
        while len(self._wrong) > _MOST_PAIRS:
            self._wrong.popitem(last=False)
