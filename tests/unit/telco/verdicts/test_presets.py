"""Policies as data: total, sourced, and unable to refuse what must get through."""

from importlib import resources
from pathlib import Path

import pytest
import yaml

from lintas.model.errors import BadInput, LintasError
from lintas.telco.verdicts.plans import plan
from lintas.telco.verdicts.presets import names, preset_for, presets, read_preset
from lintas.telco.verdicts.records import SITUATIONS

MUST_REACH = {
    "emergency": "allow",
    "routing_leg": "allow",
    "domestic": "allow",
}


def own(tmp_path: Path, rules: str, more: str = "") -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"title: Ours\nlike: my\n{more}\nrules:\n  {rules}\n", "utf-8")
    read_preset(file)


def test_the_shipped_ones_are_whole_and_sourced() -> None:
    assert set(names()) == {"my", "be", "fi", "ie", "sg", "hk", "th", "uk", "strict"}
    for name in names():
        preset = presets(name)
        assert set(preset.rules) == set(preset.rulings) == set(SITUATIONS)
        assert all(preset.source(situation) for situation in SITUATIONS)
        for situation, action in MUST_REACH.items():
            assert preset.rules[situation].action == action  # type: ignore[index]  # situations, as text here


def test_each_is_for_a_jurisdiction_that_there_is() -> None:
    text = resources.files("lintas.telco.verdicts").joinpath("presets.yaml").read_text("utf-8")
    codes = yaml.safe_load(text)["jurisdictions"]
    assert all(
        preset_for(code.lower()).name == name and plan(code).jurisdiction == code for code, name in codes.items()
    )
    assert set(codes.values()) == set(names())
    for code in ("PH", "GG", "", "uk"):
        with pytest.raises(BadInput, match="no policy is shipped"):
            preset_for(code)


def test_what_the_laws_differ_in() -> None:
    mobile = {name: presets(name).rules["mobile_fail"].action for name in names()}
    assert (mobile["be"], mobile["uk"], mobile["hk"]) == ("block", "withhold-cli", "label")
    assert {presets(name).rules["mobile_unknown"].action for name in ("my", "be", "fi", "uk")} == {"withhold-cli"}
    assert presets("fi").rules["forwarded_abroad_unknown"].action == "withhold-cli"
    assert presets("th").rulings["mobile_pass"].label == "+698"
    assert presets("th").rulings["mobile_fail"].label == "+697"
    assert presets("hk").rulings["mobile_fail"].shown == "alert"


def test_an_unknown_name_is_refused() -> None:
    for name in ("", "xx", "my ; drop", "../my"):
        with pytest.raises(BadInput, match="no preset"):
            presets(name)
    assert presets(" BE ").name == "be"


def test_the_example_is_read_and_the_page_shows_it() -> None:
    root = Path(__file__).parents[4]
    ours = read_preset(root / "examples" / "telco" / "policy.yaml")
    assert (ours.name, ours.needs.own) == ("policy", "registered-abroad")
    assert ours.rulings["mobile_unknown"].label == "Not verified"
    assert ours.source("foreign_fail").endswith("section 4") and ours.rules["malformed"].action == "block"
    lines = (root / "examples" / "telco" / "policy.yaml").read_text("utf-8").splitlines(keepends=True)
    shown = "".join(line for line in lines if not line.lstrip().startswith("#"))
    assert shown in (root / "docs" / "telco-verdicts.md").read_text("utf-8")


def test_what_is_wrong_is_said_of_ones_own_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as said:
        own(tmp_path, "foreign_fail: {action: explode, source: house}")
    assert said.value.where == f"{tmp_path / 'mine.yaml'}: rules[...].action"
    assert "presets.yaml" not in str(said.value)


def test_an_own_policy(tmp_path: Path) -> None:
    own(
        tmp_path,
        "foreign_fail: {action: divert, source: ours}",
        "sources: {ours: 'Our Act, s. 1'}\nneeds: {own: on-call}",
    )
    mine = read_preset(tmp_path / "mine.yaml")
    assert (mine.name, mine.needs.own, mine.needs.foreign) == ("mine", "on-call", "assigned")
    assert mine.rules["foreign_fail"].action == "divert" and mine.source("foreign_fail") == "Our Act, s. 1"
    assert mine.rules["blocked"].action == "block"


@pytest.mark.parametrize(
    "rules",
    [
        "emergency: {action: block, source: house}",
        "emergency: {action: label, label: x, shown: alert, source: house}",
        "routing_leg: {action: withhold-cli, source: house}",
        "domestic: {action: divert, source: house}",
        "mobile_pass: {action: block, source: house}",
        "foreign_unknown: {action: block, source: house}",
        "forwarder_unknown: {action: divert, source: house}",
        "protected: {action: block, source: house}",
        "blocked: {action: label, source: house}",
        "blocked: {action: label, label: x, source: house}",
        "blocked: {action: block, label: x, shown: alert, source: house}",
        "blocked: {action: label, label: call me, shown: prefix, source: house}",
        'blocked: {action: label, label: "a\\x07", shown: alert, source: house}',
        "blocked: {action: label, label: 'a\" <b>', shown: alert, source: house}",
        "blocked: {action: jail, source: house}",
        "blocked: {action: block}",
        "blocked: {action: block, source: nobody}",
        "blocked: {action: block, source: house, why: x}",
        "nothing: {action: block, source: house}",
    ],
)
def test_what_a_policy_cannot_say(tmp_path: Path, rules: str) -> None:
    with pytest.raises(LintasError, match=r"mine\.yaml"):
        own(tmp_path, rules)


@pytest.mark.parametrize(
    "more", ["needs: {own: assigned}", "needs: {own: listed}", "needs: {foreign: none}", "like: zz", "extra: 1"]
)
def test_what_a_policy_cannot_need(tmp_path: Path, more: str) -> None:
    with pytest.raises(LintasError, match=r"mine\.yaml"):
        own(tmp_path, "blocked: {action: block, source: house}", more)


def test_a_policy_without_a_base_must_have_every_situation(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    rules = {each: {"action": "allow", "source": "house"} for each in SITUATIONS}
    file.write_text(yaml.safe_dump({"title": "Ours", "rules": rules}), "utf-8")
    assert set(read_preset(file).rules) == set(SITUATIONS)
    del rules["nomadic"]
    file.write_text(yaml.safe_dump({"title": "Ours", "rules": rules}), "utf-8")
    with pytest.raises(BadInput, match="no action for nomadic"):
        read_preset(file)
