"""The policy reference stays true: every column, value and shipped rule stands in docs/policy.md as it is."""

from pathlib import Path

import pytest
from tests.unit.policy.asking import shipped

from lintas.policy import examples, rows
from lintas.policy.shipped import SHIPPED
from lintas.policy.vocabulary import CONDITIONS, LISTS, REDACTABLE, STATUSES

REFERENCE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text("utf-8")


def test_every_column_is_explained() -> None:
    for column in (*rows.NEEDED, *rows.OPTIONAL):
        assert f"| `{column}` |" in REFERENCE, column


def test_every_value_of_every_closed_list_is_named() -> None:
    for known in (*LISTS.values(), CONDITIONS, REDACTABLE, STATUSES):
        for value, words in known.items():
            assert f"| `{value}` | {words} |" in REFERENCE, value


@pytest.mark.parametrize("code", SHIPPED)
def test_every_shipped_rule_stands_in_it_as_it_renders(code: str) -> None:
    table = shipped(code)
    for rule in table.rules:
        assert f"- `{rule.id}`: {table.render(rule)}" in REFERENCE, rule.id
    named = {line.split("`")[1] for line in REFERENCE.splitlines() if line.startswith(f"- `{code.lower()}-")}
    assert named == {rule.id for rule in table.rules}


def test_what_an_example_may_state_is_named() -> None:
    for column in ("why", "outcome", "rule", "law", "missing", "approvers", "automatic_today", "amount", "status"):
        assert f"`{column}`" in REFERENCE, column
    assert f"at least {examples.ENOUGH} examples" in REFERENCE
