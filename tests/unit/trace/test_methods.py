"""Last in first out, haircut and poison equal naive replays of the whole ledger; what conserves does so to the minor unit."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.trace.ledgers import (
    Row,
    got,
    held_apart,
    in_order,
    index_of,
    lost,
    moving,
    multiplied,
    plain,
    proportions,
    reached,
    smallest_openings,
    stacks,
)

from lintas.model import times
from lintas.trace.questions.fifo import METHODS, trace
from lintas.trace.questions.trail import Limits, Trail

RandomRows = Callable[..., list[Row]]
SEEDS = 200
CONSERVING = ("fifo", "lifo", "haircut")


def resting(trail: Trail) -> dict[tuple[str, str], int]:
    totals: Counter[tuple[str, str]] = Counter()
    for held in trail.frontier:
        totals[held.account, held.currency] += held.amount_minor
    return dict(totals)


def amounts(trail: Trail) -> dict[str, int]:
    return {part.transfer: part.end - part.start for part in trail.intervals}


def origins_tile(trail: Trail) -> bool:
    edges = [(leaf.origin_from, leaf.origin_to) for leaf in trail.leaves()]
    whole = sum(high - low for low, high in edges) == trail.end - trail.start
    return whole and all(first[1] == second[0] for first, second in pairwise(edges))


@pytest.mark.parametrize("block", range(4))
def test_lifo_equals_a_stack_of_single_units(block: int, random_rows: RandomRows) -> None:
    for seed in range(block * SEEDS // 4, (block + 1) * SEEDS // 4):
        rng, rows = random.Random(seed), random_rows(seed)
        index, until = index_of(rows), f"2026-03-01T10:{rng.randint(10, 29)}:00Z"
        for row in rng.sample(moving(rows), 2):
            start = rng.randint(0, int(row["amount_minor"]) - 1)
            asked = (row["id"], start, rng.randint(start + 1, int(row["amount_minor"])))
            for as_of in (None, max(until, row["time"])):
                tainted, left = stacks(rows, asked, as_of)
                moment = None if as_of is None else times.parse(as_of)
                trail = trace(index, row["id"], asked[1:], method="lifo", as_of=moment)
                found = defaultdict[str, list[int]](list)
                for part in trail.intervals:
                    found[part.transfer] += range(part.start, part.end)
                assert {name: sorted(parts) for name, parts in found.items()} == tainted, f"seed {seed}, {asked}"
                assert resting(trail) == left and trail.conserved and origins_tile(trail), f"seed {seed}, {asked}"


def test_lifo_backward_is_the_mirror_image(random_rows: RandomRows) -> None:
    for seed in range(40):
        rows = random_rows(seed, cross=False)
        index, there, back = index_of(rows), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for row in moving(rows):
            for part in trace(index, row["id"], method="lifo").intervals:
                there[row["id"], part.transfer] += part.end - part.start
            trail = trace(index, row["id"], method="lifo", backward=True)
            assert trail.conserved and origins_tile(trail)
            for part in trail.intervals:
                back[part.transfer, row["id"]] += part.end - part.start
        assert there == back, f"seed {seed}"


@pytest.mark.parametrize("block", range(4))
def test_haircut_equals_a_replay_in_fractions_but_for_rounding(block: int, random_rows: RandomRows) -> None:
    for seed in range(block * SEEDS // 4, (block + 1) * SEEDS // 4):
        rng, small = random.Random(seed), random_rows(seed, cross=bool(seed % 2))
        for factor in (1, 10**9):
            rows = multiplied(small, factor)
            index = index_of(rows)
            row = random.Random(seed).choice(moving(rows))
            until = max(f"2026-03-01T10:{rng.randint(10, 29)}:00Z", row["time"])
            for as_of in (None, until):
                amount = int(row["amount_minor"])
                passed, left = proportions(rows, (row["id"], amount), as_of)
                moment = None if as_of is None else times.parse(as_of)
                trail = trace(index, row["id"], method="haircut", as_of=moment)
                assert trail.conserved and origins_tile(trail), f"seed {seed}, {row['id']}"
                if factor > 1:  # each rounding is less than one of a thousand million
                    for name in passed.keys() | amounts(trail).keys():
                        apart = abs(passed.get(name, Fraction()) - amounts(trail).get(name, 0))
                        assert apart < amount / 10**5, f"seed {seed}, {name}"
                if not seed % 2:  # a rounding moves less than one unit, and nothing makes it grow
                    there = resting(trail)
                    off = sum(
                        abs(left.get(line, Fraction()) - there.get(line, 0)) for line in left.keys() | there.keys()
                    )
                    assert off <= 2 * len(passed), f"seed {seed}, {row['id']}"


def test_haircut_backward_is_the_mirror_image(random_rows: RandomRows) -> None:
    compared = 0
    for seed in range(30):
        rows = multiplied(random_rows(seed, cross=False), 10**9)
        index, ordered = index_of(rows), in_order(rows)
        there = {row["id"]: proportions(rows, (row["id"], int(row["amount_minor"])))[0] for row in ordered}
        for row in random.Random(seed).sample(ordered, min(8, len(ordered))):
            trail = trace(index, row["id"], method="haircut", backward=True)
            assert trail.conserved and origins_tile(trail) and trail.direction == "backward"
            found = amounts(trail)
            for name, passed in there.items():
                assert abs(passed.get(row["id"], Fraction()) - found.get(name, 0)) < 1000, (
                    f"seed {seed}, {name} to {row['id']}"
                )
                compared += name in found
    assert compared > 500


def test_poison_equals_what_can_be_reached(random_rows: RandomRows) -> None:
    for seed in range(SEEDS):
        rng, rows = random.Random(seed), random_rows(seed)
        index = index_of(rows)
        for row in rng.sample(moving(rows), 2):
            until = max(f"2026-03-01T10:{rng.randint(10, 29)}:00Z", row["time"])
            for as_of in (None, until):
                transfers, lines = reached(rows, row["id"], as_of)
                trail = trace(index, row["id"], method="poison", as_of=times.parse(as_of) if as_of else None)
                whole = {other["id"]: int(other["amount_minor"]) for other in rows if other["id"] in transfers}
                assert amounts(trail) == whole, f"seed {seed}, {row['id']}"
                assert resting(trail) == _ends(rows, as_of, lines), f"seed {seed}, {row['id']}"
                assert not trail.conserved and trail.bound is not None and "not for holding" in trail.bound


def _ends(rows: list[Row], until: str | None, lines: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the balances at the end of the lines that have any."""
    balance = Counter(smallest_openings(rows))
    for row in in_order(rows, until):
        balance[lost(row)[0]] -= lost(row)[1]
        if (arrived := got(row)) is not None:
            balance[arrived[0]] += arrived[1]
    return {line: balance[line] for line in lines if balance[line]}


