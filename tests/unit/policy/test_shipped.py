"""The shipped tables as a set: what passes between the four of the exercises, and what the drafts may and may not do."""

from itertools import permutations
from typing import Any

import pytest
from tests.unit.policy.asking import question, row, shipped, text

from lintas.model.errors import BadInput
from lintas.policy.examples import check
from lintas.policy.shipped import DRAFTS, EXERCISE, PLAYED, as_exercise, shipped_table
from lintas.policy.table import PolicyTable
from lintas.policy.vocabulary import CATEGORIES, LISTS

PAIRS = list(permutations(EXERCISE, 2))
#: What a case says across a border: (action, category, purpose, holder).
CASE: list[tuple[str, str, str, str]] = [
    ("release", "hold_request", "stop_payment", "state_organ"),
    ("admit", "hold_request", "stop_payment", "state_organ"),
    ("order", "hold_order", "stop_payment", "bank"),
    ("release", "hold_answer", "stop_payment", "state_organ"),
    ("admit", "hold_answer", "stop_payment", "state_organ"),
    ("release", "status", "stop_payment", "state_organ"),
    ("admit", "status", "stop_payment", "state_organ"),
    ("release", "withdrawal", "release_funds", "state_organ"),
    ("admit", "withdrawal", "release_funds", "state_organ"),
    ("order", "release_order", "release_funds", "bank"),
    ("release", "release_notice", "release_funds", "state_organ"),
    ("admit", "release_notice", "release_funds", "state_organ"),
]
#: How long a hold lasts and what confirmation adds, in hours: the clocks that the traditions are known by.
CLOCKS = {"XA": (48, 720), "XB": (72, 168), "XC": (120, 600), "XD": (96, 240), "TH": (72, 168), "PH": (120, 600)}


def said(step: tuple[str, str, str, str], peer: str, **more: Any) -> Any:  # noqa: ANN401 — a Question
    action, category, purpose, holder = step
    return question(
        action=action, category=category, subject=CATEGORIES[category].subject, purpose=purpose, holder=holder,
        peer=f"{peer.lower()}-asc", peer_jurisdiction=peer, approver_present=action == "order", **more,
    )  # fmt: skip


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_case_passes_between_any_two_authorities_of_the_exercises(one: str, other: str) -> None:
    for step in CASE:
        decision = shipped(one).decide(said(step, other))
        if (one, other) == ("XA", "XD") and step[:2] == ("release", "hold_request"):
            assert (decision.outcome, decision.missing) == ("ask", ("approval",))
            continue
        assert decision.outcome == "permit", decision.sentence


def test_arias_foreign_body_rule_names_its_section_and_passes_once_the_approval_is_on_file() -> None:
    asked = shipped("XA").decide(said(CASE[0], "XD"))
    assert asked.rules == ("xa-foreign-body",) and "Aria Data Security Act 2022, s.31" in asked.sentence
    assert "an approval by the competent authority (approval)" in asked.sentence
    approved = shipped("XA").decide(said(CASE[0], "XD", conditions=frozenset({"approval:XA-2026-17"})))
    assert approved.outcome == "permit" and approved.rules == ("xa-foreign-body",)
    dossier = shipped("XA").decide(said(CASE[0], "XD", conditions=frozenset({"dossier:XA-2026-17"})))
    assert dossier.outcome == "ask"


@pytest.mark.parametrize(("code", "hours"), CLOCKS.items())
def test_each_tradition_keeps_its_clock(code: str, hours: tuple[int, int]) -> None:
    decision = (
        shipped(code)
        .as_status("exercise")
        .decide(said(CASE[2], "XB" if code == "XA" else "XA" if code[0] == "X" else "MY"))
    )
    assert (decision.hold_hours, decision.confirm_hours) == hours


def test_doria_found_no_law_on_data_and_its_decisions_say_so() -> None:
    decision = shipped("XD").decide(said(CASE[0], "XA"))
    assert decision.permitted and decision.law == () and "no section of law found" in decision.sentence
    assert shipped("XD").decide(said(CASE[2], "XA")).law == ("Doria Payments Decree 2022, art.5",)


