"""Loading: a table says what it means or is refused, with source, line, rule and column named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.asking import row, shipped, text

from lintas.model.errors import BadInput, NotFound, TooLarge
from lintas.policy.shipped import SHIPPED, shipped_table
from lintas.policy.table import PolicyTable, signing_text

ORDER = {"action": "[order]", "category": "[hold_order]"}


def refusal(written: str | bytes) -> str:
    with pytest.raises(BadInput) as caught:
        PolicyTable.load(written, source="laws.yaml")
    assert caught.value.where.startswith("laws.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (row("r", "puropse: [status]"), "did you mean purpose?"),
        (row("r", purpose="[stop_payments]"), "did you mean stop_payment?"),
        (row("r", category="[hold_reqest]"), "did you mean hold_request?"),
        (row("r", effect="permits"), "unknown value 'permits'"),
        (row("r", plane="B"), "a list is needed here"),
        (row("r", plane="[]"), "a list is needed here"),
        (row("r", plane="[B, B]"), "twice"),
        (row("r", peer_jurisdiction="[QQ]"), "unknown value 'QQ'"),
        (row("r", law="Other Act, s.1"), "begins with no statute of this table"),
        (row("r", law="Test Act"), "begins with no statute of this table"),
        (row("r", "humans: 3"), "no whole number from 0 to 2"),
        (row("r", "expires_hours: 0"), "no whole number from 1"),
        (row("r", "expires_hours: 1.5"), "no whole number"),
        (row("r", "onward: yes"), "unknown value 'yes'"),
        (row("r", "conditions: [aproval]"), "did you mean approval?"),
        (row("r", "redact: [everything]"), "unknown value 'everything'"),
        (row("r", "from: 2026-13-01"), "is no day"),
        (row("r", "from: 2026-02-01", "to: 2026-01-01"), "ends before it begins"),
        (row("r", "hold_hours: 5"), "belongs to orders only"),
        (row("r", "humans: 1", effect="forbid"), "a prohibition has no humans"),
        (row("R r"), "is no rule id"),
        (row("r", "humans: 1", **ORDER), "a hold that never ends"),
        (row("r", "hold_hours: 5", **ORDER), "without a named approver"),
        (row("r", "humans: 1", "hold_hours: 5", action="[order, release]"), "mixes orders"),
        (row("r", "automatic: {amount_minor: 5, currency: QQQ, per_day: 1}"), "unknown currency"),
        (row("r", "automatic: {amount_minor: -5, currency: XAK, per_day: 1}"), "no whole number"),
        ("\n".join(line for line in row("r").splitlines() if "purpose" not in line), "the column purpose is missing"),
        ("\n".join(line for line in row("r").splitlines() if "expires" not in line), "without an expiry"),
    ],
)
def test_a_wrong_cell_is_refused_by_rule_and_column(rule: str, said: str) -> None:
    line = refusal(text(rule))
    assert said in line and "rule " in line and ", line " in line and " — " in line and "\n" not in line


def test_an_order_without_a_section_of_law_never_gets_into_force() -> None:
    lawless = row("r", "humans: 1", "hold_hours: 5", law="none-found", **ORDER)
    line = refusal(text(lawless, status="in-force"))
    assert "an order needs a section of law" in line and "rule r, column law" in line
    for status in ("draft", "exercise"):
        (rule,) = PolicyTable.load(text(lawless, status=status), source="t").rules
        assert rule.law == ()


def test_a_rule_id_stands_once() -> None:
    assert "stands in this table twice" in refusal(text(row("r"), row("r")))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "empty"),
        (b"\xff\xfe", "not UTF-8"),
        ("a\ud800", "not UTF-8"),
        ("a: \x00", "control characters"),
        ("a: [1", "not YAML"),
        ("- 1", "columns with values"),
        ("a: &x [1]\nb: *x", "anchors and aliases"),
        ("a: *x", "anchors and aliases"),
        ("a: !!python/object/apply:os.system [x]", "tag"),
        ("a: 1\na: 2", "twice"),
        ("? [a]\n: 1", "a key must be a plain word"),
        (text(row("r")) + "---\nb: 1\n", "a second document"),
        ("a: " + "[" * 50_000, "nested deeper"),
        (text(row("r")).replace("lintas-policy/1", "lintas-policy/2"), "unknown value 'lintas-policy/2'"),
        (text(row("r")).replace("status: exercise", "status: inforce"), "did you mean in-force?"),
        (text(row("r")).replace("jurisdiction: XA", "jurisdiction: QQ"), "unknown jurisdiction 'QQ'"),
        (text(row("r")) + "remarks: x\n", "unknown column 'remarks'"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(written: str | bytes, said: str) -> None:
    line = refusal(written)
    assert said in line and "\n" not in line


def test_a_yaml_bomb_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "anchors and aliases" in refusal(bomb)


def test_a_table_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(TooLarge, match="over the limit"):
        PolicyTable.load(b"#" * 300_000, source="laws.yaml")


def test_a_jurisdiction_is_a_code_and_not_a_truth_value() -> None:
    assert "unknown jurisdiction 'NO'" in refusal(text(row("r")).replace("jurisdiction: XA", "jurisdiction: NO"))


@settings(deadline=None)  # the machine may be busy; timings live in bench/
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_any_text_is_a_table_or_is_refused(written: str | bytes) -> None:
    with pytest.raises(BadInput):
        PolicyTable.load(written, source="noise")


@settings(deadline=None)  # the machine may be busy; timings live in bench/
@given(st.data())
def test_any_damage_to_a_table_is_read_or_refused(data: st.DataObject) -> None:
    whole = text(row("r", "note: a test"), row("s", effect="forbid"))
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start, min(len(whole), start + 20)))
    damaged = whole[:start] + data.draw(st.text(alphabet="[]{}:,-&*!\n ab\"'#|>?%@\t\u00e9", max_size=6)) + whole[end:]
    try:
        read = PolicyTable.load(damaged, source="damaged")
    except BadInput as wrong:
        assert "\n" not in str(wrong)
    else:
        assert read.rules == () or read.rules[0].id


def test_the_signing_text_binds_jurisdiction_status_and_bytes() -> None:
    table = shipped_table("xb")
    assert signing_text(table) == f"lintas-policy/v1\nXB\nexercise\n{shipped('XB').sha256}\n".encode()
    assert signing_text(table + b"\n") != signing_text(table)
    with pytest.raises(BadInput):
        signing_text(b"rules: []")


def test_only_listed_tables_are_shipped() -> None:
    for code in ("LA", "../xa", "MYS", ""):
        with pytest.raises(NotFound):
            shipped_table(code)


def test_each_rule_renders_to_one_sentence_with_its_law() -> None:
    for code in SHIPPED:
        table = shipped(code)
        for rule in table.rules:
            sentence = table.render(rule)
            assert sentence.startswith(f"{code} ") and sentence.endswith(
                f"({'; '.join(rule.law) or 'no section of law found'})."
            )
            before_law = sentence.rpartition(f" ({'; '.join(rule.law)}")[0] if rule.law else sentence
            assert "\n" not in sentence and ". " not in before_law
