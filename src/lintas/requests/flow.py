"""Pure: the trail of a case as a flow through places, and what a request at each minute would have found.

Everything comes from the shares of the case's bar: how they came to where they are, as the answers of banks and peers said, and
when. Amounts are minor units of the claim's currency, so that all that leaves a place adds up to what came there; nothing of
the victim's is in it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.model.tainted import Span, merged
from lintas.requests.records import SHARE_STATES, Bar, Later, Share, ShareState, Stop

#: A minute of the comparison later than this is told only where an author of an exercise knows it.
LONGEST = 24 * 60
#: Steps of the comparison; what lies between two of them is found in the one before.
MOST_STEPS = 400
#: Where money is that was spent.
GONE = ("", "")
#: A ledger's time outside these years is a mistake or a trap: nothing is computed with it.
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One holder at one hop: what came to it, and when the first of it did (None where no ledger said it).

    ``hop`` counts from the bank that was asked first; ``holder`` is "" for money that no ledger has found.
    """

    id: str
    hop: int
    holder: str
    authority: str
    since: str | None
    amount_minor: int


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer between two places: ``local_minor`` of ``local_currency`` as it was settled, ``amount_minor`` of the claim.

    ``states`` is what became of it further on: amounts of the claim by state, which add up to ``amount_minor``.
    """

    source: str
    target: str
    transfer: str
    since: str | None
    local_minor: int
    local_currency: str
    amount_minor: int
    states: dict[str, int]


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Where a share is now: at which place, in which state, under whose law, until when; ``here`` where it rests unheld."""

    place: str
    state: ShareState
    here: bool
    amount_minor: int
    authority: str
    law: str
    until: str | None
    since: str | None
    hold: str | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """How much would have been at one holder."""

    holder: str
    authority: str
    amount_minor: int


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What a request ``minute`` minutes after the money was taken would have found, and until the next moment's minute.

    The three amounts add up to what was stolen: still there, gone, and ``unsaid`` where no answer lets anybody say.
    ``basis``: ``answers`` for what the banks' times say, ``books`` for what the author of an exercise knows.
    """

    minute: int
    at: str
    there_minor: int
    gone_minor: int
    unsaid_minor: int
    found: tuple[Found, ...] = ()
    basis: Annotated[str, msgspec.Meta(pattern=r"\A(answers|books)\Z")] = "answers"


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """The trail of a case; ``taken_at`` is when the money left, None while nobody said it, and there are no moments then."""

    case: str
    currency: str
    stolen: int
    taken_at: str | None
    places: tuple[Place, ...]
    legs: tuple[Leg, ...]
    ends: tuple[End, ...]
    moments: tuple[Moment, ...]


def flow_of(bar: Bar, *, reported_at: str | None = None, later: Sequence[Later] = ()) -> Flow:
    """Return the flow of a case's money; ``reported_at`` is when it was taken by the victim's word, where no ledger says it."""
    first = min((at for share in bar.shares for at in _times(share) if at is not None), default=_time(reported_at))
    return Flow(
        case=bar.case,
        currency=bar.currency,
        stolen=bar.stolen,
        taken_at=None if first is None else times.render(first),
        places=_places(bar.shares),
        legs=_legs(bar.shares),
        ends=_ends(bar.shares),
        moments=() if first is None else _moments(bar, first, later),
    )


def place_id(hop: int, holder: str) -> str:
    """Name a place."""
    return f"{hop}-{holder}"


def _last(share: Share) -> str:
    return place_id(max(0, len(share.way) - 1), share.way[-1].baton.holder if share.way else share.holder)


def _places(shares: Iterable[Share]) -> tuple[Place, ...]:
    found: dict[str, Place] = {}
    for share in shares:
        stops = [(stop.baton.holder, stop.authority, stop.since) for stop in share.way]
        for hop, (holder, authority, since) in enumerate(stops or [(share.holder, share.authority, None)]):
            name = place_id(hop, holder)
            before = found.get(name)
            amount = share.amount_minor + (before.amount_minor if before else 0)
            known = [at for at in (since, before.since if before else None) if at and _time(at)]
            found[name] = Place(
                id=name,
                hop=hop,
                holder=holder,
                authority=authority or (before.authority if before else ""),
                since=min(known, key=_sure, default=None),
                amount_minor=amount,
            )
    return tuple(sorted(found.values(), key=lambda each: (each.hop, each.since or "~", each.holder)))


class _Way(NamedTuple):
    """What makes a leg: from where to where, and by which transfer."""

    source: str
    target: str
    transfer: str


def _legs(shares: Iterable[Share]) -> tuple[Leg, ...]:
    """Return the transfers in the order of time; what of one is told of by several shares is counted once."""
    spans: dict[_Way, list[Span]] = {}
    last: dict[_Way, Stop] = {}
    states: dict[_Way, dict[str, int]] = {}
    for share in shares:
        for hop, (left, came) in enumerate(zip(share.way, share.way[1:], strict=False)):
            way = _Way(place_id(hop, left.baton.holder), place_id(hop + 1, came.baton.holder), came.baton.transfer)
            spans.setdefault(way, []).append(came.baton.span)
            last[way] = came if came.since or way not in last else last[way]
            kept = states.setdefault(way, {})
            kept[share.state] = kept.get(share.state, 0) + share.amount_minor
    legs = [
        Leg(
            source=way.source,
            target=way.target,
            transfer=way.transfer,
            since=last[way].since,
            local_minor=sum(end - start for start, end in merged(spans[way])),
            local_currency=last[way].baton.currency,
            amount_minor=sum(states[way].values()),
            states={state: states[way][state] for state in SHARE_STATES if state in states[way]},
        )
        for way in states
    ]
    return tuple(sorted(legs, key=lambda leg: (int(leg.source.partition("-")[0]), leg.since or "~", leg.transfer)))


def _ends(shares: Iterable[Share]) -> tuple[End, ...]:
    """Return where the shares are, those of one hold, place and state as one."""
    ends: dict[tuple[object, ...], End] = {}
    for share in shares:
        here = share.state == "moved" and share.note == "here"
        end = End(
            place=_last(share),
            state=share.state,
            here=here,
            amount_minor=share.amount_minor,
            authority=share.authority,
            law=share.law,
            until=share.until,
            since=share.since if _time(share.since) else None,
            hold=share.hold,
        )
        same = (end.place, end.state, end.here, end.law, end.until, end.hold, end.since)
        before = ends.get(same)
        ends[same] = msgspec.structs.replace(
            end, amount_minor=end.amount_minor + (before.amount_minor if before else 0)
        )
    order = {state: number for number, state in enumerate(SHARE_STATES)}
    return tuple(sorted(ends.values(), key=lambda end: (int(end.place.partition("-")[0]), end.place, order[end.state])))


# ---- had it been asked at another minute


def _moments(bar: Bar, taken: datetime, later: Sequence[Later]) -> tuple[Moment, ...]:
    """Return the minutes at which an answer changes, from the first on; what an exercise's author knows stands behind them."""
    arrived = (at for share in bar.shares for at in _times(share))
    heard = [at for share in bar.shares for stop in share.way if (at := _time(stop.seen)) is not None]
    # What arrived within a minute is there at the next one; who was heard within one speaks of its beginning only.
    turns = {0} | {-int((taken - at).total_seconds() // 60) for at in arrived if at is not None}
    turns |= {int((at - taken).total_seconds() // 60) + 1 for at in heard if taken <= at}
    told = [_at(bar.shares, taken, minute) for minute in sorted(turns) if minute <= LONGEST][:MOST_STEPS]
    since = min(heard, default=taken)
    books = [each for each in sorted(later, key=lambda each: each.minutes) if each.basis == "books"]
    # The author is asked from where the banks fall silent; from there on the author knows all, and no gap stands between.
    silent = (each.minutes for each in books if _falls_silent(bar.shares, taken, each.minutes, since))
    first = next(silent, None)
    if first is not None:
        told = [each for each in told if each.minute < first]
        told += [_by_books(bar, taken, each) for each in books if each.minutes >= first]
    return tuple(_distinct(told))


def _falls_silent(shares: Iterable[Share], taken: datetime, minute: int, since: datetime) -> bool:
    """Tell whether, at a minute after a bank was first heard (``since``), the answers leave something unsaid."""
    return taken + timedelta(minutes=minute) > since and _at(shares, taken, minute).unsaid_minor > 0


def _by_books(bar: Bar, taken: datetime, known: Later) -> Moment:
    return Moment(
        minute=known.minutes,
        at=times.render(taken + timedelta(minutes=known.minutes)),
        there_minor=known.most_minor,
        gone_minor=bar.stolen - known.most_minor,
        unsaid_minor=0,
        basis="books",
    )


def _distinct(moments: Iterable[Moment]) -> list[Moment]:
    """Leave out moments that say the same as the one before."""
    kept = list[Moment]()
    for moment in moments:
        same = kept and msgspec.structs.replace(moment, minute=kept[-1].minute, at=kept[-1].at) == kept[-1]
        if not same:
            kept.append(moment)
    return kept


def _at(shares: Iterable[Share], taken: datetime, minute: int) -> Moment:
    at = taken + timedelta(minutes=minute)
    there: dict[tuple[str, str], int] = {}
    gone = unsaid = 0
    for share in shares:
        where = _where(share, at)
        if where == GONE:
            gone += share.amount_minor
        elif where is None:
            unsaid += share.amount_minor
        else:
            there[where] = there.get(where, 0) + share.amount_minor
    found = (
        Found(holder=holder, authority=authority, amount_minor=amount) for (holder, authority), amount in there.items()
    )
    return Moment(
        minute=minute,
        at=times.render(at),
        there_minor=sum(there.values()),
        gone_minor=gone,
        unsaid_minor=unsaid,
        found=tuple(sorted(found, key=lambda each: (-each.amount_minor, each.holder))),
    )


def _where(share: Share, at: datetime) -> tuple[str, str] | None:
    """Return the holder (and its authority) at which a share was at a time, GONE, or None where no answer says it.

    Of the time after its last holder was heard nothing is said, held or not: who had asked later would have found other things.
    """
    came = [_time(stop.since) for stop in share.way]
    if not came:
        return None
    number = max((number for number, when in enumerate(came) if when is not None and when <= at), default=0)
    stop, left = share.way[number], _time(share.since)
    place = (stop.baton.holder, stop.authority)
    if number + 1 < len(came):
        # It was here until it left, if anybody said when that was.
        return place if came[number + 1] is not None else None
    if share.state == "spent":
        return None if left is None else place if at < left else GONE
    heard = None if share.note == "unknown" else _time(stop.seen)
    return place if heard is not None and at <= heard else None


def _times(share: Share) -> list[datetime | None]:
    """Return when a share's money arrived where it did, and when it was spent or came to rest."""
    return [*(_time(stop.since) for stop in share.way), _time(share.since)]


def _time(text: str | None) -> datetime | None:
    """Read a time that others wrote; None for what is none."""
    try:
        moment = None if text is None else times.parse(text)
    except BadInput:
        return None
    return moment if moment is not None and _EARLIEST <= moment <= _LATEST else None


def _sure(text: str) -> datetime:
    return times.parse(text)
