"""What the telco room says: entries of lists, calls, verdicts, and the question about state that one network asks another."""

from typing import Annotated, Literal, NamedTuple, Protocol

import msgspec

from lintas.model import listings

#: The words of lists, which authorities share (``lintas.model.listings``).
Subject = listings.Subject
Kind = listings.ListKind
Grade = listings.Grade
RedressId = listings.RedressId
Entry = listings.Entry

Word = Literal["pass", "fail", "unknown"]
#: What the verdict rests on, weakest first.
Evidence = Literal["none", "listed", "assigned", "registered-abroad", "on-call"]
#: What a gateway does with a call; all five stand in some country's rules.
Action = Literal["allow", "block", "withhold-cli", "label", "divert"]
#: By which way a call came in: ``nomadic`` is an agreed cloud or nomadic interconnect.
Trunk = Literal["international", "domestic", "nomadic"]

E164 = Annotated[str, msgspec.Meta(pattern=r"\A\+[1-9][0-9]{4,14}\Z")]


class Listed(NamedTuple):
    """What a gateway's list says of one number; ``expires`` in seconds since 1970."""

    kind: Kind
    id: str
    owner: str
    reason: str
    expires: int


class Lookup(Protocol):
    """A list in local memory."""

    def find(self, number: int) -> Listed | None:
        """Return what is listed now of an E.164 number (its digits as an integer): itself before a range; None if none."""
        ...


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call attempt as a gateway sees it; numbers as they came in, not yet read.

    ``diverted`` is the number that forwarded it (Diversion, History-Info), "" for none; ``reference`` is the gateway's own, for
    its call records.
    """

    a: str
    b: str = ""
    trunk: Trunk = "international"
    diverted: str = ""
    reference: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with a call; ``id`` is the redress id of the list entry behind it, "" for none; ``ttl_s`` how long it may be
    kept."""

    verdict: Word
    evidence: Evidence
    action: Action
    id: str = ""
    ttl_s: int = 0


class CliQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Asks the network of ``a`` whether a call with that caller id may be real; ``b_hash`` tells its call to ``b`` apart.

    ``b_hash`` is HMAC-SHA-256 of ``b`` in E.164 by ``call_ref``, in hex, "" where it is not said; ``asked_at`` RFC 3339.
    """

    a: E164
    trunk: Trunk
    call_ref: Annotated[str, msgspec.Meta(min_length=8, max_length=64, pattern=r"\A[A-Za-z0-9._-]+\Z")]
    asked_at: Annotated[str, msgspec.Meta(max_length=40)]
    b_hash: Annotated[str, msgspec.Meta(pattern=r"\A([0-9a-f]{64})?\Z")] = ""


class CliAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answers it: never where, never since when. ``id`` is the answer's own, for disputes; ``ttl_s``: how long to keep it."""

    verdict: Word
    evidence: Evidence
    ttl_s: Annotated[int, msgspec.Meta(ge=0, le=300)]
    id: str
