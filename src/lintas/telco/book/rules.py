"""Decides about entries of lists: how long one may stand, what its sightings come to together, who may say yes; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotAllowed
from lintas.model.listings import LEAST_RANGE, EndCode, Grade, Subject, range_of
from lintas.model.listings import ListKind as Kind
from lintas.model.people import same_person
from lintas.telco.book.records import Kept, Sighting, State, Why

#: How long an entry stands when nobody sees it again; what an owner says of its own range or name is attested each year.
STANDS: dict[Subject, timedelta] = {
    "url": timedelta(days=7),
    "domain": timedelta(days=30),
    "number": timedelta(days=30),
    "range": timedelta(days=30),
    "wallet": timedelta(days=30),
    "sender_id": timedelta(days=365),
}
#: A number that a second, independent source saw too.
STANDS_SEEN_TWICE = timedelta(days=90)
ATTESTED: frozenset[Kind] = frozenset({"do_not_originate", "unallocated", "protected"})
ATTESTED_STANDS = timedelta(days=365)
#: How far a peer's clock may be ahead of ours.
SKEW = timedelta(minutes=5)
#: A renewal by less is not told to peers: they would hear of nothing else.
TELL_AGAIN = timedelta(days=1)
#: How far from now a peer's word of when it did something can be believed.
LONGEST_WAY = timedelta(days=2)
SHADOW_LASTS = timedelta(hours=24)

Plane = Literal["A", "B"]


class Law(NamedTuple):
    """How the policy table knows a kind of entry."""

    plane: Plane
    category: str
    subject: str


def law_of(subject: Subject, value: str) -> Law:
    """Return plane, category and person that an entry is judged by: a number, and a range hardly larger, is personal."""
    if subject == "range":
        low, high = range_of(value)
        if high - low + 1 >= LEAST_RANGE:
            return Law("A", "number_range", "none")
    if subject in ("number", "range"):
        return Law("B", "listed_number", "suspect")
    return Law("A", "indicator", "none")


def longest(subject: Subject, kind: Kind, *, seen_twice: bool = False) -> timedelta:
    """Return how long an entry stands at most from when it was last seen."""
    if kind in ATTESTED:
        return ATTESTED_STANDS
    if seen_twice and subject in ("number", "range"):
        return STANDS_SEEN_TWICE
    return STANDS[subject]


def until(asked: str, subject: Subject, kind: Kind, now: datetime, *, seen_twice: bool = False) -> str:
    """Return when an entry ends: when asked, and never later than it may stand; BadInput for a time that is over."""
    most = now + longest(subject, kind, seen_twice=seen_twice)
    end = most if not asked else min(times.parse(asked), most)
    if end <= now:
        raise BadInput(f"the entry would have ended at {times.render(end)}", "give a later expiry", where="expires")
    return times.render(end)


def independent(seen: Sequence[Sighting]) -> int:
    """Count the sources that do not depend on each other: what names one origin in common is one.

    A source's own name counts among its origins, so that nobody becomes two by naming different ones.
    """
    groups: list[set[str]] = []
    for each in seen:
        names = {_plain(each.source), *(_plain(name) for name in each.sources)}
        joined = [group for group in groups if group & names]
        groups = [group for group in groups if not group & names]
        groups.append(names.union(*joined))
    return len(groups)


def _plain(name: str) -> str:
    return " ".join(name.casefold().removeprefix("peer:").split())


def counts(seen: Sighting, now: str) -> bool:
    """Tell whether a sighting counts now."""
    return seen.state == "live" and not seen.suspended and later(seen.expires, now)


def watched(seen: Sighting, now: str) -> bool:
    """Tell whether what a sighting would block is only counted as yet."""
    return bool(seen.shadow_until) and later(seen.shadow_until, now)


def speaks(seen: Sighting, now: str) -> bool:
    """Tell whether a sighting of our own is told to peers."""
    return counts(seen, now) and not watched(seen, now)


def later(one: str, other: str) -> bool:
    """Tell whether a time that this node wrote is later than another: both are UTC, to the second or finer."""
    return times.parse(one) > times.parse(other)


def settle(kept: Kept, seen: Sequence[Sighting], now: str, *, own: bool) -> Kept:
    """Work out what an entry is now from its sightings; ``own``: a mobile number of this jurisdiction.

    One source's word is not enough for those: a second one, or the owner or home operator, has to say so too. Two people must
    have vouched for that word, and a source that is only watched is no second one.
    """
    live = [each for each in seen if counts(each, now)]
    if live:
        return _standing(kept, live, now, own=own)
    waiting = [each for each in seen if each.state == "waits" and not each.suspended]
    if waiting:
        return _waiting(kept, waiting, own=own)
    if kept.state in ("ended", "declined"):
        return kept
    last = max(seen, key=lambda each: each.ended_at, default=None)
    return _over(kept, last, now)


def _standing(kept: Kept, live: Sequence[Sighting], now: str, *, own: bool) -> Kept:
    first = min(live, key=lambda each: (each.origin != "", each.listed, each.source))
    telling = [each for each in live if not watched(each, now)] or live
    sources = independent(telling)
    confirmed = any(each.grade == "confirmed" for each in telling if not own or (not each.origin and _by_two(each)))
    short = own and kept.kind != "protected" and sources < 2 and not confirmed
    only_watched = all(watched(each, now) for each in live)
    grade: Grade = "confirmed" if confirmed else "corroborated" if sources > 1 else "reported"
    state: State = "proposed" if short else "shadow" if only_watched else "listed"
    # Since when it is so; while it is not in force, since when it was proposed.
    since = kept.listed if state == kept.state else now
    # Whoever renewed it had a say too, which no sighting tells.
    had_a_say = kept.listed_by if kept.state in ("proposed", "listed", "shadow") else ()
    return msgspec.structs.replace(
        kept,
        state=state,
        owner=first.owner,
        reason=first.reason,
        scheme=first.scheme,
        grade=grade,
        sources=tuple(dict.fromkeys(name for each in live for name in each.sources or (each.source,)))[:16],
        listed=first.listed if short else since,
        expires=max((each.expires for each in live), key=times.parse),
        origin=first.origin,
        origin_id=first.ref if first.origin else "",
        needs=0,
        why=("own_number",) if short else (),
        listed_by=tuple(dict.fromkeys((*had_a_say, *_people(live)))),
        rule=first.rule,
        law=first.law,
        statement=first.batch if first.origin else "",
        **NOT_ENDED,
    )


def _waiting(kept: Kept, waiting: Sequence[Sighting], *, own: bool) -> Kept:
    first = waiting[0]
    confirmed = any(each.grade == "confirmed" and not each.origin for each in waiting)
    # Approving it will not be enough: said before anybody does.
    short = own and kept.kind != "protected" and independent(waiting) < 2 and not confirmed
    why: list[Why] = [*(why for each in waiting for why in each.why), *(("own_number",) if short else ())]
    return msgspec.structs.replace(
        kept,
        state="proposed",
        owner=first.owner,
        reason=first.reason,
        scheme=first.scheme,
        grade=first.grade,
        sources=first.sources,
        listed=first.listed,
        expires=max((each.expires for each in waiting), key=times.parse),
        origin=first.origin,
        origin_id=first.ref if first.origin else "",
        statement=first.batch if first.origin else "",
        needs=max(each.needs - bool(each.approved_by) for each in waiting),
        why=tuple(dict.fromkeys(why)),
        listed_by=_people(waiting),
        **NOT_ENDED,
    )


def _over(kept: Kept, last: Sighting | None, now: str) -> Kept:
    """End an entry for which nobody stands any more, or decline one that never was in force."""
    code: EndCode = "expired"
    if last is not None and last.end_code:
        code = last.end_code
    elif last is not None and last.suspended:
        code = "source_stopped"
    return msgspec.structs.replace(
        kept,
        state="declined" if kept.state == "proposed" else "ended",
        needs=0,
        why=(),
        ended_at=(last.ended_at if last else "") or now,
        end_code=code,
        ended_by=last.ended_by if last else "",
        end_reason=last.end_reason if last else "",
    )


NOT_ENDED: dict[str, str] = {"ended_at": "", "end_code": "", "ended_by": "", "end_reason": ""}


def _people(seen: Iterable[Sighting]) -> tuple[str, ...]:
    names = (name for each in seen for name in (each.proposed_by, each.approved_by, each.second_by) if name)
    return tuple(dict.fromkeys(names))


def _by_two(seen: Sighting) -> bool:
    """Tell whether two different people vouch for a sighting."""
    first, *others = _people((seen,)) or ("",)
    return any(not same_person(first, name) for name in others)


def needed(why: Sequence[Why], by_law: int) -> int:
    """Return how many must approve: two for what hits an allow-list or shared host, or was taken back on an objection."""
    return max(1, by_law, 2 if {"allow_list", "shared_host", "reversed"} & set(why) else 1)


def approved(seen: Sighting, officer: str) -> Sighting:
    """Add an officer's yes; live once there are as many as it needs.

    NotAllowed for who proposed it; Conflict for who said yes already.
    """
    if seen.proposed_by and same_person(seen.proposed_by, officer):
        others = "two other people" if seen.needs > 1 else "somebody else"
        raise NotAllowed(f"you proposed this yourself, and it needs {others}", "another officer approves it")
    if seen.approved_by and same_person(seen.approved_by, officer):
        raise Conflict("you approved this already", "another officer must approve it too")
    if not seen.approved_by:
        seen = msgspec.structs.replace(seen, approved_by=officer)
        return seen if seen.needs > 1 else msgspec.structs.replace(seen, state="live")
    return msgspec.structs.replace(seen, second_by=officer, state="live")


def ended(seen: Sighting, code: EndCode, now: str, by: str, reason: str) -> Sighting:
    """Take a sighting back."""
    state: Literal["ended", "declined"] = "declined" if seen.state == "waits" else "ended"
    return msgspec.structs.replace(seen, state=state, ended_at=now, end_code=code, ended_by=by[:120], end_reason=reason)
