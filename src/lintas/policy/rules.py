"""The evaluator: a question and a table's rules in, a decision out. Total and side-effect free; it never raises.

Order: what no table can change (unknown values, plane D, status), then any `forbid` wins, then whatever an applicable rule
still lacks asks, then any `permit` permits, else deny. Where several permits apply, all their demands hold and the strictest
limit wins, so that adding a rule never loosens another.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from lintas.model.markings import Obligations
from lintas.model.money import Money
from lintas.model.places import jurisdictions
from lintas.model.times import render
from lintas.policy import sentences
from lintas.policy.records import Decision, Humans, Question, Rule, Status
from lintas.policy.vocabulary import CATEGORIES, CONDITIONS, LISTS

_MAX_NAME = 200
_YEARS = range(1900, 9000)  # inside the calendar by more than any expiry, so that no sum overflows
#: Peers are an open list (the charter names the members), jurisdictions a list of their own.
COLUMNS = (*LISTS, "peer", "peer_jurisdiction")
#: The order in which a rule's columns are compared: those that differ most often first.
_COMPARED = ("peer", "peer_jurisdiction", "purpose", "channel", "plane", "subject", "holder", "provenance")
#: A rule of one action and category, with the columns left to compare.
Candidate = tuple[Rule, tuple[tuple[str, frozenset[str]], ...]]


def index(rules: Sequence[Rule]) -> dict[tuple[str, str], tuple[Candidate, ...]]:
    """Group the rules by action and category, in written order: a question then meets only those that may concern it."""
    return {
        (action, category): tuple(
            (rule, tuple((column, frozenset(rule.match[column])) for column in _COMPARED if column in rule.match))
            for rule in rules
            if action in rule.match.get("action", (action,)) and category in rule.match.get("category", (category,))
        )
        for action in LISTS["action"]
        for category in CATEGORIES
    }


def decide(
    question: Question,
    *,
    jurisdiction: str,
    status: Status,
    policy: str,
    candidates: Callable[[str, str], Sequence[Candidate]],
) -> Decision:
    """Decide; ``candidates(action, category)`` gives the rules of the table that speak of both, in written order."""
    if why := _never(question) or _unfit(question, jurisdiction, status):
        return Decision(outcome="refuse", rules=(), law=(), sentence=why, policy=policy)
    moment = _moment(question.at)
    considered, today = candidates(question.action, question.category), moment.date()
    facts = {column: getattr(question, column) for column in _COMPARED}
    applicable = _meeting(considered, facts, today)
    forbids = [rule for rule in applicable if rule.effect == "forbid"]
    if forbids:
        return Decision(
            outcome="refuse",
            rules=_ids(forbids),
            law=_law(forbids),
            sentence=sentences.forbidden(question, jurisdiction, forbids),
            policy=policy,
        )
    if not applicable:
        near = _nearest(considered, facts, today)
        return Decision(
            outcome="refuse", rules=(), law=(), sentence=sentences.denied(question, jurisdiction, near), policy=policy
        )
    return _permit(applicable, question, moment, jurisdiction, policy)


def _permit(rules: list[Rule], question: Question, moment: datetime, jurisdiction: str, policy: str) -> Decision:
    """Combine the permits that apply: every demand holds, the strictest limit wins."""
    capped = [_under_cap(rule, question) for rule in rules]
    # An order under the automatic cap needs no named person.
    needed: list[Humans] = [0 if under else rule.humans for rule, under in zip(rules, capped, strict=True)]
    humans = max(needed)
    missing = _missing(rules, humans, question)
    redact = _distinct(field for rule in rules for field in rule.redact)
    expires = _least(rule.expires_hours for rule in rules)
    obligations = Obligations(
        expires=None if expires is None else render(moment + timedelta(hours=expires)),
        onward=all(rule.onward for rule in rules),
        use=_use(rules, question.purpose),
    )
    bare = Decision(
        outcome="ask" if missing else "redact" if redact else "permit",
        rules=_ids(rules),
        law=_law(rules),
        sentence="",
        policy=policy,
        obligations=obligations,
        expires_hours=expires,
        humans=humans,
        missing=missing,
        redact=redact,
        hold_hours=_least(rule.hold_hours for rule in rules),
        confirm_hours=_least(rule.confirm_hours for rule in rules),
        automatic=all(capped),
    )
    return sentences.with_sentence(bare, question, jurisdiction, rules)


def _never(question: Question) -> str:
    """Return why no table at all could permit this, or nothing: plane D, unknown values, data on a plane it cannot lie in."""
    category = CATEGORIES.get(question.category) if isinstance(question.category, str) else None
    if question.plane == "D" or (category is not None and category.planes == "D"):
        return sentences.PLANE_D
    for column in COLUMNS:
        if not _known(column, getattr(question, column)):
            return sentences.unknown(column, getattr(question, column))
    if category is not None and question.plane not in category.planes:
        return sentences.wrong_plane(question, category)
    return _odd_facts(question)


def _odd_facts(question: Question) -> str:
    """Return which of the remaining facts is not of a form the evaluator knows, or nothing."""
    for name in ("exercise", "approver_present", "second_approver_present"):
        if getattr(question, name) is not True and getattr(question, name) is not False:
            return sentences.unknown(name, getattr(question, name))
    moment: object = question.at
    zoned = not isinstance(moment, datetime) or moment.utcoffset() is not None
    if not isinstance(moment, date) or not zoned or moment.year not in _YEARS:
        return sentences.unknown("at", moment)
    documents: object = question.conditions
    if not isinstance(documents, (frozenset, set)):
        return sentences.unknown("conditions", documents)
    for document in documents:
        kind, _, reference = document.partition(":") if isinstance(document, str) else ("", "", "")
        if kind not in CONDITIONS or not reference.strip():
            return sentences.unknown("conditions", document)
    return ""


def _known(column: str, value: object) -> bool:
    if not isinstance(value, str):
        return False
    if column == "peer":
        return 0 < len(value) <= _MAX_NAME and value.isprintable() and not any(map(str.isspace, value))
    return value in (jurisdictions() if column == "peer_jurisdiction" else LISTS[column])


def _unfit(question: Question, jurisdiction: str, status: Status) -> str:
    """Return why a table of this status has no say here, or nothing."""
    if status == "draft" and question.plane != "A":
        return sentences.draft(jurisdiction, question)
    if status == "exercise" and not question.exercise:
        return sentences.exercise_only(jurisdiction)
    if status == "in-force" and question.exercise:
        return sentences.not_for_exercise(jurisdiction)
    return ""


def _moment(at: datetime | date) -> datetime:
    if isinstance(at, datetime):
        return at.astimezone(UTC)
    return datetime(at.year, at.month, at.day, tzinfo=UTC)


def _in_time(rule: Rule, today: date) -> bool:
    return (rule.starts is None or rule.starts <= today) and (rule.ends is None or today <= rule.ends)


def _meeting(candidates: Sequence[Candidate], facts: dict[str, str], today: date) -> list[Rule]:
    """Return the rules that apply: in time, and every column holds the fact."""
    applicable: list[Rule] = []
    for rule, compared in candidates:
        for column, values in compared:
            if facts[column] not in values:
                break
        else:
            if _in_time(rule, today):
                applicable.append(rule)
    return applicable


def _nearest(candidates: Sequence[Candidate], facts: dict[str, str], today: date) -> tuple[Rule, str] | None:
    """Return the first permit that one column alone keeps away, with that column: what would have to be different."""
    for rule, compared in candidates:
        if rule.effect == "permit" and _in_time(rule, today):
            differing = [column for column, values in compared if facts[column] not in values]
            if len(differing) == 1:
                return rule, differing[0]
    return None


def _under_cap(rule: Rule, question: Question) -> bool:
    cap = rule.automatic
    if cap is None:
        return False
    amount, today = question.amount, question.automatic_today
    if not isinstance(amount, Money) or not isinstance(amount.amount_minor, int):
        return False
    small = amount.currency == cap.currency and 0 < amount.amount_minor <= cap.amount_minor
    return small and isinstance(today, int) and 0 <= today < cap.per_day


def _missing(rules: list[Rule], humans: int, question: Question) -> tuple[str, ...]:
    on_file = {document.partition(":")[0] for document in question.conditions}
    documents = _distinct(kind for rule in rules for kind in rule.conditions if kind not in on_file)
    present = question.approver_present + question.second_approver_present
    return (*documents, *("approver", "second_approver")[min(present, humans) : humans])


def _use(rules: list[Rule], purpose: str) -> tuple[str, ...]:
    """Return the uses every applicable rule allows; a rule that names none allows the purpose asked."""
    first, *others = [rule.use or (purpose,) for rule in rules]
    return tuple(use for use in first if all(use in other for other in others)) or (purpose,)


def _ids(rules: list[Rule]) -> tuple[str, ...]:
    return tuple(rule.id for rule in rules)


def _law(rules: list[Rule]) -> tuple[str, ...]:
    return _distinct(section for rule in rules for section in rule.law)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _least(hours: Iterable[int | None]) -> int | None:
    return min((each for each in hours if each is not None), default=None)
