"""A chain of accounts is a ledger: one line per address and asset, fees spent, failures without value, tokens by contract."""

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.unit.trace.chains import DAY, address, index_of, tx, write_lines, write_table

from lintas.model import money
from lintas.model.errors import BadInput, NotFound
from lintas.trace.ledgers.readers import accounts
from lintas.trace.questions.fifo import trace

USDT = money.crypto_assets()["USDT"].contracts["ETH"]
GWEI = 10**9
ETHER = 10**18
TRANSACTIONS = "hash,block_number,transaction_index,from_address,to_address,value,gas,gas_price,block_timestamp"
RECEIPTS = "transaction_hash,gas_used,effective_gas_price,status,contract_address"
TRANSFERS = "token_address,from_address,to_address,value,transaction_hash,log_index,block_number"
VICTIM, THIEF, MULE, DEPOSIT = (address(n) for n in (1, 2, 3, 4))


def sent(number: int, sender: str, receiver: str, value: int, *, block: int = 0) -> tuple[object, ...]:
    return (
        f"0x{tx(number)}",
        block or number,
        0,
        sender,
        receiver,
        value,
        21_000,
        2 * GWEI,
        DAY + 12 * (block or number),
    )


def receipt(number: int, *, used: int = 21_000, status: int = 1, made: str = "") -> tuple[object, ...]:
    return f"0x{tx(number)}", used, 2 * GWEI, status, made


def test_value_goes_on_and_the_fee_is_spent(tmp_path: Path) -> None:
    told = Counter[str]()
    rows = [sent(1, VICTIM, THIEF, 5 * ETHER + 7), sent(2, THIEF, MULE, 2 * ETHER), sent(3, THIEF, DEPOSIT, 2 * ETHER)]
    transactions = write_table(tmp_path / "transactions.csv", TRANSACTIONS, *rows)
    receipts = write_table(tmp_path / "receipts.csv", RECEIPTS, receipt(1), receipt(2), receipt(3, status=0))
    trail = trace(index_of(transactions, receipts, told=told), f"0x{tx(1)}")
    fee = 42_000  # gwei
    assert [(h.account, h.amount_minor, h.currency) for h in trail.frontier] == [
        (THIEF, 3 * GWEI - 2 * fee, "ETH"),
        (MULE, 2 * GWEI, "ETH"),
    ]
    assert [(s.transfer, s.kind, s.amount_minor) for s in trail.spent] == [
        (f"0x{tx(2)}:fee", "fee", fee),
        (f"0x{tx(3)}:fee", "fee", fee),
    ]
    assert trail.conserved and told == {accounts.CUT: 1, accounts.FAILED: 1}


def test_without_receipts_it_is_said(tmp_path: Path) -> None:
    told = Counter[str]()
    transactions = write_table(
        tmp_path / "t.csv", TRANSACTIONS, sent(1, VICTIM, THIEF, 999), sent(2, VICTIM, THIEF, GWEI)
    )
    assert len(index_of(transactions, told=told)) == 1
    assert told == {accounts.TINY: 1, accounts.NO_RECEIPT: 2}


def test_json_lines_with_receipts_inside_are_the_same_ledger(tmp_path: Path) -> None:
    names = TRANSACTIONS.split(",")
    records = []
    for row, used in ((sent(1, VICTIM, THIEF, 5 * ETHER), 21_000), (sent(2, THIEF, MULE, ETHER), 50_000)):
        more = {
            "type": "transaction",
            "receipt_gas_used": used,
            "receipt_effective_gas_price": 2 * GWEI,
            "receipt_status": 1,
        }
        records.append(dict(zip(names, row, strict=True)) | more)
    lines = index_of(write_lines(tmp_path / "t.json", records))
    rows = (sent(1, VICTIM, THIEF, 5 * ETHER), sent(2, THIEF, MULE, ETHER))
    transactions = write_table(tmp_path / "t.csv", TRANSACTIONS, *rows)
    receipts = write_table(tmp_path / "r.csv", RECEIPTS, receipt(1), receipt(2, used=50_000))
    assert lines.snapshot == index_of(receipts, transactions).snapshot


def test_tokens_count_by_their_contract(tmp_path: Path) -> None:
    told, fake = Counter[str](), address(77)
    transactions = write_table(tmp_path / "t.csv", TRANSACTIONS, sent(1, VICTIM, THIEF, 0), sent(2, THIEF, MULE, 0))
    transfers = write_table(
        tmp_path / "token_transfers.csv",
        TRANSFERS,
        (USDT, VICTIM, THIEF, 900_000_000, f"0x{tx(1)}", 0, 1),
        (USDT, THIEF, MULE, 400_000_000, f"0x{tx(2)}", 7, 2),
        (USDT.upper().replace("0X", "0x"), accounts.NOBODY, MULE, 5_000_000, f"0x{tx(2)}", 9, 2),
        (fake, THIEF, VICTIM, 900_000_000, f"0x{tx(2)}", 8, 2),
        (address(78), THIEF, VICTIM, 1, f"0x{tx(2)}", 10, 2),
    )
    tokens = write_table(tmp_path / "tokens.csv", "address,symbol,name,decimals", (fake, "USDT", "not it", 6))
    index = index_of(transactions, transfers, tokens, told=told)
    trail = trace(index, f"0x{tx(1)}:0")
    assert [(h.account, str(money.Money(h.amount_minor, h.currency))) for h in trail.frontier] == [
        (THIEF, "500.000000 USDT"),
        (MULE, "400.000000 USDT"),
    ]
    minted = trace(index, f"0x{tx(2)}:9", backward=True)
    assert [(b.amount_minor, b.sender_bank) for b in minted.batons] == [(5_000_000, None)]
    assert told == {accounts.LOOKALIKE: 1, accounts.UNKNOWN_TOKEN: 1, accounts.NO_RECEIPT: 2}


