"""The lines of a trail that a court can redo by hand, with no other customer's transfer among them."""

import msgspec

from lintas.model.errors import BadInput
from lintas.trace.derivations.positions import Positions
from lintas.trace.derivations.pro_rata import ProRata
from lintas.trace.derivations.steps import Row
from lintas.trace.engine.index import Index
from lintas.trace.questions.trail import Trail

#: The methods that conserve, and so have arithmetic to redo, and who redoes it.
EXPLAINED: dict[str, type[Positions] | type[ProRata]] = {"fifo": Positions, "lifo": Positions, "haircut": ProRata}


class Derivation(msgspec.Struct, frozen=True, kw_only=True):
    """A trail and its lines, in the order of its steps."""

    trail: Trail
    rows: tuple[Row, ...]


def derive(index: Index, trail: Trail, *, stops: frozenset[str] = frozenset()) -> Derivation:
    """Return the lines of a trail on the index that gave it; ``stops`` are those it was asked with.

    Raises BadInput for poison, which has no arithmetic, and for a trail by haircut that ran out of time.
    """
    if trail.method not in EXPLAINED:
        what = f"there are no lines to redo by {trail.method}: it says where money may have gone, not how much"
        raise BadInput(what, f"use {', '.join(EXPLAINED)}")
    return Derivation(trail=trail, rows=tuple(EXPLAINED[trail.method](index, trail, stops).rows()))
