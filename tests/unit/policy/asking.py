"""Questions and small tables for the policy tests."""

from datetime import UTC, datetime
from typing import Any

from lintas.policy.records import Question
from lintas.policy.shipped import shipped_table
from lintas.policy.table import PolicyTable

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

RULE = """
  - id: {id}
    effect: {effect}
    law: Test Act, s.1
    action: [release]
    plane: [B]
    category: [hold_request]
    subject: any
    purpose: [stop_payment]
    peer: any
    peer_jurisdiction: any
    holder: any
    channel: any
"""


def shipped(code: str) -> PolicyTable:
    return PolicyTable.load(shipped_table(code), source=f"{code.lower()}.yaml")


def question(**changes: Any) -> Question:  # noqa: ANN401 — tests also pass what no question should hold
    facts: dict[str, Any] = {
        "action": "release",
        "plane": "B",
        "category": "hold_request",
        "subject": "account_holder",
        "purpose": "stop_payment",
        "peer": "xb-asc",
        "peer_jurisdiction": "XB",
        "holder": "state_organ",
        "channel": "police",
        "exercise": True,
        "at": NOON,
    }
    return Question(**{**facts, **changes})


def text(*rules: str, status: str = "exercise", jurisdiction: str = "XA") -> str:
    head = f"schema: lintas-policy/1\njurisdiction: {jurisdiction}\nstatus: {status}\ntitle: A test\n"
    return f"{head}statutes: {{Test Act: fictional}}\nrules:{''.join(rules) or ' []'}\n"


def row(name: str, *terms: str, effect: str = "permit", **cells: str) -> str:
    """Write one rule; ``cells`` replace a column's cell, ``terms`` are lines added to it."""
    lines = RULE.format(id=name, effect=effect).splitlines()
    for column, cell in cells.items():
        lines = [f"    {column}: {cell}" if line.startswith(f"    {column}:") else line for line in lines]
    if effect == "permit" and not any(term.startswith("expires_hours") for term in terms):
        terms = (*terms, "expires_hours: 24")
    return "\n".join([*lines, *(f"    {term}" for term in terms)])


def table(*rules: str, status: str = "exercise") -> PolicyTable:
    return PolicyTable.load(text(*rules, status=status), source="test.yaml")
