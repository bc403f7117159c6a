"""Plain English for rules and decisions: which rule, which law, and which document would change the answer."""

from collections.abc import Iterable, Sequence

import msgspec

from lintas.policy.records import Automatic, Decision, Question, Rule
from lintas.policy.vocabulary import (
    ACTIONS,
    CATEGORIES,
    CHANNELS,
    CONDITIONS,
    LISTS,
    PLANES,
    PURPOSES,
    REDACTABLE,
    SUBJECTS,
    Category,
)

NO_LAW = "no section of law found"
PLANE_D = (
    "Refused: plane D (presumed victims, minors, screening notes) never leaves by a policy table, whatever its rules say; "
    "the protection desk's own procedure, with consent and two officers, is the only way."
)
_PEOPLE = {"approver": "a named approver", "second_approver": "a second named approver"}


def unknown(column: str, value: object) -> str:
    """Say that a fact is not one the evaluator knows."""
    return (
        f"Refused: {column} {repr(value)[:60]} is not a value that this policy knows, and an unknown value is always refused; "
        "use a listed value (see the policy reference)."
    )


def wrong_plane(question: Question, category: Category) -> str:
    """Say that this kind of data cannot lie on the stated plane."""
    return (
        f"Refused: {category.words} never lies on plane {question.plane} "
        f"(only on {_or(category.planes)}); state the plane it belongs to."
    )


def draft(jurisdiction: str, question: Question) -> str:
    """Say that a draft table releases plane A only."""
    return (
        f"Refused: {jurisdiction}'s table is a draft, which covers plane A only, and this is {PLANES[question.plane]}; "
        f"a table in force, signed by {jurisdiction}'s authority, would change it."
    )


def exercise_only(jurisdiction: str) -> str:
    """Say that an exercise table has no say in a real node."""
    return (
        f"Refused: {jurisdiction}'s table is for exercises, and this is no exercise; "
        f"a table in force, signed by {jurisdiction}'s authority, would change it."
    )


def not_for_exercise(jurisdiction: str) -> str:
    """Say that a table in force has no say in an exercise."""
    return (
        f"Refused: this is an exercise, and {jurisdiction}'s table is in force for real cases; "
        "a table of status exercise, signed by an exercise key, would change it."
    )


def forbidden(question: Question, jurisdiction: str, rules: Sequence[Rule]) -> str:
    """Say which rule forbids it."""
    return (
        f"Refused by {_cite(rules)}: {jurisdiction} may not {_scene(question)}; no document on file changes a prohibition, "
        f"only a new table signed by {jurisdiction}'s authority."
    )


def denied(question: Question, jurisdiction: str, near: tuple[Rule, str] | None) -> str:
    """Say that no rule permits it, and what would be permitted instead where that is one step away."""
    opening = (
        f"Refused: no rule of {jurisdiction}'s table lets it {_scene(question)}; what no rule permits is refused. "
    )
    if near is None:
        return f"{opening}Only a rule added to the table and signed by {jurisdiction}'s authority would change it."
    rule, column = near
    documents = "".join(f", with {CONDITIONS[kind]}" for kind in rule.conditions)
    return f"{opening}Nearest is {_cite([rule])}, which needs {_label(column)} {_values(rule, column)}{documents}."


def with_sentence(decision: Decision, question: Question, jurisdiction: str, rules: Sequence[Rule]) -> Decision:
    """Return the permitting or asking decision with its sentence."""
    if decision.missing:
        needs = _and(_PEOPLE.get(each) or f"{CONDITIONS[each]} ({each})" for each in decision.missing)
        sentence = f"Not yet: {_cite(rules)} would let {jurisdiction} {_scene(question)} once there is {needs}."
    else:
        limits = "".join(f"; {limit}" for limit in _decided_limits(decision))
        sentence = f"Permitted by {_cite(rules)}: {jurisdiction} may {_scene(question)}{limits}."
    return msgspec.structs.replace(decision, sentence=sentence)


def render(rule: Rule, jurisdiction: str) -> str:
    """Return one rule as one sentence that ends with its section of law, or says that none was found.

    What the sentence does not limit (planes, peers, holders, channels) is ``any`` in the table.
    """
    verb = "may" if rule.effect == "permit" else "must never"
    acts = _or(ACTIONS[value] for value in rule.match.get("action", tuple(ACTIONS)))
    parts = [f"{jurisdiction} {verb} {acts} {_words(rule, 'category', 'data of any category')}{_about(rule)}"]
    if "plane" in rule.match:
        parts.append(f"on plane {_or(rule.match['plane'])}")
    parts.append(f"with {_others(rule)}")
    parts.append(f"for {_words(rule, 'purpose', 'any purpose')}")
    if "holder" in rule.match:
        parts.append(f"held by {_words(rule, 'holder')}")
    if rule.match.get("provenance", ("",)) in (("own",), ("received",)):
        parts.append(_words(rule, "provenance"))
    if "channel" in rule.match:
        parts.append(_words(rule, "channel"))
    return f"{', '.join([*parts, *_stated_limits(rule)])} ({_law(rule)})."