def test_poison_backward_is_all_that_came_before() -> None:
    rows = plain(
        ("t0", "00", "x", "a", 5), ("t1", "01", "x", "b", 7), ("t2", "02", "a", "b", 2), ("t3", "03", "b", "c", 1)
    )
    trail = trace(index_of([*rows, *plain(("t4", "04", "y", "b", 9))]), "t3", method="poison", backward=True)
    assert amounts(trail) == {"t3": 1, "t2": 2, "t1": 7, "t0": 5}
    assert resting(trail) == {("x", "XAK"): 12}


def test_the_four_methods_on_one_account() -> None:
    rows = plain(("t1", "01", "v", "m", 600), ("t2", "02", "o", "m", 400), ("t3", "03", "m", "x", 500))
    index = index_of(rows)
    found = {method: resting(trace(index, "t1", method=method)) for method in METHODS}
    assert found == {
        "fifo": {("m", "XAK"): 100, ("x", "XAK"): 500},
        "lifo": {("m", "XAK"): 500, ("x", "XAK"): 100},
        "haircut": {("m", "XAK"): 300, ("x", "XAK"): 300},
        "poison": {("m", "XAK"): 500, ("x", "XAK"): 500},
    }


def test_many_small_payments_take_their_proportion() -> None:
    rows = plain(("t1", "01", "v", "m", 400), ("t2", "02", "o", "m", 600))
    rows += plain(*((f"u{n:04d}", "03", "m", f"x{n % 2}", 1) for n in range(500)))
    assert resting(trace(index_of(rows), "t1", method="haircut")) == {
        ("m", "XAK"): 200,
        ("x0", "XAK"): 100,
        ("x1", "XAK"): 100,
    }


