"""Counts what each client asked and how it was answered, without any number, and writes the sums to the log."""

import logging
import time
from collections import Counter
from collections.abc import Callable

#: Seconds between two lines of sums.
EVERY = 60.0

_log = logging.getLogger("lintas.camara")


class Counters:
    """Sums by client, purpose, operation and outcome since the face started; what came since is logged once a minute of use."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._told = now, now()
        self.total: Counter[tuple[str, str, str, str]] = Counter()
        self._fresh: Counter[tuple[str, str, str, str]] = Counter()

    def note(self, client: str, purpose: str, operation: str, outcome: str) -> None:
        """Count one answer; ``outcome`` is the code of the error, or ``ok``; clients are known ones, so this stays small."""
        key = (client, purpose, operation, outcome)
        self.total[key] += 1
        self._fresh[key] += 1
        if self._now() - self._told >= EVERY:
            self.tell()

    def tell(self) -> None:
        """Log what came since the last time."""
        for (client, purpose, operation, outcome), count in sorted(self._fresh.items()):
            extra = {"peer": client, "reason": purpose, "kind": operation, "outcome": outcome, "count": count}
            _log.info("answered an API client", extra=extra)
        self._fresh.clear()
        self._told = self._now()