@pytest.mark.parametrize("code", DRAFTS)
def test_a_draft_lets_nothing_but_plane_a_leave_whatever_is_on_file(code: str) -> None:
    draft = shipped(code)
    documents = frozenset(
        f"{kind}:1" for kind in ("approval", "dossier", "transfer_assessment", "court_order", "mla_request")
    )
    assert draft.status == "draft"
    for category, known in CATEGORIES.items():
        for action in LISTS["action"]:
            for plane in set(known.planes) - {"A"}:
                asked = question(
                    action=action, plane=plane, category=category, subject=known.subject, exercise=False,
                    conditions=documents, approver_present=True, second_approver_present=True,
                )  # fmt: skip
                assert draft.decide(asked).outcome == "refuse"
    indicator = question(plane="A", category="indicator", subject="none", purpose="disruption", exercise=False)
    assert draft.decide(indicator).permitted


@pytest.mark.parametrize("code", DRAFTS)
def test_a_draft_says_whose_it_is_and_explains_every_missing_section(code: str) -> None:
    head = shipped_table(code).decode().split("schema:")[0]
    assert (
        "not legal advice" in head
        and "signed by those entitled" in head
        and "lintas authors" in head
        and "http" in head
    )
    verified = [title for title, source in shipped(code).statutes.items() if source.startswith("http")]
    for rule in shipped(code).rules:
        assert rule.law or rule.note, rule.id
        assert all(section.startswith(tuple(f"{title}, " for title in verified)) for section in rule.law), rule.id
        assert rule.match.get("action") != ("order",) or not rule.law  # no power to hold was found anywhere yet


@pytest.mark.parametrize("code", ["CN", "VN"])
def test_china_and_viet_nam_ask_for_their_documents(code: str) -> None:
    asked = shipped(code).as_status("exercise").decide(said(CASE[0], "SG"))
    assert asked.outcome == "ask" and {"CN": "approval", "VN": "dossier"}[code] in asked.missing
    on_file = frozenset(f"{kind}:1" for kind in asked.missing)
    assert shipped(code).as_status("exercise").decide(said(CASE[0], "SG", conditions=on_file)).permitted


@pytest.mark.parametrize("code", DRAFTS)
def test_a_draft_is_played_with_the_same_rules_and_says_so(code: str) -> None:
    draft = shipped(code)
    played = PolicyTable.load(as_exercise(shipped_table(code)), source=code)
    assert played.status == "exercise" and played.rules == draft.rules
    assert played.title == f"{PLAYED}: {draft.title}" and played.sha256 != draft.sha256
    assert all(verdict.passed for verdict in check(played))
    documents = frozenset({"approval:1", "dossier:1", "transfer_assessment:1"})
    for step in CASE:
        peer = "SG" if code != "SG" else "MY"
        assert played.decide(said(step, peer, conditions=documents)).permitted
        assert not played.decide(said(step, peer, conditions=documents, exercise=False)).permitted


def test_an_exercise_table_is_played_as_it_is() -> None:
    assert as_exercise(shipped_table("XA")) == shipped_table("XA")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (text(row("r"), status="in-force"), "in force is not played with"),
        ("{" + ", ".join(text(status="draft").splitlines()) + "}", "status does not stand on one line"),
        (text(row("r"), status="draft").replace("A test", ">-\n  A\n  test"), "cannot be given another title"),
        (text(row("r"), status="draft").replace("A test", "x" * 390), "too long"),
        (
            text(row("r", 'note: "folded\nstatus: no\n      end"'), status="draft").replace(
                "status: draft", '"status": draft', 1
            ),
            "in an unusual place",
        ),
        ("rules: []", "is missing"),
    ],
)
def test_what_cannot_be_played_is_refused(table: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        as_exercise(table.encode())
