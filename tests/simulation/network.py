"""Simulated time and a simulated network that loses, doubles, delays, reorders and parts; everything by one seed."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)

Act = Callable[[], None]


class Timeline:
    """The one order in which everything happens; nobody waits for real."""

    def __init__(self) -> None:
        self.now, self._skipped = START, 0.0
        self._order = itertools.count()
        self._due: list[tuple[datetime, int, Act]] = []

    @property
    def seconds(self) -> float:
        """Return how long the world has been awake."""
        return (self.now - START).total_seconds() - self._skipped

    def after(self, seconds: float, act: Act) -> None:
        """Let something happen later."""
        heapq.heappush(self._due, (self.now + timedelta(seconds=seconds), next(self._order), act))

    def step(self) -> bool:
        """Let the next thing happen; False when nothing is due."""
        if not self._due:
            return False
        when, _, act = heapq.heappop(self._due)
        self.now = max(self.now, when)
        act()
        return True

    def run(self, seconds: float) -> None:
        """Let everything happen that is due within ``seconds``."""
        until = self.now + timedelta(seconds=seconds)
        while self._due and self._due[0][0] <= until:
            self.step()
        self.now = max(self.now, until)

    def skip(self, seconds: float) -> None:
        """Let time pass in which nobody acts; what was due in it is late."""
        self.now += timedelta(seconds=seconds)
        self._skipped += seconds


class SkewedClock:
    """A machine's clock: the world's time and an error, which may change."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.error = timedelta(0)

    def now(self) -> datetime:
        """Return what this machine believes."""
        return self._timeline.now + self.error


class Network:
    """Carries packets between machines; ``counts`` tells what became of them."""

    def __init__(self, timeline: Timeline, rng: random.Random, *, loss: float, duplication: float) -> None:
        self._timeline, self._rng = timeline, rng
        self._loss, self._duplication = loss, duplication
        self._islands: dict[str, int] = {}
        self._serial = itertools.count(1)
        self._latest: dict[tuple[str, str], int] = {}
        self.counts: Counter[str] = Counter()

    def part(self, island: Iterable[str]) -> None:
        """Cut these machines off from the others."""
        self._islands = dict.fromkeys(island, 1)

    def join(self) -> None:
        """Make the network whole."""
        self._islands = {}

    def mend(self) -> None:
        """Make the network whole, and perfect from now on."""
        self.join()
        self._loss = self._duplication = 0.0

    def carry(self, sender: str, receiver: str, deliver: Act) -> None:
        """Carry one packet, as well as this network can."""
        number = next(self._serial)
        copies = 2 if self._rng.random() < self._duplication else 1
        self.counts["duplicated"] += copies - 1
        for _ in range(copies):
            if self._rng.random() < self._loss:
                self.counts["lost"] += 1
                continue
            slow = self._rng.random() < 0.08
            delay = self._rng.uniform(0.5, 6.0) if slow else self._rng.uniform(0.01, 0.1)
            self._timeline.after(delay, lambda: self._arrive(sender, receiver, number, deliver))

    def _arrive(self, sender: str, receiver: str, number: int, deliver: Act) -> None:
        if self._islands.get(sender) != self._islands.get(receiver):
            self.counts["partitioned"] += 1
            return
        latest = self._latest.get((sender, receiver), 0)
        self.counts["reordered"] += number < latest
        self._latest[sender, receiver] = max(number, latest)
        deliver()
