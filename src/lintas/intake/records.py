"""What intake owns and says: the short form, the stored report, and the event that a report was filed."""

from typing import Annotated

import msgspec

from lintas.model.identifiers import Identifier
from lintas.model.messages import Scheme
from lintas.model.tainted import Find

Short = Annotated[str, msgspec.Meta(max_length=200)]
MAX_TEXT = 100_000


class ReportForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hotline's short form, in the order that lets somebody act. ``text`` is what the caller said, in any language.

    ``bank`` is the code of the victim's bank; ``amount`` a decimal string in ``currency``; ``receiver`` the account that the
    money went to; ``reference`` the bank's or the payment's reference where the caller has it; ``at`` RFC 3339.
    ``case`` names an earlier report's case that this one joins, e.g. to bring what that one lacked.
    """

    bank: Short = ""
    amount: Short = ""
    currency: Short = ""
    receiver: Short = ""
    reference: Short = ""
    at: Short = ""
    phone: Short = ""
    scheme: Scheme = "unknown"
    urgent_harm: bool = False
    case: Short = ""
    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What was stolen, as far as the report says: at which bank of the victim's, and how to find the transfer."""

    bank: str
    find: Find


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One stored report. ``claim`` is None when nothing in it lets a bank find a transfer; ``missing`` says what would."""

    id: str
    case: str
    received_at: str
    officer: str
    scheme: str
    urgent_harm: bool
    identifiers: tuple[Identifier, ...]
    claim: Claim | None
    missing: tuple[str, ...] = ()
    duplicate_of: str | None = None


class ReportFiled(msgspec.Struct, frozen=True):
    """A report opened a case, or brought the claim that its case lacked; with a claim, money can be followed."""

    report: str
    case: str
    scheme: str
    officer: str
    claim: Claim | None
    #: This or an earlier report of the case says that a person is in danger.
    urgent: bool = False


class HarmReported(msgspec.Struct, frozen=True):
    """A later report of a case says that a person is in danger."""

    report: str
    case: str
