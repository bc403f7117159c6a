"""Tainted money as ledgers speak of it: the baton between two ledgers, and what one ledger says became of an interval."""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from lintas.model.errors import BadInput
from lintas.model.money import MAX_MINOR, currency

#: One line to be shown to people or put into a letter: no control characters, none that turn the direction of writing or
#: cannot be seen (joiners stay: several languages need them).
PLAIN = r"\A[^\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]*\Z"
#: The same, with something in it.
WRITTEN = PLAIN.replace(r"\A", r"\A(?=.*\S)", 1)
#: Bounds of what others send, checked where it is decoded: references, bank and currency codes, minor units.
Reference = Annotated[str, msgspec.Meta(max_length=200, pattern=PLAIN)]
BankCode = Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]{0,40}\Z")]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z][A-Z0-9]{2,9}\Z")]
Minor = Annotated[int, msgspec.Meta(ge=0, le=MAX_MINOR)]
#: A time as the ledger that knows it writes it (RFC 3339); whoever counts by it reads it with care.
When = Annotated[str, msgspec.Meta(max_length=40, pattern=PLAIN)]
#: A part ``[start, end)`` of a transfer, in its minor units.
Span = tuple[Minor, Minor]


class Baton(msgspec.Struct, frozen=True, kw_only=True):
    """What one ledger hands the next: the tainted part ``[start, end)`` of one transfer, and nothing else.

    ``transfer`` is the reference both banks know (UETR where there is one). ``start`` and ``end`` are minor units inside
    that transfer, in its settlement ``currency``; ``holder`` is the code of the bank that received it, ``sender`` that of the
    bank which sent it and from whose ledger this was read.
    """

    transfer: Reference
    start: Minor
    end: Minor
    currency: CurrencyCode
    holder: BankCode
    sender: BankCode = ""

    @property
    def amount_minor(self) -> int:
        """Return the tainted amount in minor units of ``currency``."""
        return self.end - self.start

    @property
    def span(self) -> Span:
        """Return the tainted part."""
        return self.start, self.end


#: What became of one part of an interval, by the holder's own ledger.
PartState = Literal["held", "here", "moved", "spent", "unknown"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What became of ``[start, end)`` of the asked transfer.

    ``start`` and ``end`` are minor units of the asked transfer (its settlement currency); ``local_minor`` is the same money
    in the ledger's own currency. ``baton`` goes with ``moved``: the transfer by which it left, and to which holder.
    ``since`` is when it left, was spent, or came to rest where it is; None where the ledger's holder does not say.
    """

    state: PartState
    start: Minor
    end: Minor
    local_minor: Minor
    local_currency: CurrencyCode
    baton: Baton | None = None
    since: When | None = None

    @property
    def amount_minor(self) -> int:
        """Return the amount in minor units of the asked transfer."""
        return self.end - self.start


#: More parts than this would not fit into one statement with their batons; the smallest are then told as unknown.
MAX_PARTS = 100
Parts = Annotated[tuple[Part, ...], msgspec.Meta(max_length=MAX_PARTS)]
Spans = Annotated[tuple[Span, ...], msgspec.Meta(max_length=MAX_PARTS)]


class Find(msgspec.Struct, frozen=True, kw_only=True):
    """What a victim can say of a transfer: its reference, or amount, receiving account and time."""

    amount_minor: int
    currency: str
    reference: str | None = None
    receiver: str | None = None
    at: str | None = None


class LedgerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A holder's answer: where ``[start, end)`` of ``transfer`` is by its own ledger ``snapshot``; the parts tile it."""

    transfer: Reference
    start: Minor
    end: Minor
    currency: CurrencyCode
    snapshot: Reference
    found: bool
    parts: Parts = ()

    @property
    def local(self) -> dict[str, int]:
        """Return the money in the ledger's own currencies."""
        totals: dict[str, int] = {}
        for part in self.parts:
            totals[part.local_currency] = totals.get(part.local_currency, 0) + part.local_minor
        return totals


def check_answer(answer: LedgerAnswer, start: int, end: int) -> None:
    """Refuse an answer whose parts do not tile ``[start, end)`` exactly, in order; BadInput says where."""
    if not answer.found:
        if answer.parts:
            raise BadInput("an answer that found nothing has parts", "leave the parts out")
        return
    currency(answer.currency)
    if (answer.start, answer.end) != (start, end):
        raise BadInput(f"the answer is for [{answer.start}, {answer.end}), asked was [{start}, {end})")
    edge = start
    for number, part in enumerate(answer.parts, 1):
        currency(part.local_currency)
        if part.start != edge or part.end <= part.start or part.local_minor < 0:
            raise BadInput(
                f"part {number} is [{part.start}, {part.end}) where {edge} begins", "tile the interval exactly"
            )
        if (part.state == "moved") != (part.baton is not None):
            raise BadInput(f"part {number} is {part.state}", "give a baton with money that moved, and only with that")
        if part.baton is not None and (
            part.baton.amount_minor <= 0
            or (part.baton.amount_minor, part.baton.currency) != (part.local_minor, part.local_currency)
        ):
            # What moved on is what was here: a baton cannot carry more, or another currency, than its part.
            raise BadInput(f"the baton of part {number} is not that part's money", "give the interval by which it left")
        if part.local_currency == answer.currency and part.local_minor > part.amount_minor:
            raise BadInput(f"part {number} is more than was asked about", "give the money of the asked interval")
        edge = part.end
    if edge != end:
        raise BadInput(f"the parts end at {edge}, the interval at {end}", "tile the interval exactly")


def sent_by(answer: LedgerAnswer, bank: str) -> LedgerAnswer:
    """Return a bank's answer with that bank as the sender of each baton: nobody speaks of money that left another's ledger."""
    parts = tuple(
        part
        if part.baton is None
        else msgspec.structs.replace(part, baton=msgspec.structs.replace(part.baton, sender=bank))
        for part in answer.parts
    )
    return msgspec.structs.replace(answer, parts=parts)


def held_spans(parts: Iterable[Part]) -> list[Span]:
    """Return what parts hold of their transfer, in that one's minor units."""
    return [(part.start, part.end) for part in parts if part.state == "held"]


def subtract(span: Span, taken: Iterable[Span]) -> list[Span]:
    """Return what ``taken`` leaves of a span, in order; an empty or turned span takes nothing."""
    (edge, last), left = span, list[Span]()
    for start, end in sorted(each for each in taken if each[0] < each[1]):
        if edge < min(start, last):
            left.append((edge, min(start, last)))
        edge = max(edge, end)
    return [*left, (edge, last)] if edge < last else left


def overlaps(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return what two sets of spans have in common, in order and without repetition."""
    second = merged(others)
    common = ((max(a, c), min(b, d)) for a, b in merged(spans) for c, d in second)
    return [(start, end) for start, end in common if start < end]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same positions as the fewest spans, in order; an empty or turned span is none."""
    found = list[Span]()
    for start, end in sorted(each for each in spans if each[0] < each[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def part_id(parent: str, number: int) -> str:
    """Name part ``number`` of an answer about the money ``parent``; whatever follows that money carries the name."""
    return f"{parent}.{number:03d}"