def test_a_token_of_another_chain_is_counted_by_its_own_decimals(tmp_path: Path) -> None:
    told = Counter[str]()
    blocks = write_table(tmp_path / "blocks.csv", "number,gas_limit,timestamp", (1, 5, DAY))
    tokens = write_table(tmp_path / "tokens.csv", "address,symbol,name,decimals", (address(5), "USDT", "it", 18))
    transfers = write_table(
        tmp_path / "tt.csv", TRANSFERS, (address(5), VICTIM, THIEF, 3 * ETHER + 1, f"0x{tx(1)}", 0, 1)
    )
    index = index_of(blocks, tokens, transfers, currency="BNB", told=told)
    assert [(h.amount_minor, h.currency) for h in trace(index, f"0x{tx(1)}:0").frontier] == [(3_000_000, "USDT")]
    assert told == {accounts.CUT: 1}


def test_an_exchange_is_outside(tmp_path: Path) -> None:
    hot, sweep = address(8), sent(3, DEPOSIT, address(8), ETHER)
    rows = [sent(1, VICTIM, THIEF, ETHER), sent(2, THIEF, DEPOSIT, ETHER), sweep, sent(4, hot, MULE, 10 * ETHER)]
    transactions = write_table(tmp_path / "t.csv", TRANSACTIONS, *rows)
    receipts = write_table(tmp_path / "r.csv", RECEIPTS, *(receipt(n) for n in (2, 3, 4)))
    index = index_of(transactions, receipts, bank="chain-eth", holders={DEPOSIT: "EXCH-1", hot: "EXCH-1"})
    (baton,) = trace(index, f"0x{tx(1)}").batons
    assert (baton.transfer, baton.end, baton.receiver_bank) == (f"0x{tx(2)}", GWEI, "EXCH-1")
    assert index.sender_bank(f"0x{tx(4)}") == "EXCH-1"
    with pytest.raises(NotFound):  # inside the exchange: its own ledger has it, and its fee
        index.number(f"0x{tx(3)}")
    with pytest.raises(NotFound):
        index.number(f"0x{tx(4)}:fee")


def test_a_contract_that_is_made_gets_the_value(tmp_path: Path) -> None:
    transactions = write_table(tmp_path / "t.csv", TRANSACTIONS, sent(1, VICTIM, "", ETHER), sent(2, VICTIM, "", ETHER))
    receipts = write_table(tmp_path / "r.csv", RECEIPTS, receipt(1, made=address(9)))
    index = index_of(transactions, receipts)
    held = [trace(index, f"0x{tx(n)}").frontier[0].account for n in (1, 2)]
    assert held == [address(9), f"made by 0x{tx(2)}"]


GOOD = sent(1, VICTIM, THIEF, ETHER)


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        (GOOD, "value", "was there before"),
        (
            sent(2, VICTIM, "0xzz", ETHER).__class__((*sent(2, VICTIM, THIEF, ETHER)[:5], "-5", 1, 1, DAY)),
            "value",
            "-5",
        ),
        (sent(2, VICTIM, THIEF, 10**30), "value", "larger than any accepted here"),
        (sent(2, "", THIEF, ETHER), "from_address", "empty"),
        (sent(2, "0x" + "aB" * 20, THIEF, ETHER), "from_address", "checksum"),
        ((*sent(2, VICTIM, THIEF, ETHER)[:8], "noon"), "block_timestamp", "not a whole number"),
        ((*sent(2, VICTIM, THIEF, ETHER)[:8], 10**15), "block_timestamp", "out of range"),
    ],
)
def test_a_bad_value_is_refused_with_its_place(tmp_path: Path, row: tuple[object, ...], column: str, what: str) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        index_of(write_table(tmp_path / "t.csv", TRANSACTIONS, GOOD, row))
    assert caught.value.where == f"t.csv, line 3, column {column}"


def test_tokens_without_a_time_and_cut_files_are_refused(tmp_path: Path) -> None:
    row = (USDT, VICTIM, THIEF, 5, f"0x{tx(1)}", 0, 1)
    transfers = write_table(tmp_path / "tt.csv", TRANSFERS, row)
    with pytest.raises(BadInput, match=r"tt.csv, line 2, column block_number: the time of block 1 is not known"):
        index_of(transfers)
    whole = transfers.read_bytes()
    for length in range(len(whole) - 30, len(whole)):
        transfers.write_bytes(whole[:length])
        with pytest.raises(BadInput, match=r"tt.csv, line 2: (the last line has no end|\d values)"):
            index_of(transfers)
    json_file = tmp_path / "t.json"
    json_file.write_text(json.dumps(dict(zip(TRANSFERS.split(","), row, strict=True)))[:-9])
    with pytest.raises(BadInput, match=r"t.json, line 1: the line is no JSON object"):
        index_of(json_file)
