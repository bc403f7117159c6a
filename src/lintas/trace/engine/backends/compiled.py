"""The columns by numba: a radix sort, a counting sort by line, and one pass that keeps each line's sums."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from lintas.trace.engine.backends import Ints, Laid, Legs, Small
from lintas.trace.engine.order import Keys, Order, above

_F = TypeVar("_F", bound=Callable[..., Any])
_BITS = 11


def _compiled(function: _F) -> _F:
    """Compile at the first call, and keep the machine code for the next process where there is a place for it."""
    try:
        return cast(_F, numba.njit(cache=True)(function))
    except RuntimeError:  # no directory can be written for the cache
        return cast(_F, numba.njit(function))


class Compiled:
    """The fastest; needs the extra ``lintas[fast]``."""

    def sort(self, key: Keys, order: Order | None = None) -> Order:
        """Return the places of keys in ascending order."""
        return self._sorted(key, np.arange(len(key), dtype=np.int32) if order is None else order).astype(np.intp)

    def order(self, time: Ints, rank: Small) -> Small:
        """Return the places in order (time, rank)."""
        time, rank = np.ascontiguousarray(time), np.ascontiguousarray(rank)
        return (
            np.arange(len(time), dtype=np.int32) if _in_order(time, rank) else self._sorted(above(time), _placed(rank))
        )

    def _sorted(self, key: Keys, order: npt.NDArray[np.integer]) -> Small:
        bits = int(key.max()).bit_length() if len(key) else 0
        return _sorted(key[order], order.astype(np.int32), bits)

    def lay(self, legs: Legs) -> Laid:
        """Lay transfers that are in order."""
        out_line, in_line = np.ascontiguousarray(legs.out_line), np.ascontiguousarray(legs.in_line)
        debited, credited = np.ascontiguousarray(legs.debited), np.ascontiguousarray(legs.credited)
        po, pi, opening = _summed(out_line, in_line, debited, credited, legs.given)
        out_idx, out_ptr = _listed(out_line, len(legs.given))
        in_idx, in_ptr = _listed(in_line, len(legs.given))
        return Laid(po=po, pi=pi, out_idx=out_idx, out_ptr=out_ptr, in_idx=in_idx, in_ptr=in_ptr, opening=opening)


@_compiled
def _in_order(time: Ints, rank: Small) -> bool:
    for at in range(1, len(time)):
        if time[at] <= time[at - 1] and (time[at] < time[at - 1] or rank[at] < rank[at - 1]):
            return False
    return True


@_compiled
def _placed(rank: Small) -> Small:
    places = np.empty(len(rank), np.int32)
    for at in range(len(rank)):
        places[rank[at]] = at
    return places


@_compiled
def _sorted(key: Keys, places: Small, bits: int) -> Small:
    n = len(key)
    other_key, other_places = np.empty(n, np.uint64), np.empty(n, np.int32)
    mask = np.uint64((1 << _BITS) - 1)
    starts = np.empty(1 << _BITS, np.int64)
    for shift in range(0, bits, _BITS):
        starts[:] = 0
        for at in range(n):
            starts[(key[at] >> np.uint64(shift)) & mask] += 1
        total = 0
        for digit in range(1 << _BITS):
            starts[digit], total = total, total + starts[digit]
        for at in range(n):
            digit = (key[at] >> np.uint64(shift)) & mask
            other_key[starts[digit]] = key[at]
            other_places[starts[digit]] = places[at]
            starts[digit] += 1
        key, other_key = other_key, key
        places, other_places = other_places, places
    return places


@_compiled
def _listed(line: Small, count: int) -> tuple[Small, Small]:
    """List transfers by (line, order), and where each line's run starts: a counting sort."""
    ptr = np.zeros(count + 1, np.int32)
    for at in range(len(line)):
        if line[at] >= 0:
            ptr[line[at] + 1] += 1
    for number in range(count):
        ptr[number + 1] += ptr[number]
    idx, following = np.empty(ptr[count], np.int32), ptr.copy()
    for at in range(len(line)):
        number = line[at]
        if number >= 0:
            idx[following[number]] = at
            following[number] += 1
    return idx, ptr


@_compiled
def _summed(out_line: Small, in_line: Small, debited: Ints, credited: Ints, given: Ints) -> tuple[Ints, Ints, Ints]:
    """Keep each line's sums, transfer by transfer: what left, what came, the smallest opening so far."""
    n = len(out_line)
    sums = np.zeros((len(given), 4), np.int64)  # side by side, as they are used together
    sums[:, 2] = given
    po, pi = np.empty(n, np.int64), np.empty(n, np.int64)
    for at in range(n):
        line = out_line[at]
        if line >= 0:
            left = sums[line, 0]
            po[at] = left
            left += debited[at]
            sums[line, 0] = left
            sums[line, 2] = max(sums[line, 2], left - sums[line, 1])
        else:
            po[at] = -1
        line = in_line[at]
        if line >= 0:
            came = sums[line, 1]
            pi[at] = came
            sums[line, 1] = came + credited[at]
        else:
            pi[at] = -1
    opening = sums[:, 2].copy()
    for at in range(n):
        if in_line[at] >= 0:
            pi[at] += opening[in_line[at]]
    return po, pi, opening
