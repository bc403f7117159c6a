"""Alters a table rule by rule, to find what its examples would not notice: a rule that no example pins may change unseen."""

from collections.abc import Iterator

import msgspec

from lintas.policy.examples import ask
from lintas.policy.records import Example, Rule
from lintas.policy.table import PolicyTable

#: Cells whose values are taken away one at a time.
_NARROWED = (
    "action", "plane", "category", "subject", "purpose", "peer", "peer_jurisdiction", "holder", "channel", "provenance",
)  # fmt: skip


def unnoticed(table: PolicyTable) -> list[str]:
    """Return every alteration after which all examples still pass, in words; empty for a table that is pinned down."""
    return [what for what, altered in alterations(table) if _passes(altered, what.partition(":")[0])]


def _passes(altered: PolicyTable, rule: str) -> bool:
    """Return whether all examples pass; those about the altered rule are asked first, since one failure is enough."""
    ordered = sorted(altered.examples, key=lambda example: rule not in _named(example))
    return all(ask(altered, example).passed for example in ordered)


def _named(example: Example) -> tuple[str, ...]:
    named = example.expected["rule"]
    return named if isinstance(named, tuple) else ()


def alterations(table: PolicyTable) -> Iterator[tuple[str, PolicyTable]]:
    """Yield each single alteration of each rule with the table it makes."""
    for position, rule in enumerate(table.rules):
        before, after = table.rules[:position], table.rules[position + 1 :]
        yield f"{rule.id}: removed", table.with_rules(before + after)
        for what, altered in _altered(rule):
            yield f"{rule.id}: {what}", table.with_rules((*before, altered, *after))


def _altered(rule: Rule) -> Iterator[tuple[str, Rule]]:
    yield "effect turned round", msgspec.structs.replace(rule, effect="forbid" if rule.effect == "permit" else "permit")
    if rule.law:
        yield "law dropped", msgspec.structs.replace(rule, law=())
    for column in _NARROWED:
        values = rule.match.get(column, ())
        for value in values if len(values) > 1 else ():
            rest = tuple(each for each in values if each != value)
            yield f"{column} without {value}", msgspec.structs.replace(rule, match={**rule.match, column: rest})
    for column in ("peer", "peer_jurisdiction", "purpose", "channel") if rule.effect == "permit" else ():
        if column in rule.match:
            rest_of_match = {name: values for name, values in rule.match.items() if name != column}
            yield f"{column} widened to any", msgspec.structs.replace(rule, match=rest_of_match)
    for condition in rule.conditions:
        rest = tuple(each for each in rule.conditions if each != condition)
        yield f"condition {condition} dropped", msgspec.structs.replace(rule, conditions=rest)
    if rule.humans:
        yield "approver dropped", msgspec.structs.replace(rule, humans=0)
    if rule.redact:
        yield "nothing redacted", msgspec.structs.replace(rule, redact=())
    for column in ("expires_hours", "hold_hours", "confirm_hours"):
        if hours := getattr(rule, column):
            yield f"{column} doubled", msgspec.structs.replace(rule, **{column: hours * 2})
