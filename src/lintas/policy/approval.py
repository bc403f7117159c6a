"""Approvals: signed, scoped, expiring documents by which a competent authority of one's own jurisdiction lets something leave.

Here: what an approval says, and whether it covers one release. Its text form and its signature are in ``approval_text``.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from lintas.model.money import Money
from lintas.model.times import render
from lintas.policy.vocabulary import CATEGORIES, CONDITIONS, PURPOSES


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One document on file: ``issuer`` lets ``authority`` release what lies inside every limit stated here.

    ``kind`` is a key of ``vocabulary.CONDITIONS``; ``peers`` are authorities or jurisdictions. No ``cases`` means any case,
    no ``max_amount`` any amount, no ``uses`` any number of objects. It counts from ``not_before`` until before ``expires``.
    """

    id: str
    kind: str
    jurisdiction: str
    issuer: str
    authority: str
    reference: str
    peers: tuple[str, ...]
    categories: tuple[str, ...]
    purposes: tuple[str, ...]
    cases: tuple[str, ...] = ()
    max_amount: Money | None = None
    not_before: datetime
    expires: datetime
    uses: int | None = None

    @property
    def document(self) -> str:
        """Return it as a question names documents on file: ``kind:id``."""
        return f"{self.kind}:{self.id}"


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """The issuer's own word that its approval ``id`` counts no more; it is final."""

    id: str
    jurisdiction: str
    issuer: str
    reason: str
    at: datetime


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """A release that a document would have to cover: one message of ``authority``, with ``objects`` statements in it.

    ``amount`` is what all of them speak of together, None when that is unknown; ``case`` is the sender's own, "" when unknown.
    """

    jurisdiction: str
    authority: str
    category: str
    purpose: str
    peer: str
    peer_jurisdiction: str
    at: datetime
    amount: Money | None = None
    case: str = ""
    objects: int = 1


def covers(approval: Approval, sought: Sought, used: int = 0) -> bool:
    """Tell whether an approval that was ``used`` so many times covers a release; total, and what is unknown is not covered."""
    return not gap(approval, sought, used)


def gap(approval: Approval, sought: Sought, used: int = 0) -> str:
    """Return the first reason why an approval does not cover a release, in words; "" when it does. Never raises."""
    return next(_gaps(approval, sought, used), "")


def _gaps(approval: Approval, sought: Sought, used: int) -> Iterator[str]:
    if sought.jurisdiction != approval.jurisdiction:
        yield f"it was given under the law of {approval.jurisdiction}"
    if sought.authority != approval.authority:
        yield f"it was given to {approval.authority}"
    yield from _time_gap(approval, sought.at)
    if sought.peer not in approval.peers and sought.peer_jurisdiction not in approval.peers:
        yield f"it is for {', '.join(approval.peers)}"
    if sought.category not in approval.categories:
        yield f"it is for {_words(approval.categories, _CATEGORY_WORDS)}"
    if sought.purpose not in approval.purposes:
        yield f"it is for {_words(approval.purposes, PURPOSES)}"
    if approval.cases and sought.case not in approval.cases:
        yield "it is for other cases"
    if approval.max_amount is not None and not _within(sought.amount, approval.max_amount):
        yield f"it goes up to {approval.max_amount} in one message"
    if approval.uses is not None and not _left(approval.uses, used, sought.objects):
        yield f"it may be used {_times(approval.uses)}, and was used {_times(used)}"


def _time_gap(approval: Approval, at: object) -> Iterator[str]:
    if not isinstance(at, datetime) or at.utcoffset() is None:
        yield "the time of the release is unknown"
    elif at < approval.not_before:
        yield f"it begins at {render(approval.not_before)}"
    elif at >= approval.expires:
        yield f"it ended at {render(approval.expires)}"


def _within(amount: object, most: Money) -> bool:
    if not isinstance(amount, Money) or not isinstance(amount.amount_minor, int):
        return False
    return amount.currency == most.currency and 0 <= amount.amount_minor <= most.amount_minor


def _left(uses: int, used: object, objects: object) -> bool:
    return isinstance(used, int) and isinstance(objects, int) and objects >= 1 and 0 <= used <= uses - objects


def describe(approval: Approval) -> str:
    """Return the whole approval as one sentence in plain words."""
    in_cases = f"in the cases {', '.join(approval.cases)}" if approval.cases else "in any case"
    most = f"up to {approval.max_amount} in one message" if approval.max_amount else "whatever the amount"
    often = _times(approval.uses) if approval.uses is not None else "any number of times"
    return (
        f"{CONDITIONS[approval.kind][:1].upper()}{CONDITIONS[approval.kind][1:]} ({approval.reference}): {approval.issuer} "
        f"lets {approval.authority} of {approval.jurisdiction} release {_words(approval.categories, _CATEGORY_WORDS)} to "
        f"{' or '.join(approval.peers)} for {_words(approval.purposes, PURPOSES)}, {in_cases}, {most}, {often}, "
        f"from {render(approval.not_before)} until {render(approval.expires)}."
    )


_CATEGORY_WORDS = {name: category.words for name, category in CATEGORIES.items()}


def _words(names: tuple[str, ...], words: dict[str, str]) -> str:
    return " or ".join(words[name] for name in names)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
