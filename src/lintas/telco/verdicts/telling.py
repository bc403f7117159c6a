"""Says what each rung of the ladder saw, in words for the person who tries a call out: English here, translated where shown."""

from collections.abc import Callable
from typing import TypeAlias

from lintas.telco.verdicts.plans import Plan
from lintas.telco.verdicts.records import Ask, Outcome, Situation
from lintas.telco.verdicts.seen import Seen
from lintas.text.translation import mark

Told: TypeAlias = tuple[str, dict[str, str]]
Tell: TypeAlias = Callable[[Plan, Seen, Outcome], Told]

#: Situations that an entry of a list may have led to: the verdict carries its redress id.
BY_LIST: frozenset[Situation] = frozenset({"protected", "unallocated", "do_not_originate", "blocked"})

_KINDS = {
    "mobile": mark("It is a mobile number of ours."),
    "fixed": mark("It is a fixed number of ours."),
    "nongeographic": mark("It is a non-geographic number of ours."),
    "voip": mark("It is a number of internet telephony of ours."),
    "routing": mark("It is a roaming routing number."),
}


def emergency(_plan: Plan, seen: Seen, outcome: Outcome) -> Told:
    """Tell whether the call is for help."""
    if outcome is None:
        return mark("The called number is no emergency number."), {}
    return mark("The called number %(b)s is an emergency number: such a call always gets through."), {
        "b": seen.call.b[:40]
    }


def routing_leg(_plan: Plan, seen: Seen, outcome: Outcome) -> Told:
    """Tell whether the call is a leg to a visitor."""
    if outcome is None:
        return mark("The call is no leg to a visitor: the called number is in no routing range of this gateway."), {}
    return mark("The called number %(b)s is in a routing range of this gateway: the call goes to a visitor."), {
        "b": seen.call.b[:40]
    }


def forwarding(_plan: Plan, seen: Seen, _outcome: Outcome) -> Told:
    """Tell who forwarded the call, and what that changes."""
    diverted = {"diverted": seen.call.diverted[:40]}
    if not seen.call.diverted:
        return mark("Nobody says to have forwarded the call."), {}
    if seen.forwarder is None:
        return mark(
            "It is said that %(diverted)s forwarded the call; that number cannot be abroad, so it excuses nothing."
        ), diverted
    if seen.forwarder.own:
        return mark(
            "It is said that %(diverted)s, one of our own mobiles, forwarded the call; this is checked."
        ), diverted
    return mark("It is said that %(diverted)s abroad forwarded the call; this is checked where it can be."), diverted


def number_format(_plan: Plan, seen: Seen, _outcome: Outcome) -> Told:
    """Tell how the caller id was read."""
    given = {"a": seen.call.a[:40]}
    if seen.a.form == "anonymous":
        return mark("The caller's number is withheld."), {}
    if seen.a.form == "short":
        return mark("The caller id %(a)s is a short code, which works only inside its own network."), given
    if seen.a.form == "malformed":
        return mark("The caller id %(a)s is no telephone number."), given
    return mark("The caller id %(a)s reads %(number)s."), given | {"number": seen.a.e164}


def protected(_plan: Plan, seen: Seen, outcome: Outcome) -> Told:
    """Tell whether the number is on the allow-list."""
    if seen.listed is None or seen.listed.kind != "protected":
        return mark("The number is not protected."), {}
    if outcome == "protected":
        return mark(
            "The number is protected, so the call is not blocked; from abroad it is not shown, for anybody could wear it."
        ), {}
    return mark("The number is protected: no list can block it."), {}


def unallocated(plan: Plan, seen: Seen, outcome: Outcome) -> Told:
    """Tell what line the number is, or that it is nobody's."""
    if outcome is not None:
        if seen.listed is not None:
            return listed(plan, seen, outcome)
        if seen.line is not None:
            return mark("The number is a roaming routing number, which never calls."), {}
        return mark("The number is in no range of the numbering plan of %(place)s."), {"place": plan.jurisdiction}
    if seen.a.own and seen.line is None:
        return mark("The public numbering plan of %(place)s does not know the number's range."), {
            "place": plan.jurisdiction
        }
    if seen.line is None:
        return mark("The number is not one of %(place)s; no list has it as unallocated."), {"place": plan.jurisdiction}
    return _KINDS[seen.line.kind], {}


def listed(_plan: Plan, seen: Seen, outcome: Outcome) -> Told:
    """Tell what a list says of the number."""
    if outcome is None or seen.listed is None:
        return mark("The number is not on this list."), {}
    said = {"owner": seen.listed.owner, "reason": seen.listed.reason, "id": seen.listed.id}
    return mark("Listed by %(owner)s: %(reason)s (%(id)s)."), said


def trunk(_plan: Plan, seen: Seen, outcome: Outcome) -> Told:
    """Tell by which way the call came."""
    if outcome == "domestic":
        return mark(
            "The call comes from a network of this jurisdiction; a scammer with a local card is not noticed here."
        ), {}
    if outcome == "nomadic":
        return mark("The call comes by an agreed nomadic interconnect, where such numbers are used from anywhere."), {}
    return mark("The call comes from abroad."), {}


def portability(_plan: Plan, seen: Seen, _outcome: Outcome) -> Told:
    """Tell whose the number is, and who answers for it."""
    if not seen.a.own:
        return mark("Portability is for own numbers only."), {}
    if not seen.operator:
        return mark("The operator of the number is not known here; the directory of %(to)s is asked."), {"to": seen.to}
    return mark("The number is one of %(operator)s, for which %(to)s answers."), {
        "operator": seen.operator,
        "to": seen.to,
    }


def own(_plan: Plan, seen: Seen, outcome: Outcome) -> Told:
    """Tell what an own number from abroad may be, or whom one must ask."""
    if not seen.a.own and outcome is None:
        return mark("The number is not one of this jurisdiction."), {}
    if isinstance(outcome, Ask):
        return _asked(outcome)
    return mark("A number of this jurisdiction comes from abroad, and no answer would change what is done."), {}


def foreign(_plan: Plan, seen: Seen, outcome: Outcome) -> Told:
    """Tell whose a foreign number is, and whether its home can be asked."""
    if isinstance(outcome, Ask):
        return _asked(outcome)
    if seen.a.country:
        return mark("The number is one of %(place)s; nobody there is asked."), {"place": seen.a.country}
    return mark("The number belongs to no jurisdiction that could be asked."), {}


def _asked(ask: Ask) -> Told:
    said = {"to": ask.to, "number": ask.number, "other": ask.other}
    if ask.strong and ask.other:
        return mark("%(to)s is asked: is %(number)s calling %(other)s now?"), said
    if ask.strong:
        return mark("%(to)s is asked: is %(number)s calling now?"), said
    return mark("%(to)s is asked: may %(number)s be calling this way?"), said


def answers(passed: Situation, failed: Situation, unknown: Situation) -> tuple[tuple[str, Situation], ...]:
    """Return what follows from each answer."""
    return (
        (mark("If the answer is yes:"), passed),
        (mark("If the answer is no:"), failed),
        (mark("Without an answer in time:"), unknown),
    )
