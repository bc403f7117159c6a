"""What people and banks send about requests and orders: officers, whoever objects, and banks that answer or pay."""

from typing import Annotated

import msgspec

from lintas.model.messages import Purpose, WithdrawalCode
from lintas.model.tainted import MAX_PARTS, WRITTEN, Spans
from lintas.requests.records import Payee

#: Several lines that people read: no control characters but line breaks and tabs, none that turn the direction of writing.
_LINES = WRITTEN.replace(r"\x00-\x1f", r"\x00-\x08\x0b\x0c\x0e-\x1f").replace("(?=.*", r"(?=[\s\S]*")


#: What a person writes: a sentence that others read.
Sentence = Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=WRITTEN)]


class HoldForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An officer's own request that part of a share be held; left out, ``amount_minor`` is the whole share."""

    share: str
    amount_minor: Annotated[int, msgspec.Meta(ge=1)] | None = None
    purpose: Purpose = "stop_payment"


class UndoForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an officer lets go: everything below ``share`` ("" is the whole case), wherever it is held."""

    code: WithdrawalCode
    reason: Sentence
    share: Annotated[str, msgspec.Meta(max_length=400)] = ""


class ConfirmForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document on which a hold is confirmed for longer (a court's or prosecutor's reference)."""

    reference: Annotated[str, msgspec.Meta(min_length=3, max_length=200, pattern=WRITTEN)]


class ReturnForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an officer wants returned of an order: every known loss that the amount answers for, and the document it rests on.

    ``spans`` are parts of the order's transfer; none means all that is held.
    """

    payees: Annotated[tuple[Payee, ...], msgspec.Meta(min_length=1, max_length=MAX_PARTS)]
    reference: Annotated[str, msgspec.Meta(min_length=3, max_length=200, pattern=WRITTEN)]
    spans: Spans = ()


#: What a bank knows a payment by: ``RtrId`` of a `pacs.004`, the UETR or ``EndToEndId`` of a `pacs.008`, or the statement's.
PaymentReference = Annotated[str, msgspec.Meta(min_length=1, max_length=140, pattern=WRITTEN)]


class Paid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's word that money was returned: the reference of its payment, and of each ``further`` one.

    A payment goes to one bank, so a return to payees at several takes one for each bank, or one for each payee; each is named
    by a reference of its own, also where several were sent in one message or stand in one line of a statement.
    """

    reference: PaymentReference
    further: Annotated[tuple[PaymentReference, ...], msgspec.Meta(max_length=MAX_PARTS)] = ()


class AppealForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An objection: who objects, how to reach them, and why the money is theirs by right."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WRITTEN)]
    contact: Annotated[str, msgspec.Meta(min_length=3, max_length=200, pattern=WRITTEN)]
    text: Annotated[str, msgspec.Meta(min_length=3, max_length=4000, pattern=_LINES)]


class AppealDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An officer's decision on an appeal; upheld, it releases ``spans`` of the order (none: all that it holds)."""

    uphold: bool
    reason: Sentence
    spans: Spans = ()


class BankRefusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's refusal of an order, with its legal reason."""

    reason: Sentence
