"""Decides about sender IDs at one authority: what a peer's word changes, who may say yes, how long anything stands; pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotAllowed, Refused
from lintas.model.people import same_person
from lintas.model.senders import SenderClaim, SenderEnd, SenderWord
from lintas.telco.names import looks
from lintas.telco.names.claims import Claim, Consent, Objection
from lintas.telco.names.senders import Registration
from lintas.telco.registry.records import ActKind, Asked, NewAsked, Sender, Wish, Word

#: A registration is attested anew each year, at the earliest so long before its end.
YEAR, ATTEST_FROM = timedelta(days=365), timedelta(days=60)
#: A claim that is not registered by then ends by itself: it stands in the way of others.
LAPSE = timedelta(days=90)
#: What waits for a second officer for so long is declined.
WAITS = timedelta(days=30)
#: What one peer may say in a day of each kind: claims, what it said before again, words. Ends of what it said are always heard.
MOST_A_DAY = 500
#: Claims, and words, that a peer is told in any 24 hours: fewer than it takes, whenever its day begins and something is late.
MOST_TOLD, DAY = 400, timedelta(days=1)
#: Claims of one peer that may be open here at once: each is compared with every other.
MOST_OPEN = 1_000
#: A claim that waits for others is looked at again so often.
LOOK_AGAIN = timedelta(hours=1)
#: What stands is told again: a peer forgets what it was not told for as long as its rule of law lets it keep it.
TELL_AGAIN = timedelta(days=30)
#: A word is told again while the claim waits: the peer may not have taken it, and it decides the claim.
WORD_AGAIN = timedelta(days=1)

#: What may be asked of a claim or registration, by whose it is and how it stands.
ACTS: dict[tuple[bool, str], tuple[ActKind, ...]] = {
    (True, "claimed"): ("reject",),
    (True, "registered"): ("attest", "revoke"),
    (False, "claimed"): ("consent", "object", "retract"),
}


# ---- people


def shown(text: str) -> str:
    """Return a sender ID as phones show it; BadInput for none, or a word that everybody uses."""
    found = looks.readable(text)
    if looks.generic(found):
        raise BadInput(
            f"{found} is a word that everybody uses", "claim a name that is the claimant's own", where="sender"
        )
    return found


def confirmed(waiting: Asked | None, read: Wish, officer: str, now: datetime) -> Asked:
    """Return the wish that an officer confirms.

    Conflict where it is not the one that he read, or waited too long; NotAllowed for one person's second yes.
    """
    if waiting is None:
        raise Conflict("nobody asks for anything now", "read it again")
    if same_person(waiting.by, officer):
        raise NotAllowed("you asked for this yourself", "another officer confirms it")
    if (waiting.act, waiting.at) != (read.act, read.at):
        raise Conflict(f"{waiting.by} asks for something else now: {waiting.act}, at {waiting.at}", "read it again")
    if times.parse(waiting.at) + WAITS < now:
        raise Conflict(f"it waited longer than {WAITS.days} days, since {waiting.at}", "decline it, and ask anew")
    return waiting


def check_asked(item: Sender, new: NewAsked, now: datetime) -> None:
    """Refuse what cannot be asked of a claim or registration as it stands; Conflict while something else waits."""
    if item.asked is not None:
        raise Conflict(f"{item.asked.by} asked for something already: {item.asked.act}", "confirm or decline it first")
    if new.act not in ACTS.get((item.origin == "", item.state), ()):
        raise Conflict(f"nothing like that can be asked: this is {item.state}", "read it again")
    if new.act == "attest" and times.parse(item.until) - now > ATTEST_FROM:
        raise Conflict(f"it stands until {item.until}", f"attest it in the last {ATTEST_FROM.days} days")
    if (new.act == "reject") != bool(new.objector):
        raise BadInput("an objector is named where an objection is rejected", "name the authority", where="objector")
    if new.act == "consent" and not new.registration:
        raise BadInput("a consent is for one of our registrations", "name it", where="registration")


def check_rejecter(item: Sender, officer: str) -> None:
    """Refuse who filed a claim a say in what is objected to it."""
    if same_person(item.filed_by, officer):
        raise NotAllowed("you filed this claim", "officers who did not file it decide on objections to it")


def asked(new: NewAsked, item: Sender, officer: str, now: datetime) -> Asked:
    """Return what an officer asks for, as it is kept."""
    return Asked(
        act=new.act,
        by=officer,
        at=times.render(now),
        reason=new.reason.strip(),
        registration=new.registration,
        objector=new.objector,
        aggregators=item.aggregators if new.aggregators is None else new.aggregators,
    )


# ---- peers


def heard(
    known: Sender | None, said: SenderClaim, origin: str, local: str, object_id: str, marked: str | None, now: datetime
) -> Sender | None:
    """Return what a peer's claim is here after it said so; None where it changes nothing.

    It is announced when this node had it, whatever its peer says; with the number that it has here it only goes on, or is
    registered.
    Refused for one that became another name, owner's, or other aggregators' without a new number; BadInput for a name or time
    that cannot be.
    """
    if looks.readable(said.sender) != said.sender:
        raise BadInput("the sender ID is not as phones show it", "write it in its normal form")
    over = known is not None and known.state == "ended"
    if known is not None and (said.number < known.number or (over and known.end_code != "expired")):
        return None
    if known is not None and known.sender and (known.sender, known.owner) != (said.sender, said.owner):
        raise Refused("changed", f"{origin} said that {said.id} is another name or owner's", "claim it anew")
    again = known is not None and not over
    if known is not None and again and known.number == said.number and known.aggregators != said.aggregators:
        raise Refused("changed", f"{origin} said that others bring {said.id}, with the same number", "count up")
    began = known.announced if again and known else times.render(now)
    ends = min(times.parse(said.until), now + YEAR)
    if said.state == "claimed":
        ends = min(ends, times.parse(began) + LAPSE)
    if marked is not None:
        ends = min(ends, times.parse(marked))
    counts = again and known is not None and known.state == "registered" and said.state == "registered"
    if ends <= now or (not counts and times.parse(began) + LAPSE <= now):
        return None
    return Sender(
        id=local,
        origin=origin,
        ref=said.id,
        number=said.number,
        sender=said.sender,
        jurisdiction=said.jurisdiction.lower(),
        owner=said.owner,
        aggregators=said.aggregators,
        state="registered" if counts else "claimed",
        announced=began,
        there=said.state == "registered",
        refused=known.refused if again and known else False,
        since=known.since if counts and known else "",
        until=times.render(ends),
        statement=object_id,
        asked=known.asked if again and known else None,
    )


def heard_end(
    known: Sender | None, said: SenderEnd, origin: str, local: str, object_id: str, now: datetime
) -> Sender | None:
    """Return what is kept once a peer ended a claim or registration; None where that changes nothing.

    What never came is remembered as ended, so that it cannot come in after its end.
    """
    if known is not None and said.number <= known.number and known.state == "ended" and known.end_code != "expired":
        return None
    if known is not None and said.number < known.number:
        return None
    stamp = times.render(now)
    blank = Sender(
        id=local,
        origin=origin,
        ref=said.id,
        number=0,
        sender="",
        jurisdiction="",
        owner="",
        aggregators=(),
        state="ended",
        announced=stamp,
    )
    return msgspec.structs.replace(
        known or blank,
        number=said.number,
        state="ended",
        there=False,
        ended_at=stamp,
        end_code=said.code,
        ended_by=origin,
        end_reason=said.reason,
        statement=object_id,
        asked=None,
    )


def heard_word(
    known: Word | None, said: SenderWord, origin: str, claim: str, registration: str, object_id: str, now: datetime
) -> Word | None:
    """Return what a peer says of a claim now; None where it changes nothing.

    An objection keeps the time of its first day, so that nobody objects anew to gain time, and stays rejected.
    """
    if (said.stand == "objects" and registration) or (said.stand == "consents" and not registration):
        raise BadInput("a consent names a registration, an objection none", "correct it")
    if known is not None and said.number <= known.number:
        return None
    return Word(
        claim=claim,
        origin=origin,
        registration=registration,
        number=said.number,
        stand=said.stand,
        filed=known.filed if known is not None else times.render(now),
        reason=said.reason,
        rejected=known.rejected if known is not None else "",
        rejected_by=known.rejected_by if known is not None else (),
        rejected_why=known.rejected_why if known is not None else "",
        statement=object_id,
    )


# ---- for the interlock


def over_at(item: Sender) -> datetime:
    """Return when a claim or registration is over: what does not count here ends as a claim does, whatever its peer says."""
    until = times.parse(item.until)
    return min(until, times.parse(item.announced) + LAPSE) if item.state == "claimed" else until


def rivals(near: Iterable[Sender], item: Sender, now: datetime) -> list[Claim]:
    """Return the claims that may stand before another one; none that can never be registered, or is over."""
    claimed = (each for each in near if each.state == "claimed" and each.id != item.id)
    return [claim_of(each) for each in claimed if not each.refused and over_at(each) > now]


def claim_of(item: Sender) -> Claim:
    """Return a claim as ``judge`` takes it; of a peer's two officers its own authority makes sure."""
    return Claim(
        id=item.id,
        sender=item.sender,
        jurisdiction=item.jurisdiction,
        claimant=item.owner,
        announced=item.announced,
        filed_by=item.filed_by or item.origin,
        approved_by=item.approved_by or f"{item.origin} itself",
    )


def announced_one(item: Sender) -> Registration:
    """Return a registration as ``judge`` takes it: since it was announced, or a claim made in its window would not meet it."""
    return msgspec.structs.replace(registration_of(item), since=item.announced)


def registration_of(item: Sender) -> Registration:
    """Return a registration as gateways take it."""
    return Registration(
        id=item.id,
        sender=item.sender,
        jurisdiction=item.jurisdiction,
        owner=item.owner,
        since=item.since,
        until=item.until,
        aggregators=item.aggregators,
    )


def consent_of(word: Word, jurisdiction: str) -> Consent | None:
    """Return a word as a consent; None where it is none."""
    if word.stand != "consents":
        return None
    return Consent(claim=word.claim, registration=word.registration, jurisdiction=jurisdiction, given=word.filed)


def objection_of(word: Word, jurisdiction: str) -> Objection | None:
    """Return a word as an objection; None where it is none."""
    if word.stand != "objects":
        return None
    return Objection(
        claim=word.claim,
        jurisdiction=jurisdiction,
        filed=word.filed,
        reason=word.reason,
        rejected=word.rejected,
    )
