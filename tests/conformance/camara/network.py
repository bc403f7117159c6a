"""A home operator in memory, its clock, its register of clients, and its CAMARA face behind a real HTTP listener."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx

from lintas.gateway.camara import clients
from lintas.gateway.camara.clients import Client, Register
from lintas.gateway.camara.face import Face, Settings
from lintas.gateway.camara.sources import Sources
from lintas.http.listeners import Listener, Listeners
from lintas.interop.camara.answers import Country
from lintas.interop.camara.scopes import SCOPES
from lintas.model.errors import Unavailable
from lintas.model.ids import IdSource

#: +999 is no country's; the operator's numbers begin so.
NUMBER, STRANGER = 999_100_000_001, 999_200_000_002
#: Days of SIM changes that an operator keeps where its law says how long.
MONITORED_DAYS = 30


class SetClock:
    """The machine's clock, ahead by as much as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Operator:
    """One subscriber and what the network knows of it; a test sets what it needs, all else is ordinary."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        now = self._clock.now().replace(microsecond=0)
        self.abroad: Country | None = None
        self.sim: datetime | None = now - timedelta(hours=500)
        #: First days of the contracts under this number, one subscriber after the other.
        self.contracts: list[date] = [date(2023, 10, 9)]
        self.excluded = self.broken = False

    def assigned(self, number: int) -> bool | None:
        self._reach()
        return True if number == NUMBER else None

    def roaming(self, number: int) -> bool | None:
        self._reach()
        return self.abroad is not None if number == NUMBER else None

    def sim_changed(self, number: int) -> datetime | None:
        self._reach()
        return self.sim

    def recycled_since(self, number: int, day: date) -> bool | None:
        self._reach()
        return day < self.contracts[-1]

    def _reach(self) -> None:
        if self.broken:
            raise Unavailable("the network does not answer")

    @property
    def sources(self) -> Sources:
        return Sources(
            subscribers=self,
            countries=lambda _number: self.abroad,
            excluded=lambda number: self.excluded and number == NUMBER,
        )


def admit(path: Path, **profile: object) -> tuple[Client, str]:
    """Add a client to the register; what it is not told it may is as the command would have it."""
    clock = SetClock()
    usual = {"name": "Fraud desk of bank XAFB", "scopes": tuple(SCOPES), "per_minute": 60_000}
    return clients.add(path, IdSource(clock), clock.now(), usual | profile)


class Provider:
    """The operator behind HTTP: one face that tells SIM changes without end, one that tells ``MONITORED_DAYS`` only."""

    def __init__(self, home: Path) -> None:
        self.clock = SetClock()
        self.operator = Operator(self.clock)
        path = home / "clients.json"
        self.client, self.secret = admit(path, disclose_country=True)
        self.register = Register(path)
        self.faces = {
            name: Face(self.operator.sources, self.register, settings, self.clock)
            for name, settings in (("full", Settings()), ("limited", Settings(monitored_days=MONITORED_DAYS)))
        }
        self.urls: dict[str, str] = {}
        self.http = httpx.Client(trust_env=False)

    @contextmanager
    def serving(self) -> Iterator["Provider"]:
        """Serve both faces on free ports until the test is done."""
        opened, doors = threading.Event(), list[Listeners]()
        loop = asyncio.new_event_loop()

        async def run() -> None:
            listeners = [Listener(name=name, host="127.0.0.1", port=0, app=face) for name, face in self.faces.items()]
            async with Listeners(listeners) as open_doors:
                self.urls = dict(open_doors.urls)
                doors.append(open_doors)
                opened.set()
                await open_doors.stopped()

        thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
        thread.start()
        assert opened.wait(10)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(doors[0].stop)
            thread.join(10)
            loop.close()
            self.http.close()
