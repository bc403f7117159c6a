"""What the authority's side of trace owns and says: questions to banks, and the events that they were asked and answered."""

import msgspec

from lintas.model.tainted import Baton, Find, LedgerAnswer


class TraceQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one bank: find a transfer and follow it, or follow a baton. Exactly one of the two is set."""

    id: str
    case: str
    bank: str
    asked_at: str
    find: Find | None = None
    baton: Baton | None = None


class Asked(msgspec.Struct, frozen=True):
    """A bank was asked."""

    question: str
    case: str
    bank: str


class Answered(msgspec.Struct, frozen=True):
    """A bank answered: ``share`` is the id of the asked money (a question's id), the answer tiles it."""

    question: str
    case: str
    bank: str
    answer: LedgerAnswer
