"""What authorities say to each other about lists: entries, their withdrawal, what became of them, and objections to them.

Numbers of persons lie on plane B and have a statement of their own, so that no table lets them out as an indicator. Whatever
takes back or tells how a matter stands names entries by their origin's redress ids alone, in which nobody can read a number.
"""

from typing import Annotated, ClassVar, Literal

import msgspec

from lintas.model.fields import Instant, Line, MessageId, Scheme, Words

#: What an entry of a list names.
Subject = Literal["number", "range", "url", "domain", "sender_id", "wallet"]
#: What it says of it. ``protected`` is never blocked and never told of: an emergency number, a ministry, a bank.
ListKind = Literal["blocked", "do_not_originate", "unallocated", "protected"]
#: How well it is shown: by the owner or the home operator itself, by two sources that do not depend on each other, by one.
Grade = Literal["confirmed", "corroborated", "reported"]
#: How a redress id looks, in addresses, SIP headers and letters: 16 characters of base32 without confusable ones, 80 bits.
RedressId = Annotated[str, msgspec.Meta(pattern=r"\A[a-z2-7]{16}\Z")]

#: Entries of one statement, ids of one withdrawal.
MOST_ENTRIES, MOST_IDS = 200, 500
#: A range of fewer numbers says something about persons, and travels as their numbers do.
LEAST_RANGE = 100


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a list: what, why, by whom, how well shown, until when, and where to contest it.

    ``value`` is normalised: E.164, ``+first-+last`` for a range, a lower-case URL or domain (IDNA), a folded sender ID, a
    wallet's address. ``sources`` name the true origin of the knowledge; times are RFC 3339 UTC.
    """

    id: RedressId
    subject: Subject
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    kind: ListKind
    owner: Line
    reason: Words
    scheme: Scheme = "unknown"
    grade: Grade = "reported"
    sources: Annotated[tuple[Line, ...], msgspec.Meta(max_length=16)] = ()
    listed: Instant
    expires: Instant


Entries = Annotated[tuple[Entry, ...], msgspec.Meta(min_length=1, max_length=MOST_ENTRIES)]
Ids = Annotated[tuple[RedressId, ...], msgspec.Meta(min_length=1, max_length=MOST_IDS)]


def range_of(value: str) -> tuple[int, int]:
    """Return the first and last number of ``+first-+last``, or of a single number; ValueError for anything else."""
    first, dash, last = value.partition("-")
    number = first[1:]
    if not dash and first[:1] == "+" and number.isascii() and number.isdigit():
        return int(number), int(number)
    last = last or first
    digits = [each.removeprefix("+") for each in (first, last)]
    if not all(each.startswith("+") for each in (first, last)) or not all(
        each.isascii() and each.isdigit() for each in digits
    ):
        raise ValueError("a range is written +first-+last")
    low, high = int(digits[0]), int(digits[1])
    if low > high or len(digits[0]) != len(digits[1]):
        raise ValueError("a range runs from a lower number to a higher one of as many digits")
    return low, high


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Lists what names nobody: URLs, domains, sender IDs, wallets. ``batch`` is the sender's id of what is told together.

    An entry whose id came before is renewed or corrected by it.
    """

    batch: MessageId
    entries: Entries

    subjects: ClassVar[frozenset[str]] = frozenset({"url", "domain", "sender_id", "wallet"})

    def __post_init__(self) -> None:
        """Refuse what belongs into another statement, which another rule lets out."""
        for entry in self.entries:
            if entry.subject not in self.subjects:
                raise ValueError(f"a {entry.subject} does not belong into this statement")


class RangeListing(Listing, frozen=True, kw_only=True):
    """Lists ranges of telephone numbers, each of so many that it names nobody."""

    subjects: ClassVar[frozenset[str]] = frozenset({"range"})

    def __post_init__(self) -> None:
        """Refuse a range that is hardly more than somebody's number."""
        Listing.__post_init__(self)
        for entry in self.entries:
            low, high = range_of(entry.value)
            if high - low + 1 < LEAST_RANGE:
                raise ValueError(f"a range of fewer than {LEAST_RANGE} numbers travels as numbers do")


class NumberListing(Listing, frozen=True, kw_only=True):
    """Lists single telephone numbers, and ranges that are hardly more: personal, so a rule must let it out."""

    subjects: ClassVar[frozenset[str]] = frozenset({"number", "range"})


#: Why an entry ended: its owner took it back, an objection was upheld, its time was over, the number has a new holder, its
#: source was stopped.
EndCode = Literal["withdrawn", "appeal", "expired", "recycled", "source_stopped"]


class ListingWithdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """Takes entries back that the sender listed: from now on nobody has its word for them. ``batch`` is confirmed."""

    batch: MessageId
    ids: Ids
    code: EndCode
    at: Instant
    reason: Words = ""


class NotTaken(msgspec.Struct, frozen=True):
    """One entry that the importer does not enforce, by its origin's id, and a short stable code of why."""

    id: RedressId
    reason: Annotated[str, msgspec.Meta(pattern=r"\A[a-z_]{1,40}\Z")]


class ListingStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Says what became of a batch: imported (but for ``not_taken``), enforced by every gateway that follows, or withdrawn."""

    batch: MessageId
    state: Literal["imported", "enforced", "withdrawn"]
    at: Instant
    not_taken: Annotated[tuple[NotTaken, ...], msgspec.Meta(max_length=MOST_IDS)] = ()


#: What somebody who objects says: the number or name is theirs, it is theirs since recently, it was listed by mistake.
Ground = Literal["mine", "new_holder", "mistake", "no_longer", "other"]


class ListingAppeal(msgspec.Struct, frozen=True, kw_only=True):
    """Tells of an objection to an entry: its origin, which decides, and everybody who imported it.

    ``entry`` is the origin's id. Nothing of who objects, or of their words, travels.
    """

    appeal: MessageId
    entry: RedressId
    origin: Line
    ground: Ground
    at: Instant


class ListingAppealStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Says how an objection stands with the authority that sends this; upheld, its entry is withdrawn beside it."""

    appeal: MessageId
    entry: RedressId
    state: Literal["received", "upheld", "dismissed"]
    at: Instant
    reason: Words = ""
