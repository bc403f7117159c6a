"""What redress may say and who may decide: masked values, the clock of the first answer, and the bounds of what may wait."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from lintas.model import times
from lintas.model.errors import Conflict, NotAllowed, Refused
from lintas.model.people import same_person
from lintas.telco.records import Subject
from lintas.telco.redress.records import Blocked, Notice, Objection, Ruling

#: A first answer is owed within this time; baseline of the industry (USTelecom, 15 April 2026): status within 24 hours, free.
ANSWER_WITHIN = timedelta(hours=24)
#: Objections of people to one entry that may wait at once: nobody buries an honest one under others.
MOST_WAITING = 5
#: Notices of one peer that may wait at once, over all of its entries; of one entry a single one.
MOST_NOTICES = 50
#: Objections to entries of this authority's own that one peer may pass on within PASSED_ON_WITHIN.
MOST_PASSED_ON = 100
PASSED_ON_WITHIN = timedelta(hours=24)
#: How many last digits, or letters of a wallet, tell somebody that it is theirs and nobody else whose it is.
SHOWN = 3
_COVER = "•"


def masked(subject: Subject, value: str) -> str:
    """Return a listed value as anybody may read it: whoever holds it knows it again, nobody else learns it.

    Of a number and of a wallet the last ones are left; of a URL its host. A range, a domain and a sender ID name nobody.
    """
    match subject:
        case "number":
            return _covered(value.removeprefix("+"))
        case "wallet":
            return _covered(value)
        case "range":
            first, _, last = value.partition("-")
            return f"{_covered(first.removeprefix('+'))} – {_covered(last.removeprefix('+'))}"
        case "url":
            host = urlsplit(value if "//" in value else f"//{value}").hostname or ""
            return f"{host}/…"
        case _:
            return value


def _covered(text: str) -> str:
    """Cover all but the last characters, always by as many signs: its length tells nothing."""
    return _COVER * 6 + text[-SHOWN:]


def notice(wanted: str, found: Blocked | None, *, authority: str, contested: bool, contact: str) -> Notice:
    """Return what anybody reads under an id; ``authority`` is who answers for the entry, by its name."""
    if found is None:
        return Notice(id=wanted, blocked=False)
    return Notice(
        id=wanted,
        blocked=True,
        authority=authority,
        subject=found.subject,
        kind=found.kind,
        shown=masked(found.subject, found.value),
        reason=found.reason,
        scheme=found.scheme,
        grade=found.grade,
        since=found.since,
        until=found.until,
        contested=contested,
        contact=contact,
    )


def due(received: datetime) -> str:
    """Return when the first answer is owed."""
    return times.render(received + ANSWER_WITHIN)


def check_room(waiting: Iterable[Objection], wish: Objection, contact: str) -> None:
    """Refuse an objection that is there already, or one too many; Conflict.

    An operator has one place of its own at each entry, whatever people filed, and so has each authority that passes some on.
    """
    same = [each for each in waiting if (each.kind, each.via) == (wish.kind, wish.via)]
    if wish.kind == "false_block":
        if any(each.name == wish.name for each in same):
            raise Conflict("your report of this block waits already", "wait for the decision")
        return
    if not wish.via and any(
        (each.name, each.contact, each.text) == (wish.name, wish.contact, wish.text) for each in same
    ):
        raise Conflict("this objection is on file already", "wait for the decision")
    if len(same) >= MOST_WAITING:
        raise Conflict(f"{MOST_WAITING} objections to this block wait already", f"ask {contact}")


def check_notices(waiting: Collection[str], peer: str) -> None:
    """Refuse a peer's notice where notices to so many of its entries wait; Refused."""
    if len(waiting) >= MOST_NOTICES:
        raise Refused("too_many_notices", f"{MOST_NOTICES} notices of {peer} wait", "officers look at them first")


def check_passed_on(count: int, peer: str) -> None:
    """Refuse one more objection of a peer that passed so many on within a day; Refused."""
    if count >= MOST_PASSED_ON:
        what = f"{peer} passed on {MOST_PASSED_ON} objections within 24 hours, and no more are taken"
        raise Refused("too_many_objections", what, "pass it on again a day later")


def check_decider(objection: Objection, entry: Blocked | None, officer: str, ruling: Ruling) -> None:
    """Refuse whoever may not decide: another authority does, it is decided, or the officer had a say in listing it."""
    if objection.origin:
        raise NotAllowed(f"{objection.origin} listed it and decides", "take the block back here by your own law")
    if objection.state != "open":
        raise Conflict(f"this objection was {objection.state} by {objection.decided_by}", "it is decided")
    if entry is not None and any(same_person(name, officer) for name in entry.listed_by):
        raise NotAllowed("who listed it cannot decide on an objection to it", "another officer must decide")
    if objection.kind == "false_block" and same_person(objection.name, officer):
        raise NotAllowed("who reported it cannot decide on it", "another officer must decide")
    if entry is None and not ruling.uphold:
        raise Conflict("nothing is blocked under this id any more", "uphold it: the block is gone")
