"""What a list on trial would have done with a call: it is counted apart, and nothing is done."""

from collections.abc import Iterable
from typing import Protocol

from lintas.gateway.counters import Counters
from lintas.telco.lists.e164 import read
from lintas.telco.lists.snapshot import Snapshot
from lintas.telco.records import Action, Call, Listed, Lookup, Verdict
from lintas.telco.verdicts.emergency import anywhere, calls_for_help
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.records import Ruling


class List(Protocol):
    """Holds the list in force."""

    @property
    def snapshot(self) -> Snapshot:
        """Return the list as it is now."""
        ...


class Both:
    """Two lists, the first of which wins: what would be found were the second in force too."""

    def __init__(self, first: Lookup, second: Lookup) -> None:
        self._first, self._second = first.find, second.find

    def find(self, number: int) -> Listed | None:
        """Return what is listed now of a number."""
        return self._first(number) or self._second(number)


class Trial:
    """A list on trial, and what would be done with its numbers: ``action``, or what a ``ladder`` on ``Both`` says."""

    def __init__(self, lists: List, *, ladder: Ladder | None = None, action: Action = "block") -> None:
        self._lists, self._ladder, self._action = lists, ladder, action

    def numbers(self, counters: Counters, numbers: Iterable[int], version: int) -> None:
        """Count numbers that the list in force, of this version, does not have, and of which nothing else is known."""
        for found in map(self._lists.snapshot.find, numbers):
            self._count(counters, "unsaid", found, version)

    def call(self, counters: Counters, call: Call, given: Verdict, version: int) -> None:
        """Count a call whose verdict was given without an entry of the list in force."""
        if self._ladder is None:
            number = None if calls_for_help(anywhere(), call.b) else read(call.a)
            self._count(counters, call.trunk, None if number is None else self._lists.snapshot.find(number), version)
            return
        would = self._ladder.first(call)
        if isinstance(would, Ruling) and would.action != "allow" and would.situation != getattr(given, "situation", ""):
            counters.shadow((call.trunk, would.action, would.situation, version))

    def _count(self, counters: Counters, trunk: str, found: Listed | None, version: int) -> None:
        if found is not None and found.kind != "protected" and self._action != "allow":
            counters.shadow((trunk, self._action, found.kind, version))
