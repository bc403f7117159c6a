"""The operator's own table in memory: which of its numbers are assigned, which are abroad, which are on a call now.

It keeps what an answer needs and nothing else: of roaming those who are abroad, with the quarter of an hour in which that
began; of assignment the day, of SIM changes the time; of calls those in progress, never on disk. It has no field for an
identity in the network, a country, or a last contact.
"""

import bisect
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from lintas.model.errors import BadInput
from lintas.telco.home.records import Change
from lintas.telco.home.subscribers import COARSE_S

DAY_S = 86_400
#: What came about longer ago than this is not news any more, but a mistake of the feed.
LATE_S = DAY_S
#: A feed's clock may be ahead by so much: then its time is taken as now. Beyond it nothing is believed.
AHEAD_S = 300
#: A call that nobody ended is over by then.
LONGEST_CALL_S = 4 * 3600
#: An end that overtakes its beginning is remembered so long.
OVERTAKEN_S = 60
#: Calls of one number at once: a call held, a conference. One more replaces the oldest.
MOST_CALLS = 6

#: What became of a change: taken, or under which name it is counted.
TAKEN, OLD, TOO_LATE, AHEAD, FUTURE, NOT_OURS = "taken", "overtaken", "too_late", "ahead", "future", "not_ours"


class Ranges:
    """The number ranges of one operator, first and last number of each."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._ranges = sorted(ranges)
        self._first = [first for first, _ in self._ranges]
        for (_, end), (start, _) in zip(self._ranges, self._ranges[1:], strict=False):
            if start <= end:
                raise BadInput(f"the ranges overlap at +{start}", "name each number once", where="ranges")

    def __contains__(self, number: int) -> bool:
        """Return whether a number is the operator's."""
        place = bisect.bisect_right(self._first, number) - 1
        return place >= 0 and number <= self._ranges[place][1]


class _InProgress(msgspec.Struct):
    """Calls of one number: whom, and since when; the oldest first."""

    to: dict[int, int]


