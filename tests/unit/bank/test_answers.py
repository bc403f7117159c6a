"""A bank's answer stays within what one statement can hold."""

from itertools import accumulate, pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lintas.bank.answers import fold
from lintas.model.markings import Marking
from lintas.model.messages import HoldAnswer, LegalBasis, write
from lintas.model.tainted import MAX_PARTS, Baton, Part


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


def test_long_references_in_any_script_still_fit_into_one_statement() -> None:
    long = "\N{THAI CHARACTER KO KAI}" * 200
    parts, edge = [], 0
    for amount in range(1, MAX_PARTS + 1):
        baton = Baton(transfer=long, start=0, end=amount, currency="XBK", holder="XBFB", sender="XAFB")
        part = Part(state="moved", start=edge, end=edge + amount, local_minor=amount, local_currency="XBK", baton=baton)
        parts.append(part)
        edge += amount
    folded = fold(parts)
    assert 40_000 < len(msgspec.json.encode(folded)) < 48_000
    assert [part.start for part in folded] == [0, *(part.end for part in folded[:-1])]
    assert folded[-1].end == edge == sum(part.local_minor for part in folded)
    # The smallest were folded, the largest are told whole.
    assert folded[-50:] == parts[-50:]
    words = "\N{THAI CHARACTER KO KAI}" * 1_000
    law = LegalBasis(jurisdiction="XB", rule=words, law=words)
    said = HoldAnswer(
        hold="hold-1", outcome="moved", parts=tuple(folded), basis=law, approver=words[:200], reason=words
    )
    marking = Marking(plane="B", tlp="AMBER+STRICT")
    write(said, id="obj-1", origin="xb-asc", purpose="stop_payment", marking=marking, issued_at="2026-03-01T10:07:00Z")
