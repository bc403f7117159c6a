"""The columns by numpy alone: one stable sort of all legs by line, and running sums along each."""

import numpy as np

from lintas.trace.engine.backends import Ints, Laid, Legs, Small
from lintas.trace.engine.order import Keys, Order, above, by_key


class Plain:
    """Always there."""

    def sort(self, key: Keys, order: Order | None = None) -> Order:
        """Return the places of keys in ascending order."""
        return by_key(key, order)

    def order(self, time: Ints, rank: Small) -> Small:
        """Return the places in order (time, rank)."""
        later = time[1:] >= time[:-1]
        if later.all() and (rank[1:] > rank[:-1])[time[1:] == time[:-1]].all():
            return np.arange(len(time), dtype=np.int32)
        by_rank = np.empty(len(rank), np.intp)
        by_rank[rank] = np.arange(len(rank))
        return by_key(above(time), by_rank).astype(np.int32)

    def lay(self, legs: Legs) -> Laid:
        """Lay transfers that are in order: leg 2k leaves a line by transfer k, leg 2k+1 reaches one by it."""
        n, count = len(legs.out_line), len(legs.given)
        line = np.empty(2 * n, np.int32)
        line[::2], line[1::2] = legs.out_line, legs.in_line
        order = by_key(above(line))
        order = order[np.searchsorted(line[order], 0) :]
        line = line[order]
        change = np.empty(2 * n, np.int64)
        change[::2], change[1::2] = -legs.debited, legs.credited
        change = change[order]
        first = np.searchsorted(line, np.arange(count + 1))
        opening = np.maximum(legs.given, _smallest(change, first))
        leaves = order % 2 == 0
        out_idx, in_idx = (order[leaves] // 2).astype(np.int32), (order[~leaves] // 2).astype(np.int32)
        before = np.concatenate((np.zeros(1, np.int64), np.cumsum(leaves)))[first]
        out_ptr, in_ptr = before.astype(np.int32), (first - before).astype(np.int32)
        zero = np.zeros(count, np.int64)
        return Laid(
            po=_starts(legs.debited, out_idx, out_ptr, zero, n),
            pi=_starts(legs.credited, in_idx, in_ptr, opening, n),
            out_idx=out_idx,
            out_ptr=out_ptr,
            in_idx=in_idx,
            in_ptr=in_ptr,
            opening=opening,
        )


def _smallest(change: Ints, first: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Ints:
    """Return per line the smallest opening balance >= 0 with which it never goes below zero."""
    # the overall sum may wrap; differences within one line do not, as the sums of each line are bounded
    balance = np.cumsum(change, dtype=np.int64)
    before = np.concatenate((np.zeros(1, np.int64), balance))[first[:-1]]
    need = np.zeros(len(before), np.int64)
    used = np.flatnonzero(first[1:] > first[:-1])
    if len(used):
        runs = np.repeat(before[used], (first[1:] - first[:-1])[used])
        lowest = np.minimum.reduceat(balance - runs, first[:-1][used])
        need[used] = np.maximum(-lowest, 0)
    return need


def _starts(amount: Ints, idx: Small, ptr: Small, base: Ints, n: int) -> Ints:
    """Return each transfer's start on its line: the sum of the earlier amounts there, plus the line's base."""
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(amount[idx], dtype=np.int64)))
    starts = np.full(n, -1, np.int64)
    starts[idx] = before[:-1] + np.repeat(base - before[ptr[:-1]], np.diff(ptr))
    return starts
