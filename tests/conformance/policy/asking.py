"""Random questions near a table's rules: a question taken at random from all values almost never meets a rule."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from lintas.model.money import Money
from lintas.model.places import jurisdictions
from lintas.policy.records import Question, Rule, Status
from lintas.policy.vocabulary import CATEGORIES, CONDITIONS, LISTS

STATUSES: tuple[Status, ...] = ("draft", "exercise", "in-force")
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_PLACES = sorted(jurisdictions())
_VALUES = {**{column: sorted(values) for column, values in LISTS.items()}, "peer_jurisdiction": _PLACES}
_STRANGE = ("", "any", "B ", "stop_paymnt", "🏦", "none-found", "XQ")
_DOCUMENTS = sorted(CONDITIONS)


def questions(rules: Sequence[Rule], number: int, random: Random) -> list[tuple[Question, Status]]:
    """Return questions with the status to take the table in: most meet a rule, or miss it by one or two facts."""
    return [_question(random.choice(rules), random) for _ in range(number)]


def _question(rule: Rule, random: Random) -> tuple[Question, Status]:
    facts = _meeting(rule, random)
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 9))):
        column = random.choice((*_VALUES, "peer"))
        facts[column] = random.choice(_peers(random) if column == "peer" else _VALUES[column])
    if random.random() < 0.02:
        facts[random.choice(list(_VALUES))] = random.choice(_STRANGE)
    status = random.choice(STATUSES[1:]) if random.random() < 0.9 else "draft"
    facts["exercise"] = (status == "exercise") != (random.random() < 0.05)
    return Question(**facts, **_circumstances(rule, random)), status


def _meeting(rule: Rule, random: Random) -> dict[str, Any]:
    """Return facts that meet the rule, as far as a category on a plane it cannot lie on does not stand in the way."""
    facts = {column: random.choice(rule.match.get(column, values)) for column, values in _VALUES.items()}
    possible = [plane for plane in rule.match.get("plane", "ABC") if plane in CATEGORIES[facts["category"]].planes]
    facts["plane"] = random.choice(possible or ["D"])
    facts["peer"] = f"{facts['peer_jurisdiction'].lower()}-asc"
    if "peer" in rule.match and facts["peer"] not in rule.match["peer"]:
        facts["peer"] = random.choice(rule.match["peer"])
    return facts


def _peers(random: Random) -> list[str]:
    place = random.choice(_PLACES).lower()
    return [f"{place}-asc", f"{place}-fiu", "xd-asc", "an-unknown-peer"]


def _circumstances(rule: Rule, random: Random) -> dict[str, Any]:
    """Return documents, people, amount, count and moment: usually what the rule demands, sometimes less or other."""
    documents = {f"{kind}:ref-{random.randrange(100)}" for kind in rule.conditions if random.random() < 0.85}
    if random.random() < 0.1:
        documents.add(f"{random.choice(_DOCUMENTS)}:x")
    if random.random() < 0.01:
        documents.add(random.choice(("approval", "approval: ", "aproval:1", ":1")))
    people = rule.humans if random.random() < 0.7 else random.randrange(3)
    first = people == 2 or (people == 1 and random.random() < 0.8)
    return {
        "at": _BEGAN + timedelta(minutes=random.randrange(60 * 24 * 400)),
        "conditions": frozenset(documents),
        "approver_present": first,
        "second_approver_present": people == 2 or (people == 1 and not first),
        "amount": Money(random.randrange(-1, 12), random.choice(("XAK", "XBK"))) if random.random() < 0.5 else None,
        "automatic_today": random.randrange(-1, 5) if random.random() < 0.5 else None,
    }
