"""What the exchange owns beside envelopes: decisions about peers, and who read what they sent."""

from typing import Annotated, Literal, NamedTuple

import msgspec

from lintas.border.records import Standing
from lintas.model.tainted import PLAIN

#: Why somebody decides: one line of plain text with something in it.
Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=r"\A(?=\s*\S)" + PLAIN.removeprefix(r"\A"))]


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody decides about a peer; it stays listed, and is not told to the peer."""

    reason: Reason


class StandingChange(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of this authority: from then on ``peer`` has this ``standing`` here.

    It counts at once, except that ``trusted`` counts only when somebody else has confirmed it. Times are RFC 3339.
    """

    id: str
    peer: str
    standing: Standing
    reason: str
    asked_by: str
    asked_at: str
    confirmed_by: str | None = None
    confirmed_at: str | None = None
    confirmed_reason: str | None = None

    @property
    def counts(self) -> bool:
        """Tell whether it was ever in force."""
        return self.standing != "trusted" or self.confirmed_by is not None


#: How it was seen: on a case, as a hold or its order, as a letter, in a list, as a bank's work, by an order's token, set aside.
What = Literal["case", "hold", "letter", "list", "work", "objection", "quarantine"]


class Seen(NamedTuple):
    """That one object of a peer is seen, and how."""

    what: str
    peer: str
    object: str


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One read of an object that a peer sent: looks with less than ten minutes between them are one read.

    ``pseudonym`` is what the peer is told in place of the name; ``entry`` the ledger's entry that commits to it, None before
    the next beat. ``hold`` and ``case`` are where the object is shown, "" where nothing shows it any more.
    """

    seq: int
    first: str
    last: str
    count: int
    reader: str
    name: str
    role: str
    organisation: str
    pseudonym: str
    peer: str
    object: str
    what: str
    door: str
    entry: int | None
    hold: str = ""
    case: str = ""


class ReadAbroad(msgspec.Struct, frozen=True, kw_only=True):
    """One read of an object of ours, as the peer that got it reported it: by role and pseudonym, never by name."""

    seq: int
    peer: str
    object: str
    reader: str
    role: str
    what: str
    first: str
    last: str
    count: int
    reported_at: str
    hold: str = ""
    case: str = ""


class Broken(msgspec.Struct, frozen=True):
    """What does not fit between the reads and the ledger: the entry, None where the ledger has none, and what is wrong."""

    entry: int | None
    what: str


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the reads are those that the ledger commits to: how many by how many entries, how many wait for the next beat."""

    reads: int
    entries: int
    first_entry: int | None
    last_entry: int | None
    waiting: int
    matches: bool
    broken: list[Broken]


class Reporting(msgspec.Struct, frozen=True, kw_only=True):
    """How a peer reports who read what we sent it: when last, how many reads, and since when and why a report is refused."""

    peer: str
    heard_at: str | None
    reads: int
    refused_at: str | None
    reason: str
