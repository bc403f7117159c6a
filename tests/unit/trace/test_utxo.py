"""A chain of coins is a ledger: inputs in order come in, outputs in order and the fee go out; what is broken is refused."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.trace.chains import DAY, coin, index_of, paid, transaction, tx, write_lines

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.trace.ledgers.readers.chain import INSIDE
from lintas.trace.questions.fifo import trace

COINBASE = transaction(1, 1, [], [paid(0, "victim", 1_000)])
#: The victim's 1,000 and a stranger's 500 in one transaction: 1,200 to the thief, 290 to the stranger, 10 for the miner.
MIXED = transaction(
    2, 2, [coin(1, 0), coin(9, 3, 500, "stranger")], [paid(0, "thief", 1_200), paid(1, "stranger", 290)]
)
SPLIT = transaction(3, 3, [coin(2, 0)], [paid(0, "mule", 700), paid(1, "", 0), paid(2, "thief", 495)], at=1)
CHAIN = [COINBASE, MIXED, SPLIT]


def test_first_in_first_out_runs_through_a_transaction(tmp_path: Path) -> None:
    index = index_of(write_lines(tmp_path / "t.json", CHAIN))
    trail = trace(index, f"{tx(1)}:0")
    # 1,000 of the 1,200; then 700 to the mule, and of the 495 those that are not the stranger's
    assert [(h.account, h.amount_minor, h.currency) for h in trail.frontier] == [
        ("mule", 700, "BTC"),
        ("thief", 300, "BTC"),
    ]
    assert trail.conserved and not trail.spent
    assert [(i.transfer, i.start, i.end) for i in trail.intervals][-2:] == [
        (f"{tx(3)}:0", 0, 700),
        (f"{tx(3)}:2", 0, 300),
    ]
    others = trace(index, f"{tx(2)}:in:1")
    assert [(h.account, h.amount_minor) for h in others.frontier] == [("stranger", 290), ("thief", 195)]
    assert [(s.kind, s.transfer, s.amount_minor) for s in others.spent] == [
        ("fee", f"{tx(2)}:fee", 10),
        ("fee", f"{tx(3)}:fee", 5),
    ]


def test_where_a_coin_was_before_it_was_spent(tmp_path: Path) -> None:
    index = index_of(write_lines(tmp_path / "t.json", CHAIN))
    early = trace(index, f"{tx(1)}:0", as_of=times.parse("2026-03-01T10:20:01Z"))
    assert [(h.account, h.amount_minor) for h in early.frontier] == [(f"thief/{tx(2)}:0", 1_000)]
    back = trace(index, f"{tx(3)}:0", backward=True)
    assert [(b.transfer, b.amount_minor, b.sender_bank) for b in back.batons] == [(f"{tx(1)}:0", 700, None)]


def test_equals_a_replay_of_coins(tmp_path: Path, random_chain: Callable[[int], list[dict[str, Any]]]) -> None:
    """Each satoshi carries its own name through every transaction, in the order of inputs and outputs."""
    for seed in range(25):
        chain = random_chain(seed)
        units, fees = dict[str, list[str]](), Counter[str]()
        for record in chain:
            line = [unit for item in record["inputs"] for unit in units.pop(_name(item))]
            for item in record["outputs"]:
                key = f"{record['hash']}:{item['index']}"
                fresh = [key] * item["value"]
                units[key], line = (fresh if not record["inputs"] else line[: item["value"]]), line[item["value"] :]
            fees.update(line)
        index = index_of(write_lines(tmp_path / "t.json", chain))
        for start in [f"{record['hash']}:0" for record in chain if not record["inputs"]]:
            trail = trace(index, start)
            held = Counter(h.transfer for h in trail.frontier for _ in range(h.amount_minor))
            assert held == Counter({key: n for key, line in units.items() if (n := line.count(start))}), f"seed {seed}"
            assert sum(s.amount_minor for s in trail.spent) == fees[start]
            assert trail.conserved


def _name(item: dict[str, Any]) -> str:
    return f"{item['spent_transaction_hash']}:{item['spent_output_index']}"


def test_a_deposit_hands_over_and_a_withdrawal_comes_in(tmp_path: Path) -> None:
    out = transaction(4, 4, [coin(3, 0)], [paid(0, "deposit", 650), paid(1, "mule", 45)])
    hot = transaction(5, 5, [coin(4, 0)], [paid(0, "elsewhere", 100), paid(1, "hot", 500), paid(2, "casino", 40)])
    on = transaction(6, 6, [coin(5, 0)], [paid(0, "far", 100)])
    holders, told = {"deposit": "EXCH-1", "hot": "EXCH-1", "casino": "CASINO"}, Counter[str]()
    file = write_lines(tmp_path / "t.json", [*CHAIN, out, hot, on])
    index = index_of(file, bank="chain-btc", holders=holders, told=told)
    trail = trace(index, f"{tx(1)}:0")
    assert [(b.transfer, b.start, b.end, b.currency, b.receiver_bank) for b in trail.batons] == [
        (f"{tx(4)}:0", 0, 650, "BTC", "EXCH-1")
    ]
    assert index.sender_bank(f"{tx(5)}:0") == "EXCH-1"
    assert [h.account for h in trace(index, f"{tx(5)}:0").frontier] == ["far"]
    # straight from one holder to another: the chain passes it on
    assert [(b.receiver_bank, b.end) for b in trace(index, f"{tx(5)}:2").batons] == [("CASINO", 40)]
    assert told[INSIDE] == 1
    # the same addresses are the chain's own when the label says so
    own = trace(index_of(file, bank="EXCH-1", holders=holders), f"{tx(1)}:0")
    assert [b.receiver_bank for b in own.batons] == ["CASINO"]


def test_a_block_that_claims_to_be_older_keeps_its_place(tmp_path: Path) -> None:
    late = transaction(2, 2, [coin(1, 0)], [paid(0, "thief", 1_000)], block_timestamp=DAY)
    trail = trace(index_of(write_lines(tmp_path / "t.json", [late, COINBASE])), f"{tx(1)}:0")
    assert [(h.account, h.since) for h in trail.frontier] == [("thief", "2026-03-01T10:10:00.000002Z")]


def test_files_may_come_in_parts_and_in_any_order(tmp_path: Path) -> None:
    parts = [write_lines(tmp_path / f"{n}.json", [record]) for n, record in enumerate(reversed(CHAIN))]
    whole = index_of(write_lines(tmp_path / "t.json", CHAIN))
    assert index_of(*parts).snapshot == whole.snapshot
    stream = write_lines(
        tmp_path / "stream.json", [{"type": "block", "number": 1}, *({"type": "transaction"} | r for r in CHAIN)]
    )
    assert index_of(stream).snapshot == whole.snapshot


UNKNOWN = transaction(7, 7, [coin(99, 0)], [paid(0, "a", 5)])
WRONG: list[tuple[dict[str, Any], str, str]] = [
    (COINBASE, r"t.json, line 4", "was there before"),
    (UNKNOWN, r"t.json, line 4", "value of the coin .* is not known"),
    (transaction(7, 7, [coin(3, 0)], [paid(0, "a", 800)]), "line 4", "outputs are 100 more than the inputs"),
    (transaction(7, 7, [coin(2, 0)], [paid(0, "a", 1)]), "line 4", "is spent twice"),
    (transaction(7, 1, [coin(3, 0)], [paid(0, "a", 1)]), "line 4", "is spent before it is made"),
    (transaction(7, 7, [coin(3, 0, 5)], [paid(0, "a", 1)]), "line 4", "another value than its output"),
    (transaction(7, 7, [], [paid(0, "a", 10**18)]), "line 4", "larger than any accepted here"),
    (transaction(7, 7, [], [paid(0, "a", -5)]), "line 4, output 0", "is not a whole number"),
    (transaction(7, 7, [], [paid(0, "a", 1)], hash="xyz"), "line 4, hash", "no transaction hash"),
    (transaction(7, 7, [], [paid(0, "a b", 1)]), "line 4, output 0", "no address"),
    (transaction(7, 7, [], [paid(0, "bc1qwrong", 1)]), "line 4, output 0", "checksum"),
    (transaction(7, 7, [], [paid(0, "a", 1)], block_timestamp=None), "line 4", "missing block_timestamp"),
    ({"what": "this"}, "line 4", "of no layout"),
]


@pytest.mark.parametrize(("record", "where", "what"), WRONG)
def test_what_is_broken_is_refused_with_its_place(
    tmp_path: Path, record: dict[str, Any], where: str, what: str
) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        index_of(write_lines(tmp_path / "t.json", [*CHAIN, record]))
    assert caught.value.where.removeprefix("t.json, ") == where.removeprefix("t.json, ")
    assert caught.value.do


def test_a_file_cut_in_the_middle_is_refused(tmp_path: Path) -> None:
    text = "".join(json.dumps(record) + "\n" for record in CHAIN)
    for length in range(len(text) - 400, len(text) - 1, 7):
        (tmp_path / "cut.json").write_text(text[:length])
        if text[:length].endswith(("\n", "}\n")):
            continue
        with pytest.raises(BadInput, match=r"cut.json, line 3: the line is no JSON object"):
            index_of(tmp_path / "cut.json")


def test_two_kinds_of_chain_are_not_mixed(tmp_path: Path) -> None:
    eth = {"hash": "0x1", "block_number": 1, "transaction_index": 0, "from_address": "a", "to_address": "b"}
    records = [*CHAIN, eth | {"value": 5, "block_timestamp": DAY}]
    with pytest.raises(BadInput, match="two kinds of chain"):
        index_of(write_lines(tmp_path / "t.json", records))
