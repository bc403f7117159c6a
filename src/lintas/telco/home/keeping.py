"""Takes what feeds say into the operator's table and its journal, and counts what became of it; a bad event stops nothing."""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from lintas.telco.home.journal import Journal
from lintas.telco.home.records import BadEvent, Change
from lintas.telco.home.table import AHEAD, OLD, TAKEN, Table

log = logging.getLogger("lintas.telco")


class Parts(Protocol):
    """Reads one event of a feed; BadEvent for one that cannot be used, no change for one that is not about a number's state."""

    def __call__(self, event: bytes) -> Sequence[Change]:
        """Return the changes that an event tells."""
        ...


class Keeper:
    """One table, its journal, and the counts of each feed (feed, outcome), which name no number.

    Changes of one feed are taken one batch after the other; a batch is in the table, and on the disk, when ``take`` returns.
    """

    def __init__(self, table: Table, journal: Journal, *, now: Callable[[], float] = time.time) -> None:
        self.table, self._journal, self._now = table, journal, now
        self.counts: Counter[tuple[str, str]] = Counter()
        #: Up to when each feed has told, by its events' own times: a feed that only repeats old ones has not spoken now.
        self.heard: dict[str, int] = {}
        #: Told of each number that went abroad, so that nobody goes on answering from before.
        self.on_abroad: Callable[[int], None] = lambda _number: None
        self._turn = asyncio.Lock()
        self._compacting: threading.Thread | None = None
        for change in journal.replay():
            table.replay(change)
        table.sweep(int(now()))

    def read(self, feed: str, events: Iterable[bytes], read: Parts) -> list[Change]:
        """Read a feed's events; what cannot be used is counted by its name, and left."""
        found: list[Change] = []
        for event in events:
            try:
                found += read(event)
            except BadEvent as wrong:
                self.counts[feed, wrong.kind] += 1
            # A feed that ended here would begin again at this event for ever, and hear nothing behind it.
            except Exception as fault:  # noqa: BLE001
                self.counts[feed, "fault"] += 1
                log.error("an event is left out", extra={"peer": feed, "why": type(fault).__name__})
        return found

    async def take(self, feed: str, changes: Iterable[Change]) -> None:
        """Take changes in the order of their own times, not of their arrival; returns when they are on the disk."""
        async with self._turn:
            kept = self._take(feed, changes)
            if kept:
                await asyncio.to_thread(self._journal.append, kept)
            self._compact()

    def _take(self, feed: str, changes: Iterable[Change]) -> list[Change]:
        now, kept = int(self._now()), list[Change]()
        for change in sorted(changes, key=_at):
            outcome, written = self.table.take(change, now)
            self.counts[feed, outcome] += 1
            if outcome in (TAKEN, OLD, AHEAD):
                self.heard[feed] = max(self.heard.get(feed, 0), min(change.at, now))
            if written is not None:
                kept.append(written)
                if written.what == "abroad":
                    self.on_abroad(written.number)
        return kept

    def _compact(self) -> None:
        """Begin to write the journal anew when it is long; the writing goes on aside."""
        busy = self._compacting is not None and self._compacting.is_alive()
        if not busy and self._journal.is_long(len(self.table)):
            generation, table = self._journal.begin(), self.table.copy()
            self._compacting = threading.Thread(target=lambda: self._journal.finish(generation, table.kept()))
            self._compacting.start()

    def close(self) -> None:
        """Wait for what is being written."""
        if self._compacting is not None:
            self._compacting.join()
        self._journal.close()

    def counted(self) -> dict[str, dict[str, int]]:
        """Return what became of each feed's events."""
        shown: dict[str, dict[str, int]] = {}
        for (feed, outcome), count in sorted(self.counts.items()):
            shown.setdefault(feed, {})[outcome] = count
        return shown


def _at(change: Change) -> int:
    return change.at
