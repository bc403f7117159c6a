"""What one authority says to another: a statement is one typed, marked object; a message is what a use case says.

A statement travels as the exact JSON bytes its origin wrote. Its frame (type, version, id, purpose, marking) is read first;
the body is decoded only by a type and version known here: everything else is refused by name, never guessed at.
"""

from typing import Literal

import msgspec

from lintas.model import fields
from lintas.model.errors import BadInput, Refused
from lintas.model.listings import (
    Listing,
    ListingAppeal,
    ListingAppealStatus,
    ListingStatus,
    ListingWithdrawal,
    NumberListing,
    RangeListing,
)
from lintas.model.markings import Marking
from lintas.model.senders import SenderClaim, SenderEnd, SenderRejection, SenderWord
from lintas.model.tainted import Baton, CurrencyCode, Minor, Parts, Spans

#: No statement is larger: a ledger commitment, a letter and a screen all have to hold it.
MAX_STATEMENT = 65_536

#: What a peer writes is bounded before anything is done with it.
HoldId = fields.MessageId
Line = fields.Line
Words = fields.Words
Scheme = fields.Scheme
Instant = fields.Instant

Purpose = Literal[
    "stop_payment",
    "trace_funds",
    "status",
    "release_funds",
    "statistics",
    "warn_public",
    "disruption",
    "investigation",
    "protection",
]
Lane = Literal["urgent", "bulk"]
Outcome = Literal["held_full", "held_partial", "moved", "spent", "refused", "not_found", "released", "expired"]


class LegalBasis(msgspec.Struct, frozen=True, kw_only=True):
    """The rule and the section of law under which somebody acts; ``law`` says so when no section was found."""

    jurisdiction: Line
    rule: Words
    law: Words


class HoldRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks an authority to have at most ``amount_minor`` of a baton held; the asked authority decides by its own law."""

    hold: HoldId
    baton: Baton
    amount_minor: Minor
    currency: CurrencyCode
    scheme: Scheme
    basis: LegalBasis
    answer_by: Instant
    expires: Instant
    contact: Line


class HoldAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answers a hold request: what the holding authority's own order achieved; the parts tile the asked amount exactly."""

    hold: HoldId
    outcome: Outcome
    parts: Parts = ()
    basis: LegalBasis | None = None
    approver: Line = ""
    expires: Instant | None = None
    reason: Words = ""
    second_approver: Line = ""


class HoldStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Says where a hold stands beside its answer: received, approved by a named officer, confirmed by law for longer
    (``expires`` is the new end), or that the holding authority declined to release ``spans`` of it (``reason``)."""

    hold: HoldId
    state: Literal["received", "approved", "confirmed", "release_declined"]
    at: Instant
    expires: Instant | None = None
    spans: Spans = ()
    reason: Words = ""


#: Why the asking authority takes a request back.
WithdrawalCode = Literal["mistake", "good_faith", "complaint_withdrawn", "case_closed"]
#: Why the holding authority let money go; ``returned``: it was paid back to those it was taken from, which is final.
ReleaseCode = Literal["appeal", "withdrawn", "expired", "correction", "returned"]


class HoldWithdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """Takes a hold request back, or the named parts of it: the asker has no reason left to want that money held.

    ``spans`` are parts of the asked baton's transfer, none means all. The holding authority decides by its own law.
    """

    hold: HoldId
    code: WithdrawalCode
    at: Instant
    spans: Spans = ()
    reason: Words = ""


class HoldRelease(msgspec.Struct, frozen=True, kw_only=True):
    """Tells the asker that ``spans`` of the asked baton's transfer are not held any more; none means that nothing was held.

    ``basis`` and ``approver`` are of the holding authority's own release; for a hold that ended, of the order that did.
    """

    hold: HoldId
    code: ReleaseCode
    at: Instant
    spans: Spans = ()
    basis: LegalBasis | None = None
    approver: Line = ""
    reason: Words = ""
    second_approver: Line = ""


Body = HoldRequest | HoldAnswer | HoldStatus | HoldWithdrawal | HoldRelease


class Kind(msgspec.Struct, frozen=True):
    """How one type of statement is read and judged: its struct, its data category and subject for policy, its lane."""

    body: type[msgspec.Struct]
    category: str
    subject: str
    lane: Lane


KINDS: dict[str, Kind] = {
    "hold_request": Kind(HoldRequest, "hold_request", "account_holder", "urgent"),
    "hold_answer": Kind(HoldAnswer, "hold_answer", "account_holder", "urgent"),
    "hold_status": Kind(HoldStatus, "status", "none", "urgent"),
    "hold_withdrawal": Kind(HoldWithdrawal, "withdrawal", "account_holder", "urgent"),
    "hold_release": Kind(HoldRelease, "release_notice", "account_holder", "urgent"),
    # Lists may be long and must not stand in the way of a hold; taking back never waits behind them.
    "listing": Kind(Listing, "indicator", "none", "bulk"),
    "listing_range": Kind(RangeListing, "number_range", "none", "bulk"),
    "listing_number": Kind(NumberListing, "listed_number", "suspect", "bulk"),
    "listing_withdrawal": Kind(ListingWithdrawal, "withdrawal", "none", "urgent"),
    "listing_status": Kind(ListingStatus, "status", "none", "bulk"),
    "listing_appeal": Kind(ListingAppeal, "withdrawal", "none", "urgent"),
    "listing_appeal_status": Kind(ListingAppealStatus, "status", "none", "urgent"),
    "sender_claim": Kind(SenderClaim, "indicator", "none", "bulk"),
    "sender_end": Kind(SenderEnd, "withdrawal", "none", "urgent"),
    "sender_word": Kind(SenderWord, "status", "none", "urgent"),
    "sender_rejection": Kind(SenderRejection, "status", "none", "urgent"),
}
VERSION = 1


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of one statement; ``body`` are the exact bytes inside it."""

    type: str
    version: int
    id: str
    origin: str
    purpose: str
    marking: Marking
    issued_at: str
    body: msgspec.Raw


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a use case says to one peer: bodies that share a purpose and a marking.

    ``case`` is the sender's own case that it belongs to ("" for none): approvals may be given for one case only. It does not
    travel.
    """

    purpose: Purpose
    marking: Marking
    bodies: tuple[msgspec.Struct, ...]
    case: str = ""


_NAMES = {kind.body: name for name, kind in KINDS.items()}


def kind_of(body: msgspec.Struct) -> tuple[str, Kind]:
    """Return the type name and kind of a body."""
    name = _NAMES[type(body)]
    return name, KINDS[name]


def write(body: msgspec.Struct, *, id: str, origin: str, purpose: str, marking: Marking, issued_at: str) -> bytes:
    """Write the statement's bytes, once: these are committed to, signed, stored and sent.

    BadInput when its reader would have to refuse it: too large, or a field out of its bounds.
    """
    name, _ = kind_of(body)
    raw = msgspec.Raw(msgspec.json.encode(body))
    try:
        _bodies[name].decode(raw)
    except msgspec.ValidationError as wrong:
        raise BadInput(
            f"this cannot be said in a {name}: {wrong}", "shorten it, and leave control characters out"
        ) from None
    frame = Statement(
        type=name,
        version=VERSION,
        id=id,
        origin=origin,
        purpose=purpose,
        marking=marking,
        issued_at=issued_at,
        body=raw,
    )
    data = msgspec.json.encode(frame)
    if len(data) > MAX_STATEMENT:
        raise BadInput(f"the {name} would have {len(data)} bytes", f"a statement has at most {MAX_STATEMENT}")
    return data


_frame = msgspec.json.Decoder(Statement)
_bodies = {name: msgspec.json.Decoder(kind.body) for name, kind in KINDS.items()}


def read_frame(data: bytes) -> Statement:
    """Read the frame of received bytes; BadInput when they are no statement."""
    if len(data) > MAX_STATEMENT:
        raise BadInput(f"a statement of {len(data)} bytes is over the limit of {MAX_STATEMENT}", "split it")
    try:
        return _frame.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadInput(f"this is no statement: {wrong}", "check it against the message reference") from None


def purpose_of(statement: Statement) -> Purpose:
    """Return a statement's purpose; BadInput when it is none that this node knows."""
    try:
        purpose: Purpose = msgspec.convert(statement.purpose, Purpose)
    except msgspec.ValidationError:
        raise BadInput(f"{statement.purpose[:40]!r} is no purpose", "use one of the message reference") from None
    return purpose


def read_body(statement: Statement) -> msgspec.Struct:
    """Read the body by its type and version; Refused by name when this node does not know them."""
    if statement.type not in KINDS:
        raise Refused("unknown_type", f"unknown message type {statement.type!r}", "this node must be upgraded first")
    if statement.version != VERSION:
        raise Refused(
            "unknown_version",
            f"message type {statement.type} has version {statement.version}; this node reads version {VERSION}",
            "agree on a version with the sender",
        )
    try:
        return _bodies[statement.type].decode(statement.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadInput(f"the {statement.type} is wrong: {wrong}", "check it against the message reference") from None
