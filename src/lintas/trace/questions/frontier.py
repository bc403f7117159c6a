"""Where the money is now and what to ask for first: freeze points, how long it has been there, what is expected to be lost.

Each leaf that somebody can still stop, at rest here or on its way to another holder, is ranked by what of it is expected to
leave while an order is handed over: its part of the asked transfer, times the share that the dwell model lets go.
"""

import msgspec

from lintas.model import times
from lintas.text.wallets import chain_of
from lintas.trace.engine.index import Index
from lintas.trace.ledgers.ledger import from_microseconds
from lintas.trace.questions import dwell
from lintas.trace.questions.dwell import Dwell
from lintas.trace.questions.labels import Label, Labels
from lintas.trace.questions.trail import Baton, Held, Trail


class FreezePoint(Held, frozen=True, kw_only=True):
    """Money at rest that can be held: what kind of place it is, since how many seconds, and how urgent it is.

    ``expected_left``: the share (0 to 1) expected there after the hand-over. ``rank`` counts from 1, batons included.
    """

    kind: str
    label: str
    label_source: str
    waited_s: int
    expected_left: float
    rank: int


class Pursued(Baton, frozen=True, kw_only=True):
    """A baton with its place in the same ranking: the next holder can stop it."""

    waited_s: int
    expected_left: float
    rank: int


def ranked(trail: Trail, index: Index, *, labels: Labels | None = None, model: Dwell | None = None) -> Trail:
    """Return the trail with its frontier and batons as freeze points, in the order in which to ask for them.

    A trail that is only an outer bound, or that goes backward, is returned as it is: nothing is held by it.
    """
    if trail.bound is not None or trail.direction == "backward":
        return trail
    now = times.parse(trail.as_of) if trail.as_of else from_microseconds(index.latest())
    model, ahead = model or dwell.model(), dwell.handover_minutes()
    leaves: list[Held | Baton] = [*trail.frontier, *trail.batons]
    weighed = []
    for leaf in leaves:
        waited = int((now - times.parse(str(leaf.since))).total_seconds())
        left = model.expected(waited / 60, ahead)
        share = leaf.origin_to - leaf.origin_from
        weighed.append((-share * (1 - left), -share, leaf.origin_from, leaf, max(waited, 0), round(left, 3)))
    weighed.sort(key=lambda each: each[:3])
    held, leaving = list[Held](), list[Baton]()
    for rank, (_, _, _, leaf, waited, left) in enumerate(weighed, 1):
        if isinstance(leaf, Held):
            held.append(_freeze_point(leaf, labels or {}, waited, left, rank))
        else:
            fields = {name: getattr(leaf, name) for name in Baton.__struct_fields__}
            leaving.append(Pursued(**fields, waited_s=waited, expected_left=left, rank=rank))
    return msgspec.structs.replace(trail, frontier=tuple(held), batons=tuple(leaving))


def _freeze_point(leaf: Held, labels: Labels, waited: int, left: float, rank: int) -> FreezePoint:
    label = labels.get(leaf.account) or Label("wallet" if chain_of(leaf.account) else "bank_account", "", "")
    fields = {name: getattr(leaf, name) for name in Held.__struct_fields__}
    return FreezePoint(
        **fields,
        kind=label.kind,
        label=label.label,
        label_source=label.source,
        waited_s=waited,
        expected_left=left,
        rank=rank,
    )
