"""What lists say of numbers: kinds and which of two wins, rows, and the changes that deltas bring."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec

from lintas.model.messages import Line
from lintas.telco.records import Kind

#: Of several entries for one number the first kind here wins, whoever owns it: protection before blocking, what the
#: number's owner or plan says before what was reported of it.
KINDS: tuple[Kind, ...] = ("protected", "do_not_originate", "unallocated", "blocked")
RANK = {kind: rank for rank, kind in enumerate(KINDS)}

#: A gateway shows a reason on one line.
Reason = Annotated[str, msgspec.Meta(max_length=500)]
#: Seconds since 1970; up to the year 9999.
Seconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]


class Row(NamedTuple):
    """One entry, without the number that it is about."""

    kind: Kind
    owner: str
    reason: str
    expires: int

    @property
    def place(self) -> tuple[int, int, str]:
        """Return what orders rows of one number: kind, then the longer valid, then the owner's name."""
        return RANK[self.kind], -self.expires, self.owner


class Key(NamedTuple):
    """What makes an entry one: a second one with the same key replaces it. A number is a range of one."""

    first: int
    last: int
    kind: Kind
    owner: str


class Change(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One entry added (or renewed), or withdrawn; ``reason`` and ``expires`` of a withdrawal say nothing."""

    value: Annotated[str, msgspec.Meta(max_length=40)]
    kind: Kind
    owner: Line
    reason: Reason = ""
    expires: Seconds = 0
    withdraw: bool = False


def winner(rows: Sequence[Row], now: float) -> Row | None:
    """Return the row that counts now; None when all have expired or there is none."""
    if len(rows) == 1:
        return rows[0] if rows[0].expires > now else None
    best = None
    for row in rows:
        if row.expires > now and (best is None or row.place < best.place):
            best = row
    return best
