"""The clock of an exercise: one small file says how fast time runs, so that the legal clocks of days can be played in seconds.

Nodes and banks of one exercise share the file and so read the same time; whoever drives the exercise writes it.
"""

import contextlib
import math
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from lintas.model.errors import BadInput
from lintas.model.times import Clock, SystemClock

#: As far as an exercise may be ahead of or behind the machine's clock: certificates must outlast the story.
MAX_OFFSET_S = 5 * 365 * 86_400.0
MAX_RATE = 1e6


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How time goes: ``offset_s`` seconds ahead of the machine's at ``since``, from then on ``rate`` times as fast.

    ``since`` is in seconds since 1970 by the machine's clock.
    """

    offset_s: Annotated[float, msgspec.Meta(ge=-MAX_OFFSET_S, le=MAX_OFFSET_S)] = 0.0
    rate: Annotated[float, msgspec.Meta(ge=0, le=MAX_RATE)] = 1.0
    since: Annotated[float, msgspec.Meta(ge=0)]

    def at(self, machine: float) -> float:
        """Carry a moment of the machine's clock (seconds since 1970) into the exercise."""
        return self.since + self.offset_s + (machine - self.since) * self.rate


class ExerciseClock:
    """A clock by a file: read again when it changes; what cannot be read keeps the pace that was; time never goes back."""

    def __init__(self, path: Path, machine: Clock | None = None) -> None:
        self._path, self._machine = path, machine or SystemClock()
        self._turn = threading.Lock()
        self._seen = _mark(path)
        self._pace = read_pace(path)
        self._latest = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the exercise's time, aware, UTC; never earlier than what was returned before."""
        with self._turn:
            self._look()
            machine = self._machine.now().timestamp()
            # Outside what the calendar holds, it stays where it was.
            with contextlib.suppress(ValueError, OverflowError, OSError):
                self._latest = max(self._latest, datetime.fromtimestamp(self._pace.at(machine), UTC))
            return self._latest

    def _look(self) -> None:
        seen = _mark(self._path)
        if seen != self._seen:
            # Half written or gone: the next look tries again only when the file changes once more.
            with contextlib.suppress(BadInput):
                self._pace = read_pace(self._path)
            self._seen = seen


def write_pace(path: Path, pace: Pace) -> None:
    """Replace the file in one step, so that nobody reads half of it."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(msgspec.json.encode(pace))
    fresh.replace(path)


def _mark(path: Path) -> tuple[int, int, int] | None:
    """Return what changes with the file; None while there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def read_pace(path: Path) -> Pace:
    """Read the file; BadInput when it cannot be read."""
    where = str(path)
    try:
        pace = msgspec.json.decode(path.read_bytes(), type=Pace)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as wrong:
        what = f"the exercise's clock cannot be read: {wrong}"
        raise BadInput(what, 'write {"offset_s": 0, "rate": 1, "since": <unix seconds>}', where=where) from None
    if not all(math.isfinite(value) for value in (pace.offset_s, pace.rate, pace.since)):
        raise BadInput("the exercise's clock names a number that is none", "write finite numbers", where=where)
    return pace
