"""Watches over an operator's feeds: says which is silent and which says what cannot be read, once where that changes."""

import asyncio
import logging

import msgspec

from lintas.gateway.operator.operator import Operator

log = logging.getLogger("lintas.telco")

LOOK_S = 10.0
#: Outcomes that mean that an event could not be read at all.
UNREADABLE = ("malformed", "too_long", "unknown", "number", "time", "fault")


class Silence(msgspec.Struct, frozen=True):
    """Seconds since a feed told of anything, or since the start; ``dead``: longer than the feed's setting allows."""

    silent_s: int
    dead: bool


def silences(operator: Operator) -> dict[str, Silence]:
    """Return how long each feed has been silent, by name."""
    now, heard = operator.clock.now().timestamp(), operator.keeper.heard
    found = {}
    for feed in operator.settings.feeds:
        silent = max(0, int(now - heard.get(feed.name, operator.began)))
        found[feed.name] = Silence(silent, bool(feed.silent_s) and silent > feed.silent_s)
    return found


class Listening:
    """What was said of the feeds already."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._dead: set[str] = set()
        self._unread: dict[str, int] = {}

    def look(self) -> None:
        """Log feeds that fell silent or speak again, and how many events of a feed could not be read, since the last look."""
        for name, said in silences(self._operator).items():
            if said.dead and name not in self._dead:
                self._dead.add(name)
                log.warning("a feed is silent", extra={"peer": name, "seconds": said.silent_s})
            elif not said.dead and name in self._dead:
                self._dead.remove(name)
                log.warning("a feed speaks again", extra={"peer": name})
            counts = self._operator.keeper.counts
            unread = sum(counts[name, kind] for kind in UNREADABLE)
            if new := unread - self._unread.get(name, 0):
                self._unread[name] = unread
                log.warning("events of a feed cannot be read, and are left out", extra={"peer": name, "count": new})


async def listen(operator: Operator) -> None:
    """Look again and again, until cancelled."""
    listening = Listening(operator)
    while True:
        await asyncio.sleep(LOOK_S)
        listening.look()
