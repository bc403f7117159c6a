"""What requests owns: claims and their shares (the money bar), holds, and orders."""

from typing import Annotated, Literal

import msgspec

from lintas.model.messages import LegalBasis, Outcome, Purpose, ReleaseCode, WithdrawalCode
from lintas.model.money import MAX_MINOR
from lintas.model.tainted import PLAIN, WRITTEN, Baton, LedgerAnswer, Minor, Span, Spans

ShareState = Literal["held", "moved", "spent", "returned", "released", "unknown"]
SHARE_STATES: tuple[ShareState, ...] = ("held", "moved", "spent", "returned", "released", "unknown")
Direction = Literal["asked", "received", "own"]
HoldState = Literal[
    "awaiting_approval",
    "sent",
    "delivered",
    "ordered",
    "answered",
    "refused_by_policy",
    "refused_by_peer",
    "refused",
    "withdrawn",
    "expired",
]
#: States in which somebody still owes an answer.
OPEN: frozenset[HoldState] = frozenset({"awaiting_approval", "sent", "delivered", "ordered"})
AmendmentState = Literal["awaiting_approval", "ordered", "done", "declined"]
WithdrawalState = Literal["sent", "delivered", "refused", "confirmed", "declined"]
AppealState = Literal["open", "upheld", "dismissed"]


class FirstApproval(msgspec.Struct, frozen=True):
    """One officer's yes to what takes two: it waits for another's, and counts only while what it was given for stands.

    ``of`` is the SHA-256 of that: the policy table, and what was to be ordered.
    """

    officer: str
    at: str
    of: str


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A place on the way of stolen money: the part of a transfer by which it came, and whose the bank is.

    ``since`` (RFC 3339) is what the ledger that it left says, None where nobody said it; ``seen`` is when, by our clock, this
    holder last said what became of it, None for one that did not say yet.
    """

    baton: Baton
    authority: str = ""
    since: str | None = None
    seen: str | None = None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a case's money: ``amount_minor`` of the claim's currency, in one state, at one holder.

    ``baton`` names the same money where it is; ``hold`` the hold that covers it; ``until`` when that hold ends; ``hop`` how
    many borders the money had crossed when it was last asked for.
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
    hop: int = 0
    #: Who let it go; asking for it again takes somebody else.
    let_go_by: str = ""
    #: The places that it came through, the last of them where it is or was last; nothing before a ledger has answered.
    way: tuple[Stop, ...] = ()
    #: When it was spent, left, or came to rest, as its holder says.
    since: str | None = None
    #: By when an officer should have asked for money that moved on, where no rule does it; None: no clock runs.
    ask_by: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is about: the amount stolen; for a foreign case, the amount of the request in this ledger's currency."""

    case: str
    currency: str
    stolen: int
    scheme: str
    opened_at: str
    origin: str = ""
    officer: str = ""
    #: Somebody said that a person is in danger.
    urgent: bool = False


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
    #: When a request ends (RFC 3339): afterwards nobody may act on it.
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
    #: How many borders the money has crossed with this request; 0 for our own.
    hop: int = 0
    #: Asked without an officer's click, under the cap that our own table sets.
    automatic: bool = False
    #: The answer came after the request had ended.
    late: bool = False
    #: What the peer's answer said that it held, in minor units of the baton's transfer.
    held: Spans = ()
    #: Set while it waits for a second officer.
    first_approval: FirstApproval | None = None

    @property
    def provenance(self) -> str:
        """Say whose knowledge an order on it rests on, as a policy table has it."""
        return "received" if self.direction == "received" else "own"


#: What kind of business has the money that an order is about.
HolderKind = Literal["bank", "e_wallet", "exchange", "token_issuer", "casino"]


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
    #: Issued without a person, under the cap that the table sets; ``approver`` then names the rule.
    automatic: bool = False
    #: Set by the confirmation that lengthened it: when, and the document that it rests on.
    confirmed_at: str | None = None
    reference: str = ""
    #: What was let go of what the bank held; unbounded, since many amendments add to it.
    released: tuple[Span, ...] = ()
    #: When it ended; afterwards nothing is held under it.
    closed_at: str | None = None
    #: The second officer, where the rule asks for two ("" where it asks for one).
    second_approver: str = ""
    #: What kind of business ``bank`` is.
    holder: HolderKind = "bank"
    #: What of ``released`` went back to those it was taken from.
    returned: tuple[Span, ...] = ()
    #: By when its bank should have answered.
    answer_by: str | None = None
    #: From when on somebody should think of confirming it, where its law lets it be held for longer.
    confirm_from: str | None = None


