"""What clocks are about: which kinds there are, one that runs, and one that ran out."""

from typing import Literal

import msgspec

#: What a clock runs on: an officer here is to decide on a hold, a peer to answer one, a bank to answer an order; an order that
#: could be confirmed is about to end; money that moved on is to be asked for.
ClockKind = Literal["decide", "peer_answer", "bank_answer", "confirm", "chase"]


CLOCK_KINDS: tuple[ClockKind, ...] = ("decide", "peer_answer", "bank_answer", "confirm", "chase")


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """One clock that runs, or ran out, and what it runs on: ``subject`` is a hold (``decide``, ``peer_answer``), an order
    (``bank_answer``, ``confirm``) or a share (``chase``).

    ``who`` is the peer or bank that is waited for, or that has the money. Amounts are minor units.
    """

    kind: ClockKind
    subject: str
    case: str
    due: str
    over: bool
    who: str = ""
    hold: str = ""
    amount_minor: int = 0
    currency: str = ""


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """One clock that ran out: what it ran on, when that was noted, and when nothing was left to be done about it."""

    id: str
    kind: ClockKind
    subject: str
    case: str
    hold: str
    who: str
    due: str
    raised_at: str
    settled_at: str | None = None


class Escalated(msgspec.Struct, frozen=True):
    """A clock ran out: somebody has to act who has not."""

    escalation: str
    kind: str
    case: str
