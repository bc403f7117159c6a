"""Poison: everything that leaves an account after tainted money reached it is tainted, whole; backward, all that came before.

It says where stolen money may have gone at most. It counts more than was stolen, so it is never a reason to hold anything.
"""

from lintas.trace.questions.leaves import Piece
from lintas.trace.questions.sweep import Pool, Sweep
from lintas.trace.questions.timeline import balance_at

BOUND = "poison counts everything that leaves after contact, more than was asked about: an outer bound, not for holding"


class Poison(Sweep):
    """The sweep by contact; each transfer is visited once, and nothing is conserved.

    The smallest part to be followed is compared with a transfer's own amount.
    """

    method, bound = "poison", BOUND
    _asked = (0, 0)

    def _add(self, pool: Pool, piece: Piece, amount: int) -> None:
        if not pool.amount:
            pool.last = piece.transfer
        self._asked = (piece.origin_from, piece.origin_to)
        pool.amount += amount

    def _take(self, pool: Pool, transfer: int, amount: int) -> tuple[int, tuple[int, int]]:
        return amount, self._asked

    def _worth(self, piece: Piece) -> int:
        return piece.end - piece.start

    def _origins_of(self, pool: Pool) -> tuple[int, int]:
        return self._asked

    def _rest_of(self, pool: Pool) -> int:
        """Return the whole balance at the end; backward, the whole opening balance."""
        if self.backward:
            return self.index.opening[pool.line]
        return balance_at(self.index, pool.line, self._until)
