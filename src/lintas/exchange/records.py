"""What the exchange owns beside envelopes: decisions about how far this authority trusts a peer."""

from typing import Annotated

import msgspec

from lintas.border.records import Standing
from lintas.model.tainted import PLAIN

#: Why somebody decides: one line of plain text with something in it.
Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=r"\A(?=\s*\S)" + PLAIN.removeprefix(r"\A"))]


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody decides about a peer; it stays listed, and is not told to the peer."""

    reason: Reason


class StandingChange(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of this authority: from then on ``peer`` has this ``standing`` here.

    It counts at once, except that ``trusted`` counts only when somebody else has confirmed it. Times are RFC 3339.
    """

    id: str
    peer: str
    standing: Standing
    reason: str
    asked_by: str
    asked_at: str
    confirmed_by: str | None = None
    confirmed_at: str | None = None
    confirmed_reason: str | None = None

    @property
    def counts(self) -> bool:
        """Tell whether it was ever in force."""
        return self.standing != "trusted" or self.confirmed_by is not None
