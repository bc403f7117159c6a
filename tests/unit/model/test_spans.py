"""Sets of positions as spans: whatever is given twice, turned or empty, the same positions come back, once."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lintas.model.tainted import Span, merged, overlaps, subtract

positions = st.integers(0, 40)
many = st.lists(st.tuples(positions, positions), max_size=8)


def points(spans: list[Span]) -> set[int]:
    return {point for start, end in spans for point in range(start, end)}


def in_order_and_apart(spans: list[Span]) -> bool:
    return all(start < end for start, end in spans) and all(one[1] < two[0] for one, two in pairwise(spans))


@given(many)
def test_merged_spans_are_the_same_positions_in_order_and_apart(spans: list[Span]) -> None:
    once = merged(spans)
    assert points(once) == points(spans)
    assert in_order_and_apart(once)
    assert merged(once) == once == merged(reversed(spans)) == merged(spans * 2)


@given(many, many)
def test_an_overlap_is_what_both_have_however_it_is_said(spans: list[Span], others: list[Span]) -> None:
    common = overlaps(spans, others)
    assert points(common) == points(spans) & points(others)
    assert common == overlaps(others, spans) == overlaps(merged(spans), others * 3)
    assert sum(end - start for start, end in common) == len(points(common))  # nothing is counted twice


@given(many, many)
def test_what_is_common_and_what_is_left_make_up_the_whole(spans: list[Span], taken: list[Span]) -> None:
    left = [rest for span in merged(spans) for rest in subtract(span, taken)]
    assert merged([*left, *overlaps(spans, taken)]) == merged(spans)
    assert overlaps(left, taken) == []
