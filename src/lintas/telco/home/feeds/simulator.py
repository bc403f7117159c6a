"""An operator that does not exist: its subscribers travel, call and change SIM, for demonstrations, tests and measurements.

Its events are what a network would say, with the identity in the network, the country and the last contact in them, so that
tests can see these dropped.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from lintas.model import times

#: Countries by mobile country code, ISO code and name; codes without an operator, and codes that ISO leaves to users.
COUNTRIES = (("901", "XB", "Xebeland"), ("902", "XC", "Xeceland"), ("903", "XD", "Xedeland"))


class Traveller(NamedTuple):
    """One simulated subscriber as its network sees it."""

    number: int
    imsi: str
    country: tuple[str, str, str]
    last_contact: int


class Simulator:
    """Subscribers from ``first`` on; one of ``every`` travels."""

    def __init__(self, seed: int, *, first: int, subscribers: int, now: int, every: int = 50) -> None:
        self._random, self._now = random.Random(seed), now  # noqa: S311 - a story, no secret
        self.numbers = range(first, first + subscribers)
        self.travellers = [self._traveller(number) for number in self.numbers[::every]]

    def _traveller(self, number: int) -> Traveller:
        contact = self._now - self._random.randrange(60, 3000)
        imsi = f"99970{self._random.randrange(10**10):010d}"
        return Traveller(number, imsi, self._random.choice(COUNTRIES), contact)

    def start(self) -> Iterator[bytes]:
        """Yield the events by which the table gets to know everybody, and who is abroad."""
        for number in self.numbers:
            yield self._event("assigned", number, self._now - 86_400 * self._random.randrange(1, 900))
        for each in self.travellers:
            yield self.abroad(each)

    def abroad(self, traveller: Traveller) -> bytes:
        """Return the event by which a network abroad sees somebody, with all that it knows."""
        mcc, iso, name = traveller.country
        seen = traveller.last_contact
        return self._event(
            "abroad",
            traveller.number,
            seen,
            imsi=traveller.imsi,
            countryCode=int(mcc),
            countryName=[iso],
            country=name,
            vlr=f"+{mcc}00001",
            lastContact=times.render(datetime.fromtimestamp(seen, UTC)),
        )

    def life(self, events: int, now: int) -> Iterator[bytes]:
        """Yield what happens: calls that begin and end, people who leave and come home."""
        for _ in range(events):
            kind = self._random.choices(("calls", "ended", "abroad", "home"), (45, 45, 5, 5))[0]
            if kind == "abroad":
                yield self.abroad(self._random.choice(self.travellers)._replace(last_contact=now))
            elif kind == "home":
                yield self._event("home", self._random.choice(self.travellers).number, now)
            else:
                a, b = self._random.choice(self.numbers), self._random.choice(self.numbers)
                yield self._event(kind, a, now, b=f"+{b}")

    def _event(self, what: str, number: int, at: int, **more: object) -> bytes:
        return json.dumps({"what": what, "number": f"+{number}", "at": str(at), **more}).encode()
