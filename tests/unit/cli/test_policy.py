"""`lintas policy` through the program itself: sentences, exit codes, and one line for bad input."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lintas.cli.policy import policy
from lintas.model.errors import LintasError
from lintas.policy.shipped import shipped_table

#: How many rules the table of XA has, as its text says.
RULES = shipped_table("XA").count(b"\n  - id: ")

REQUEST = {
    "type": "hold_request",
    "purpose": "stop_payment",
    "plane": "B",
    "origin": "xa-asc",
    "at": "2026-03-01T10:07:00Z",
}


def explain(tmp_path: Path, message: object, *more: str, to: str = "xb-asc") -> Result:
    path = tmp_path / "message.json"
    path.write_bytes(message if isinstance(message, bytes) else json.dumps(message).encode())
    return CliRunner().invoke(policy, ["explain", str(path), "--to", to, *more])


def test_it_prints_the_sentence_the_rule_and_the_law(tmp_path: Path) -> None:
    result = explain(tmp_path, REQUEST)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].startswith("Permitted by rule xa-hold-request (Aria Fraud Response Act 2024, s.12)")
    assert lines[1] == "outcome: permit"
    assert lines[2].startswith("rule: XA may release a hold request")
    assert lines[3] == "law: Aria Fraud Response Act 2024, s.12"


def test_a_refusal_exits_1_and_says_what_would_change_it(tmp_path: Path) -> None:
    result = explain(tmp_path, {**REQUEST, "type": "subscriber_identity", "purpose": "statistics"})
    assert result.exit_code == 1
    assert "no rule of XA's table" in result.output and "law: none applies" in result.output


def test_a_question_of_people_exits_1_and_names_them(tmp_path: Path) -> None:
    order = {**REQUEST, "origin": "xb-asc", "type": "hold_order", "action": "order"}
    assert "missing: approver" in explain(tmp_path, order, to="xa-asc").output
    assert explain(tmp_path, order, to="xa-asc").exit_code == 1
    assert explain(tmp_path, {**order, "approvers": 1}, to="xa-asc").exit_code == 0


def test_json_is_one_document_with_the_question_as_understood(tmp_path: Path) -> None:
    said = json.loads(explain(tmp_path, REQUEST, "--json").output)
    assert said["decision"]["outcome"] == "permit" and said["decision"]["rules"] == ["xa-hold-request"]
    assert said["question"]["channel"] == "police" and said["question"]["peer_jurisdiction"] == "XB"
    assert said["rules"][0]["sentence"].startswith("XA may release")


def test_a_statement_as_it_travels_is_a_message_too(tmp_path: Path) -> None:
    statement = {
        "type": "hold_status", "version": 1, "id": "st-1", "origin": "xa-asc", "purpose": "status",
        "marking": {"plane": "B"}, "issued_at": "2026-03-01T10:07:00Z", "body": {"hold": "h", "state": "received", "at": "x"},
    }  # fmt: skip
    result = explain(tmp_path, statement)
    assert result.exit_code == 0 and "xa-status" in result.output


def test_a_table_can_be_given(tmp_path: Path) -> None:
    table = tmp_path / "own.yaml"
    table.write_bytes(shipped_table("XB"))
    message = {key: value for key, value in REQUEST.items() if key != "origin"}
    result = explain(tmp_path, message, "--table", str(table), to="xa-asc")
    assert result.exit_code == 0 and "xb-hold-request" in result.output


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no message"),
        (b" " * 200_000, "over the limit"),
        ({**REQUEST, "purpsoe": "x"}, "did you mean purpose?"),
        ({"type": "hold_request", "plane": "B", "origin": "xa-asc"}, "the field purpose is missing"),
        ({**REQUEST, "plane": 7}, "the field plane is wrong"),
        ({"type": "baton", "purpose": "status", "origin": "xa-asc"}, "the field plane is wrong"),
        ({**REQUEST, "conditions": "approval:1"}, "the field conditions is wrong"),
        ({**REQUEST, "approvers": -1}, "the field approvers is wrong"),
        ({**REQUEST, "amount": 5}, "the field amount is wrong"),
        ({**REQUEST, "exercise": "yes"}, "the field exercise is wrong"),
        ({**REQUEST, "at": "2026-03-01T10:07:00"}, "has no zone"),
        ({**REQUEST, "origin": "la-asc"}, "no policy table is shipped"),
        ({**REQUEST, "origin": None}, "whose table decides?"),
    ],
)
def test_a_malformed_message_is_one_line_that_names_the_file(tmp_path: Path, message: object, said: str) -> None:
    result = explain(tmp_path, message)
    wrong = result.exception
    assert isinstance(wrong, LintasError) and wrong.exit_code == 2
    assert said in str(wrong) and "message.json" in str(wrong) and "\n" not in str(wrong)


def test_examples_pass_line_by_line(tmp_path: Path) -> None:
    table = tmp_path / "xa.yaml"
    table.write_bytes(shipped_table("XA"))
    result = CliRunner().invoke(policy, ["test", str(table), "--pinned"])
    assert result.exit_code == 0
    *lines, total = result.output.splitlines()
    assert len(lines) >= 30 and all(line.startswith("pass  line ") for line in lines)
    assert total.endswith(f"{len(lines)} examples, 0 failed; {RULES} rules")


def test_one_failing_example_exits_1(tmp_path: Path) -> None:
    table = tmp_path / "xa.yaml"
    table.write_bytes(shipped_table("XA").replace(b"expires_hours: 720}", b"expires_hours: 721}", 1))
    result = CliRunner().invoke(policy, ["test", str(table)])
    assert result.exit_code == 1
    assert [
        line for line in result.output.splitlines() if "expires_hours 720, expected 721" in line and line[:4] == "FAIL"
    ]


def test_too_few_examples_exit_1(tmp_path: Path) -> None:
    table = tmp_path / "xa.yaml"
    table.write_bytes(shipped_table("XA").split(b"\nexamples:")[0])
    result = CliRunner().invoke(policy, ["test", str(table)])
    assert result.exit_code == 1 and "0 examples are too few" in result.output


def test_show_prints_each_rule_as_a_sentence(tmp_path: Path) -> None:
    table = tmp_path / "xb.yaml"
    table.write_bytes(shipped_table("XB"))
    result = CliRunner().invoke(policy, ["show", str(table)])
    assert result.exit_code == 0
    assert "xb-order-foreign: XB may issue its own order on a hold" in result.output
    assert "(Boreo Payment Safeguards Act, s.7)" in result.output


def test_the_program_exits_2_in_one_line(tmp_path: Path) -> None:
    def lintas(*arguments: str) -> Any:  # noqa: ANN401 — CompletedProcess of text
        command = [sys.executable, "-c", "from lintas.cli.main import main; main()", "policy", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    broken = tmp_path / "broken.yaml"
    broken.write_text("rules: [", "utf-8")
    for outcome in (lintas("test", str(broken)), lintas("test", str(tmp_path / "absent.yaml"))):
        assert outcome.returncode == 2 and outcome.stdout == ""
        assert outcome.stderr.count("\n") == 1 and outcome.stderr.startswith("lintas: ")
    message = tmp_path / "message.json"
    message.write_text(json.dumps({**REQUEST, "purpose": "statistics"}), "utf-8")
    assert lintas("explain", str(message), "--to", "xb-asc").returncode == 1
