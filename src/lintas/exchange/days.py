"""Compares finished days with each peer: what one side sent, what the other admitted; so neither leaves out in silence."""

from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from lintas.border.service import Border
from lintas.exchange import store
from lintas.exchange.digest import (
    Counted,
    Difference,
    Digest,
    Line,
    differences,
    line,
    open_digest,
    sign_digest,
    signed_part,
)
from lintas.exchange.directory import Directory
from lintas.exchange.service import LANES, Identity
from lintas.model import times
from lintas.model.errors import BadInput, Refused
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.trust.keys import Verify, verify_signature

#: A day is compared when it is over and what was on its way has had time to arrive.
AFTER = timedelta(minutes=10)
#: So many finished days are looked back at; one that differs is compared again after a while, since what is late may come.
BACK = 7
AGAIN = timedelta(hours=1)
#: How many days that differ one answer lists.
LISTED = 100


class DifferingDay(msgspec.Struct, frozen=True):
    """One day on which a peer and we do not count the same envelopes, since when that is known, and which they are."""

    peer: str
    day: str
    since: str
    differences: tuple[Difference, ...]


_differences = msgspec.json.Decoder(tuple[Difference, ...])


class Days:
    """The compared days of one node."""

    def __init__(
        self,
        *,
        identity: Identity,
        border: Border,
        directory: Directory,
        clock: Clock,
        verify: Verify = verify_signature,
    ) -> None:
        self._identity, self._border, self._directory = identity, border, directory
        self._clock, self._verify = clock, verify

    def digest(self, tx: Transaction, peer: str, day: str) -> bytes:
        """Return our signed digest of one day with a peer; BadInput when that day is none, or is not over."""
        if _day(day) >= self._clock.now().date():
            raise BadInput(f"{day} is not over", "ask when it is, by UTC", where="day")
        return sign_digest(self._count(tx, peer, day), self._identity.signer_now(self._directory))

    def due(self, tx: Transaction, peer: str) -> list[str]:
        """Return the finished days that are still to be compared with a peer, oldest first."""
        now = self._clock.now()
        last = (now - AFTER).date()
        days = [(last - timedelta(days=back)).isoformat() for back in range(BACK, 0, -1)]
        return [day for day in days if _is_due(store.day_of(tx, peer, day), now)]

    def take(self, tx: Transaction, peer: str, day: str, wire: bytes) -> int:
        """Compare a peer's digest of a day with ours and keep the outcome; returns how many envelopes differ.

        Refused when it is not that peer's, about that day and us, under a current key.
        """
        theirs = open_digest(wire, self._directory.keys(peer), self._verify)
        said, me = theirs.digest, self._identity
        if (said.authority, said.peer, said.day, said.exercise) != (peer, me.authority, day, me.exercise):
            raise Refused("misframed", f"the digest of {peer} is about something else", "ask for the right one")
        found = differences(self._count(tx, peer, day), theirs)
        now, before = times.render(self._clock.now()), store.day_of(tx, peer, day)
        since = (before and before.differs_since) or now
        doc = msgspec.json.encode(found)
        store.keep_day(tx, store.Day(peer, day, doc, signed_part(wire), since if found else None, now))
        return len(found)

    def differing(self, tx: Transaction) -> list[DifferingDay]:
        """Return the days that differ, newest first."""
        return [
            DifferingDay(row.peer, row.day, row.differs_since or "", _differences.decode(row.doc))
            for row in store.differing_days(tx, LISTED)
        ]

    def _count(self, tx: Transaction, peer: str, day: str) -> Counted:
        lines: list[Line] = []
        headers: list[tuple[str, ...]] = []
        for lane in LANES:
            sent = store.headers_on(tx, peer, lane, day)
            admitted = self._border.headers_on(tx, peer, lane, day)
            pairs: tuple[tuple[Literal["sent", "admitted"], list[str]], ...] = (("sent", sent), ("admitted", admitted))
            for direction, found in pairs:
                lines.append(line(lane, direction, found))
                headers.append(tuple(found))
        me = self._identity
        digest = Digest(authority=me.authority, peer=peer, day=day, exercise=me.exercise, lines=tuple(lines))
        return Counted(digest, tuple(headers))


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise BadInput(f"{text[:40]!r} is not a day", "write YYYY-MM-DD", where="day")
    return found


def _is_due(known: store.Day | None, now: datetime) -> bool:
    if known is None:
        return True
    return known.differs_since is not None and times.parse(known.compared_at) + AGAIN <= now
