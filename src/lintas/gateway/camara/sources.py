"""What the face answers from: the operator's own table and, where it wants that, what else it lets be told."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol

import msgspec

from lintas.interop.camara.answers import Country
from lintas.model.errors import Unavailable


class Subscribers(Protocol):
    """The questions that are put to an operator's table. A number is E.164, its digits as an integer; answers are local.

    Each may raise Unavailable where the network does not tell at the moment, or where the operator feeds nothing of the
    kind: what is not known must not pass for a no.
    """

    def assigned(self, number: int) -> bool | None:
        """Return whether it is in use by a subscriber of this operator; None where it is not ours, or protected."""
        ...

    def roaming(self, number: int) -> bool | None:
        """Return whether it is registered abroad; None where it is not ours, or protected."""
        ...

    def sim_changed(self, number: int) -> datetime | None:
        """Return when it was last put into a SIM (the first one counts), UTC; None where it never was in any."""
        ...

    def recycled_since(self, number: int, day: date) -> bool | None:
        """Return whether it changed its subscriber after that day; None where the records do not reach back so far."""
        ...


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's table and its choices.

    ``countries`` returns where a number roams, None where that is not known; without it no client is told any country.
    ``confirmed`` returns when the table last heard of its network, None for now: that is told as the time of every status,
    so that no answer says when somebody crossed a border. ``sims_since`` is when the table's record of SIM changes began
    (None: with each SIM); earlier is not answered. ``protected`` numbers are answered like nobody's; for ``excluded`` ones
    the services are not offered, which is said. ``guard`` sees every question and refuses (False) a client's further ones:
    the operator's alarm against harvesting.
    """

    subscribers: Subscribers
    countries: Callable[[int], Country | None] | None = None
    confirmed: Callable[[], datetime | None] = lambda: None
    sims_since: datetime | None = None
    protected: Callable[[int], bool] = lambda _number: False
    excluded: Callable[[int], bool] = lambda _number: False
    guard: Callable[[str, int], bool] = lambda _client, _number: True


class NoTable:
    """Stands where no operator's table is: every question is Unavailable."""

    def assigned(self, number: int) -> bool | None:
        """Know nothing."""
        raise _no_table()

    def roaming(self, number: int) -> bool | None:
        """Know nothing."""
        raise _no_table()

    def sim_changed(self, number: int) -> datetime | None:
        """Know nothing."""
        raise _no_table()

    def recycled_since(self, number: int, day: date) -> bool | None:
        """Know nothing."""
        raise _no_table()


def _no_table() -> Unavailable:
    return Unavailable("no operator's table is connected here", "ask the home operator of the number")