class Payee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One loss that a held amount answers for: the case or hold here that it belongs to, and where the money goes back to.

    ``loss_minor`` is in minor units of the order's transfer; ``reference`` is what the receiving ``bank`` knows the payment
    by, never an account or a name. ``amount_minor`` is what this return gives: it is worked out here, whatever a form says.
    """

    claim: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=WRITTEN)]
    bank: Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]{1,40}\Z")]
    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=140, pattern=WRITTEN)]
    loss_minor: Annotated[int, msgspec.Meta(ge=1, le=MAX_MINOR)]
    amount_minor: Minor = 0


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """This authority's own change of its own order: release ``spans`` of what is held, return them to those they were taken
    from, or confirm the order until ``expires``.

    ``asked_by`` is the peer or officer that wants it ("" for an appeal); a release or return waits for an officer, never for
    the asker. A confirmation waits only where the rule asks for two officers.
    """

    id: str
    order: str
    hold: str
    case: str
    bank: str
    kind: Literal["release", "confirm", "return"]
    asked_at: str
    spans: Spans = ()
    code: ReleaseCode = "correction"
    reason: str = ""
    asked_by: str = ""
    state: AmendmentState = "awaiting_approval"
    basis: LegalBasis | None = None
    approver: str = ""
    issued_at: str | None = None
    expires: str | None = None
    done_at: str | None = None
    first_approval: FirstApproval | None = None
    second_approver: str = ""
    #: For a return: who gets how much, and by which payment the bank did it.
    payees: tuple[Payee, ...] = ()
    paid: str = ""
    #: The further payments, where one could not reach everybody.
    further: tuple[str, ...] = ()

    @property
    def payments(self) -> tuple[str, ...]:
        """Return the references of all payments by which a return was done."""
        return (self.paid, *self.further) if self.paid else ()


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """One request of ours that we took back, or parts of it, and whether the peer confirmed that nothing of it is held."""

    id: str
    case: str
    hold: str
    peer: str
    code: WithdrawalCode
    reason: str
    officer: str
    sent_at: str
    spans: Spans = ()
    object: str | None = None
    state: WithdrawalState = "sent"
    confirmed_at: str | None = None


class Appeal(msgspec.Struct, frozen=True, kw_only=True):
    """An objection to one order by somebody whose money it holds, made with the token from the order's letter."""

    id: str
    order: str
    hold: str
    case: str
    received_at: str
    name: str
    contact: str
    text: str
    state: AppealState = "open"
    decided_by: str = ""
    decided_at: str | None = None
    reason: str = ""
    #: The release that upholding it led to; while the objection is open, that waits for a second officer.
    release: str = ""


#: What cases are looked for by: some of their money moved on, or is unknown; or all of it is held.
Money = Literal["moved", "unknown", "held"]


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases are wanted: those that meet everything that is named; ``officer`` is who filed the first report."""

    money: Money | None = None
    officer: str = ""
    urgent: bool = False


EVERY_CASE = CaseFilter()


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


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """What a case would have come to had its money been asked for ``minutes`` after it was taken, in the claim's minor units.

    Between ``least_minor`` and ``most_minor`` could still be held. ``basis``: ``books`` for an exercise, whose author knows
    them; ``published`` for what ``source`` reports of other cases.
    """

    minutes: Annotated[int, msgspec.Meta(ge=1, le=5_256_000)]
    least_minor: Minor
    most_minor: Minor
    basis: Literal["books", "published"] = "published"
    source: Annotated[str, msgspec.Meta(max_length=300, pattern=PLAIN)] = ""
    #: One of a finer series, which the trail's slider shows and the page of the case does not.
    finer: bool = False


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What an undo set going: requests taken back abroad, releases that wait here, and shares not asked for any more."""

    withdrawals: tuple[Withdrawal, ...]
    amendments: tuple[Amendment, ...]
    let_go: tuple[str, ...]


class Restitution(msgspec.Struct, frozen=True, kw_only=True):
    """What came back in a case: minor units of ``currency``; ``outstanding`` is what was stolen and is not back.

    ``returns`` are those that this authority ordered, whatever their state; abroad others order theirs.
    """

    case: str
    currency: str
    stolen: int
    returned: int
    held: int
    outstanding: int
    shares: tuple[Share, ...]
    returns: tuple[Amendment, ...]


class OrderIssued(msgspec.Struct, frozen=True):
    """An order was issued to a bank of this authority."""

    order: str
    hold: str
    bank: str


class MovedOn(msgspec.Struct, frozen=True):
    """Money of a case moved on to a bank of this authority, which is to be asked where it is now."""

    share: str
    case: str
    baton: Baton


class HoldOpened(msgspec.Struct, frozen=True):
    """A hold at a bank of this authority was opened for a case of its own: it waits for an officer, or for a rule."""

    hold: str


class OrderAmended(msgspec.Struct, frozen=True):
    """An order was amended: its bank has something to do."""

    amendment: str
    order: str
    bank: str
