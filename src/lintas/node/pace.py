"""How often one client may ask what nobody should ask often: a bucket of tries for each address, refilled by the minute."""

import time
from collections import OrderedDict
from collections.abc import Callable

from lintas.model.errors import TooManyTries

#: Addresses that are remembered; the one that was seen longest ago is forgotten first.
MOST_ADDRESSES = 10_000


class Pace:
    """A bucket of ``burst`` tries for each client, refilled by ``per_minute``."""

    def __init__(self, *, burst: int, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._per_second, self._now = burst, per_minute / 60, now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, client: str) -> None:
        """Refuse a client whose tries are used up; TooManyTries."""
        if self._tries(client) < 1:
            raise TooManyTries("so many questions came from your address", "wait a minute and ask again")

    def spend(self, client: str) -> None:
        """Take one try of a client's."""
        self._left[client] = (max(0.0, self._tries(client) - 1), self._now())
        self._left.move_to_end(client)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)

    def _tries(self, client: str) -> float:
        left, at = self._left.get(client, (float(self._burst), 0.0))
        return min(self._burst, left + (self._now() - at) * self._per_second)
