"""Pure: turns a trail through the bank's ledger into what the authority may know, and decides what an order holds."""

import msgspec

from lintas.model.tainted import Baton, LedgerAnswer, Part, PartState
from lintas.trace.trail import Baton as Leaving
from lintas.trace.trail import Held, Spent, Trail
from lintas.trace.trail import Part as Leaf


def answer_of(trail: Trail) -> LedgerAnswer:
    """Return the trail as parts that tile the asked interval: amounts and batons, no account."""
    leaves: list[Leaf] = [*trail.frontier, *trail.batons, *trail.spent, *trail.unfollowed]
    leaves.sort(key=lambda leaf: leaf.origin_from)
    parts = [_part(leaf) for leaf in leaves if leaf.origin_to > leaf.origin_from]
    return LedgerAnswer(
        transfer=trail.transfer,
        start=trail.start,
        end=trail.end,
        currency=trail.currency,
        snapshot=trail.snapshot,
        found=True,
        parts=tuple(parts),
    )


def not_found(transfer: str, start: int, end: int, currency: str) -> LedgerAnswer:
    """Return the answer that this ledger has no such transfer."""
    return LedgerAnswer(transfer=transfer, start=start, end=end, currency=currency, snapshot="", found=False)


def carried_out(located: LedgerAnswer, at_most: int) -> LedgerAnswer:
    """Return the answer with what is here held, from the start of the interval, and never more than ``at_most`` in all."""
    left, parts = at_most, []
    for part in located.parts:
        if part.state != "here" or left == 0:
            parts.append(part)
            continue
        if part.amount_minor <= left:
            left -= part.amount_minor
            parts.append(msgspec.structs.replace(part, state="held"))
            continue
        cut = part.start + left
        local = part.local_minor * left // part.amount_minor
        parts.append(msgspec.structs.replace(part, state="held", end=cut, local_minor=local))
        parts.append(msgspec.structs.replace(part, start=cut, local_minor=part.local_minor - local))
        left = 0
    return msgspec.structs.replace(located, parts=tuple(parts))


def _part(leaf: Leaf) -> Part:
    baton: Baton | None = None
    state: PartState = "unknown"
    if isinstance(leaf, Held):
        state = "here"
    elif isinstance(leaf, Spent):
        state = "spent"
    elif isinstance(leaf, Leaving):
        state = "moved"
        holder = leaf.receiver_bank or ""
        baton = Baton(transfer=leaf.transfer, start=leaf.start, end=leaf.end, currency=leaf.currency, holder=holder)
    return Part(
        state=state,
        start=leaf.origin_from,
        end=leaf.origin_to,
        local_minor=leaf.amount_minor,
        local_currency=leaf.currency,
        baton=baton,
    )
