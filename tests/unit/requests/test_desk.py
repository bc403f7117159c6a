"""What is typed at a bank's desk becomes an answer whose parts tile the order's interval exactly, or one clear error."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model.errors import BadInput
from lintas.model.messages import LegalBasis
from lintas.model.money import show
from lintas.model.tainted import Baton, check_answer
from lintas.requests.desk import ORDER, Said, answer_of
from lintas.requests.records import Order
from lintas.requests.rules import check_order_answer, outcome_of

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
BANKS = ("B1", "B2")


def order(start: int = 1_000, end: int = 6_000, amount: int | None = None, currency: str = "XAK") -> Order:
    baton = Baton(transfer="T1", start=start, end=end, currency=currency, holder="B1", sender="A1")
    return Order(
        id="order-1",
        hold="hold-1",
        case="case-1",
        bank="B1",
        baton=baton,
        amount_minor=end - start if amount is None else amount,
        currency=currency,
        basis=LegalBasis(jurisdiction="XB", law="s. 1", rule="r1"),
        approver="Officer",
        issued_at="2026-03-01T10:00:00Z",
        expires="2026-03-04T10:00:00Z",
        contact="desk",
    )


def said(given_order: Order | None = None, **typed: Any) -> Any:  # noqa: ANN401 — an answer, or what it raises
    fields = {"kind": "parts"} | typed
    return answer_of(given_order or order(), Said(**fields), bank="B1", banks=BANKS, snapshot="now")


def shape(answer: Any) -> list[tuple[str, int, int, int]]:  # noqa: ANN401
    return [(part.state, part.start, part.end, part.local_minor) for part in answer.parts]


ONWARD: dict[str, Any] = {"holder": "B2", "reference": "UETR-9"}


def test_held_in_full() -> None:
    assert shape(said(kind="full")) == [("held", 1_000, 6_000, 5_000)]


def test_an_order_for_less_than_the_interval_needs_a_word_about_the_rest() -> None:
    less = order(amount=3_000)
    with pytest.raises(BadInput, match=r"20\.00 XAK") as wrong:
        said(less, kind="full")
    assert wrong.value.where == "rest"
    assert shape(said(less, kind="full", rest="here")) == [("held", 1_000, 4_000, 3_000), ("here", 4_000, 6_000, 2_000)]
    # What left, left first.
    assert shape(said(less, kind="full", rest="spent")) == [
        ("spent", 1_000, 3_000, 2_000),
        ("held", 3_000, 6_000, 3_000),
    ]


def test_what_left_first_stands_first() -> None:
    answer = said(held="20", moved="15.00", spent="10", rest="unknown", **ONWARD)
    assert shape(answer) == [
        ("moved", 1_000, 2_500, 1_500),
        ("spent", 2_500, 3_500, 1_000),
        ("unknown", 3_500, 4_000, 500),
        ("held", 4_000, 6_000, 2_000),
    ]
    baton = answer.parts[0].baton
    assert baton == Baton(transfer="UETR-9", start=0, end=1_500, currency="XAK", holder="B2", sender="B1")
    assert outcome_of(answer.parts) == "held_partial"


def test_the_whole_moved_or_was_spent() -> None:
    moved = said(kind="moved", begins="2.50", **ONWARD)
    assert (moved.parts[0].baton.start, moved.parts[0].baton.end) == (250, 5_250)
    assert shape(said(kind="spent")) == [("spent", 1_000, 6_000, 5_000)]
    assert shape(said(rest="unknown")) == [("unknown", 1_000, 6_000, 5_000)]


def test_not_found_says_nothing_else() -> None:
    answer = said(kind="not_found", held="1")
    assert (answer.found, answer.parts, answer.snapshot) == (False, (), "")


def test_a_ledger_in_another_currency() -> None:
    answer = said(kind="full", currency="XCK", credited="123.45")
    assert shape(answer) == [("held", 1_000, 6_000, 12_345)]
    answer = said(held="100", rest="spent", currency="XCK", credited="123.45")
    assert shape(answer) == [("spent", 1_000, 1_949, 2_345), ("held", 1_949, 6_000, 10_000)]
    assert {part.local_currency for part in answer.parts} == {"XCK"}


@pytest.mark.parametrize(
    ("typed", "where", "what"),
    [
        ({"held": "50.01"}, "held", r"0\.01 XAK more"),
        ({"held": "20", "spent": "40"}, "held", r"10\.00 XAK more"),
        ({"held": "20"}, "rest", r"30\.00 XAK"),
        ({}, "rest", r"50\.00 XAK"),
        ({"held": "twenty"}, "held", "not an amount"),
        ({"held": "1,5"}, "held", "not an amount"),
        ({"held": "1.234"}, "held", "more decimals"),
        ({"held": "-5"}, "held", "not an amount"),
        ({"held": "0", "rest": "spent"}, "held", "nothing"),
        ({"held": "9" * 40}, "held", "larger"),
        ({"moved": "10", "rest": "spent"}, "holder", "missing"),
        ({"moved": "10", "rest": "spent", "holder": "B1", "reference": "R"}, "holder", "stayed"),
        ({"moved": "10", "rest": "spent", "holder": "ZZ", "reference": "R"}, "holder", "knows no bank"),
        ({"moved": "10", "rest": "spent", "holder": "B2"}, "reference", "missing"),
        ({"moved": "10", "rest": "spent", "holder": "B2", "reference": "a\u202eb"}, "reference", "cannot be shown"),
        ({"moved": "10", "rest": "spent", "begins": "x", **ONWARD}, "begins", "not an amount"),
        ({"moved": "10", "rest": "spent", "begins": "90000000000000.00", **ONWARD}, "begins", "that large"),
        ({"kind": "full", "currency": "XCK"}, "credited", "missing"),
        ({"kind": "full", "currency": "NOPE", "credited": "1"}, "credited", "unknown currency"),
        ({"spent": "0.01", "rest": "held", "currency": "XCK", "credited": "90000.00"}, "spent", "smallest"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(typed: dict[str, Any], where: str, what: str) -> None:
    with pytest.raises(BadInput, match=what) as wrong:
        said(**typed)
    assert wrong.value.where == where
    assert wrong.value.do


def test_no_more_is_held_than_was_ordered() -> None:
    with pytest.raises(BadInput, match=r"40\.00 XAK would be held; the order is for 30\.00 XAK") as wrong:
        said(order(amount=3_000), held="40", rest="spent")
    assert wrong.value.where == "held"
    with pytest.raises(BadInput, match="and no more"):
        said(order(amount=3_000), rest="held")


def test_a_bank_that_the_authority_does_not_know_is_taken_on_the_officers_word() -> None:
    answer = said(kind="moved", holder="ELSE", reference="R", certain=True)
    assert answer.parts[0].baton.holder == "ELSE"


def test_amounts_are_taken_as_the_page_shows_them() -> None:
    large = order(0, 500_000_000)
    assert shape(said(large, held="4,999,999.99", rest="spent"))[1][3] == 499_999_999


@st.composite
def tellings(draw: st.DrawFn) -> tuple[Order, dict[str, Any]]:
    start = draw(st.integers(0, 10**9))
    interval = draw(st.integers(1, 10**10))
    currency = draw(st.sampled_from(["XAK", "XBK", "XDK"]))
    made = order(start, start + interval, draw(st.integers(1, interval)), currency)
    other = draw(st.sampled_from(["", "XCK", "XBK"]))
    local = other if other and other != currency else ""
    total = draw(st.integers(1, 10**10)) if local else interval
    typed: dict[str, Any] = {"kind": draw(st.sampled_from(["full", "parts", "moved", "spent"])), **ONWARD}
    if local:
        typed |= {"currency": local, "credited": show(total, local)}
    for state in draw(st.lists(st.sampled_from(["held", "moved", "spent"]), unique=True)):
        typed[state] = show(draw(st.integers(1, total)), local or currency)
    typed["rest"] = draw(st.sampled_from(["", "here", "spent", "unknown", "held", "moved"]))
    return made, typed


@given(tellings())
def test_whatever_is_typed_tiles_exactly_or_is_refused(telling: tuple[Order, dict[str, Any]]) -> None:
    made, typed = telling
    try:
        answer = said(made, **typed)
    except BadInput as wrong:
        assert wrong.where in ("held", "moved", "spent", "rest", "credited")
        return
    check_answer(answer, made.baton.start, made.baton.end)
    check_order_answer(made, answer, NOW)
    assert sum(part.amount_minor for part in answer.parts) == made.baton.amount_minor
    states = [part.state for part in answer.parts]
    assert states == [state for state in ORDER if state in states]
    if "credited" in typed:
        (currency,) = answer.local
        assert show(answer.local[currency], currency) == typed["credited"]
    for name in ("held", "moved", "spent"):
        if typed["kind"] == "parts" and name in typed and typed["rest"] != name:
            (part,) = [part for part in answer.parts if part.state == name]
            assert show(part.local_minor, part.local_currency) == typed[name]
