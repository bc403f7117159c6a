"""What may be asked of a home operator's table, whoever keeps it: the read side that the faces of the gateway stand on."""

from datetime import date, datetime
from typing import Protocol

#: Times of a status are told in steps of this many seconds, rounded down: enough for CAMARA, too coarse to follow anybody.
COARSE_S = 900


class Subscribers(Protocol):
    """The read side of an operator's table. A number is E.164, its digits as an integer; every answer is from local memory.

    ``None`` always means: not a number of ours, or not known to us; the two are not told apart.
    """

    def roaming(self, number: int) -> bool | None:
        """Return whether it is registered abroad; None where it is not assigned, or not ours. Never in which country."""
        ...

    def on_call(self, number: int) -> str | None:
        """Return whom it calls now in E.164, "" for a call to nobody we can name, None while it calls nobody."""
        ...

    def assigned(self, number: int) -> bool | None:
        """Return whether it is in use by a subscriber; None where its range is not ours."""
        ...

    def status_time(self, number: int) -> datetime | None:
        """Return since when the status stands, UTC, rounded down to ``COARSE_S``; None where nothing is kept of it:
        of those at home nothing is, and a face that must tell a time tells that of its answer, rounded in the same way.

        Only for CAMARA's ``lastStatusTime``, which its schema requires; no answer to a cli-check comes near it.
        """
        ...

    def sim_changed(self, number: int) -> datetime | None:
        """Return when the SIM last changed, UTC; None where no change is known."""
        ...

    def recycled_since(self, number: int, day: date) -> bool | None:
        """Return whether the number changed its subscriber after that day; None where nothing is known of it."""
        ...
