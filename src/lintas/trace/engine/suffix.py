"""One line that changed: a prefix of the sealed index that still holds, and after it the line's own end, laid anew."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import overload

import numpy as np

from lintas.trace.engine.index import Cut, Index

Place = tuple[int, bytes]


class Run(Sequence[int]):
    """Two runs of numbers as one."""

    def __init__(self, first: Sequence[int], then: Sequence[int]) -> None:
        self._first, self._then = first, then

    def __len__(self) -> int:
        """Count the numbers."""
        return len(self._first) + len(self._then)

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> list[int]: ...
    def __getitem__(self, at: int | slice) -> int | list[int]:
        """Return the number at a place, or those of a slice."""
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        kept = len(self._first)
        place = at if at >= 0 else at + len(self)
        if place < 0:
            raise IndexError(at)
        return self._first[place] if place < kept else self._then[place - kept]


class Suffix:
    """What is now on a line. ``base`` is the sealed index, None for a line it does not have; ``owner`` knows all transfers.

    ``kept_out`` and ``kept_in`` count the line's first transfers in ``base`` that lie where they lay, ``outs`` and ``ins``
    list what follows; ``out_starts`` are positions, ``in_starts`` positions after the opening balance, which may yet rise.
    ``left`` and ``came`` are the sums of all of them. Laying a transfer at the end costs the same on a line of any length.
    """

    def __init__(self, owner: Index, base: Index | None, line: int) -> None:
        self._owner, self._base, self._line = owner, base, line
        self.kept_out = self.kept_in = self.left = self.came = 0
        self.given = self._floor = 0
        self.outs: list[int] = []
        self.out_starts: list[int] = []
        self.ins: list[int] = []
        self.in_starts: list[int] = []
        self._needs: list[int] = []
        if base is not None:
            outs, ins = base.outs(line), base.ins(line)
            self.kept_out, self.kept_in = len(outs), len(ins)
            self.given, self._floor = base.given(line), base.opening[line]
            self._sum_kept(base)

    @property
    def opening(self) -> int:
        """Return the smallest balance, not below the given one, with which the line never goes below zero."""
        return self._needs[-1] if self._needs else self._floor

    @property
    def shift(self) -> int:
        """Return how far the line's kept inflows moved, by an opening balance that is another one now."""
        return self.opening - (self._base.opening[self._line] if self._base is not None else 0)

    def add(self, transfer: int, *, comes: bool) -> None:
        """Lay a transfer where its time and id put it; what comes later is laid again."""
        place = self._owner.place(transfer)
        later = [] if self._is_last(place) else self._taken_off(place)
        self._push(transfer, comes)
        for _, each_comes, each in later:
            self._push(each, each_comes)

    def drop(self, transfer: int, *, comes: bool) -> None:
        """Take a transfer away; what comes later is laid again."""
        for _, each_comes, each in self._taken_off(self._owner.place(transfer)):
            if each != transfer or each_comes != comes:
                self._push(each, each_comes)

    def outflows(self, start: int, end: int, until: int | None) -> tuple[list[Cut], int]:
        """Return the outflows that took ``[start, end)``, and where what is still there begins."""
        cuts, edge = list[Cut](), start
        if self._base is not None:
            cuts, edge = self._base.taken(self._line, start, end, until, self.kept_out)
        high = len(self.outs)
        if until is not None:
            high = bisect_right(self.outs, until, key=self._owner.time.__getitem__)
        first = max(bisect_right(self.out_starts, edge, 0, high) - 1, 0)
        for transfer, begin in zip(self.outs[first:high], self.out_starts[first:high], strict=True):
            if begin >= end:
                break
            stop = min(end, begin + self._owner.debited(transfer))
            if stop > edge:
                cuts.append(Cut(transfer, edge - begin, stop - begin))
                edge = stop
        return cuts, edge

    def inflows(self, start: int, end: int) -> tuple[list[Cut], int]:
        """Return the inflows that ``[start, end)`` came from, and where its part of the opening balance ends."""
        opening, shift = self.opening, self.shift
        from_opening = max(start, min(end, opening))
        cuts, edge = list[Cut](), from_opening
        if self._base is not None:
            cuts, edge = self._base.brought(self._line, from_opening - shift, end - shift, self.kept_in)
            edge += shift
        first = max(bisect_right(self.in_starts, edge - opening) - 1, 0)
        for transfer, begin in zip(self.ins[first:], self.in_starts[first:], strict=True):
            if opening + begin >= end:
                break
            stop = min(end, opening + begin + self._owner.credited(transfer))
            if stop > edge:
                cuts.append(Cut(transfer, edge - opening - begin, stop - opening - begin))
                edge = stop
        return cuts, from_opening

    def all_outs(self) -> Sequence[int]:
        """Return the transfers that left the line, in order."""
        return self.outs if self._base is None else Run(self._base.outs(self._line)[: self.kept_out], self.outs)

    def all_ins(self) -> Sequence[int]:
        """Return the transfers that reached the line, in order."""
        return self.ins if self._base is None else Run(self._base.ins(self._line)[: self.kept_in], self.ins)

    def po(self, transfer: int) -> int:
        """Return where an outflow starts."""
        if self._base is not None and self.kept_out and transfer <= self._base.outs(self._line)[self.kept_out - 1]:
            return self._base.po[transfer]
        return self.out_starts[self._at(self.outs, transfer)]

    def pi(self, transfer: int) -> int:
        """Return where an inflow starts."""
        if self._base is not None and self.kept_in and transfer <= self._base.ins(self._line)[self.kept_in - 1]:
            return self._base.pi[transfer] + self.shift
        return self.in_starts[self._at(self.ins, transfer)] + self.opening

    def _at(self, transfers: list[int], transfer: int) -> int:
        return bisect_left(transfers, self._owner.place(transfer), key=self._owner.place)

    def _push(self, transfer: int, comes: bool) -> None:
        if comes:
            self.ins.append(transfer)
            self.in_starts.append(self.came)
            self.came += self._owner.credited(transfer)
        else:
            self.outs.append(transfer)
            self.out_starts.append(self.left)
            self.left += self._owner.debited(transfer)
            self._needs.append(max(self.opening, self.left - self.came))

    def _is_last(self, place: Place) -> bool:
        last = [each[-1] for each in (self.outs, self.ins) if each]
        if self._base is not None and not self.outs and self.kept_out:
            last.append(self._base.outs(self._line)[self.kept_out - 1])
        if self._base is not None and not self.ins and self.kept_in:
            last.append(self._base.ins(self._line)[self.kept_in - 1])
        return all(self._owner.place(each) < place for each in last)

    def _taken_off(self, place: Place) -> list[tuple[Place, bool, int]]:
        """Take off what is not before a place, and return it in order."""
        owner, later = self._owner, list[tuple[Place, bool, int]]()
        first_out = bisect_left(self.outs, place, key=owner.place)
        first_in = bisect_left(self.ins, place, key=owner.place)
        if first_out < len(self.outs):
            self.left = self.out_starts[first_out]
        if first_in < len(self.ins):
            self.came = self.in_starts[first_in]
        later += [(owner.place(each), False, each) for each in self.outs[first_out:]]
        later += [(owner.place(each), True, each) for each in self.ins[first_in:]]
        del self.outs[first_out:], self.out_starts[first_out:], self._needs[first_out:]
        del self.ins[first_in:], self.in_starts[first_in:]
        if self._base is not None:
            later += self._uncovered(self._base, place)
        later.sort()
        return later

    def _uncovered(self, base: Index, place: Place) -> list[tuple[Place, bool, int]]:
        """Keep less of the sealed index: return what of it is not before a place any more."""
        outs, ins = base.outs(self._line)[: self.kept_out], base.ins(self._line)[: self.kept_in]
        kept_out, kept_in = (bisect_left(side, place, key=base.place) for side in (outs, ins))
        if (kept_out, kept_in) == (self.kept_out, self.kept_in):
            return []
        # What was appended in order comes later than all that was kept, so nothing of it is left here.
        self.kept_out, self.kept_in = kept_out, kept_in
        self._sum_kept(base)
        self._floor = max(self.given, self._need_of_kept(base))
        return [(base.place(each), False, each) for each in outs[kept_out:]] + [
            (base.place(each), True, each) for each in ins[kept_in:]
        ]

    def _sum_kept(self, base: Index) -> None:
        outs, ins = base.outs(self._line)[: self.kept_out], base.ins(self._line)[: self.kept_in]
        self.left = base.po[outs[-1]] + base.debited(outs[-1]) if len(outs) else 0
        self.came = base.pi[ins[-1]] + base.credited(ins[-1]) - base.opening[self._line] if len(ins) else 0

    def _need_of_kept(self, base: Index) -> int:
        """Return the smallest opening balance for the kept part, where each outflow ends beside what came before it."""
        outs = np.asarray(base.outs(self._line)[: self.kept_out])
        ins = np.asarray(base.ins(self._line)[: self.kept_in])
        if not len(outs):
            return 0
        ends = np.append(base.columns.po[outs[1:]], self.left)
        came = np.append(base.columns.pi[ins] - base.opening[self._line], self.came)
        return max(0, int((ends - came[np.searchsorted(ins, outs)]).max()))
