"""What the book of lists owns and says: entries as they stand here, who vouches for them, sources, allow-lists, imports."""

from typing import Annotated, Literal

import msgspec

from lintas.model.fields import Line, Scheme
from lintas.model.listings import EndCode, Grade, RedressId, Subject
from lintas.model.listings import ListKind as Kind
from lintas.model.tainted import WRITTEN

#: ``shadow``: gateways count what it would have blocked, and do nothing. ``declined``: it never was in force.
State = Literal["proposed", "shadow", "listed", "ended", "declined"]
#: Where the knowledge comes from: an officer at the desk, a feed that is imported in bulk, another authority.
SourceKind = Literal["desk", "bulk", "peer"]
#: Why more than one approver is needed, or a single source is not enough.
Why = Literal["allow_list", "shared_host", "own_number", "by_law", "reversed"]
#: A source's name: ``desk``, a feed's own, or ``peer:`` and the authority. Checked when it is first heard of.
SourceName = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9_.:-]{0,79}\Z")]
Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=WRITTEN)]
AllowedClass = Literal["emergency", "government", "bank", "other"]
#: The source of whatever officers propose one by one.
DESK = "desk"


class ListsChanged(msgspec.Struct, frozen=True):
    """Something about entries changed that is still to be worked out, published to gateways or told to peers."""

    why: str


class PeerJoined(msgspec.Struct, frozen=True):
    """There is a member that was never told what is listed here."""

    peer: str


class Proposal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an officer proposes to list; ``expires`` "" is the longest that is allowed. ``share`` false keeps it from peers.

    ``confirmed``: the owner or the home operator itself said so.
    """

    subject: Subject
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    kind: Kind = "blocked"
    owner: Line = ""
    reason: Reason
    scheme: Scheme = "unknown"
    confirmed: bool = False
    sources: Annotated[tuple[Line, ...], msgspec.Meta(max_length=16)] = ()
    expires: Annotated[str, msgspec.Meta(max_length=40)] = ""
    share: bool = True


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it stands here: what its sightings come to, who had a say, and why it waits or ended.

    ``id`` is this authority's redress id; one value listed as one kind is one entry, whoever vouches for it. ``origin`` is the
    authority that listed it and ``origin_id`` its own id of it, both "" where this authority did. ``listed`` is since when it
    is in force, or was; of one that never was, when it was proposed. ``needs`` is how many more approvers it waits for, ``why``
    what asks for them. ``listed_by`` names everybody here who had a say. ``rule`` and ``law``
    are those by which this authority enforces it, ``statement`` the peer's object that said it.
    """

    id: RedressId
    subject: Subject
    value: str
    kind: Kind
    state: State
    owner: str
    reason: str
    scheme: str
    grade: Grade
    sources: tuple[str, ...]
    listed: str
    expires: str
    origin: str = ""
    origin_id: str = ""
    needs: int = 0
    why: tuple[Why, ...] = ()
    listed_by: tuple[str, ...] = ()
    rule: str = ""
    law: str = ""
    statement: str = ""
    ended_at: str = ""
    end_code: EndCode | Literal[""] = ""
    ended_by: str = ""
    end_reason: str = ""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One source's word for an entry: nobody but that source, and this authority's own people, can take it back.

    ``ref`` is the source's own id of it. ``waits``: it counts only once it is approved. ``suspended`` while its source is
    stopped or severed. ``batch`` is the import, or the peer's statement, that brought it.
    """

    source: str
    ref: str
    entry: str
    origin: str
    state: Literal["waits", "live", "ended", "declined"]
    suspended: bool
    owner: str
    reason: str
    scheme: str
    grade: Grade
    sources: tuple[str, ...]
    listed: str
    expires: str
    seen_at: str
    batch: str = ""
    share: bool = True
    proposed_by: str = ""
    approved_by: str = ""
    second_by: str = ""
    needs: int = 0
    why: tuple[Why, ...] = ()
    shadow_until: str = ""
    rule: str = ""
    law: str = ""
    ended_at: str = ""
    end_code: EndCode | Literal[""] = ""
    ended_by: str = ""
    end_reason: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One source: since when it is known, until when it is only watched, how much it may bring an hour, whether it is stopped.

    ``restart_by`` asked for its restart; another person does it. ``severed``: it is a peer that is severed, or no member.
    """

    name: str
    kind: SourceKind
    since: str
    shadow_until: str = ""
    cap_hour: int
    stopped_at: str = ""
    stopped_by: str = ""
    stop_reason: str = ""
    restart_by: str = ""
    severed: bool = False


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the allow-list: nothing that hits it is listed at one person's word, and nothing a feed or a peer says of it.

    ``value`` is a number, a range, a domain (with what lies below it), a sender ID or a wallet. ``removal_by`` asked for its
    removal; another administrator does it.
    """

    id: str
    subject: Subject
    value: str
    group: AllowedClass
    name: str
    added_by: str
    added_at: str
    removal_by: str = ""


class NewAllowed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an administrator puts on the allow-list."""

    subject: Subject
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    group: AllowedClass
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WRITTEN)]


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """A standing word of two officers: what a peer lists of these subjects is enforced here without a further one.

    It counts from ``second_by``'s word until ``until`` or ``ended_at``. Without one, each entry of that peer waits.
    """

    peer: str
    subjects: tuple[Subject, ...]
    until: str
    first_by: str
    first_at: str
    second_by: str = ""
    since: str = ""
    ended_at: str = ""
    ended_by: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """One line of an import that was not taken: its number (the heading is line 1), a stable code, and words.

    Line 0: it was taken, and refused when the import was approved.
    """

    line: int
    code: str
    what: str


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """One bulk import: what was taken and waits for approval, and each line that was not (the first thousand are kept).

    ``shortened`` lines asked for a later expiry than is allowed, and end with the longest one.
    """

    id: str
    source: str
    at: str
    by: str
    taken: int
    renewed: int
    refused: int
    refusals: tuple[Refusal, ...] = ()
    shortened: int = 0
    state: Literal["open", "waits", "approved", "declined"] = "waits"
    approved_by: str = ""


