"""However large the objects that wait, an envelope takes as many as fit, and one at least."""

from hypothesis import given
from hypothesis import strategies as st

from lintas.exchange.service import MAX_STATEMENTS, fitting
from lintas.trust.envelope import MAX_ITEMS, Item


@given(
    st.lists(st.sampled_from([1, 1_000, 65_536, MAX_STATEMENTS, MAX_STATEMENTS + 1]), min_size=1, max_size=MAX_ITEMS)
)
def test_an_envelope_takes_what_fits(sizes: list[int]) -> None:
    items = [Item(f"obj-{number:028x}", bytes(size), bytes(32)) for number, size in enumerate(sizes[:20])]
    taken = fitting(items)
    assert 1 <= taken <= len(items)
    total = sum(len(item.statement) for item in items[:taken])
    assert taken == 1 or total <= MAX_STATEMENTS
    assert taken == len(items) or total + len(items[taken].statement) > MAX_STATEMENTS
