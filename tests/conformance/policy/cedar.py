"""Writes a decision table as Cedar policies: a second evaluator, by other people, to compare ours with.

Cedar's own order does most of the work: any ``forbid`` wins, then any ``permit``, else deny. A rule becomes a ``permit`` (or a
``forbid``) on its columns; what it demands (documents, people) becomes a second ``forbid`` on the same columns, since in a
table every applicable rule's demands hold. What no table can change becomes forbids of its own, the guards.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cedarpy import AuthzResult, Decision, Entities, PolicySet, is_authorized_batch

from lintas.model.money import Money
from lintas.model.places import jurisdictions
from lintas.policy.records import Automatic, Question, Rule, Status
from lintas.policy.vocabulary import CATEGORIES, CONDITIONS, LISTS

#: Columns that live in the request's context, with our name for them.
_IN_CONTEXT = ("plane", "subject", "purpose", "peer_jurisdiction", "holder", "channel", "provenance")
BATCH = 1_000
_ENTITIES = Entities.from_json_str("[]")


class Answer(NamedTuple):
    """What Cedar says: allowed or not, and the guards, rules and lacking rules that decided."""

    allowed: bool
    guards: frozenset[str]
    rules: frozenset[str]
    lacking: frozenset[str]


class CedarTable:
    """One table in Cedar. Reasons come back as ``policy0``, ``policy1``...: ``_names`` keeps what each of them is."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        written = [*_guards(), *(policy for rule in rules for policy in _policies(rule))]
        self._names = {f"policy{place}": (kind, name) for place, (kind, name, _) in enumerate(written)}
        self._policies = PolicySet.from_str("\n".join(text for _, _, text in written))

    def ask(self, asked: Sequence[tuple[Question, Status]]) -> list[Answer]:
        """Ask questions, each of the table as if it had that status; in batches, so that few calls cross into Rust."""
        answers: list[Answer] = []
        for begin in range(0, len(asked), BATCH):
            requests = [_request(question, status) for question, status in asked[begin : begin + BATCH]]
            answers += map(self._answer, is_authorized_batch(requests, self._policies, _ENTITIES))
        return answers

    def _answer(self, result: AuthzResult) -> Answer:
        if result.diagnostics.errors or result.decision is Decision.NoDecision:
            raise AssertionError(f"Cedar could not evaluate: {result.diagnostics.errors}")
        found: dict[str, set[str]] = {"guard": set(), "rule": set(), "lacking": set()}
        for reason in result.diagnostics.reasons:
            kind, name = self._names[reason]
            found[kind].add(name)
        return Answer(result.allowed, *(frozenset(found[kind]) for kind in ("guard", "rule", "lacking")))


def _policies(rule: Rule) -> Iterable[tuple[str, str, str]]:
    """Write one rule as (kind, id, text)."""
    head, when = _scope(rule), " && ".join(_matching(rule)) or "true"
    yield "rule", rule.id, f"{rule.effect}({head}) when {{ {when} }};"
    lacks = []
    if rule.conditions:
        lacks.append(f"!context.documents.containsAll({_set(rule.conditions)})")
    if rule.humans:
        lacks.append(f"!(context.approvers >= {rule.humans}{_automatic(rule.automatic)})")
    if lacks:
        yield "lacking", rule.id, f"forbid({head}) when {{ {when} && ({' || '.join(lacks)}) }};"


def _scope(rule: Rule) -> str:
    actions = rule.match.get("action", tuple(LISTS["action"]))
    return f"principal, action in {_entities('Action', actions)}, resource"


def _matching(rule: Rule) -> Iterable[str]:
    if "category" in rule.match:
        yield f"{_entities('Category', rule.match['category'])}.contains(resource)"
    if "peer" in rule.match:
        yield f"{_entities('Peer', rule.match['peer'])}.contains(principal)"
    for column in _IN_CONTEXT:
        if column in rule.match:
            yield f"{_set(rule.match[column])}.contains(context.{column})"
    if rule.starts is not None:
        yield f"context.day >= {rule.starts.toordinal()}"
    if rule.ends is not None:
        yield f"context.day <= {rule.ends.toordinal()}"


def _automatic(cap: Automatic | None) -> str:
    if cap is None:
        return ""
    return (
        f' || (context has currency && context has today && context.currency == "{cap.currency}" && context.amount > 0 && '
        f"context.amount <= {cap.amount_minor} && context.today >= 0 && context.today < {cap.per_day})"
    )


def _guards() -> Iterable[tuple[str, str, str]]:
    """Write what no table can change: plane D, unknown values, data on a plane it cannot lie on, status."""
    everything = "forbid(principal, action, resource)"
    planes = {plane: [name for name, known in CATEGORIES.items() if plane in known.planes] for plane in "ABCD"}
    known = [
        f"{_entities('Action', LISTS['action'])}.contains(action)",
        f"{_entities('Category', CATEGORIES)}.contains(resource)",
        *(f"{_set(_listed(column))}.contains(context.{column})" for column in _IN_CONTEXT),
        f"{_set(CONDITIONS)}.containsAll(context.documents)",
    ]
    yield "guard", "plane D", f'{everything} when {{ context.plane == "D" }};'
    yield "guard", "unknown value", f"{everything} unless {{ {' && '.join(known)} }};"
    for plane in "ABC":
        lies = f"{_entities('Category', planes[plane])}.contains(resource)"
        yield "guard", f"not on {plane}", f'{everything} when {{ context.plane == "{plane}" && !{lies} }};'
    yield "guard", "draft", f'{everything} when {{ context.status == "draft" && context.plane != "A" }};'
    yield "guard", "exercise", f'{everything} when {{ context.status == "exercise" && !context.exercise }};'
    yield "guard", "in force", f'{everything} when {{ context.status == "in-force" && context.exercise }};'


def _listed(column: str) -> Iterable[str]:
    return jurisdictions() if column == "peer_jurisdiction" else LISTS[column]


def _set(values: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _entities(kind: str, values: Iterable[str]) -> str:
    return "[" + ", ".join(f'{kind}::"{value}"' for value in values) + "]"


def _request(question: Question, status: Status) -> dict[str, Any]:
    context: dict[str, Any] = {column: getattr(question, column) for column in _IN_CONTEXT}
    context |= {
        "status": status,
        "exercise": question.exercise,
        "day": question.at.toordinal(),  # the questions are asked in UTC
        "documents": [_kind(document) for document in question.conditions],
        "approvers": question.approver_present + question.second_approver_present,
    }
    if isinstance(question.amount, Money):
        context |= {"amount": question.amount.amount_minor, "currency": question.amount.currency}
    if question.automatic_today is not None:
        context["today"] = question.automatic_today
    return {
        "principal": {"type": "Peer", "id": question.peer},
        "action": {"type": "Action", "id": question.action},
        "resource": {"type": "Category", "id": question.category},
        "context": context,
    }


def _kind(document: str) -> str:
    """Return a document's kind; one without a reference stays as it is, and so is of no known kind."""
    kind, _, reference = document.partition(":")
    return kind if reference.strip() else f"{document}:"
