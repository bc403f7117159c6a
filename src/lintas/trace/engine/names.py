"""The names of an index's lines as columns: an account and a currency each, many at once and no object for each."""

from collections.abc import Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from lintas.trace.engine.order import above, ascend, by_bytes, by_key
from lintas.trace.engine.words import Strings, strings

Name = tuple[str, str]


class LineNames(Sequence[Name]):
    """(account, currency) by number: ``accounts`` in UTF-8, shape (L,), and ``code`` (L,) numbering ``codes``."""

    def __init__(self, accounts: Strings, code: npt.NDArray[np.integer], codes: list[str]) -> None:
        self.accounts, self.code, self.codes = accounts, code, codes

    @classmethod
    def of(cls, names: Sequence[Name]) -> "LineNames":
        """Return names as columns."""
        if isinstance(names, LineNames):
            return names
        numbers: dict[str, int] = {}
        code = np.array([numbers.setdefault(code, len(numbers)) for _, code in names], np.int16)
        return cls(strings(account.encode() for account, _ in names), code, list(numbers))

    def __len__(self) -> int:
        """Count the lines."""
        return len(self.accounts)

    @overload
    def __getitem__(self, number: int) -> Name: ...
    @overload
    def __getitem__(self, number: slice) -> "LineNames": ...
    def __getitem__(self, number: int | slice) -> "Name | LineNames":
        """Return the account and the currency of a line."""
        if isinstance(number, slice):
            return LineNames(self.accounts[number], self.code[number], self.codes)
        return self.accounts[number].decode(), self.codes[self.code[number]]

    def order(self) -> npt.NDArray[np.intp] | None:
        """Return the numbers by ascending (account, currency), None where they are so already; equal names stay equal."""
        if ascend(self.accounts):
            return None
        place = np.argsort(np.array(self.codes))
        rank = np.empty(len(place), np.intp)
        rank[place] = np.arange(len(place))
        return by_bytes(self.accounts, by_key(above(rank[self.code])))
