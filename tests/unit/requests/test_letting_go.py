"""Letting go of parts of a hold: whatever the cuts and the currencies, nothing is lost, and only what was named goes."""

from datetime import UTC, datetime
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lintas.model.messages import LegalBasis
from lintas.model.tainted import Baton, LedgerAnswer, Part, Span, overlaps, subtract
from lintas.requests.records import Order, Share
from lintas.requests.rules import let_go, overlapping, still_held

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
WIDE = 10_000
positions = st.integers(0, WIDE)
spans = st.tuples(positions, positions).map(lambda pair: (min(pair), max(pair)))
many = st.lists(spans, max_size=6)


def inside(points: int, covering: list[Span]) -> bool:
    return any(start <= points < end for start, end in covering)


@given(spans, many, st.lists(positions, max_size=30))
def test_what_is_left_and_what_is_taken_share_nothing_and_miss_nothing(
    whole: Span, taken: list[Span], points: list[int]
) -> None:
    left, common = subtract(whole, taken), overlaps([whole], taken)
    assert all(whole[0] <= start < end <= whole[1] for start, end in left)
    for point in (*points, whole[0], max(whole[0], whole[1] - 1)):
        if whole[0] <= point < whole[1]:
            assert inside(point, left) != inside(point, taken)
            assert inside(point, common) == inside(point, taken)


def share(start: int, end: int, amount: int) -> Share:
    baton = Baton(transfer="T-1", start=start, end=end, currency="XBK", holder="XBUB", sender="XABT")
    until = "2026-03-04T10:07:00Z"
    return Share(
        id="case-1.000", case="case-1", state="held", amount_minor=amount, baton=baton, hold="hold-1", until=until
    )


@given(st.integers(0, WIDE), st.integers(1, WIDE), st.integers(1, 10**12), many)
def test_pieces_add_up_and_only_what_was_named_is_let_go(
    start: int, length: int, amount: int, freed: list[Span]
) -> None:
    held = share(start, start + length, amount)
    pieces = let_go(held, freed, "appeal")
    assert sum(piece.amount_minor for piece in pieces) == amount
    assert all(piece.amount_minor > 0 for piece in pieces)
    assert len({piece.id for piece in pieces}) == len(pieces)
    for piece in pieces:
        assert piece.baton is not None
        if piece.state == "held":
            assert overlaps([piece.baton.span], freed) == []
        else:
            assert subtract(piece.baton.span, freed) == []
        assert (piece.until is None) == (piece.state == "released")
    if not overlaps([(start, start + length)], freed):
        assert pieces == [held]


def test_letting_go_twice_changes_nothing_more() -> None:
    once = let_go(share(0, 100, 7_351), [(20, 40)], "appeal")
    again = [
        piece for each in once for piece in (let_go(each, [(20, 40)], "appeal") if each.state == "held" else [each])
    ]
    assert again == once
    assert [piece.state for piece in once] == ["held", "released", "held"]


def order(held: list[Span], **changes: object) -> Order:
    baton = Baton(transfer="T-1", start=0, end=100, currency="XBK", holder="XBUB", sender="XABT")
    edges = sorted({0, 100, *(edge for span in held for edge in span)})
    parts = tuple(
        Part(state="held" if (a, b) in held else "here", start=a, end=b, local_minor=b - a, local_currency="XBK")
        for a, b in pairwise(edges)
    )
    answer = LedgerAnswer(transfer="T-1", start=0, end=100, currency="XBK", snapshot="s", found=True, parts=parts)
    made = Order(
        id="order-1",
        hold="hold-1",
        case="case-1",
        bank="XBUB",
        baton=baton,
        amount_minor=100,
        currency="XBK",
        basis=LegalBasis(jurisdiction="XB", rule="xb-order", law="s.1"),
        approver="Officer Dena Holt",
        issued_at="2026-03-01T10:07:00Z",
        expires="2026-03-04T10:07:00Z",
        contact="desk@xb-asc.example",
        answer=answer,
    )
    return msgspec.structs.replace(made, **changes)


def test_an_order_covers_what_it_holds_and_before_its_bank_answers_all_of_it() -> None:
    waiting = order([], answer=None)
    part = msgspec.structs.replace(waiting.baton, start=40, end=60)
    assert overlapping(part, [waiting], NOW) is waiting
    assert overlapping(part, [order([(0, 30)])], NOW) is None
    assert overlapping(part, [order([(30, 70)])], NOW) is not None
    assert overlapping(part, [order([(30, 70)], released=((30, 70),))], NOW) is None
    assert overlapping(part, [order([(30, 70)], closed_at="2026-03-01T10:08:00Z")], NOW) is None
    assert overlapping(part, [order([(30, 70)], refusal="no")], NOW) is None
    assert overlapping(part, [order([(30, 70)], expires="2026-03-01T10:00:00Z")], NOW) is None
    assert overlapping(msgspec.structs.replace(part, transfer="T-2"), [waiting], NOW) is None
    assert still_held(order([(0, 30), (50, 60)], released=((10, 55),))) == [(0, 10), (55, 60)]
