"""What the ISO 20022 messages say, in our words: frozen, amounts in minor units, accounts and agents as plain text.

An agent is written as its BIC, else as a clearing member id; an account as its IBAN, else as another id. Parties'
names and addresses are not read. A reason is a code of ISO's external code sets, or what a bank wrote instead.
In JSON each part of a message says in `kind` which of these it is.
"""

from datetime import date, datetime
from typing import Literal

import msgspec

#: What an answer to a recall says in the end: done, refused, pending, or one part of each.
Outcome = Literal["CNCL", "RJCR", "PDCR", "PECR"]


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends, receives or opened a case: a bank by its ``agent`` code, or anybody else by ``name``."""

    agent: str = ""
    name: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says of itself: its id (at most 35 characters), when it was made, from whom, to whom."""

    id: str
    created: datetime | None = None
    sender: Party | None = None
    receiver: Party | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """The case that a recall belongs to (`Case`): its id, and who opened it. It is the same on every leg."""

    id: str
    opened_by: Party


class CreditTransfer(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """One `CdtTrfTxInf` of a `pacs.008`. Amounts are minor units of their currency.

    ``time`` is `AccptncDtTm`, else `SttlmTmIndctn`; ``time_exact`` is False where the message gives only the
    settlement date, and ``time`` is then the start of that day in UTC. Accounts are the IBAN or `Othr/Id`, agents the
    BIC or the clearing member id; None where the message has none. ``rate`` stays text: it is shown, never computed with.
    """

    end_to_end_id: str
    uetr: str | None = None
    tx_id: str | None = None
    instruction_id: str | None = None
    amount_minor: int
    currency: str
    time: datetime
    time_exact: bool = True
    instructed_minor: int | None = None
    instructed_currency: str | None = None
    rate: str | None = None
    debtor_account: str | None = None
    debtor_agent: str | None = None
    creditor_account: str | None = None
    creditor_agent: str | None = None

    @property
    def reference(self) -> str:
        """Return the reference both banks know: the UETR, else the transaction id, else the end-to-end id."""
        return self.uetr or self.tx_id or self.end_to_end_id


class Initiation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """One `CdtTrfTxInf` of a `pain.001`: a customer's instruction to pay from ``debtor_account``, not yet money that moved.

    ``time`` is the requested execution; ``time_exact`` False where only its day is given. ``payment_id`` names the batch.
    """

    payment_id: str
    end_to_end_id: str
    uetr: str | None = None
    instruction_id: str | None = None
    amount_minor: int
    currency: str
    time: datetime
    time_exact: bool = False
    debtor_account: str | None = None
    debtor_agent: str | None = None
    creditor_account: str | None = None
    creditor_agent: str | None = None


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier transfer as a later message refers to it; at least one of its four ids is there.

    ``amount_minor`` is what the banks settled (in `camt.055`: what the customer instructed), ``day`` when.
    ``message_id`` and ``message_name`` name the message that carried it, ``payment_id`` its batch in a `pain.001`.
    """

    instruction_id: str | None = None
    end_to_end_id: str | None = None
    tx_id: str | None = None
    uetr: str | None = None
    message_id: str | None = None
    message_name: str | None = None
    payment_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    day: date | None = None
    debtor_account: str | None = None
    debtor_agent: str | None = None
    creditor_account: str | None = None
    creditor_agent: str | None = None

    @property
    def reference(self) -> str:
        """Return the reference both banks know, by the rule of :attr:`CreditTransfer.reference`."""
        return self.uetr or self.tx_id or self.end_to_end_id or self.instruction_id or ""


class Reasoned(msgspec.Struct, frozen=True, kw_only=True):
    """What recalls, their answers, returns and statuses share.

    ``order`` is the id of the authority's signed order that the message travels beside, ``part`` which minor units
    [from, to) of the original it is about; they are the lines `/ORDR/…` and `/PART/…` of `AddtlInf`. ``info`` are its
    other lines, 105 characters each.
    """

    reason: str = ""
    order: str = ""
    part: tuple[int, int] | None = None
    info: tuple[str, ...] = ()


class Recall(Reasoned, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """A transfer asked back: `camt.056` between banks, `camt.055` from a customer. It is a request, never an order."""

    original: Original
    id: str = ""
    case: Case | None = None


class RecallAnswer(Reasoned, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """What became of a recall (`camt.029`); ``amount_minor`` is what comes back, where the answer says it."""

    outcome: Outcome
    original: Original | None = None
    id: str = ""
    case: Case | None = None
    amount_minor: int | None = None
    currency: str | None = None


class Return(Reasoned, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """Money sent back (`pacs.004`): ``amount_minor`` moves from the original's creditor to its debtor.

    ``time`` is `SttlmTmIndctn`, else the start of the settlement day (``time_exact`` False).
    """

    original: Original
    id: str = ""
    amount_minor: int
    currency: str
    time: datetime
    time_exact: bool = False


class Status(Reasoned, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """How far a transfer got (`pacs.002`): ``status`` is an ISO code (`ACSC` settled, `PDNG` pending, `RJCT` rejected…)."""

    original: Original
    status: str
    id: str = ""
    accepted: datetime | None = None


class Investigation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """A question about a transfer (`camt.110`); ``type`` and ``reason`` are codes of ISO's external sets.

    ``id`` is the asker's id of the investigation, ``text`` what it asks in words (500 characters).
    """

    type: str
    original: Original
    reason: str
    id: str = ""
    text: str = ""


class InvestigationAnswer(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """The answer to it (`camt.111`): ``status`` and ``status_reason`` are codes, ``texts`` the answers in words.

    ``asked_in`` is the id of the message that asked; ``id`` the answerer's own id of the investigation.
    """

    status: str
    asked_in: str
    type: str
    original: Original | None = None
    status_reason: str = ""
    id: str = ""
    asked_id: str = ""
    texts: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One booking on an account (`Ntry`, or one `TxDtls` of it), as its bank reports it.

    ``credit``: the account gained ``amount_minor``, else it lost it. ``other_account`` and ``other_agent`` are the other
    side. ``sent_back``: a return or reversal of the transfer that the ids name. ``status`` is `BOOK` once it moved.
    ``settled_minor`` is the transfer's own amount where the details give one in ``settled_currency``.
    """

    amount_minor: int
    currency: str
    credit: bool
    time: datetime
    time_exact: bool = False
    value_day: date | None = None
    status: str = "BOOK"
    sent_back: bool = False
    servicer_reference: str | None = None
    uetr: str | None = None
    tx_id: str | None = None
    end_to_end_id: str | None = None
    settled_minor: int | None = None
    settled_currency: str | None = None
    other_account: str | None = None
    other_agent: str | None = None
    place: str = ""


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """A booked balance at the start or end of a statement; ``amount_minor`` < 0 where the account is overdrawn."""

    amount_minor: int
    currency: str
    day: date


class Statement(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """One account's statement (`camt.053`) or notification (`camt.054`), its entries in document order.

    ``opening`` is the balance `OPBD` (else `PRCD`), ``closing`` `CLBD`; a notification has none.
    """

    id: str
    account: str
    agent: str | None = None
    opening: Balance | None = None
    closing: Balance | None = None
    entries: tuple[Entry, ...] = ()


Part = (
    CreditTransfer
    | Initiation
    | Recall
    | RecallAnswer
    | Return
    | Status
    | Investigation
    | InvestigationAnswer
    | Statement
)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message: its ``kind`` with version (`camt.056.001.08`), what it says of itself, and what it carries."""

    kind: str
    header: Header
    parts: tuple[Part, ...]
