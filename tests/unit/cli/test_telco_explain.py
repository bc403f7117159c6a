"""`lintas telco explain` and `preset`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lintas.cli.main import lintas
from lintas.model.errors import BadInput, LintasError
from lintas.telco.verdicts.presets import names
from lintas.telco.verdicts.records import SITUATIONS


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(lintas, ["telco", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_every_rung_and_what_each_answer_does() -> None:
    told = run("explain", "+999150000001", "--to", "+999120000001", "--preset", "be")
    assert "own number:       XATL is asked: is +999150000001 calling +999120000001 now?" in told
    assert "Without an answer in time: mobile_unknown → withhold-cli (Belgium, Royal Decree of 12 May 2024" in told
    assert "emergency → allow" in run("explain", "x", "--to", "112", "--preset", "strict")
    th = run("explain", "+999150000001", "--preset", "th", "--forwarded-by", "")
    assert 'mobile_pass → label "+698"' in th


def test_without_a_list_nothing_is_said_of_one(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("number,kind,expires,reason,owner\n+999220000009,blocked,2090-01-01,x y z,XATL\n", "utf-8")
    assert run("explain", "+999220000001").count("No list was given (--list).") == 3
    listed = run("explain", "+999220000001", "--list", str(file))
    assert "No list was given" not in listed and "The number is not on this list." in listed


def test_as_json() -> None:
    told = json.loads(run("explain", "+999281000001", "--partner", "xb", "--preset", "my", "--json"))
    assert (told["policy"], told["jurisdiction"]) == ("my", "XA")
    steps = told["steps"]
    assert steps[-4]["text"] == "XB is asked: is +999281000001 calling now?"
    assert [step["action"] for step in steps[-3:]] == ["allow", "withhold-cli", "allow"]


@pytest.mark.parametrize(("code", "policy"), [("sg", "sg"), ("GB", "uk"), ("xa", "strict")])
def test_the_policy_is_that_of_the_jurisdiction(code: str, policy: str) -> None:
    first = run("explain", "+6591234567", "--jurisdiction", code).splitlines()[0]
    assert first.split() == ["policy:", f"{policy},", "calls", "come", "in", "to", code.upper()]


def test_no_other_countrys_policy_counts_unasked(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('jurisdiction = "PH"\n', "utf-8")
    for where in (["--jurisdiction", "ph"], ["--plan", str(plan)]):
        done = CliRunner().invoke(lintas, ["telco", "explain", "+639171234567", *where])
        assert isinstance(done.exception, BadInput)
        assert done.exception.where == "--preset" and "my, be" in done.exception.do
        assert "policy:           strict, calls come in to PH" in run(
            "explain", "+639171234567", *where, "--preset", "strict"
        )


def test_own_plan_and_own_policy(tmp_path: Path) -> None:
    plan, policy = tmp_path / "plan.toml", tmp_path / "ours.yaml"
    plan.write_text('jurisdiction = "MY"\nrouting = [{starts = "1990", length = [9]}]\n', "utf-8")
    policy.write_text("title: Ours\nlike: be\nrules: {blocked: {action: divert, source: house}}\n", "utf-8")
    leg = run("explain", "+60123456789", "--to", "+60199012345", "--plan", str(plan), "--preset", str(policy))
    assert "routing_leg → allow" in leg
    assert "blocked                   divert" in run("preset", str(policy))


def test_ported_numbers(tmp_path: Path) -> None:
    file = tmp_path / "ported.csv"
    file.write_text("number,operator\n+999150000001,XAMO\n", "utf-8")
    assert "XAMO is asked" in run("explain", "+999150000001", "--ported", str(file))


def test_presets_are_listed_and_shown() -> None:
    assert [line.split()[0] for line in run("preset").splitlines()] == list(names())
    shown = run("preset", "FI").splitlines()
    assert [line.split()[0] for line in shown[2:]] == list(SITUATIONS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--preset", "zz"],
        ["--jurisdiction", "zz"],
        ["--preset", "nowhere.yaml"],
        ["--plan", "nowhere.toml"],
        ["--trunk", "x"],
    ],
)
def test_what_is_not_there_is_refused(arguments: list[str]) -> None:
    done = CliRunner().invoke(lintas, ["telco", "explain", "+999150000001", *arguments])
    assert done.exit_code != 0
    assert isinstance(done.exception, LintasError | OSError | SystemExit)