class Table:
    """One operator's numbers. Times are seconds since 1970; nothing here waits or does I/O. It is a ``Subscribers``."""

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        #: The day of the last change of holder, counted from 1970: given out, or, below zero, taken back.
        self._holder: dict[int, int] = {}
        #: Those abroad, and the quarter of an hour since which.
        self._abroad: dict[int, int] = {}
        #: Those who came home in the last day, so that an older event does not send them abroad again.
        self._home: dict[int, int] = {}
        self._sim: dict[int, int] = {}
        #: The exact time of changes in the last quarter of an hour: only to order what comes late; never written.
        self._exact: dict[int, int] = {}
        self._calls: dict[int, _InProgress] = {}
        self._ended: dict[tuple[int, int], int] = {}
        # One object for each day, not one for each number.
        self._days: dict[int, int] = {}
        self._swept = 0

    # ---- what comes in

    def take(self, change: Change, now: int) -> tuple[str, Change | None]:
        """Take one change; return what became of it, and what of it is to be kept on disk (None for nothing)."""
        if change.number not in self.ranges:
            return NOT_OURS, None
        if change.at > now + AHEAD_S:
            return FUTURE, None
        if change.at < now - LATE_S and change.what not in ("assigned", "released", "sim"):
            return TOO_LATE, None
        outcome = AHEAD if change.at > now else TAKEN
        at = min(change.at, now)
        if now - self._swept >= OVERTAKEN_S:
            self.sweep(now)
        if change.what == "calls" or change.what == "ended":
            done = self._begin(change, at, now) if change.what == "calls" else self._end(change, at)
            return outcome if done else OLD, None
        kept = self._change(change, at)
        return (OLD if kept is None else outcome), kept

    def replay(self, change: Change) -> None:
        """Take a change that was taken before, from the disk: in the order in which it was."""
        self._change(change, change.at)
        self._exact.clear()

    def _change(self, change: Change, at: int) -> Change | None:
        """Return what is to be written, None when something later is known; times are made coarse first."""
        number = change.number
        if change.what == "sim":
            if at < self._sim.get(number, 0):
                return None
            self._sim[number] = at
            return Change("sim", number, at)
        if change.what in ("assigned", "released"):
            day = at // DAY_S
            if day < abs(self._holder.get(number, 0)):
                return None
            signed = day if change.what == "assigned" else -max(1, day)
            self._holder[number] = self._days.setdefault(signed, signed)
            if change.what == "released":
                for kept in (self._abroad, self._home, self._sim, self._exact, self._calls):
                    kept.pop(number, None)
            return Change(change.what, number, day * DAY_S)
        return self._roam(change, at)

    def _roam(self, change: Change, at: int) -> Change | None:
        number, coarse = change.number, at - at % COARSE_S
        here, there = (self._abroad, self._home) if change.what == "abroad" else (self._home, self._abroad)
        if at < self._exact.get(number, 0) or coarse < max(here.get(number, 0), there.get(number, 0)):
            return None
        self._exact[number] = at
        there.pop(number, None)
        if number not in here or change.what == "home":
            here[number] = coarse
        return Change(change.what, number, coarse)

    def _begin(self, change: Change, at: int, now: int) -> bool:
        key = (change.number, change.b)
        if self._ended.get(key, -1) >= at or now - at >= LONGEST_CALL_S:
            return False
        calls = self._calls.setdefault(change.number, _InProgress({}))
        calls.to.pop(change.b, None)
        calls.to[change.b] = at
        if len(calls.to) > MOST_CALLS:
            del calls.to[next(iter(calls.to))]
        return True

    def _end(self, change: Change, at: int) -> bool:
        calls = self._calls.get(change.number)
        began = calls.to.get(change.b) if calls else None
        if calls is None or began is None or began > at:
            self._ended[change.number, change.b] = at
            return began is None
        del calls.to[change.b]
        if not calls.to:
            del self._calls[change.number]
        return True

    def sweep(self, now: int) -> None:
        """Forget what is over: calls too long, ends that overtook nothing, exact times, those home for a day."""
        self._swept = now
        for number, calls in list(self._calls.items()):
            calls.to = {b: at for b, at in calls.to.items() if now - at < LONGEST_CALL_S}
            if not calls.to:
                del self._calls[number]
        self._ended = {key: at for key, at in self._ended.items() if now - at < OVERTAKEN_S}
        self._exact = {number: at for number, at in self._exact.items() if now - at < COARSE_S}
        self._home = {number: at for number, at in self._home.items() if now - at < LATE_S + COARSE_S}

    # ---- what is kept

    def kept(self) -> Iterator[Change]:
        """Yield changes from which a table that answers the same is made; calls in progress are not among them."""
        for number, day in self._holder.items():
            yield Change("released" if day < 0 else "assigned", number, abs(day) * DAY_S)
        for number, at in self._abroad.items():
            yield Change("abroad", number, at)
        for number, at in self._home.items():
            yield Change("home", number, at)
        for number, at in self._sim.items():
            yield Change("sim", number, at)

    def copy(self) -> "Table":
        """Return a copy of what is kept, for whoever writes it elsewhere while this one goes on."""
        other = Table(self.ranges)
        other._holder, other._abroad = self._holder.copy(), self._abroad.copy()
        other._home, other._sim = self._home.copy(), self._sim.copy()
        return other

    def counts(self) -> dict[str, int]:
        """Return how many numbers are in which state; no number is named."""
        assigned = sum(1 for day in self._holder.values() if day >= 0)
        return {"assigned": assigned, "abroad": len(self._abroad), "on_call": len(self._calls)}

    def __len__(self) -> int:
        """Return how many facts are kept."""
        return len(self._holder) + len(self._abroad) + len(self._home) + len(self._sim)

    # ---- what may be asked (Subscribers)

    def assigned(self, number: int) -> bool | None:
        """Return whether it is in use by a subscriber; None where its range is not ours."""
        if number not in self.ranges:
            return None
        return self._holder.get(number, -1) >= 0

    def roaming(self, number: int) -> bool | None:
        """Return whether it is registered abroad; None where it is not assigned, or not ours."""
        return number in self._abroad if self.assigned(number) else None

    def calls(self, number: int) -> tuple[int, ...]:
        """Return whom it calls now; a call to a number that nobody told is 0."""
        calls = self._calls.get(number)
        return tuple(calls.to) if calls else ()

    def on_call(self, number: int) -> str | None:
        """Return whom it calls now in E.164, "" for a call to nobody we can name, None while it calls nobody."""
        calls = self.calls(number)
        return None if not calls else f"+{calls[-1]}" if calls[-1] else ""

    def status_time(self, number: int) -> datetime | None:
        """Return since when it is abroad, UTC, rounded down to ``COARSE_S``; None at home, where nothing is kept."""
        at = self._abroad.get(number)
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def sim_changed(self, number: int) -> datetime | None:
        """Return when the SIM last changed, UTC; None where no change is known."""
        at = self._sim.get(number)
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def recycled_since(self, number: int, day: date) -> bool | None:
        """Return whether its holder changed after that day: given out anew, or taken back; None where nothing is known."""
        changed = abs(self._holder.get(number, 0))
        return None if changed == 0 else date(1970, 1, 1) + timedelta(days=changed) > day
