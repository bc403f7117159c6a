"""Several claims at once: disjoint by tracing, shared where money was stolen twice, and every table sums exactly."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.trace.ledgers import Line, Row, got, in_order, index_of, lost, moving, plain, smallest_openings

from lintas.model.errors import BadInput
from lintas.trace.questions.restitution import Claim, Share, restitution, shared

RandomRows = Callable[..., list[Row]]


def amounts(shares: tuple[Share, ...] | None) -> list[int]:
    assert shares is not None
    return [share.amount_minor for share in shares]


def test_two_victims_of_one_mule() -> None:
    rows = plain(
        ("t1", "01", "v1", "m", 600),
        ("t2", "02", "v2", "m", 300),
        ("t3", "03", "m", "x", 500),
        ("t4", "04", "x", "c", 200),
    )
    rows[3] |= {"kind": "cash_out"}
    for row in rows[:3]:
        row |= {"kind": "transfer"}
    told = restitution(index_of(rows), [Claim("t1"), Claim("t2")])
    assert [(part.account, part.amount_minor, part.claims) for part in told.found] == [
        ("m", 100, (Share(1, 100),)),
        ("m", 300, (Share(2, 300),)),
        ("x", 300, (Share(1, 300),)),
    ]
    (pool,) = told.pools
    assert (pool.amount_minor, amounts(pool.by_tracing), amounts(pool.pro_rata)) == (700, [400, 300], [467, 233])
    assert [(c.claimed_minor, c.there_minor, c.spent_minor) for c in told.claims] == [(600, 400, 200), (300, 300, 0)]
    assert told.conserved and told.opening == "assumed"


def test_money_stolen_twice_is_shared_in_equal_parts() -> None:
    rows = plain(("t1", "01", "v1", "m", 101), ("t2", "02", "m", "n", 101))
    told = restitution(index_of(rows), [Claim("t2"), Claim("t1", (0, 101))])
    (part,) = told.found
    assert part.claims == (Share(1, 51), Share(2, 50))
    assert amounts(told.pools[0].pro_rata) == [51, 50]


def test_a_claim_made_twice_is_refused() -> None:
    index = index_of(plain(("t1", "01", "v1", "m", 100)))
    with pytest.raises(BadInput, match="claims 1 and 2 are to the same money of transfer 't1'"):
        restitution(index, [Claim("t1", (0, 60)), Claim("t1", (59, 100))])
    assert restitution(index, [Claim("t1", (0, 60)), Claim("t1", (60, 100))]).pools[0].amount_minor == 100
    with pytest.raises(BadInput, match="no claim"):
        restitution(index, [])


def test_claims_in_several_currencies_have_no_pro_rata() -> None:
    rows = plain(("t1", "01", "v1", "m", 100), ("t2", "02", "v2", "n", 100))
    rows[1] |= {"currency": "XBK"}
    told = restitution(index_of(rows), [Claim("t1"), Claim("t2")])
    assert [(pool.currency, pool.pro_rata) for pool in told.pools] == [("XAK", None), ("XBK", None)]


def queues(rows: list[Row], asked: list[tuple[str, int, int]]) -> Counter[tuple[Line, frozenset[int]]]:
    """Replay with a queue of single units, each with who claims it; return what is left that anybody claims."""
    nobody = frozenset[int]()
    lines = defaultdict[Line, list[frozenset[int]]](list)
    for line, amount in smallest_openings(rows).items():
        lines[line] = [nobody] * amount
    for row in in_order(rows):
        line, amount = lost(row)
        units, lines[line] = lines[line][:amount], lines[line][amount:]
        for number, (transfer, start, end) in enumerate(asked, 1):
            if transfer == row["id"]:
                units = [unit | {number} if start <= at < end else unit for at, unit in enumerate(units)]
        if (arrived := got(row)) is not None:
            lines[arrived[0]] += units
    return Counter((line, unit) for line, units in lines.items() for unit in units if unit)


def test_equals_a_queue_of_single_units(random_rows: RandomRows) -> None:
    twice = 0
    for seed in range(60):
        rng, rows = random.Random(seed), random_rows(seed, cross=False)
        asked = []
        for row in rng.sample(moving(rows), 4):
            start = rng.randint(0, int(row["amount_minor"]) - 1)
            asked.append((row["id"], start, rng.randint(start + 1, int(row["amount_minor"]))))
        told = restitution(index_of(rows), [Claim(name, (start, end)) for name, start, end in asked])
        found = Counter[tuple[Line, frozenset[int]]]()
        for part in told.found:
            claimants = frozenset(share.claim for share in part.claims)
            found[(part.account, part.currency), claimants] += part.amount_minor
            assert sum(amounts(part.claims)) == part.amount_minor == part.end - part.start
            twice += len(claimants) > 1
        assert found == queues(rows, asked), f"seed {seed}"
        for pool in told.pools:
            assert sum(amounts(pool.by_tracing)) == sum(amounts(pool.pro_rata)) == pool.amount_minor
        for claim in told.claims:
            parts = claim.there_minor + claim.moved_minor + claim.spent_minor + claim.truncated
            assert parts == claim.claimed_minor
    assert twice > 3


@given(st.integers(0, 10**18), st.lists(st.integers(1, 10**15), min_size=1, max_size=9))
def test_largest_remainder_sums_exactly_and_is_nowhere_off_by_one(amount: int, weights: list[int]) -> None:
    parts, whole = shared(amount, weights), sum(weights)
    assert sum(parts) == amount
    assert all(abs(part * whole - amount * weight) < whole for part, weight in zip(parts, weights, strict=True))
