"""A bank's answer stays within what one statement can hold."""

from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from lintas.bank.answers import fold
from lintas.model.tainted import MAX_PARTS, Part


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=300))
def test_many_parts_are_folded_into_few_that_still_tile(amounts: list[int]) -> None:
    edges = [0, *accumulate(amounts)]
    parts = [
        Part(state="here", start=start, end=end, local_minor=end - start, local_currency="XAK")
        for start, end in pairwise(edges)
    ]
    folded = fold(parts)
    assert len(folded) == min(len(parts), MAX_PARTS)
    assert [part.start for part in folded] == [0, *(part.end for part in folded[:-1])]
    assert folded[-1].end == edges[-1] == sum(part.local_minor for part in folded)
