"""Several victims at once: which of them has which part of what is still there, by tracing and pro rata of the common pool.

By first in, first out two claims meet in one unit only where one victim's money went through the other's claimed transfer. Both
then claim it, and it is shared in equal parts. Two claims to the same part of the same transfer are a mistake, and refused.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

import msgspec

from lintas.model.errors import BadInput
from lintas.model.tainted import Span
from lintas.trace.engine.index import Index
from lintas.trace.questions.fifo import trace
from lintas.trace.questions.trail import Limits, Part, Trail

_EDGES = {"start": "from", "end": "to"}


class Claim(msgspec.Struct, frozen=True):
    """One victim's claim: a transfer and its part (minor units of the settled amount; None: all of it)."""

    transfer: str
    part: Span | None = None


class Claimed(msgspec.Struct, frozen=True, kw_only=True, rename=_EDGES):
    """What became of one claim, in its transfer's minor units: the last four sum to ``claimed_minor`` exactly.

    ``there_minor`` counts what is shared with another claim in full.
    """

    claim: int
    transfer: str
    start: int
    end: int
    currency: str
    claimed_minor: int
    there_minor: int
    moved_minor: int
    spent_minor: int
    truncated: int


class Share(msgspec.Struct, frozen=True):
    """One claim's amount of something, in that thing's currency."""

    claim: int
    amount_minor: int


class Found(msgspec.Struct, frozen=True, kw_only=True, rename=_EDGES):
    """One part of what is still there, and whose it is: ``[start, end)`` of what the account got by ``transfer``."""

    account: str
    currency: str
    amount_minor: int
    since: str
    transfer: str
    start: int
    end: int
    claims: tuple[Share, ...]


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """All that is still there in one currency, shared twice; each list sums to ``amount_minor`` exactly.

    ``pro_rata`` is by the amounts claimed, largest remainder; None where claims are in several currencies.
    """

    currency: str
    amount_minor: int
    by_tracing: tuple[Share, ...]
    pro_rata: tuple[Share, ...] | None


class Restitution(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for several claims on one snapshot; claims are numbered from 1 as they were given."""

    method: Literal["fifo"] = "fifo"
    as_of: str | None
    snapshot: str
    opening: Literal["given", "assumed"]
    claims: tuple[Claimed, ...]
    found: tuple[Found, ...]
    pools: tuple[Pool, ...]
    conserved: bool


def restitution(
    index: Index,
    claims: Sequence[Claim],
    *,
    as_of: datetime | None = None,
    limits: Limits | None = None,
    stops: frozenset[str] = frozenset(),
) -> Restitution:
    """Trace every claim by first in, first out, and share what is still there.

    Raises BadInput for no claim, or for two to the same part of a transfer; else as :func:`lintas.trace.questions.fifo.trace`.
    """
    if not claims:
        raise BadInput("there is no claim", "name at least one transfer")
    trails = [trace(index, claim.transfer, claim.part, as_of=as_of, limits=limits, stops=stops) for claim in claims]
    _refuse_twice(trails)
    found = _found(trails)
    pools = tuple(_pool(code, found, trails) for code in sorted({part.currency for part in found}))
    return Restitution(
        as_of=trails[0].as_of,
        snapshot=index.snapshot,
        opening="assumed" if any(trail.opening == "assumed" for trail in trails) else "given",
        claims=tuple(_claimed(number, trail) for number, trail in enumerate(trails, 1)),
        found=tuple(found),
        pools=pools,
        conserved=all(trail.conserved for trail in trails),
    )


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """Share an amount by weights (at least one > 0) by largest remainder; ties go to whoever comes first. Sums exactly."""
    whole = sum(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(amount * weights[at] % whole), at))
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def _refuse_twice(trails: list[Trail]) -> None:
    for number, one in enumerate(trails, 1):
        for earlier, other in enumerate(trails[: number - 1], 1):
            if one.transfer == other.transfer and max(one.start, other.start) < min(one.end, other.end):
                what = f"claims {earlier} and {number} are to the same money of transfer {one.transfer!r}"
                raise BadInput(what, "give each claim its own part (ID:FROM:TO)")


def _found(trails: list[Trail]) -> list[Found]:
    """Cut what is still there where the claimants change; in the order of accounts and arrivals."""
    leaves: dict[tuple[str, str, str, str], list[tuple[int, int, int]]] = {}
    for number, trail in enumerate(trails, 1):
        for held in trail.frontier:
            place = held.account, held.currency, str(held.since), held.transfer
            leaves.setdefault(place, []).append((held.start, held.end, number))
    found = []
    for (account, currency, since, transfer), spans in sorted(leaves.items()):
        edges = sorted({edge for start, end, _ in spans for edge in (start, end)})
        for start, end in pairwise(edges):
            claimants = sorted({number for low, high, number in spans if low <= start and end <= high})
            if claimants:
                parts = shared(end - start, [1] * len(claimants))
                found.append(
                    Found(
                        account=account,
                        currency=currency,
                        amount_minor=end - start,
                        since=since,
                        transfer=transfer,
                        start=start,
                        end=end,
                        claims=tuple(Share(number, part) for number, part in zip(claimants, parts, strict=True)),
                    )
                )
    return found


def _pool(code: str, found: list[Found], trails: list[Trail]) -> Pool:
    parts = [part for part in found if part.currency == code]
    amount, numbers = sum(part.amount_minor for part in parts), range(1, len(trails) + 1)
    traced = dict.fromkeys(numbers, 0)
    for part in parts:
        for share in part.claims:
            traced[share.claim] += share.amount_minor
    pro_rata = None
    if len({trail.currency for trail in trails}) == 1:
        weights = [trail.end - trail.start for trail in trails]
        pro_rata = tuple(Share(number, part) for number, part in zip(numbers, shared(amount, weights), strict=True))
    return Pool(
        currency=code,
        amount_minor=amount,
        by_tracing=tuple(Share(number, part) for number, part in traced.items()),
        pro_rata=pro_rata,
    )


def _claimed(number: int, trail: Trail) -> Claimed:
    def measured(leaves: Sequence[Part]) -> int:
        return sum(leaf.origin_to - leaf.origin_from for leaf in leaves)

    return Claimed(
        claim=number,
        transfer=trail.transfer,
        start=trail.start,
        end=trail.end,
        currency=trail.currency,
        claimed_minor=trail.end - trail.start,
        there_minor=measured(trail.frontier),
        moved_minor=measured(trail.batons),
        spent_minor=measured(trail.spent),
        truncated=trail.truncated,
    )
