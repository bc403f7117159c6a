"""docs/telco-verdicts.md has the policies, sources and rungs that the program has."""

import re
from pathlib import Path

from lintas.telco.records import Listed
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.plans import plan, read_plan
from lintas.telco.verdicts.presets import Rule, names, presets
from lintas.telco.verdicts.records import SITUATIONS

PAGE = (Path(__file__).parents[4] / "docs" / "telco-verdicts.md").read_text("utf-8")


class Nothing:
    def find(self, number: int) -> Listed | None:
        return None


def table(first: str) -> list[list[str]]:
    """Return the rows of the table whose heading begins so, as cells."""
    lines = PAGE.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def cell(rule: Rule) -> str:
    shown = " with an alert" if rule.shown == "alert" else f" {rule.label}" if rule.label else ""
    return f"{rule.action}{shown}" + ("" if rule.source == "house" else f" ({rule.source})")


def test_every_policy_is_on_the_page_with_whose_rule_it_is() -> None:
    head = re.search(r"^\| situation \| (.*) \|$", PAGE, re.MULTILINE)
    assert head is not None and head[1].split(" | ") == list(names())
    told = {row[0].strip("`"): row[1:] for row in table("situation")}
    assert told == {each: [cell(presets(name).rules[each]) for name in names()] for each in SITUATIONS}


def test_every_source_is_explained() -> None:
    known = dict(presets("my").sources)
    del known["house"]
    assert {row[0]: row[1] for row in table("source")} == known
    needs = {name: presets(name).needs for name in names()}
    assert {name for name, each in needs.items() if each.own == "on-call"} == {"strict"}
    assert {each.foreign for each in needs.values()} == {"assigned"}


def test_the_rungs_stand_in_their_order() -> None:
    ladder = Ladder(Nothing(), presets("my"), plan("XA"))
    assert [row[0].replace(" ", "_") for row in table("rung")] == [rung.name for rung in ladder.rungs]


def test_the_plan_on_the_page_is_one(tmp_path: Path) -> None:
    shown = re.search(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert shown is not None
    file = tmp_path / "plan.yaml"
    file.write_text(shown[1], "utf-8")
    assert read_plan(file).line("57000001") == ("mobile", "XANE")
