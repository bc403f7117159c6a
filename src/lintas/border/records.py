"""What the border says: events about what came in, the outcome of an attempt to release, and what was set aside."""

from typing import Literal

import msgspec

from lintas.policy.approval import Approval
from lintas.policy.records import Decision

#: How far this authority trusts a peer: everything is taken; all of it is set aside until people looked; nothing is taken.
Standing = Literal["trusted", "quarantined", "severed"]


class Admitted(msgspec.Struct, frozen=True):
    """A peer's statement passed the border; ``Border.statement`` gives its bytes until its obligation expires."""

    object: str
    origin: str
    type: str


class Answered(msgspec.Struct, frozen=True):
    """A peer's signed receipt gave a verdict on one object that we released."""

    object: str
    peer: str
    verdict: str
    reason: str


class Release(msgspec.Struct, frozen=True):
    """What became of a message at the border: with a permit ``objects`` are queued, otherwise there are none."""

    decision: Decision
    objects: tuple[str, ...] = ()

    @property
    def permitted(self) -> bool:
        """Tell whether it left."""
        return self.decision.outcome == "permit"


class Waiting(msgspec.Struct, frozen=True):
    """One object that left and has no receipt: for whom, by which lane, and since when."""

    object: str
    peer: str
    lane: str
    since: str


class Unwelcome(msgspec.Struct, frozen=True):
    """One object that left and whose receipt does not accept it, with the verdict and reason that the peer signed."""

    object: str
    peer: str
    lane: str
    verdict: str
    reason: str


class Exchanged(msgspec.Struct, frozen=True, kw_only=True):
    """One object that left for a peer (``out``) or came from it (``in``), without what it says, and what became of it.

    ``verdict`` is the recipient's, "" while its receipt is missing; ``header`` the hash of the envelope that its receipt names.
    ``entry`` is the number of our ledger entry about it, None where that was not noted. ``erased`` when its content is gone.
    """

    object: str
    direction: Literal["in", "out"]
    peer: str
    commitment: str
    verdict: str
    reason: str
    left_at: str = ""
    header: str = ""
    entry: int | None = None
    erased: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """One thing that was stopped at the border, for people to see: which way, who, why; ``seq`` is its number in the list."""

    at: str
    direction: Literal["in", "out"]
    peer: str
    reason: str
    what: str
    seq: int = 0


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """One object that came while its origin was quarantined, and what people did about it.

    ``body`` is the JSON of what it says, "" once it was erased; ``until`` when that is. Whoever asks that it be accepted
    (``asked_by``) is not who accepts it (``decided_by``); ``decision`` is "" as long as nobody has decided.
    """

    object: str
    origin: str
    type: str
    at: str
    until: str | None
    body: str
    asked_by: str
    asked_at: str | None
    asked_reason: str
    decision: Literal["", "accepted", "rejected"]
    decided_by: str
    decided_at: str | None
    reason: str


FiledState = Literal["valid", "not_yet", "expired", "used_up", "withdrawn", "unknown_issuer"]


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """A document on file and whether it counts now; ``words`` say it in one sentence, ``note`` is the signed text itself.

    ``approval`` is None where only its issuer's withdrawal came so far. Times are RFC 3339 by this node's clock; ``used``
    counts the objects that were released under it. ``final`` when its issuer withdrew it: nobody can record it again.
    """

    id: str
    state: FiledState
    approval: Approval | None
    words: str
    used: int
    recorded_at: str
    recorded_by: str
    withdrawn_at: str | None = None
    withdrawn_by: str = ""
    reason: str = ""
    final: bool = False
    note: str = ""
