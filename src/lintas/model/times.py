"""Times: RFC 3339 UTC strings outside, aware datetimes inside, and the one Clock everybody reads."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from lintas.model.errors import BadInput


class Clock(Protocol):
    """The node's only source of wall time; in exercise mode the demo drives it."""

    def now(self) -> datetime:
        """Return the current time, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, UTC."""
        return datetime.now(UTC)


def parse(text: str) -> datetime:
    """Read an RFC 3339 time; BadInput when it has no zone or is no time at all."""
    return _parsed(text)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(f"{text!r} is not a time", "write RFC 3339, e.g. 2026-03-01T10:07:00Z") from None
    if moment.tzinfo is None:
        raise BadInput(f"the time {text!r} has no zone", "add Z or an offset such as +08:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise BadInput(f"the time {text!r} is out of range", "write a year between 1 and 9999") from None


def render(moment: datetime) -> str:
    """Write RFC 3339 UTC with microseconds only where there are any."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")