def _about(rule: Rule) -> str:
    subjects = rule.match.get("subject")
    return "" if subjects == ("none",) else f" about {_words(rule, 'subject', 'anybody')}"


def _others(rule: Rule) -> str:
    where = f" in {_or(rule.match['peer_jurisdiction'])}" if "peer_jurisdiction" in rule.match else ""
    return (_or(rule.match["peer"]) if "peer" in rule.match else "any authority") + where


def _scene(question: Question) -> str:
    category = CATEGORIES[question.category].words
    about = "" if question.subject == "none" else f" about {SUBJECTS[question.subject]}"
    way = {"release": "to", "admit": "from", "order": "at the request of"}[question.action]
    return (
        f"{ACTIONS[question.action]} {category}{about} {way} {question.peer} ({question.peer_jurisdiction}) "
        f"for {PURPOSES[question.purpose]}, {CHANNELS[question.channel]}"
    )


def _decided_limits(decision: Decision) -> Iterable[str]:
    if decision.redact:
        yield f"without {_and(REDACTABLE[field] for field in decision.redact)}"
    if decision.hold_hours is not None:
        yield _hold(decision.hold_hours, decision.confirm_hours)
    if decision.obligations.expires is not None:
        yield f"it expires at {decision.obligations.expires}"
    yield "it may be passed on" if decision.obligations.onward else "it may not be passed on"
    yield f"use only for {_and(PURPOSES[use] for use in decision.obligations.use)}"


def _stated_limits(rule: Rule) -> Iterable[str]:
    if rule.conditions:
        yield f"given {_and(CONDITIONS[kind] for kind in rule.conditions)}"
    if rule.humans:
        yield f"approved by {'one named person' if rule.humans == 1 else 'two named people'}{_cap(rule.automatic)}"
    elif rule.automatic:
        yield f"asked on from hop to hop by an officer{_cap(rule.automatic)}"
    if rule.redact:
        yield f"without {_and(REDACTABLE[field] for field in rule.redact)}"
    if rule.hold_hours is not None:
        yield _hold(rule.hold_hours, rule.confirm_hours)
    if rule.expires_hours is not None:
        yield f"expiring after {rule.expires_hours} hours"
    if rule.effect == "permit":
        yield "free to be passed on" if rule.onward else "not to be passed on"
        yield f"for use only in {_and(PURPOSES[use] for use in rule.use) if rule.use else 'the purpose asked'}"
    if rule.starts is not None:
        yield f"from {rule.starts.isoformat()} on"
    if rule.ends is not None:
        yield f"until {rule.ends.isoformat()}"


def _cap(cap: Automatic | None) -> str:
    if cap is None:
        return ""
    if cap.per_day == 0 or cap.amount_minor == 0:
        return " (never automatically)"
    return f" (automatically up to {cap.amount_minor} minor units of {cap.currency}, {cap.per_day} times a day for one peer)"


def _hold(hours: int, confirmed: int | None) -> str:
    more = f", and {confirmed} hours more once confirmed" if confirmed else ""
    return f"the hold ends after {hours} hours{more}"


def _cite(rules: Sequence[Rule]) -> str:
    cited = _and(f"{rule.id} ({_law(rule)})" for rule in rules)
    return f"rule {cited}" if len(rules) == 1 else f"rules {cited}"


def _law(rule: Rule) -> str:
    return "; ".join(rule.law) or NO_LAW


def _label(column: str) -> str:
    return {"peer": "the other side", "peer_jurisdiction": "the other side's jurisdiction"}.get(column, f"the {column}")


def _values(rule: Rule, column: str) -> str:
    values = rule.match[column]
    named = LISTS.get(column)
    return _or(values if named is None or column == "plane" else [f"{value} ({named[value]})" for value in values])


def _words(rule: Rule, column: str, otherwise: str = "") -> str:
    return _or(LISTS[column][value] for value in rule.match[column]) if column in rule.match else otherwise


def _and(words: Iterable[str]) -> str:
    return _join(list(words), "and")


def _or(words: Iterable[str]) -> str:
    return _join(list(words), "or")


def _join(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
