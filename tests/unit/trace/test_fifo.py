"""FIFO intervals equal a plain queue replay; trails conserve money; holders with parts of a ledger agree with the whole."""

import csv
import io
import os
import random
import tarfile
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.trace.ledgers import Row, held_apart, index_of, moving, plain

from lintas.model import times
from lintas.model.errors import BadInput, NotFound
from lintas.model.money import rescale
from lintas.trace.questions.fifo import trace
from lintas.trace.questions.trail import Limits, Trail

Replay = Callable[..., tuple[dict[str, dict[int, list[tuple[int, int]]]], dict[tuple[str, str], dict[int, int]]]]
RandomRows = Callable[..., list[Row]]
SEEDS = 200


def spans(trail: Trail) -> dict[str, list[tuple[int, int]]]:
    """Return each transfer's tainted parts, touching ones joined."""
    joined: dict[str, list[tuple[int, int]]] = {}
    for part in sorted(trail.intervals, key=lambda part: (part.transfer, part.start)):
        known = joined.setdefault(part.transfer, [])
        if known and known[-1][1] == part.start:
            known[-1] = (known[-1][0], part.end)
        else:
            known.append((part.start, part.end))
    return joined


def resting(trail: Trail) -> dict[tuple[str, str], int]:
    totals: Counter[tuple[str, str]] = Counter()
    for held in trail.frontier:
        totals[held.account, held.currency] += held.amount_minor
    return dict(totals)


def origin_sum(trail: Trail) -> int:
    leaves = (*trail.frontier, *trail.batons, *trail.spent, *trail.unfollowed)
    return sum(leaf.origin_to - leaf.origin_from for leaf in leaves)


def test_hand_made_example() -> None:
    rows = plain(
        ("t0", "00", "other", "mule", 100),
        ("t1", "01", "victim", "mule", 5000),
        ("t2", "02", "mule", "second", 3000),
        ("t3", "03", "second", "third", 1500),
    )
    trail = trace(index_of(rows), "t1")
    assert [(i.transfer, i.start, i.end, i.hop) for i in trail.intervals] == [
        ("t1", 0, 5000, 0),
        ("t2", 100, 3000, 1),
        ("t3", 100, 1500, 2),
    ]
    assert [(h.account, h.amount_minor, h.since) for h in trail.frontier] == [
        ("mule", 2100, "2026-03-01T10:01:00Z"),
        ("second", 1500, "2026-03-01T10:02:00Z"),
        ("third", 1400, "2026-03-01T10:03:00Z"),
    ]
    assert trail.conserved and trail.truncated == 0 and trail.opening == "assumed"


