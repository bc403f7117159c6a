"""What the lying member says about holds: what is wrong, and what is none of its business."""

from datetime import datetime, timedelta
from random import Random

import msgspec
from tests.simulation import law

from lintas.model import times
from lintas.model.messages import (
    HoldAnswer,
    HoldRelease,
    HoldRequest,
    HoldStatus,
    HoldWithdrawal,
    LegalBasis,
    Outcome,
    ReleaseCode,
)
from lintas.model.tainted import Baton, Part, PartState, Span
from lintas.requests.records import Hold

BASIS = LegalBasis(jurisdiction="XD", rule="xd-ask", law="Fictional Act of XD, s.2")
NO_HOLD = Hold(
    id="hold-none",
    case="case-none",
    share="",
    direction="asked",
    peer="",
    baton=Baton(transfer="T", start=0, end=100, currency="XDK", holder="XDFB", sender="XAFB"),
    amount_minor=100,
    currency="XDK",
    purpose="stop_payment",
    scheme="unknown",
    state="sent",
    asked_at="2026-03-01T10:00:00Z",
)


def fair_request(rng: Random, hold: str, peer: str, now: datetime) -> HoldRequest:
    """Ask for money that really (says the liar) moved from its bank to one of theirs."""
    baton = Baton(
        transfer=f"T-liar-{rng.randrange(10**6)}",
        start=0,
        end=rng.randrange(1000, 100_000),
        currency="XDK",
        holder=law.OF[peer].banks[0],
        sender=law.LIAR.banks[0],
    )
    return _request(hold, baton, baton.amount_minor, baton.currency, now + timedelta(hours=72), now)


def absurd_request(rng: Random, hold: str, peer: str, now: datetime) -> HoldRequest:
    """Ask for more than the interval, of nothing, of a bank not theirs, of money nobody told it of, or after its own end."""
    start = rng.randrange(1000)
    length, over = rng.randrange(1, 10_000), rng.choice((0, 1, 1, 10**6))
    bank = rng.choice((law.OF[peer].banks[0], law.OF[peer].banks[0], "ZZZZ", law.LIAR.banks[0]))
    sender = rng.choice(("", law.OF[peer].banks[-1], law.LIAR.banks[0], law.LIAR.banks[0]))
    baton = Baton(transfer="T-liar", start=start, end=start + length, currency="XDK", holder=bank, sender=sender)
    ends = now + timedelta(hours=rng.choice((72, 72, -1)))
    return _request(hold, baton, length + over, rng.choice(("XDK", "XDK", "XAK", "???")), ends, now)


def _request(hold: str, baton: Baton, amount: int, currency: str, ends: datetime, now: datetime) -> HoldRequest:
    return HoldRequest(
        hold=hold,
        baton=baton,
        amount_minor=amount,
        currency=currency,
        scheme="investment",
        basis=BASIS,
        answer_by=times.render(now),
        expires=times.render(ends),
        contact="desk@xd-fiu.example",
    )


def all_held(hold: Hold, now: datetime) -> HoldAnswer:
    """Say that all of it is held."""
    ends = times.render(now + timedelta(hours=law.HOLD_HOURS))
    return HoldAnswer(
        hold=hold.id,
        outcome="held_full",
        parts=(_part(hold, "held"),),
        basis=BASIS,
        approver="Officer Nil Other",
        expires=ends,
    )


def moved_on(rng: Random, hold: Hold, *, sender: str, over: int = 0) -> HoldAnswer:
    """Say that it moved on to some bank, from ``sender``, as ``over`` minor units more than it was."""
    amount = hold.baton.amount_minor
    baton = Baton(
        transfer=f"T-liar-{rng.randrange(10**6)}",
        start=0,
        end=amount + over,
        currency=hold.currency,
        holder=rng.choice([bank for cast in law.HONEST for bank in cast.banks]),
        sender=sender,
    )
    return HoldAnswer(hold=hold.id, outcome="moved", parts=(_part(hold, "moved", baton),))


def answer(rng: Random, hold: Hold, now: datetime) -> HoldAnswer:
    """Answer with what does not add up, or (a third of the time) with what does."""
    change, good = msgspec.structs.replace, all_held(hold, now)
    (part,) = good.parts
    outcome: Outcome = "spent"
    return rng.choice(
        (
            good,
            good,
            moved_on(rng, hold, sender=hold.baton.holder),
            moved_on(rng, hold, sender=hold.baton.holder, over=1),
            moved_on(rng, hold, sender=law.HONEST[0].banks[0]),
            change(good, parts=(change(part, end=part.end + 1),)),
            change(good, parts=(part, part)),
            change(good, parts=()),
            change(good, expires=None),
            change(good, basis=None),
            change(good, approver=""),
            change(good, basis=change(BASIS, jurisdiction="XA")),
            change(good, expires="never"),
            change(good, outcome=outcome),
        )
    )


def withdrawal(rng: Random, hold: Hold, now: datetime) -> HoldWithdrawal:
    """Take a request back, or a part of it that may lie outside."""
    return HoldWithdrawal(hold=hold.id, code="mistake", at=times.render(now), spans=_spans(rng, hold))


def release(rng: Random, hold: Hold, now: datetime) -> HoldRelease:
    """Say that money was let go: perhaps more than is held, perhaps somebody else's."""
    codes: tuple[ReleaseCode, ...] = ("appeal", "withdrawn", "expired", "correction")
    return HoldRelease(hold=hold.id, code=rng.choice(codes), at=times.render(now), spans=_spans(rng, hold))


def status(rng: Random, hold: Hold, now: datetime) -> HoldStatus:
    """Say that a hold lasts longer, or that its release was declined."""
    if rng.random() < 0.5:
        return HoldStatus(hold=hold.id, state="release_declined", at=times.render(now), reason="no")
    ends = rng.choice((times.render(now + timedelta(days=3650)), "never", times.render(now - timedelta(days=1))))
    return HoldStatus(hold=hold.id, state="confirmed", at=times.render(now), expires=ends)


def _spans(rng: Random, hold: Hold) -> tuple[Span, ...]:
    start, end = hold.baton.span
    middle = (start + end) // 2
    return rng.choice(
        ((), ((start, end),), ((start, middle),), ((start, end + 1),), ((end, end + 100),), ((middle, end),))
    )


def _part(hold: Hold, state: PartState, baton: Baton | None = None) -> Part:
    return Part(
        state=state,
        start=hold.baton.start,
        end=hold.baton.end,
        local_minor=baton.amount_minor if baton else hold.baton.amount_minor,
        local_currency=hold.baton.currency,
        baton=baton,
    )
