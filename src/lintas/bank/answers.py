"""Pure: turns a trail through the bank's ledger into what the authority may know, and decides what an order holds."""

from collections.abc import Sequence

import msgspec

from lintas.model.tainted import MAX_PARTS, Baton, LedgerAnswer, Part, PartState, Span, sent_by, subtract
from lintas.trace.questions.trail import Baton as Leaving
from lintas.trace.questions.trail import Held, Spent, Trail
from lintas.trace.questions.trail import Part as Leaf

#: The parts of an answer, as JSON, stay under this: a statement of 65,536 bytes has to hold them with all else that it says.
MAX_BYTES = 48_000


def answer_of(trail: Trail, bank: str) -> LedgerAnswer:
    """Return the trail through a bank's ledger as parts that tile the asked interval: amounts and batons, no account."""
    leaves: list[Leaf] = [*trail.frontier, *trail.batons, *trail.spent, *trail.unfollowed]
    leaves.sort(key=lambda leaf: leaf.origin_from)
    parts = [_part(leaf) for leaf in leaves if leaf.origin_to > leaf.origin_from]
    answer = LedgerAnswer(
        transfer=trail.transfer,
        start=trail.start,
        end=trail.end,
        currency=trail.currency,
        snapshot=trail.snapshot,
        found=True,
        parts=tuple(parts),
    )
    answer = sent_by(answer, bank)
    return msgspec.structs.replace(answer, parts=tuple(fold(list(answer.parts))))


def fold(parts: list[Part], most: int = MAX_PARTS, size: int = MAX_BYTES) -> list[Part]:
    """Return at most ``most`` parts, as JSON under ``size`` bytes.

    The smallest are joined with a neighbour and told as unknown, so that they still tile.
    """
    while len(parts) > most or (len(parts) > 1 and len(msgspec.json.encode(parts)) >= size):
        at = min(range(len(parts)), key=lambda number: parts[number].amount_minor)
        first, second = (at - 1, at) if at else (0, 1)
        left, right = parts[first], parts[second]
        same = left.local_currency == right.local_currency
        joined = msgspec.structs.replace(
            left,
            state="unknown",
            end=right.end,
            local_minor=left.local_minor + right.local_minor if same else left.local_minor,
            baton=None,
            since=None,
        )
        parts = [*parts[:first], joined, *parts[second + 1 :]]
    return parts


def not_found(transfer: str, start: int, end: int, currency: str) -> LedgerAnswer:
    """Return the answer that this ledger has no such transfer."""
    return LedgerAnswer(transfer=transfer, start=start, end=end, currency=currency, snapshot="", found=False)


def carried_out(located: LedgerAnswer, at_most: int, taken: Sequence[Span] = ()) -> LedgerAnswer:
    """Return the answer with what is here held, from the start of the interval, and never more than ``at_most`` in all.

    ``taken``: what other orders hold of the same transfer, in its minor units. It stays "here": no money is held twice.
    Where the cuts make more parts than an answer may have, the smallest are folded, and then not held.
    """
    left, parts = at_most, list[Part]()
    for part in located.parts:
        if part.state != "here":
            parts.append(part)
            continue
        holding = list[Span]()
        for start, end in subtract((part.start, part.end), taken):
            if left > 0:
                holding.append((start, min(end, start + left)))
                left -= holding[-1][1] - start
        resting = subtract((part.start, part.end), holding)
        parts += [_cut(part, span, "held" if span in holding else "here") for span in sorted(holding + resting)]
    return msgspec.structs.replace(located, parts=tuple(fold(parts)))


def _cut(part: Part, span: Span, state: PartState) -> Part:
    """Return a piece of a part; its pieces' local amounts add up to the part's, whatever the cuts."""
    low, high = (part.local_minor * (edge - part.start) // part.amount_minor for edge in span)
    return msgspec.structs.replace(part, state=state, start=span[0], end=span[1], local_minor=high - low)


def _part(leaf: Leaf) -> Part:
    baton: Baton | None = None
    state: PartState = "unknown"
    since: str | None = None
    if isinstance(leaf, Held):
        state, since = "here", leaf.since
    elif isinstance(leaf, Spent):
        state, since = "spent", leaf.since
    elif isinstance(leaf, Leaving):
        state, since = "moved", leaf.since
        holder = leaf.receiver_bank or ""
        baton = Baton(transfer=leaf.transfer, start=leaf.start, end=leaf.end, currency=leaf.currency, holder=holder)
    return Part(
        state=state,
        start=leaf.origin_from,
        end=leaf.origin_to,
        local_minor=leaf.amount_minor,
        local_currency=leaf.currency,
        baton=baton,
        since=since,
    )