@pytest.mark.parametrize("block", range(4))
def test_equals_queue_replay(block: int, replay: Replay, random_rows: RandomRows) -> None:
    compared = 0
    for seed in range(block * SEEDS // 4, (block + 1) * SEEDS // 4):
        rng, rows = random.Random(seed), random_rows(seed)
        index, until = index_of(rows), f"2026-03-01T10:{rng.randint(10, 29)}:00Z"
        asked = []
        for row in rng.sample(moving(rows), min(6, len(moving(rows)))):
            start = rng.randint(0, int(row["amount_minor"]) - 1)
            asked.append((row["id"], start, rng.randint(start + 1, int(row["amount_minor"]))))
        for as_of in (None, until):
            taint, rest = replay(rows, asked, as_of)
            for number, (transfer, start, end) in enumerate(asked):
                if transfer not in taint:
                    with pytest.raises(BadInput, match="as_of is before"):
                        trace(index, transfer, (start, end), as_of=times.parse(as_of or ""))
                    continue
                trail = trace(index, transfer, (start, end), as_of=times.parse(as_of) if as_of else None)
                expected = {name: parts[number] for name, parts in taint.items() if number in parts}
                assert spans(trail) == expected, f"seed {seed}, {transfer} [{start}, {end}) as of {as_of}"
                there = {line: amounts[number] for line, amounts in rest.items() if number in amounts}
                assert resting(trail) == there, f"seed {seed}, {transfer} [{start}, {end}) as of {as_of}"
                assert trail.conserved and origin_sum(trail) == end - start, f"seed {seed}, {transfer}"
                compared += 1
    print(f"seeds {block * SEEDS // 4}..{(block + 1) * SEEDS // 4 - 1}: {compared} trails equal the replay")
    assert compared > 300


def test_partition_into_holders_equals_the_whole(random_rows: RandomRows) -> None:
    batons = hops_over_currencies = 0
    for seed in range(80):
        rng, rows = random.Random(seed), random_rows(seed)
        accounts = sorted({row[side] for row in rows for side in ("sender", "receiver")})
        holder = {account: f"BANK{rng.randint(1, 3)}" for account in accounts}
        holders = held_apart(rows, holder)
        whole = index_of(rows)
        for row in rng.sample(moving(rows), min(5, len(moving(rows)))):
            central = trace(whole, row["id"])
            todo = [(holder[row["sender"]], row["id"], (0, int(row["amount_minor"])), (0, int(row["amount_minor"])), 0)]
            intervals, held, spent, lost = set(), Counter[object](), Counter[object](), Counter[object]()
            while todo:
                code, transfer, part, origin, hop = todo.pop()
                local = trace(holders[code], transfer, part, origin=origin)
                assert local.conserved
                intervals |= {(i.transfer, i.start, i.end, i.hop + hop) for i in local.intervals}
                held.update((h.account, h.amount_minor, h.currency, h.origin_from, h.origin_to) for h in local.frontier)
                spent.update((s.transfer, s.start, s.end, s.origin_from, s.origin_to) for s in local.spent)
                lost.update((u.transfer, u.origin_from, u.origin_to) for u in local.unfollowed)
                for b in local.batons:
                    assert b.receiver_bank is not None
                    over = (b.origin_from, b.origin_to)
                    todo.append((b.receiver_bank, b.transfer, (b.start, b.end), over, b.hop + hop))
                    batons += 1
                    hops_over_currencies += b.currency != local.currency
            assert intervals == {(i.transfer, i.start, i.end, i.hop) for i in central.intervals}, f"seed {seed}"
            assert held == Counter(
                (h.account, h.amount_minor, h.currency, h.origin_from, h.origin_to) for h in central.frontier
            ), f"seed {seed}"
            assert spent == Counter((s.transfer, s.start, s.end, s.origin_from, s.origin_to) for s in central.spent)
            assert lost == Counter((u.transfer, u.origin_from, u.origin_to) for u in central.unfollowed)
    print(f"{batons} batons, {hops_over_currencies} of them in another currency than the asked transfer's")
    assert batons > 300 and hops_over_currencies > 50


def test_forward_and_backward_are_mirror_images(random_rows: RandomRows) -> None:
    pairs = 0
    for seed in range(40):
        rows = random_rows(seed, cross=False)
        index = index_of(rows)
        there: dict[tuple[str, str], int] = defaultdict(int)
        back: dict[tuple[str, str], int] = defaultdict(int)
        for row in moving(rows):
            for part in trace(index, row["id"]).intervals:
                there[row["id"], part.transfer] += part.end - part.start
            trail = trace(index, row["id"], backward=True)
            assert trail.conserved and trail.direction == "backward"
            for part in trail.intervals:
                back[part.transfer, row["id"]] += part.end - part.start
        assert there == back, f"seed {seed}"
        pairs += len(there)
    assert pairs > 2000


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_conserved_for_any_ledger(data: st.DataObject) -> None:
    account = st.sampled_from(["a", "b", "c", "d"])
    amount = st.one_of(st.integers(1, 9), st.integers(1, 9_000_000_000_000_000))
    home = {"a": "XAK", "b": "XAK", "c": "XBK", "d": "XDK"}
    rows: list[Row] = []
    for number in range(data.draw(st.integers(1, 12))):
        sender, receiver = data.draw(account), data.draw(account)
        settled = data.draw(amount)
        row = {
            "id": f"t{number}",
            "time": f"2026-03-01T10:{data.draw(st.integers(0, 3)):02d}:00Z",
            "sender": sender,
            "receiver": receiver,
            "amount_minor": str(settled),
            "currency": home[sender],
            "credited_minor": "",
            "credited_currency": "",
        }
        if home[sender] != home[receiver]:
            row |= {"credited_minor": str(data.draw(amount)), "credited_currency": home[receiver]}
        rows.append(row)
    asked = [row for row in rows if row["sender"] != row["receiver"]]
    if asked:
        index, row = index_of(rows), data.draw(st.sampled_from(asked))
        start = data.draw(st.integers(0, int(row["amount_minor"]) - 1))
        end = data.draw(st.integers(start + 1, int(row["amount_minor"])))
        limits = Limits(max_hops=data.draw(st.integers(0, 4)), min_amount=data.draw(st.integers(1, 4)))
        for backward in (False, True):
            trail = trace(index, row["id"], (start, end), backward=backward, limits=limits)
            assert trail.conserved
            assert origin_sum(trail) == end - start
            assert trail.truncated == sum(u.origin_to - u.origin_from for u in trail.unfollowed)


def test_a_conversion_carries_the_tiles_and_both_amounts() -> None:
    rows = plain(("t1", "01", "victim", "mule", 1000), ("t2", "02", "mule", "abroad", 600))
    rows[0] |= {"credited_minor": "", "credited_currency": ""}
    rows[1] |= {"credited_minor": "7", "credited_currency": "XBK"}
    more = plain(("t3", "03", "abroad", "far", 3))[0] | {
        "currency": "XBK",
        "credited_minor": "",
        "credited_currency": "",
    }
    trail = trace(index_of([*rows, more]), "t1", (100, 1000))
    assert {(h.account, h.amount_minor, h.currency, h.origin_to - h.origin_from) for h in trail.frontier} == {
        ("mule", 400, "XAK", 400),
        ("abroad", 4, "XBK", origin_share(4)),
        ("far", 2, "XBK", 500 - origin_share(4)),
    }
    assert trail.conserved


def origin_share(amount: int) -> int:
    """Return what the last ``amount`` of the 6 XBK that [100, 600) of t2 became is of those 500."""
    return 500 - rescale(6 - amount, 6, 500)


def test_less_than_a_minor_unit_is_said_not_lost() -> None:
    rows = plain(("t1", "01", "victim", "abroad", 1000))
    rows[0] |= {"credited_minor": "3", "credited_currency": "XBK"}
    trail = trace(index_of(rows), "t1", (0, 10))
    assert trail.frontier == () and trail.truncated == 10 and trail.conserved
    assert [(u.reason, u.amount_minor, u.currency) for u in trail.unfollowed] == [("rounding", 0, "XBK")]


def test_leaving_the_holder_makes_batons_and_spending_ends_the_trail() -> None:
    rows = plain(
        ("t1", "01", "victim", "mule", 900),
        ("t2", "02", "mule", "elsewhere", 400),
        ("t3", "03", "mule", "shop", 300),
        ("t4", "04", "mule", "till", 150),
    )
    for row, bank, kind in zip(rows, ("", "OTHRXB22", "", ""), ("", "transfer", "merchant", "cash_out"), strict=True):
        row |= {"receiver_bank": bank, "kind": kind}
    trail = trace(index_of(rows), "t1", (100, 900))
    assert [(b.transfer, b.start, b.end, b.currency, b.receiver_bank) for b in trail.batons] == [
        ("t2", 100, 400, "XAK", "OTHRXB22")
    ]
    assert [(s.transfer, s.amount_minor, s.kind) for s in trail.spent] == [
        ("t3", 300, "merchant"),
        ("t4", 150, "cash_out"),
    ]
    assert resting(trail) == {("mule", "XAK"): 50}
    assert origin_sum(trail) == 800 and trail.conserved


def test_limits_leave_a_residue_that_is_said() -> None:
    rows = plain(
        ("t1", "01", "v", "a", 100), ("t2", "02", "a", "b", 100), ("t3", "03", "b", "c", 99), ("t4", "04", "b", "d", 1)
    )
    index = index_of(rows)
    assert [u.reason for u in trace(index, "t1", limits=Limits(max_hops=1)).unfollowed] == ["max_hops", "max_hops"]
    assert trace(index, "t1", limits=Limits(max_hops=1)).truncated == 100
    small = trace(index, "t1", limits=Limits(min_amount=2))
    assert [(u.transfer, u.reason) for u in small.unfollowed] == [("t4", "min_amount")] and small.truncated == 1
    assert trace(index, "t1", limits=Limits(max_intervals=2)).truncated == 100
    assert trace(index, "t1").truncated == 0


def test_opening_balances_given_missing_and_too_small() -> None:
    rows = plain(("t1", "01", "v", "m", 100), ("t2", "02", "m", "x", 120))
    trail = trace(index_of(rows, "account,amount_minor\nv,500\nm,50\n"), "t1")
    assert trail.opening == "given" and resting(trail) == {("m", "XAK"): 30, ("x", "XAK"): 70}
    lifted = index_of(rows, "account,amount_minor\nv,500\nm,5\n")
    assert lifted.lifted == 1 and trace(lifted, "t1").opening == "assumed"
    assert resting(trace(lifted, "t1")) == {("x", "XAK"): 100}
    assert trace(index_of(rows), "t1").opening == "assumed"


def test_a_transfer_to_itself_moves_nothing() -> None:
    rows = plain(("t1", "01", "v", "m", 100), ("t2", "02", "m", "m", 60), ("t3", "03", "m", "x", 70))
    index = index_of(rows)
    assert index.self_transfers == 1
    assert resting(trace(index, "t1")) == {("m", "XAK"): 30, ("x", "XAK"): 70}
    with pytest.raises(NotFound, match="'t2' that moves money"):
        trace(index, "t2")


@pytest.mark.parametrize("interval", [(-1, 5), (5, 5), (7, 3), (0, 101)])
def test_an_interval_outside_the_transfer_is_refused(interval: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match="does not lie inside the transfer — give 0 <= from < to <= 100"):
        trace(index_of(plain(("t1", "01", "v", "m", 100))), "t1", interval)


def test_a_method_that_there_is_not_is_refused() -> None:
    with pytest.raises(BadInput, match="no method 'guess' — use fifo, lifo, haircut, poison"):
        trace(index_of(plain(("t1", "01", "v", "m", 100))), "t1", method="guess")


def test_row_numbers_stand_in_for_ids() -> None:
    rows = plain(*((f"x{n}", f"{n:02d}", "v", "m", n) for n in range(1, 13)))
    index = index_of([{k: v for k, v in row.items() if k != "id"} for row in rows])
    assert trace(index, "03").transfer == trace(index, "3").transfer == trace(index, "0003").transfer == "03"


def test_snapshot_depends_on_content_not_on_row_order(random_rows: RandomRows) -> None:
    rows = random_rows(7)
    again = random.Random(1).sample(rows, len(rows))
    assert index_of(rows).snapshot == index_of(again).snapshot
    again[0] = again[0] | {"amount_minor": str(int(again[0]["amount_minor"]) + 1)}
    assert index_of(rows).snapshot != index_of(again).snapshot


def _amlsim() -> tuple[list[Row], set[str]]:
    directory = os.environ.get("LINTAS_DATA_DIR", "")
    archive = Path(directory) / "amlsim" / "20K_fanin200.tgz"
    if not directory or not archive.is_file():
        pytest.skip("LINTAS_DATA_DIR does not hold amlsim/20K_fanin200.tgz")
    with tarfile.open(archive) as tar:
        content = {
            Path(m.name).name: f.read().decode() for m in tar if (f := tar.extractfile(m)) and m.name.endswith("csv")
        }
    marked = {row["nodeid"] for row in csv.DictReader(io.StringIO(content["nodes.csv"])) if row["isFraud"] == "1"}
    rows = []
    for number, row in enumerate(csv.DictReader(io.StringIO(content["transactions.csv"])), 1):
        whole, _, cents = row["value"].partition(".")
        step = int(row["time"])
        rows.append(
            {
                "id": f"{number:06d}",
                "time": f"2026-03-{1 + step // 1440:02d}T{step // 60 % 24:02d}:{step % 60:02d}:00Z",
                "sender": row["sourceNodeId"],
                "receiver": row["targetNodeId"],
                "amount_minor": str(int(whole) * 100 + int(cents.ljust(2, "0"))),
                "currency": "USD",
            }
        )
    return rows, marked


def test_equals_queue_replay_on_amlsim(replay: Replay) -> None:
    rows, marked = _amlsim()
    into = [row for row in moving(rows) if row["receiver"] in marked]
    asked = [(row["id"], 0, int(row["amount_minor"])) for row in random.Random(2).sample(into, 20)]
    index = index_of(rows)
    taint, rest = replay(rows, asked)
    width = 0
    for number, (transfer, start, end) in enumerate(asked):
        trail = trace(index, transfer)
        equal = spans(trail) == {name: parts[number] for name, parts in taint.items() if number in parts}
        there = {line: amounts[number] for line, amounts in rest.items() if number in amounts}
        assert equal and (resting(trail) == there) and trail.conserved, f"asked transfer number {number} differs"
        assert origin_sum(trail) == end - start
        width += len(trail.intervals)
    print(f"AMLSim 20K_fanin200: {len(index):,} transfers, 20 trails, {width} intervals, all equal the replay")
