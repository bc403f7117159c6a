"""Counts verdicts by minute, trunk class, action, kind and the list's version: in memory only, and never a number."""

import time
from collections import Counter, deque
from collections.abc import Callable

import msgspec

#: Minutes that are kept for whoever fetches them.
KEPT = 180


#: What is counted together: trunk class, action, kind (what the list said, or the situation that the call stood in; "none" for
#: nothing), and the list's version.
Cell = tuple[str, str, str, int]


class Count(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row: the minute (seconds since 1970 at its start) and how many verdicts of a cell were given in it.

    ``shadow``: what a list on trial would have done, and nothing was.
    """

    minute: int
    trunk: str
    action: str
    kind: str
    version: int
    count: int
    shadow: bool = False


class Counters:
    """Verdicts of the last KEPT minutes, and of all time since the start."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        #: Each minute with its verdicts, and with what a list on trial would have done.
        self._minutes: deque[tuple[int, dict[Cell, int], dict[Cell, int]]] = deque(maxlen=KEPT)
        self._now: dict[Cell, int] = {}
        self._shadow: dict[Cell, int] = {}
        #: By action, what a list on trial would have done since the start.
        self.would: Counter[str] = Counter()
        self._end = 0.0
        self._before = 0

    def add(self, cell: Cell, count: int = 1) -> None:
        """Count verdicts."""
        # Also when the clock went back by more than a minute: nothing of what is counted waits for a time that may never come.
        if not self._end - 120 <= self.clock() < self._end:
            self._turn()
        now = self._now
        now[cell] = now.get(cell, 0) + count

    def shadow(self, cell: Cell) -> None:
        """Count what a list on trial would have done; it is no verdict."""
        if not self._end - 120 <= self.clock() < self._end:
            self._turn()
        self._shadow[cell] = self._shadow.get(cell, 0) + 1
        self.would[cell[1]] += 1

    @property
    def total(self) -> int:
        """Return how many verdicts were given since the start."""
        return self._before + sum(self._now.values())

    def rows(self, since: int = 0) -> list[Count]:
        """Return the counts of minutes that began at ``since`` or later, oldest first; the last one still grows."""
        return [
            Count(minute=minute, trunk=trunk, action=action, kind=kind, version=version, count=count, shadow=shadow)
            for minute, done, would in self._minutes
            if minute >= since
            for shadow, cells in ((False, done), (True, would))
            for (trunk, action, kind, version), count in sorted(cells.items())
        ]

    def _turn(self) -> None:
        self._before = self.total
        minute = int(self.clock()) // 60 * 60
        self._end = minute + 60
        self._now, self._shadow = {}, {}
        self._minutes.append((minute, self._now, self._shadow))
