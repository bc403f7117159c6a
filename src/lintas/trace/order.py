"""Stable orders of many rows by plain numpy: a radix sort by 16 bits at a time, in which equal rows keep their places."""

import numpy as np
import numpy.typing as npt

from lintas.trace.words import Strings

Order = npt.NDArray[np.intp]
_AT_ONCE = 1 << 20


def by_key(key: npt.NDArray[np.integer], order: Order | None = None) -> Order:
    """Return the places of integer keys, shape (n,), in ascending order; ``order``: the places, already sorted by less."""
    if not len(key):
        return np.zeros(0, np.intp)
    lowest = key.min()
    span = int(key.max()) - int(lowest)
    offset = (key - lowest).astype(np.uint64) if span >> 32 else (key - lowest).astype(np.uint32)
    for shift in range(0, max(span.bit_length(), 1), 16):
        digit = (offset >> shift).astype(np.uint16)
        by_digit = np.argsort(digit if order is None else digit[order], kind="stable")
        order = by_digit if order is None else order[by_digit]
    return np.arange(len(key)) if order is None else order


def by_bytes(rows: Strings, order: Order | None = None) -> Order:
    """Return the places of rows in ascending order of their bytes; ``order``: the places, already sorted by less."""
    width = rows.dtype.itemsize
    table = rows.view(np.uint8).reshape(len(rows), width)
    for start in range((width - 1) // 8 * 8, -1, -8):
        piece = np.zeros((len(rows), 8), np.uint8)
        piece[:, : min(8, width - start)] = table[:, start : start + 8]
        key = piece.view(">u8").reshape(-1).astype(np.uint64)
        order = by_key(key, order)
    return np.arange(len(rows)) if order is None else order


def ascend(rows: npt.NDArray[np.integer] | Strings) -> bool:
    """Say whether each row is greater than the one before."""
    pieces = (rows[first : first + _AT_ONCE + 1] for first in range(0, len(rows), _AT_ONCE))
    return all(bool(np.less(piece[:-1], piece[1:]).all()) for piece in pieces)
