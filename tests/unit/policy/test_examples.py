"""The shipped tables' examples: they pass, and no rule can be removed or altered without one of them failing."""

import pytest
from tests.unit.policy.asking import row, shipped, text

from lintas.model.errors import BadInput
from lintas.policy.examples import ENOUGH, check
from lintas.policy.mutations import alterations, unnoticed
from lintas.policy.shipped import SHIPPED
from lintas.policy.table import PolicyTable

GIVEN = """
examples:
  given: {action: release, plane: B, category: hold_request, subject: suspect, purpose: stop_payment, peer: xb-asc,
          peer_jurisdiction: XB, holder: bank, channel: police, provenance: own, exercise: true, at: "2026-03-01T00:00:00Z"}
  cases:
"""


@pytest.mark.parametrize("code", SHIPPED)
def test_every_shipped_example_comes_out(code: str) -> None:
    verdicts = check(shipped(code))
    assert len(verdicts) >= ENOUGH == 30
    assert [verdict.differences for verdict in verdicts if not verdict.passed] == []
    assert {verdict.decision.outcome for verdict in verdicts} == {"permit", "redact", "ask", "refuse"}


@pytest.mark.parametrize("code", SHIPPED)
def test_no_rule_changes_unnoticed(code: str) -> None:
    table = shipped(code)
    tried = [what for what, _ in alterations(table)]
    for rule in table.rules:
        assert {f"{rule.id}: removed", f"{rule.id}: effect turned round"} <= set(tried)
        assert not rule.law or f"{rule.id}: law dropped" in tried
        for column, values in rule.match.items():
            assert len(values) < 2 or {f"{rule.id}: {column} without {value}" for value in values} <= set(tried)
    assert unnoticed(table) == []


def test_a_change_that_no_example_asks_about_is_named() -> None:
    loose = PolicyTable.load(text(row("r")) + GIVEN + "    - {outcome: permit, rule: r}\n", source="loose")
    assert "r: law dropped" in unnoticed(loose)
    assert "r: removed" not in unnoticed(loose)


def test_a_wrong_expectation_fails_and_says_what_came() -> None:
    case = "    - {outcome: ask, rule: none, law: s.9, onward: true}\n"
    (verdict,) = check(PolicyTable.load(text(row("r")) + GIVEN + case, source="t"))
    assert not verdict.passed
    assert verdict.differences == (
        "onward False, expected True",
        "outcome permit, expected ask",
        "rule r, expected none",
        "law Test Act, s.1, expected s.9",
    )


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("{outcome: permit}", "the column rule is missing"),
        ("{outcome: permitted, rule: r}", "unknown value 'permitted'"),
        ("{outcome: permit, rule: r, purpose: stop_paymnt}", "did you mean stop_payment?"),
        ("{outcome: permit, rule: r, channl: police}", "did you mean channel?"),
        ("{outcome: permit, rule: r, at: yesterday}", "is not a time"),
        ("{outcome: permit, rule: r, conditions: [approval]}", "has no reference"),
        ("{outcome: permit, rule: r, conditions: ['aproval:1']}", "did you mean approval?"),
        ("{outcome: permit, rule: r, status: signed}", "unknown value 'signed'"),
        ("{outcome: permit, rule: r, approvers: 3}", "no whole number from 0 to 2"),
        ("{outcome: permit, rule: r, amount: {amount_minor: 1}}", "the column currency is missing"),
        ("{outcome: permit, rule: r, missing: [aprover]}", "did you mean approver?"),
    ],
)
def test_a_misspelt_example_is_refused(case: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        PolicyTable.load(text(row("r")) + GIVEN + f"    - {case}\n", source="t.yaml")
    assert said in str(caught.value) and "example 1" in str(caught.value) and "line " in str(caught.value)


def test_a_drafts_example_may_say_what_it_would_decide_once_signed() -> None:
    asked = [
        "{outcome: refuse, rule: none}",
        "{status: exercise, outcome: permit, rule: r}",
        "{status: in-force, outcome: refuse, rule: none}",
        "{status: in-force, exercise: false, outcome: permit, rule: r}",
    ]
    cases = "".join(f"    - {case}\n" for case in asked)
    draft = PolicyTable.load(text(row("r"), status="draft") + GIVEN + cases, source="draft")
    assert [verdict.differences for verdict in check(draft)] == [()] * 4
    assert draft.status == "draft"
