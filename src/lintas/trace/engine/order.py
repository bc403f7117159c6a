"""Stable orders of many rows by plain numpy: a radix sort by 16 bits at a time, in which equal rows keep their places."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from lintas.trace.engine.words import Strings

Order = npt.NDArray[np.intp]
Keys = npt.NDArray[np.uint64]
_AT_ONCE = 1 << 20


class Sort(Protocol):
    """A stable sort of places by key."""

    def __call__(self, key: Keys, order: Order | None = None) -> Order:
        """Return the places in ascending order of their keys; ``order``: the places, already sorted by less."""
        ...


def by_key(key: Keys, order: Order | None = None) -> Order:
    """Return the places of keys, shape (n,), in ascending order; ``order``: the places, already sorted by less."""
    bits = int(key.max()).bit_length() if len(key) else 0
    for shift in range(0, bits, 16):
        digit = (key >> np.uint64(shift)).astype(np.uint16)
        by_digit = np.argsort(digit if order is None else digit[order], kind="stable")
        order = by_digit if order is None else order[by_digit]
    return np.arange(len(key)) if order is None else order


def above(numbers: npt.NDArray[np.integer]) -> Keys:
    """Return how far integers are above the smallest: keys as short as can be."""
    return (numbers - numbers.min()).astype(np.uint64) if len(numbers) else np.zeros(0, np.uint64)


def by_bytes(rows: Strings, order: Order | None = None, sort: Sort = by_key) -> Order:
    """Return the places of rows in ascending order of their bytes; ``order``: the places, already sorted by less."""
    width = rows.dtype.itemsize
    table = rows.view(np.uint8).reshape(len(rows), width)
    for start in range((width - 1) // 8 * 8, -1, -8):
        piece = np.zeros((len(rows), 8), np.uint8)
        piece[:, : min(8, width - start)] = table[:, start : start + 8]
        order = sort(_differing(piece.view(">u8").reshape(-1).astype(np.uint64)), order)
    return np.arange(len(rows)) if order is None else order


def _differing(key: Keys) -> Keys:
    """Keep only the bits in which keys differ: the same order in fewer bits, four for each decimal digit."""
    mask = int(np.bitwise_or.reduce(key ^ key[0])) if len(key) else 0
    short, filled = np.zeros(len(key), np.uint64), 0
    while mask:
        low = (mask & -mask).bit_length() - 1
        run = (~(mask >> low) & -(~(mask >> low))).bit_length() - 1
        short |= (key >> np.uint64(low) & np.uint64((1 << run) - 1)) << np.uint64(filled)
        filled, mask = filled + run, mask & ~(((1 << run) - 1) << low)
    return short


def ascend(rows: npt.NDArray[np.integer] | Strings) -> bool:
    """Say whether each row is greater than the one before."""
    pieces = (rows[first : first + _AT_ONCE + 1] for first in range(0, len(rows), _AT_ONCE))
    return all(bool(np.less(piece[:-1], piece[1:]).all()) for piece in pieces)
