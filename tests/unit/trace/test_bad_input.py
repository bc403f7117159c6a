"""What is odd in a ledger and no error: each has its one treatment, written down in docs/ledgers.md."""

import random
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.unit.trace.chains import DAY, address, coin, index_of, paid, transaction, tx, write_lines, write_table

from lintas.cli.main import lintas as program
from lintas.model.errors import BadInput, NotFound
from lintas.trace.ledgers.readers.labels import read_holders
from lintas.trace.questions.fifo import trace

HEADER = "id,time,sender,receiver,amount_minor,currency,sender_bank,receiver_bank"


def row(name: str, minute: int, sender: str, receiver: str, amount: int, *banks: str) -> tuple[object, ...]:
    return (name, f"2026-03-01T10:{minute:02d}:00Z", sender, receiver, amount, "XAK", *(banks or ("", "")))


def test_rows_in_any_order_are_taken_by_time(tmp_path: Path) -> None:
    rows = [row(f"t{n}", n, f"a{n}", f"a{n + 1}", 100) for n in range(9)]
    ordered = index_of(write_table(tmp_path / "l.csv", HEADER, *rows))
    backwards = index_of(write_table(tmp_path / "l.csv", HEADER, *reversed(rows)))
    assert ordered.snapshot == backwards.snapshot
    assert [h.account for h in trace(backwards, "t0").frontier] == ["a9"]


def test_a_transfer_before_its_money_came_has_money_from_before(tmp_path: Path) -> None:
    rows = [row("late", 5, "victim", "mule", 100), row("early", 1, "mule", "shop", 60)]
    assert [h.account for h in trace(index_of(write_table(tmp_path / "l.csv", HEADER, *rows)), "late").frontier] == [
        "mule"
    ]


def test_money_that_goes_in_circles_is_followed_and_ends(tmp_path: Path) -> None:
    rows = [row("t0", 0, "victim", "a", 100)]
    rows += [row(f"t{n}", n, "ab"[(n + 1) % 2], "ab"[n % 2], 100) for n in range(1, 50)]
    trail = trace(index_of(write_table(tmp_path / "l.csv", HEADER, *rows)), "t0")
    assert [(h.account, h.amount_minor) for h in trail.frontier] == [("b", 100)]
    assert len(trail.intervals) == 50 and trail.conserved


def test_one_number_at_two_banks_is_two_accounts(tmp_path: Path) -> None:
    rows = [
        row("t1", 1, "victim", "12-3", 100),
        row("t2", 2, "12-3", "12-3", 60, "XAFB", "XASB"),
        row("t3", 3, "12-3", "here", 50, "XASB", "XAFB"),
        row("t4", 4, "12-3", "there", 30),
    ]
    index = index_of(write_table(tmp_path / "l.csv", HEADER, *rows), bank="XAFB")
    trail = trace(index, "t1")
    assert index.self_transfers == 0
    assert [(b.transfer, b.amount_minor, b.receiver_bank) for b in trail.batons] == [("t2", 60, "XASB")]
    assert [(h.account, h.amount_minor) for h in trail.frontier] == [("12-3", 10), ("there", 30)]
    assert index.sender_bank("t3") == "XASB"


def test_one_address_with_two_holders_is_refused(tmp_path: Path) -> None:
    columns = "account,kind,label,source,holder"
    one = write_table(tmp_path / "one.csv", columns, (address(1), "exchange_deposit", "x", "us", "EXCH-1"))
    other = write_table(tmp_path / "two.csv", columns, (address(1), "exchange_deposit", "x", "us", "EXCH-2"))
    with pytest.raises(BadInput, match=r"two.csv: the address .* has two holders: EXCH-1 \(one.csv\) and EXCH-2"):
        read_holders([one, other])
    assert read_holders([one, one]) == {address(1): "EXCH-1"}


def test_a_payment_to_oneself_moves_nothing_on_any_chain(tmp_path: Path) -> None:
    columns = "hash,block_number,transaction_index,from_address,to_address,value,gas,gas_price,block_timestamp"
    sides = (address(1), address(1)), (address(1), address(2))
    rows = [(f"0x{tx(n)}", n, 0, *side, 10**18, 1, 1, DAY + n) for n, side in enumerate(sides, 1)]
    index = index_of(write_table(tmp_path / "t.csv", columns, *rows))
    assert (len(index), index.self_transfers) == (1, 1)
    with pytest.raises(NotFound):
        trace(index, f"0x{tx(1)}")
    # A coin paid to its own address is another coin: it goes on.
    again = transaction(2, 2, [coin(1, 0)], [paid(0, "a", 5)])
    coins = index_of(write_lines(tmp_path / "t.json", [transaction(1, 1, [], [paid(0, "a", 5)]), again]))
    assert coins.self_transfers == 0
    assert [(h.account, h.transfer) for h in trace(coins, f"{tx(1)}:0").frontier] == [("a", f"{tx(2)}:0")]


def test_the_command_says_what_was_left_out_and_refuses_in_one_line(tmp_path: Path) -> None:
    chain = write_lines(
        tmp_path / "t.json",
        [
            transaction(1, 1, [], [paid(0, "a", 50), paid(1, "hot", 40)]),
            transaction(2, 2, [coin(1, 1)], [paid(0, "hot", 40)]),
        ],
    )
    labels = write_table(
        tmp_path / "labels.csv", "account,kind,label,source,holder", ("hot", "exchange_deposit", "x", "us", "EXCH-1")
    )
    arguments = ["trace", "index", "--transfers", str(chain), "--labels", str(labels), "--bank", "chain-btc"]
    done = CliRunner().invoke(program, [*arguments, "--out", str(tmp_path / "index")])
    assert done.exit_code == 0, done.output
    assert "1 transfers on 1 account lines" in done.output
    assert "1 payments between addresses of one other holder were left to its own ledger" in done.output
    chain.write_text(chain.read_text()[:-20])
    refused = CliRunner().invoke(program, [*arguments, "--out", str(tmp_path / "index")])
    assert refused.exit_code != 0 and isinstance(refused.exception, BadInput)
    assert str(refused.exception).startswith("t.json, line 2: the line is no JSON object")


def test_a_shuffled_chain_is_the_same_ledger(tmp_path: Path) -> None:
    records = [transaction(1, 1, [], [paid(0, "a", 50)])]
    records += [transaction(n, n, [coin(n - 1, 0)], [paid(0, "ab"[n % 2], 50)]) for n in range(2, 30)]
    ordered = index_of(write_lines(tmp_path / "t.json", records)).snapshot
    random.Random(1).shuffle(records)
    assert index_of(write_lines(tmp_path / "t.json", records)).snapshot == ordered