class NotEnded(msgspec.Struct, frozen=True):
    """One number of a report that its operator has no say in."""

    number: str
    code: Literal["no_number", "not_yours"]


class Recycled(msgspec.Struct, frozen=True, kw_only=True):
    """One report of an operator's numbers that changed their holder.

    Of ``numbers`` that it named, what was listed of ``ended`` ended at its word, ``waiting`` names the entries beyond its day's
    share, ``not_listed`` were not blocked, ``refused`` are not its own or no numbers (the first hundred in ``refusals``).
    ``proposed`` names entries that are not in force, of which the operator must not learn: they are ``not_listed`` to it.
    ``since`` has of each that waits since when it is listed, or proposed: one of another time is about another holder.
    """

    id: str
    operator: str
    at: str
    numbers: int
    ended: int
    not_listed: int
    refused: int
    refusals: tuple[NotEnded, ...] = ()
    waiting: tuple[RedressId, ...] = ()
    proposed: tuple[RedressId, ...] = ()
    since: dict[RedressId, str] = {}
    state: Literal["done", "waits", "approved", "declined", "lapsed"] = "done"
    decided_by: str = ""
    decided_at: str = ""

    def for_operator(self) -> "Recycled":
        """Return the report as its operator sees it: where only proposals wait, or waited, nothing does."""
        told = msgspec.structs.replace(self, proposed=(), since={})
        return told if self.waiting else msgspec.structs.replace(told, state="done", decided_by="", decided_at="")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one peer was told of an entry, and how far it got there: a time for each step, "" while it is outstanding."""

    peer: str
    batch: str
    kind: Literal["listing", "withdrawal"]
    left_at: str
    refused_here: str = ""
    received_at: str = ""
    imported_at: str = ""
    enforced_at: str = ""
    withdrawn_at: str = ""
    not_taken: str = ""


class Enforced(msgspec.Struct, frozen=True):
    """When a gateway had a version of a list in force."""

    gateway: str
    version: int
    at: str


class EntryPath(msgspec.Struct, frozen=True, kw_only=True):
    """The way of one entry, for the propagation monitor: decided ("" not yet), published, at each peer and each gateway."""

    entry: str
    decided_at: str
    published_at: str
    version: int
    peers: tuple[Told, ...]
    gateways: tuple[Enforced, ...]
