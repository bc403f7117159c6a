"""What the question of a trail answers: where the money went, where it is, and who must be asked next."""

from typing import Literal

import msgspec

#: Why a part was not followed: by the asker's limits, or because it is less than one minor unit after conversion.
Reason = Literal["max_hops", "min_amount", "max_intervals", "deadline", "rounding"]

_EDGES = {"start": "from", "end": "to"}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How far to go: hops from the asked transfer, parts worth following (in the asked transfer's minor units), size.

    ``deadline_ms``: milliseconds of run time after which nothing more is followed; None: no deadline.
    """

    max_hops: int = 1_000
    min_amount: int = 1
    max_intervals: int = 100_000
    deadline_ms: int | None = None


class Interval(msgspec.Struct, frozen=True, rename=_EDGES):
    """The tainted part ``[start, end)`` of a transfer, in minor units of its settled amount; the asked one is hop 0."""

    transfer: str
    start: int
    end: int
    hop: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf of the trail: an amount, and which part of the asked transfer it is, in that one's minor units.

    The origins of all leaves tile the asked interval: they sum to it exactly, through every conversion.
    """

    amount_minor: int
    currency: str
    hop: int
    origin_from: int
    origin_to: int


class Held(Part, frozen=True, kw_only=True, rename=_EDGES):
    """Money at rest: in ``account`` ``since`` it arrived by ``transfer``, of which it is the part ``[start, end)``.

    That part is counted in what the account got, in minor units of ``currency``. Backward: money of the account's opening
    balance, so neither ``since`` nor an incoming transfer is known, and ``transfer`` is the one it left by.
    """

    account: str
    since: str | None
    transfer: str
    start: int
    end: int


class Baton(Part, frozen=True, kw_only=True, rename=_EDGES, omit_defaults=True):
    """What the next holder needs, and no more: the transfer and its tainted part, in its settled amount and currency."""

    transfer: str
    start: int
    end: int
    since: str
    receiver_bank: str | None = None
    sender_bank: str | None = None


class Spent(Part, frozen=True, kw_only=True, rename=_EDGES):
    """Money that left the accounts for good: paid to a merchant or taken out in cash."""

    transfer: str
    start: int
    end: int
    since: str
    kind: str


class Unfollowed(Part, frozen=True, kw_only=True, rename=_EDGES):
    """A part that a limit kept from being followed."""

    transfer: str
    start: int
    end: int
    reason: Reason


class Trail(msgspec.Struct, frozen=True, kw_only=True, rename=_EDGES):
    """The answer for the part ``[start, end)`` of ``transfer``, in minor units of ``currency``.

    ``truncated`` is the sum of ``unfollowed`` in the asked transfer's minor units. ``conserved``: the origins of all
    leaves tile the asked interval, and in each currency what came in and was converted equals what the leaves hold.
    ``opening`` is "assumed" where an account on the trail has an opening balance that was not given. ``bound`` says why a
    trail is not conserved by design: it is an outer bound, for knowing where to look and never for holding.

    By haircut and poison money in a transfer or account has no position: an interval or part is ``[0, amount)``, and origins
    are amounts laid end to end. By poison each leaf's origin is all that was asked: any of it may be there.
    """

    transfer: str
    start: int
    end: int
    currency: str
    method: str
    direction: Literal["forward", "backward"]
    as_of: str | None
    snapshot: str
    opening: Literal["given", "assumed"]
    intervals: tuple[Interval, ...]
    frontier: tuple[Held, ...]
    batons: tuple[Baton, ...]
    spent: tuple[Spent, ...]
    truncated: int
    unfollowed: tuple[Unfollowed, ...]
    conserved: bool
    bound: str | None = None

    def leaves(self) -> list[Held | Baton | Spent | Unfollowed]:
        """Return all leaves in the order of their origins, which tile the asked interval.

        An origin can be empty where the leaf's currency is finer than the asked transfer's; its amount is not.
        """
        every: list[Held | Baton | Spent | Unfollowed] = [*self.frontier, *self.batons, *self.spent, *self.unfollowed]
        return sorted(every, key=lambda leaf: (leaf.origin_from, leaf.origin_to))
