"""What requests owns: claims and their shares (the money bar), holds, and orders."""

from typing import Annotated, Literal

import msgspec

from lintas.model.messages import LegalBasis, Outcome, Purpose
from lintas.model.tainted import Baton, LedgerAnswer

ShareState = Literal["held", "moved", "spent", "returned", "released", "unknown"]
SHARE_STATES: tuple[ShareState, ...] = ("held", "moved", "spent", "returned", "released", "unknown")
Direction = Literal["asked", "received", "own"]
HoldState = Literal[
    "awaiting_approval", "sent", "delivered", "ordered", "answered", "refused_by_policy", "refused_by_peer", "refused"
]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a case's money: ``amount_minor`` of the claim's currency, in one state, at one holder.

    ``baton`` names the same money where it is; ``hold`` the hold that covers it; ``until`` when that hold ends.
    """

    id: str
    case: str
    state: ShareState
    amount_minor: int
    holder: str = ""
    authority: str = ""
    law: str = ""
    until: str | None = None
    baton: Baton | None = None
    hold: str | None = None
    note: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is about: the amount stolen; for a foreign case, the amount of the request in this ledger's currency."""

    case: str
    currency: str
    stolen: int
    scheme: str
    opened_at: str
    origin: str = ""
    officer: str = ""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """One request that an amount be held: asked of a peer, received from one, or our own. Amounts are minor units.

    ``peer`` is the other authority ("" for our own). ``decision`` is the policy's sentence that let it go or stopped it.
    """

    id: str
    case: str
    share: str
    direction: Direction
    peer: str
    baton: Baton
    amount_minor: int
    currency: str
    purpose: Purpose
    scheme: str
    state: HoldState
    asked_at: str
    decision: str = ""
    object: str | None = None
    request_basis: LegalBasis | None = None
    answer_by: str | None = None
    #: When a request ends (RFC 3339): afterwards nobody may act on it. None for our own.
    expires: str | None = None
    #: The officer on whose report or click it was asked; the approver of our own hold must be somebody else.
    asked_by: str = ""
    outcome: Outcome | None = None
    reason: str = ""
    answered_at: str | None = None
    #: For a request received: the peer's object that asked.
    statement: str = ""
    #: Why a request received deserves a second look ("" if nothing is known); found when it is read, never stored.
    doubt: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The holding authority's own order to its bank: hold at most this much of this interval, until then, under this law."""

    id: str
    hold: str
    case: str
    bank: str
    baton: Baton
    amount_minor: int
    currency: str
    basis: LegalBasis
    approver: str
    issued_at: str
    expires: str
    contact: str
    answer: LedgerAnswer | None = None
    refusal: str = ""
    answered_at: str | None = None


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """The money bar of a case: amounts by state, minor units of ``currency``; ``exact`` when they add up to ``stolen``."""

    case: str
    currency: str
    stolen: int
    held: int
    moved: int
    spent: int
    returned: int
    released: int
    unknown: int
    exact: bool
    shares: tuple[Share, ...]


class HoldForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An officer's own request that part of a share be held; left out, ``amount_minor`` is the whole share."""

    share: str
    amount_minor: Annotated[int, msgspec.Meta(ge=1)] | None = None
    purpose: Purpose = "stop_payment"


class BankRefusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's refusal of an order, with its legal reason."""

    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]


class OrderIssued(msgspec.Struct, frozen=True):
    """An order was issued to a bank of this authority."""

    order: str
    hold: str
    bank: str