@pytest.mark.parametrize("method", CONSERVING)
def test_fees_are_taken_and_lost_by_rescaling(method: str) -> None:
    rows = plain(("t1", "01", "v", "m", 1000), ("t2", "02", "m", "x", 490))
    rows[0] |= {"debited_minor": "1005", "debited_currency": "XAK", "credited_minor": "", "credited_currency": ""}
    rows[1] |= {"debited_minor": "500", "debited_currency": "XAK", "credited_minor": "480", "credited_currency": "XAK"}
    trail = trace(index_of(rows), "t1", method=method)
    assert resting(trail) == {("m", "XAK"): 500, ("x", "XAK"): 480}
    assert trail.conserved and origins_tile(trail)


@pytest.mark.parametrize(
    ("method", "left"), [("fifo", {"m": 30, "x": 70}), ("lifo", {"x": 100}), ("haircut", {"m": 20, "x": 80})]
)
def test_an_opening_balance_goes_first_last_or_in_proportion(method: str, left: dict[str, int]) -> None:
    rows = plain(("t1", "01", "v", "m", 100), ("t2", "02", "m", "x", 120))
    given = trace(index_of(rows, "account,amount_minor\nv,500\nm,50\n"), "t1", method=method)
    assert {account: amount for (account, _), amount in resting(given).items()} == left
    assert given.opening == "given" and given.conserved


@pytest.mark.parametrize("method", METHODS)
def test_an_overdraft_is_an_opening_balance_that_is_assumed(method: str) -> None:
    rows = plain(("t1", "01", "v", "m", 100), ("t2", "02", "m", "x", 120))
    trail = trace(index_of(rows, "account,amount_minor\nv,500\nm,5\n"), "t1", method=method)
    assert trail.opening == "assumed"
    assert resting(trail)["x", "XAK"] == (120 if method == "poison" else 100)


@pytest.mark.parametrize("method", METHODS)
def test_every_limit_says_what_it_cut(method: str, random_rows: RandomRows) -> None:
    reasons = set[str]()
    for seed in range(12):
        rows = random_rows(seed)
        index = index_of(rows)
        for row in moving(rows)[:6]:
            for limits in (Limits(max_hops=1), Limits(min_amount=9), Limits(max_intervals=3)):
                for backward in (False, True):
                    trail = trace(index, row["id"], method=method, limits=limits, backward=backward)
                    assert trail.conserved == (method != "poison")
                    assert bool(trail.truncated) == any(cut.origin_to > cut.origin_from for cut in trail.unfollowed)
                    reasons |= {cut.reason for cut in trail.unfollowed}
                    assert len(trail.intervals) <= limits.max_intervals
                    assert max(part.hop for part in trail.intervals) <= limits.max_hops
    assert reasons >= {"max_hops", "min_amount", "max_intervals"}


