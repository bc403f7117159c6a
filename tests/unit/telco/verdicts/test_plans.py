"""Numbering plans: the fictional ones, an operator's own file, and what is refused."""

from pathlib import Path

import pytest

from lintas.model.errors import BadInput, LintasError
from lintas.telco.verdicts.plans import Plan, fictional, plan, read_plan

OWN = """\
jurisdiction: XA
operators: {XANE: {name: Aria Next, answered_by: XAMO}}
ranges: [{starts: "570-571", length: [8], kind: mobile, operator: XANE}]
routing: [{starts: "5799", length: [8]}]
emergency: ["115"]
carrier_prefixes: ["1055"]
"""


def own(tmp_path: Path, text: str, name: str = "plan.yaml") -> Plan:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    return read_plan(file)


def test_the_fictional_plans_differ() -> None:
    texts = list(fictional().values())
    assert len(texts) == 4
    for facet in ("country_code", "trunk_prefix", "emergency", "ranges", "routing"):
        assert len({repr(getattr(text, facet)) for text in texts}) >= 3, facet
    for text in texts:
        kinds = {each.kind for each in text.ranges}
        assert kinds == {"mobile", "fixed", "voip", "nongeographic"}
        assert all(each.operator in text.operators for each in text.ranges)
        assert text.country_code.startswith("999")


def test_the_longest_beginning_wins() -> None:
    assert plan("XA").line("59900001") == ("routing", "")
    assert plan("XA").line("55900001") == ("routing", "")
    assert plan("XA").line("55800001") == ("mobile", "XAMO")
    assert plan("XA").line("58000001") == ("mobile", "XAMV")
    assert plan("XA").line("5500001") is None


def test_an_mvno_is_answered_for_by_its_host() -> None:
    assert plan("XA").answers_for("XAMV") == "XATL"
    assert plan("XA").answers_for("XAMO") == "XAMO"
    assert plan("XA").answers_for("") == "XA"


def test_emergency_numbers_of_real_plans_are_those_of_the_metadata_and_112() -> None:
    assert {"999", "112"} <= plan("MY").emergency
    assert {"995", "999", "112"} <= plan("SG").emergency
    assert {"191", "112"} <= plan("TH").emergency
    assert {"911", "112"} <= plan("US").emergency


def test_an_operator_adds_its_own(tmp_path: Path) -> None:
    mine = own(tmp_path, OWN)
    assert mine.line("57000001") == ("mobile", "XANE")
    assert mine.line("57200001") == ("mobile", "XAMO")
    assert mine.line("57990001") == ("routing", "")
    assert mine.answers_for("XANE") == "XAMO"
    assert mine.emergency == {"112", "991", "115"}
    assert {"1055112", "01055115", "+99911055991"} <= mine.emergency_forms
    assert mine.emergency_forms.isdisjoint({"1055", "10551", "1056112"})
    toml = 'jurisdiction = "my"\n[[routing]]\nstarts = "1990"\nlength = [9]\n'
    real = own(tmp_path, toml, "plan.toml")
    assert real.line("199012345") == ("routing", "")
    assert real.line("123456789") == ("mobile", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jurisdiction: ZZ",
        "jurisdiction: XA\nmore: 1",
        'jurisdiction: XA\nranges: [{starts: "5-61", length: [8], kind: mobile}]',
        'jurisdiction: XA\nranges: [{starts: "59-50", length: [8], kind: mobile}]',
        'jurisdiction: XA\nranges: [{starts: "0000-9999", length: [8], kind: mobile}]',
        'jurisdiction: XA\nranges: [{starts: "5(.*)", length: [8], kind: mobile}]',
        'jurisdiction: XA\nranges: [{starts: "12345", length: [4], kind: mobile}]',
        'jurisdiction: XA\nranges: [{starts: "4", length: [8], kind: mobile, operator: NONE}]',
        'jurisdiction: XA\nranges: [{starts: "4", length: [8], kind: routing}]',
        'jurisdiction: XA\nranges: [{starts: "4", length: [8], kind: mobile}, {starts: "4", length: [8], kind: fixed}]',
        "jurisdiction: XA\noperators: {XANE: {name: a, answered_by: NONE}}",
        "jurisdiction: XA\nnomadic: [mobile]",
        "emergency: []",
        "a: &a [*a]",
        "jurisdiction: XA\nemergency: [112",
        "\x00",
    ],
)
def test_what_a_file_cannot_say(tmp_path: Path, text: str) -> None:
    with pytest.raises(LintasError, match=r"plan\.yaml"):
        own(tmp_path, text)


def test_there_is_no_plan_of_an_unknown_place() -> None:
    for place in ("ZZ", "", "001", "xa-asc", "GREAT"):
        with pytest.raises(BadInput, match="no numbering plan"):
            plan(place)
