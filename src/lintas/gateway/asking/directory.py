"""Which operator answers for which number: ranges, and above them the numbers that were ported to another one."""

import bisect
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from lintas.model.errors import BadInput
from lintas.trust.keys import PublicKey


class Respondent(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers: a name, where, its certificate (PEM, "" in a plain exercise), the key that signs its answers.

    Without a key no signature is asked for: this gateway's own node, which is trusted by its certificate.
    """

    name: str
    url: str
    certificate: str = ""
    key: PublicKey | None = None
    path: str = "/telco/v1/cli-check"
    headers: tuple[tuple[str, str], ...] = ()


class Ported(Protocol):
    """The numbers that were ported: a number to the name of whoever has it now."""

    def get(self, number: int, /) -> str | None:
        """Return the name of the operator that a number was ported to."""
        ...


class Directory:
    """The directory of one gateway; it says who answers, nothing about any number's state."""

    def __init__(
        self,
        respondents: Iterable[Respondent],
        ranges: Iterable[tuple[int, int, str]],
        *,
        ported: Mapping[int, str] | Ported | None = None,
        abroad: Respondent | None = None,
    ) -> None:
        self._respondents = {each.name: each for each in respondents}
        self._ranges = sorted(ranges)
        self._first = [first for first, _, _ in self._ranges]
        self._ported = ported if ported is not None else {}
        self._abroad = abroad
        for (_, end, name), (start, _, other) in zip(self._ranges, self._ranges[1:], strict=False):
            if start <= end:
                raise BadInput(f"+{start} is of {name} and of {other}", "give each number to one", where="directory")
        if strangers := {name for _, _, name in self._ranges} - self._respondents.keys():
            raise BadInput(f"{', '.join(sorted(strangers))} has no address", "name it", where="directory")

    def find(self, number: int) -> Respondent | None:
        """Return who answers for a number; for one that no range holds, whoever asks abroad; None where nobody does."""
        ported = self._ported.get(number)
        if ported is not None:
            return self._respondents.get(ported)
        place = bisect.bisect_right(self._first, number) - 1
        if place >= 0 and number <= self._ranges[place][1]:
            return self._respondents.get(self._ranges[place][2])
        return self._abroad
