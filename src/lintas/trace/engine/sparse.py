"""The facts that few transfers have, kept only for those: conversions, foreign settlement, and what is outside."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from lintas.trace.engine.order import ascend
from lintas.trace.ledgers.ledger import Ints, Ledger

Small = npt.NDArray[np.int32]
_T = TypeVar("_T", bound=np.generic)


class Ordered:
    """Puts columns in the order of the transfers; those that are in order already are not copied."""

    def __init__(self, order: Small) -> None:
        self._order = None if ascend(order) else order

    def __call__(self, column: npt.NDArray[_T]) -> npt.NDArray[_T]:
        """Return a column in order."""
        return np.ascontiguousarray(column) if self._order is None else column[self._order]

    def numbers_of(self, by_id: npt.NDArray[np.intp] | None) -> Small:
        """Return the numbers of the transfers by ascending id, empty where they ascend; ``by_id``: their places."""
        if self._order is None:
            return np.zeros(0, np.int32) if by_id is None else by_id.astype(np.int32)
        number = np.empty(len(self._order), np.int32)
        number[self._order] = np.arange(len(self._order), dtype=np.int32)
        numbers = number if by_id is None else number[by_id]
        return np.zeros(0, np.int32) if ascend(numbers) else numbers

    def sparse(self, where: npt.NDArray[np.bool_]) -> tuple[Small, npt.NDArray[np.intp]]:
        """Return the ascending numbers of the transfers for which something is so, and their places in the ledger."""
        if not where.any():
            return np.zeros(0, np.int32), np.zeros(0, np.intp)
        numbers = np.flatnonzero(self(where))
        places = numbers if self._order is None else self._order[numbers].astype(np.intp)
        return numbers.astype(np.int32), places


def exchanges(settled: Ints, debited: Ints, credited: Ints) -> tuple[Small, Ints, Ints]:
    """Return the transfers whose amounts differ, and what left and what came; all columns in order."""
    if debited is settled and credited is settled:
        return np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64)
    found = np.flatnonzero((debited != settled) | (credited != settled))
    return found.astype(np.int32), debited[found], credited[found]


def foreign(
    ledger: Ledger, ordered: Ordered, line_at: Small | None, line_currency: npt.NDArray[np.int16], codes: list[str]
) -> tuple[Small, npt.NDArray[np.int16]]:
    """Return the transfers not settled in the currency of the sender's line (else the receiver's), and the currency."""
    if len(codes) == 1:
        return np.zeros(0, np.int32), np.zeros(0, np.int16)
    number = np.array([codes.index(code) for code in ledger.currencies], np.int16)
    line = np.where(ledger.out_line >= 0, ledger.out_line, ledger.in_line)
    own = line_currency[line if line_at is None else line_at[line]]
    numbers, places = ordered.sparse(number[ledger.currency] != own)
    return numbers, number[ledger.currency[places]]


def outer(ledger: Ledger, ordered: Ordered) -> tuple[Small, npt.NDArray[np.int8], Small, Small]:
    """Return the transfers with a kind, a bank or a party, and those three."""
    numbers, places = ordered.sparse((ledger.kind > 0) | (ledger.bank >= 0) | (ledger.party >= 0))
    bank, party = _in_order(ledger.banks)[ledger.bank[places]], _in_order(ledger.parties)[ledger.party[places]]
    return numbers, ledger.kind[places].astype(np.int8), bank, party


def _in_order(names: list[str]) -> Small:
    """Return old number -> number in the order of the names; the last entry keeps -1 (nobody) as -1."""
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.full(len(names) + 1, -1, np.int32)
    place[order] = np.arange(len(names), dtype=np.int32)
    return place
