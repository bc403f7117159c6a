"""The interlock: a sender ID that somebody holds in one jurisdiction cannot be registered by a stranger in another.

A claim is announced to all members. It can be registered after fourteen days, when nobody objected and the owner of each ID
that it equals or resembles consented through that owner's own authority. What a claimant says of himself counts for nothing:
an officer who registers a bank's name for a stranger needs an officer of the bank's own jurisdiction as well.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from lintas.model import times
from lintas.model.messages import Line, Words
from lintas.model.people import same_person
from lintas.telco.names import looks
from lintas.telco.names.senders import Registration, Registry

#: How long others may object before a claim is registered.
WINDOW = timedelta(days=14)
#: How long an objection stops a claim by itself, where the objector has no registration of its own to show.
OBJECTION = timedelta(days=30)

Jurisdiction = Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{2}\Z")]
State = Literal["open", "refused", "ready"]
Why = Literal["generic", "taken", "one-person", "rival", "consent", "objection", "window", "nothing-against"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants a sender ID in a jurisdiction; ``announced`` is when the other members had it, by the asking node.

    ``filed_by`` and ``approved_by`` are two officers' ids; ``approved_by`` is "" until a second one looked at it.
    """

    id: Line
    sender: Annotated[str, msgspec.Meta(max_length=40)]
    jurisdiction: Jurisdiction
    claimant: Line
    announced: str
    filed_by: Line
    approved_by: Line = ""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """The owner of a registration agrees to a claim; valid only from the registration's own jurisdiction."""

    claim: Line
    registration: Line
    jurisdiction: Jurisdiction
    given: str


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """A member authority objects. ``withdrawn`` and ``rejected`` are times, "" until then."""

    claim: Line
    jurisdiction: Jurisdiction
    filed: str
    reason: Words
    withdrawn: str = ""
    rejected: str = ""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Where a claim stands, why, what it waits for (registrations or claims), and from when that may change."""

    state: State
    why: Why
    against: tuple[str, ...] = ()
    until: str = ""


def judge(
    claim: Claim,
    registry: Registry,
    rivals: Iterable[Claim],
    consents: Iterable[Consent],
    objections: Iterable[Objection],
    now: datetime,
) -> Judgement:
    """Say where a claim stands at this moment; BadInput for a sender that no phone can show.

    Where the registrations in ``registry`` are since their own announcement, a claim that was made in their window meets them.
    """
    looks.readable(claim.sender)
    announced = times.parse(claim.announced)
    if looks.generic(claim.sender):
        return Judgement(state="refused", why="generic")
    # What was registered after the announcement cannot have been what the claim copies.
    before = [one for one in registry.clashing(claim.sender, now) if times.parse(one.since) <= announced]
    # Whose own other name it resembles at home, the authority of both knows by itself.
    before = [one for one in before if not _same_owner(claim, one.owner, one.jurisdiction)]
    unagreed = _without_consent(claim, before, list(consents))
    if at_home := [one.id for one in unagreed if one.jurisdiction == claim.jurisdiction]:
        return Judgement(state="refused", why="taken", against=tuple(at_home))
    standing = _standing(claim, list(objections), {one.jurisdiction for one in before}, now)
    if standing:
        return Judgement(state="open", why="objection", against=tuple(one.jurisdiction for one in standing))
    if earlier := _rivals(claim, rivals):
        return Judgement(state="open", why="rival", against=tuple(earlier))
    if unagreed:
        return Judgement(state="open", why="consent", against=tuple(one.id for one in unagreed))
    if now < announced + WINDOW:
        return Judgement(state="open", why="window", until=times.render(announced + WINDOW))
    if not claim.approved_by or claim.approved_by == claim.filed_by:
        return Judgement(state="open", why="one-person")
    return Judgement(state="ready", why="nothing-against")


def _same_owner(claim: Claim, owner: str, jurisdiction: str) -> bool:
    """Say whether somebody is the claimant: in another jurisdiction the same name may be anybody's."""
    return jurisdiction == claim.jurisdiction and same_person(owner, claim.claimant)


def _without_consent(claim: Claim, clashing: Sequence[Registration], consents: Sequence[Consent]) -> list[Registration]:
    agreed = {(one.registration, one.jurisdiction) for one in consents if one.claim == claim.id}
    return [one for one in clashing if (one.id, one.jurisdiction) not in agreed]


def _standing(claim: Claim, objections: Sequence[Objection], holders: set[str], now: datetime) -> list[Objection]:
    """Return the objections that stop a claim: a holder's until it is withdrawn or rejected, another's for thirty days.

    One that was filed after the window is no longer heard, or a member could object for ever.
    """
    closed = times.parse(claim.announced) + WINDOW
    return [
        one
        for one in objections
        if one.claim == claim.id
        and not one.withdrawn
        and not one.rejected
        and times.parse(one.filed) <= closed
        and (one.jurisdiction in holders or now < times.parse(one.filed) + OBJECTION)
    ]


def _rivals(claim: Claim, rivals: Iterable[Claim]) -> list[str]:
    """Name the claims to a like ID, by others, that were announced before; of two at once the lower id is first."""
    look = looks.skeleton(claim.sender)
    place = (times.parse(claim.announced), claim.id)
    return [
        one.id
        for one in rivals
        if one.id != claim.id
        and not _same_owner(claim, one.claimant, one.jurisdiction)
        and (times.parse(one.announced), one.id) < place
        and looks.alike(look, looks.skeleton(one.sender))
    ]