@pytest.mark.parametrize("method", METHODS)
def test_a_deadline_stops_the_walk_and_says_so(method: str) -> None:
    rows = plain(*((f"t{n}", f"{n:02d}", f"a{n}", f"a{n + 1}", 100) for n in range(9)))
    index = index_of(rows)
    for steps in range(10):
        ticks = iter(range(100))
        limits = Limits(deadline_ms=1000 * steps + 500)
        trail = trace(index, "t0", method=method, limits=limits, clock=lambda ticks=ticks: float(next(ticks)))  # type: ignore[misc]
        cut = [(left.reason, left.amount_minor, left.origin_to - left.origin_from) for left in trail.unfollowed]
        assert trail.conserved == (method != "poison")
        if steps < 7:
            assert cut == [("deadline", 100, 100)] and trail.truncated == 100 and not trail.frontier
    assert trace(index, "t0", method=method).truncated == 0


@pytest.mark.parametrize("method", METHODS)
def test_the_trail_ends_where_somebody_else_keeps_the_account(method: str) -> None:
    rows = plain(
        ("t0", "00", "o", "pot", 900),
        ("t1", "01", "v", "m", 100),
        ("t2", "02", "m", "pot", 80),
        ("t3", "03", "pot", "z", 950),
    )
    trail = trace(index_of(rows), "t1", method=method, stops=frozenset({"pot"}))
    assert resting(trail)["pot", "XAK"] == 80 and [part.transfer for part in trail.intervals] == ["t1", "t2"]


@pytest.mark.parametrize("method", ["fifo", "lifo"])
def test_holders_with_parts_of_a_ledger_agree_with_the_whole(method: str, random_rows: RandomRows) -> None:
    batons = 0
    for seed in range(60):
        rng, rows = random.Random(seed), random_rows(seed)
        holder = {name: f"BANK{rng.randint(1, 3)}" for row in rows for name in (row["sender"], row["receiver"])}
        holders = held_apart(rows, holder)
        row = rng.choice(moving(rows))
        amount = int(row["amount_minor"])
        central = trace(index_of(rows), row["id"], method=method)
        held, todo = Counter[object](), [(holder[row["sender"]], row["id"], (0, amount), (0, amount))]
        while todo:
            code, transfer, part, origin = todo.pop()
            local = trace(holders[code], transfer, part, method=method, origin=origin)
            held.update((h.account, h.amount_minor, h.currency, h.origin_from, h.origin_to) for h in local.frontier)
            for b in local.batons:
                todo.append((b.receiver_bank or "", b.transfer, (b.start, b.end), (b.origin_from, b.origin_to)))
                batons += 1
        assert held == Counter(
            (h.account, h.amount_minor, h.currency, h.origin_from, h.origin_to) for h in central.frontier
        ), f"seed {seed}"
    assert batons > 30


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_conserved_for_any_amounts_rates_and_limits(data: st.DataObject) -> None:
    account, home = st.sampled_from("abcd"), {"a": "XAK", "b": "XAK", "c": "XBK", "d": "XDK"}
    amount = st.one_of(st.integers(1, 9), st.integers(1, 9_000_000_000_000_000))
    rows: list[Row] = []
    for number in range(data.draw(st.integers(1, 12))):
        sender, receiver = data.draw(account), data.draw(account)
        row = plain((f"t{number}", f"{data.draw(st.integers(0, 3)):02d}", sender, receiver, data.draw(amount)))[0]
        row |= {"currency": home[sender], "credited_minor": "", "credited_currency": ""}
        if home[sender] != home[receiver]:
            row |= {"credited_minor": str(data.draw(amount)), "credited_currency": home[receiver]}
        rows.append(row)
    asked = moving(rows)
    if asked:
        index, row = index_of(rows), data.draw(st.sampled_from(asked))
        start = data.draw(st.integers(0, int(row["amount_minor"]) - 1))
        part = start, data.draw(st.integers(start + 1, int(row["amount_minor"])))
        limits = Limits(max_hops=data.draw(st.integers(0, 4)), min_amount=data.draw(st.integers(1, 4)))
        for method in CONSERVING:
            for backward in (False, True):
                trail = trace(index, row["id"], part, method=method, backward=backward, limits=limits)
                assert trail.conserved and origins_tile(trail)
                assert trail.truncated == sum(cut.origin_to - cut.origin_from for cut in trail.unfollowed)
