"""Deciding: the order of the rules' effects, what no table can permit, and what a decision says."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.asking import NOON, question, row, shipped, table, text

from lintas.model.money import Money
from lintas.policy.records import Question
from lintas.policy.vocabulary import CATEGORIES, LISTS

XA, XB = shipped("XA"), shipped("XB")
ORDER = {"action": "order", "category": "hold_order", "holder": "bank", "peer": "xa-asc", "peer_jurisdiction": "XA"}


def test_the_skeletons_request_leaves_xa_under_its_section() -> None:
    decision = XA.decide(question())
    assert decision.permitted and decision.outcome == "permit"
    assert decision.rules == ("xa-hold-request",)
    assert decision.law == ("Aria Fraud Response Act 2024, s.12",)
    assert decision.policy == XA.sha256
    assert decision.obligations.expires == "2026-03-31T12:00:00Z"
    assert decision.obligations.onward is False
    assert decision.obligations.use == ("stop_payment", "release_funds")
    assert "rule xa-hold-request (Aria Fraud Response Act 2024, s.12)" in decision.sentence


def test_what_no_rule_speaks_of_is_refused_and_says_what_would_change_it() -> None:
    decision = XA.decide(
        question(category="subscriber_identity", subject="suspect", purpose="statistics", holder="telco")
    )
    assert (decision.outcome, decision.rules, decision.law) == ("refuse", (), ())
    assert "no rule of XA's table" in decision.sentence and "signed by XA's authority" in decision.sentence
    near = XA.decide(question(peer="xb-fiu"))
    assert near.outcome == "refuse" and near.rules == ()
    assert "Nearest is rule xa-hold-request" in near.sentence and "xb-asc" in near.sentence


def test_an_order_needs_its_approver_and_ends() -> None:
    without, present = XB.decide(question(**ORDER)), XB.decide(question(**ORDER, approver_present=True))
    assert (without.outcome, without.missing, without.humans) == ("ask", ("approver",), 1)
    assert "once there is a named approver" in without.sentence
    assert present.outcome == "permit" and present.law == ("Boreo Payment Safeguards Act, s.7",)
    assert (present.hold_hours, present.confirm_hours) == (72, 168)


def test_two_people_are_two_people() -> None:
    facts = {
        "category": "suspect_profile",
        "subject": "suspect",
        "purpose": "investigation",
        "conditions": frozenset({"approval:XA-2026-17"}),
    }
    assert XA.decide(question(**facts)).missing == ("approver", "second_approver")
    assert XA.decide(question(**facts, approver_present=True)).missing == ("second_approver",)
    assert XA.decide(question(**facts, approver_present=True, second_approver_present=True)).outcome == "permit"


@pytest.mark.parametrize(
    ("amount", "today", "outcome"),
    [
        (Money(5_000, "XAK"), 1, "permit"),
        (Money(5_001, "XAK"), 1, "ask"),
        (Money(5_000, "XAK"), 2, "ask"),
        (Money(5_000, "XAK"), None, "ask"),
        (Money(5_000, "XBK"), 0, "ask"),
        (Money(0, "XAK"), 0, "ask"),
        (Money(-1, "XAK"), 0, "ask"),
        (Money(5_000, "XAK"), -1, "ask"),
        (None, 0, "ask"),
    ],
)
def test_an_order_is_automatic_only_under_both_caps(amount: Money | None, today: int | None, outcome: str) -> None:
    cap = "automatic: {amount_minor: 5000, currency: XAK, per_day: 2}"
    capped = table(row("o", "humans: 1", "hold_hours: 48", cap, action="[order]", category="[hold_order]"))
    decision = capped.decide(question(action="order", category="hold_order", amount=amount, automatic_today=today))
    assert decision.outcome == outcome


def test_forbid_wins_over_every_permit_whatever_the_order() -> None:
    rules = [row("yes"), row("no", effect="forbid", law="Test Act, s.2")]
    for written in (rules, rules[::-1]):
        decision = table(*written).decide(question())
        assert (decision.outcome, decision.rules, decision.law) == ("refuse", ("no",), ("Test Act, s.2",))


def test_every_demand_of_every_permit_holds_and_the_strictest_limit_wins() -> None:
    both = table(
        row("a", "onward: true", "expires_hours: 10", "use: [stop_payment, status]"),
        row(
            "b",
            "conditions: [approval]",
            "expires_hours: 5",
            "use: [status, audit]",
            "redact: [free_text]",
            law="Test Act, s.2",
        ),
    )
    asked = both.decide(question())
    assert (asked.outcome, asked.missing, asked.rules) == ("ask", ("approval",), ("a", "b"))
    allowed = both.decide(question(conditions=frozenset({"approval:1"})))
    assert (allowed.outcome, allowed.redact, allowed.expires_hours) == ("redact", ("free_text",), 5)
    assert allowed.obligations.onward is False and allowed.obligations.use == ("status",)


def test_a_rule_without_law_says_so_instead_of_citing_one() -> None:
    lawless = table(row("bare", law="none-found"))
    assert lawless.decide(question()).law == ()
    assert "no section of law found" in lawless.decide(question()).sentence
    assert lawless.render(lawless.rules[0]).endswith("(no section of law found).")


@pytest.mark.parametrize("exercise", [True, False])
def test_a_draft_releases_plane_a_only(exercise: bool) -> None:
    draft = table(row("all", plane="any", category="any", purpose="any"), status="draft")
    refused = draft.decide(question(exercise=exercise))
    assert refused.outcome == "refuse" and "draft" in refused.sentence
    indicator = question(plane="A", category="indicator", subject="none", exercise=exercise)
    assert draft.decide(indicator).outcome == "permit"


def test_status_and_node_must_fit() -> None:
    exercise, in_force = table(row("r")), table(row("r"), status="in-force")
    assert exercise.decide(question(exercise=True)).permitted
    assert "for exercises" in exercise.decide(question(exercise=False)).sentence
    assert in_force.decide(question(exercise=False)).permitted
    assert "this is an exercise" in in_force.decide(question(exercise=True)).sentence


@pytest.mark.parametrize("category", ["screening_note", "protection_referral", "receipt", "hold_request"])
def test_plane_d_is_refused_whatever_the_table_says(category: str) -> None:
    generous = table(row("all", plane="any", category="any", purpose="any"))
    for plane in ("A", "B", "C", "D") if CATEGORIES[category].planes == "D" else ("D",):
        decision = generous.decide(question(plane=plane, category=category, subject="none"))
        assert decision.outcome == "refuse" and decision.rules == () and "plane D" in decision.sentence


def test_personal_data_does_not_become_plane_a_by_saying_so() -> None:
    generous = table(row("all", plane="any", category="any", purpose="any"), status="draft")
    decision = generous.decide(question(plane="A"))
    assert decision.outcome == "refuse" and "never lies on plane A" in decision.sentence


def test_a_rule_counts_on_its_days_only() -> None:
    dated = table(row("r", "from: 2026-03-01", "to: 2026-03-02"))
    outcomes = [
        dated.decide(question(at=date(2026, 3, day) if day else date(2026, 2, 28))).outcome for day in (0, 1, 2, 3)
    ]
    assert outcomes == ["refuse", "permit", "permit", "refuse"]
    late = datetime.fromisoformat("2026-03-03T07:59:59+08:00")  # still 2 March in UTC
    assert dated.decide(question(at=late)).outcome == "permit"


def test_data_received_from_others_does_not_travel_on_unless_the_rule_says_so() -> None:
    assert not table(row("r")).decide(question(provenance="received")).permitted
    assert table(row("r", "provenance: [own, received]")).decide(question(provenance="received")).permitted


def test_any_means_every_listed_value_and_never_an_unknown_one() -> None:
    generous = table(row("all", action="[release]", plane="any", category="any", purpose="any"))
    assert generous.decide(question()).permitted
    for column in (*LISTS, "peer_jurisdiction", "peer"):
        for odd in ("", "zz zz", "any thing", None, 7, ["B"], "\u200b"):
            decision = generous.decide(question(**{column: odd}))
            assert decision.outcome == "refuse" and decision.rules == (), (column, odd)


@pytest.mark.parametrize(
    "odd",
    [
        {"at": datetime(2026, 3, 1)},
        {"at": "2026-03-01"},
        {"at": datetime(9999, 12, 31, tzinfo=UTC)},
        {"exercise": 1},
        {"approver_present": "yes"},
        {"second_approver_present": None},
        {"conditions": frozenset({"approval"})},
        {"conditions": frozenset({"aproval:1"})},
        {"conditions": frozenset({7})},
        {"conditions": "approval:1"},
    ],
)
def test_odd_facts_are_refused(odd: dict[str, Any]) -> None:
    decision = table(row("r")).decide(question(**odd))
    assert decision.outcome == "refuse" and "not a value that this policy knows" in decision.sentence


ANYTHING = st.one_of(st.none(), st.integers(), st.text(max_size=8), st.lists(st.integers(), max_size=2), st.booleans())
FACTS: dict[str, st.SearchStrategy[Any]] = {
    **{column: st.one_of(st.sampled_from(sorted(values)), ANYTHING) for column, values in LISTS.items()},
    "peer": st.one_of(st.sampled_from(["xa-asc", "xb-asc", "xb-fiu"]), ANYTHING),
    "peer_jurisdiction": st.one_of(st.sampled_from(["XA", "XB", "XC"]), ANYTHING),
    "exercise": st.one_of(st.just(True), ANYTHING),
    "at": st.one_of(st.just(NOON), st.datetimes(), st.datetimes(timezones=st.timezones()), st.dates(), ANYTHING),
    "conditions": st.one_of(
        st.just(frozenset()), st.frozensets(st.sampled_from(["approval:1", "custody:2", "x"])), ANYTHING
    ),
    "amount": st.one_of(st.none(), st.builds(Money, ANYTHING, ANYTHING), ANYTHING),
    "automatic_today": ANYTHING,
    "approver_present": st.one_of(st.booleans(), ANYTHING),
    "second_approver_present": st.one_of(st.booleans(), ANYTHING),
}
KNOWN = {
    **{column: st.sampled_from(sorted(values)) for column, values in LISTS.items()},
    "peer": st.sampled_from(["xa-asc", "xb-asc", "xb-fiu"]),
    "peer_jurisdiction": st.sampled_from(["XA", "XB", "XC"]),
    "approver_present": st.booleans(),
    "second_approver_present": st.booleans(),
    "conditions": st.frozensets(st.sampled_from(["approval:1", "custody:2", "mla_request:3", "transfer_assessment:4"])),
}


@settings(deadline=None)  # the machine may be busy; timings live in bench/
@given(st.fixed_dictionaries(FACTS))
def test_deciding_never_raises_and_never_permits_the_unknown(facts: dict[str, Any]) -> None:
    for shipped_table in (XA, XB):
        decision = shipped_table.decide(question(**facts))
        assert decision.sentence.endswith(".")
        if decision.outcome != "refuse":
            assert decision.rules and facts["plane"] in ("A", "B", "C")
            assert all(facts[column] in values for column, values in LISTS.items())


@settings(deadline=None)  # the machine may be busy; timings live in bench/
@given(st.fixed_dictionaries(KNOWN))
def test_the_index_decides_as_a_plain_walk_over_the_rules_does(facts: dict[str, Any]) -> None:
    asked = question(**facts)
    for shipped_table in (XA, XB):
        decision = shipped_table.decide(asked)
        meeting = [
            rule
            for rule in shipped_table.rules
            if all(getattr(asked, column) in values for column, values in rule.match.items())
        ]
        possible = asked.plane != "D" and asked.plane in CATEGORIES[asked.category].planes
        forbids = [rule.id for rule in meeting if rule.effect == "forbid"] if possible else []
        permits = [rule.id for rule in meeting] if possible and not forbids else []
        assert decision.rules == tuple(forbids or permits)
        assert (decision.outcome == "refuse") == (not permits)


@settings(deadline=None)  # the machine may be busy; timings live in bench/
@given(st.fixed_dictionaries(KNOWN), st.permutations(XA.rules))
def test_the_order_of_rules_never_changes_the_answer(facts: dict[str, Any], shuffled: Any) -> None:  # noqa: ANN401
    asked = question(**facts)
    one, other = XA.decide(asked), XA.with_rules(tuple(shuffled)).decide(asked)
    assert (one.outcome, set(one.rules), set(one.law)) == (other.outcome, set(other.rules), set(other.law))


def test_deciding_leaves_the_question_alone_and_repeats_itself() -> None:
    asked: Question = question()
    assert XA.decide(asked) == XA.decide(asked)
    assert asked == question()


def test_the_digest_is_of_the_exact_bytes() -> None:
    import hashlib

    written = text(row("r"))
    assert table(row("r")).sha256 == hashlib.sha256(written.encode()).hexdigest()
