"""What each interface does with a request: reads it, finds whose number is meant, asks the table, says no more than asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Literal, NamedTuple

import msgspec

from lintas.gateway.camara.sources import Sources
from lintas.gateway.camara.tokens import Token
from lintas.interop.camara import answers, requests
from lintas.interop.camara.faults import Fault
from lintas.model.errors import Unavailable
from lintas.model.times import Clock

Api = Literal["device-roaming-status", "sim-swap", "number-recycling"]


class Operation(NamedTuple):
    """One operation: its name in scopes, and what answers it."""

    name: str
    answer: Callable[[Token, bytes], msgspec.Struct]


class Operations:
    """The operations of the interfaces that are offered.

    ``step`` is how coarse the time of a status is; ``monitored_days`` how far back SIM changes are told, 0 for all the way.
    """

    def __init__(self, sources: Sources, clock: Clock, step: timedelta, monitored_days: int) -> None:
        self._sources, self._clock, self._step, self._monitored = sources, clock, step, monitored_days

    def by_path(self, apis: frozenset[Api]) -> dict[str, Operation]:
        """Return the operations by address."""
        every = {
            "/device-roaming-status/v1/retrieve": Operation("device-roaming-status.retrieve", self.retrieve_roaming),
            "/sim-swap/v2/check": Operation("sim-swap.check", self.check_sim_swap),
            "/sim-swap/v2/retrieve-date": Operation("sim-swap.retrieve-date", self.retrieve_sim_swap_date),
            "/number-recycling/v0.2/check": Operation("number-recycling.check", self.check_recycling),
        }
        return {path: each for path, each in every.items() if each.name.partition(".")[0] in apis}

    def retrieve_roaming(self, token: Token, body: bytes) -> msgspec.Struct:
        """Answer whether a device roams; the time is the table's own, equal for all numbers, and never a person's."""
        given = requests.read(body, requests.RoamingRequest).device
        number = self._let(token, requests.device_meant(token.number, given))
        roaming = self._sources.subscribers.roaming(number)
        if roaming is None or self._sources.protected(number):
            raise Fault("IDENTIFIER_NOT_FOUND")
        several = isinstance(given, requests.Device) and given.named > 1
        return answers.roaming_status(
            roaming,
            min(self._sources.confirmed() or self._clock.now(), self._clock.now()),
            self._step,
            country=self._country(token, number),
            device=f"+{number}" if several else "",
        )

    def check_sim_swap(self, token: Token, body: bytes) -> msgspec.Struct:
        """Answer whether a number's SIM changed within so many hours."""
        given = requests.read(body, requests.SimSwapRequest)
        hours = requests.hours_back(given.max_age, self._days_known())
        number = self._own(token, requests.number_meant(token.number, given.phone_number))
        return answers.SimSwapped(
            answers.within(self._sources.subscribers.sim_changed(number), self._clock.now(), hours)
        )

    def retrieve_sim_swap_date(self, token: Token, body: bytes) -> msgspec.Struct:
        """Answer when a number's SIM changed last."""
        given = requests.read(body, requests.SimSwapDateRequest)
        number = self._own(token, requests.number_meant(token.number, given.phone_number))
        changed = self._sources.subscribers.sim_changed(number)
        return answers.sim_swap_date(changed, self._clock.now(), self._days_known())

    def check_recycling(self, token: Token, body: bytes) -> msgspec.Struct:
        """Answer whether a number changed its subscriber after a day; SERVICE_NOT_APPLICABLE beyond the operator's records."""
        given = requests.read(body, requests.RecyclingRequest)
        day = requests.day_asked(given, self._clock.now())
        number = self._own(token, requests.number_meant(token.number, given.phone_number))
        recycled = self._sources.subscribers.recycled_since(number, day)
        if recycled is None:
            raise Fault("SERVICE_NOT_APPLICABLE", "The records of this number do not reach back so far.")
        return answers.Recycled(recycled)

    def _days_known(self) -> int | None:
        """Return how many days back SIM changes are told, None for all: what a young record does not know is no "no"."""
        bounds = [self._monitored] if self._monitored else []
        if self._sources.sims_since is not None:
            bounds.append(max(0, (self._clock.now() - self._sources.sims_since).days))
        return min(bounds, default=None)

    def _let(self, token: Token, number: int) -> int:
        """Return the number if it may be asked for: the guard sees every question, also those about nobody's number."""
        if not self._sources.guard(token.client.id, number):
            raise Fault("TOO_MANY_REQUESTS")
        if self._sources.excluded(number):
            raise Fault("SERVICE_NOT_APPLICABLE")
        return number

    def _own(self, token: Token, number: int) -> int:
        """Return the number if it is in use here."""
        # Protection is looked at after the table was asked: while the network is out, a protected number is no exception.
        if not self._sources.subscribers.assigned(self._let(token, number)) or self._sources.protected(number):
            raise Fault("IDENTIFIER_NOT_FOUND")
        return number

    def _country(self, token: Token, number: int) -> answers.Country | None:
        """Return where it roams, for a client that may be told; a source that fails withholds it."""
        if self._sources.countries is None or not token.client.disclose_country:
            return None
        try:
            return self._sources.countries(number)
        except Unavailable:
            return None
