"""Haircut (pro rata): what leaves an account takes of the tainted money the proportion that it takes of the balance.

Between two inflows that proportion does not change, so over such a stretch the tainted part of what leaves is cut at
cumulative positions rounded down: after p of the balance B at the beginning of the stretch have left, floor(p * T / B) of the T
tainted units have. Nothing is lost or invented, no outflow is off by a whole minor unit, and what empties the account takes
all. Backward is the mirror: what is sought splits at inflows, by the proportion of the balance that they made.
"""

from lintas.model.money import rescale
from lintas.trace.questions.leaves import Piece
from lintas.trace.questions.sweep import Pool, Sweep
from lintas.trace.questions.timeline import came_before, gone_before


class Haircut(Sweep):
    """The sweep by proportion; conserved to the minor unit."""

    method = "haircut"

    def _add(self, pool: Pool, piece: Piece, amount: int) -> None:
        pool.amount += amount
        pool.origin += piece.origin_to - piece.origin_from
        pool.last, pool.stretch = piece.transfer, -1

    def _take(self, pool: Pool, transfer: int, amount: int) -> tuple[int, tuple[int, int]]:
        other = (gone_before if self.backward else came_before)(self.index, pool.line, transfer)
        if other != pool.stretch:
            pool.stretch, pool.whole, pool.left = other, self._balance(pool.line, transfer, amount), 0
            pool.share, pool.given = (pool.amount, pool.origin), (0, 0)
        pool.left += amount
        meant, origin = pool.share
        gone = rescale(pool.left, pool.whole, meant)
        after = rescale(gone, meant, origin)
        taken, measured = gone - pool.given[0], after - pool.given[1]
        pool.given, pool.amount, pool.origin = (gone, after), meant - gone, origin - after
        return taken, (0, measured)
