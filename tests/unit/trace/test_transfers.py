"""What a bank sends is read exactly or refused with file, line and column."""

from pathlib import Path

import pytest

from lintas.interop.iso20022 import CreditTransfer, write_pacs008
from lintas.model import times
from lintas.model.errors import BadInput, MalformedInput
from lintas.trace.engine.lines import build
from lintas.trace.ledgers.transfers import read_ledger
from lintas.trace.questions.fifo import trace

HEADER = "id,time,sender,receiver,amount_minor,currency\n"
GOOD = "t1,2026-03-01T10:00:00Z,a,b,100,XAK\n"
WIDE = "id,time,sender,receiver,amount_minor,currency,credited_minor,credited_currency,receiver_bank,sender_bank,kind\n"


def refused(tmp_path: Path, content: str | bytes, name: str = "ledger.csv", bank: str = "") -> BadInput:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadInput) as caught:
        build(read_ledger([file], bank=bank))
    assert caught.value.do
    return caught.value


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        ("t2,2026-03-01T10:00:00,a,b,100,XAK", "time", "has no zone"),
        ("t2,yesterday,a,b,100,XAK", "time", "is not a time"),
        ("t2,0001-01-01T00:00:00+14:00,a,b,100,XAK", "time", "out of range"),
        ("t2,2026-03-01T10:00:00Z,,b,100,XAK", "sender", "empty"),
        ("t2,2026-03-01T10:00:00Z,a,,100,XAK", "receiver", "empty"),
        ("t2,2026-03-01T10:00:00Z,a,b\u202e,100,XAK", "receiver", "invisible"),
        ("t2,2026-03-01T10:00:00Z,a\u200b,b,100,XAK", "sender", "invisible"),
        (f"t2,2026-03-01T10:00:00Z,{'a' * 129},b,100,XAK", "sender", "too long"),
        ("t2,2026-03-01T10:00:00Z,a,b,0,XAK", "amount_minor", "zero"),
        ("t2,2026-03-01T10:00:00Z,a,b,-5,XAK", "amount_minor", "negative"),
        ("t2,2026-03-01T10:00:00Z,a,b,12.50,XAK", "amount_minor", "whole minor units"),
        ("t2,2026-03-01T10:00:00Z,a,b,1e3,XAK", "amount_minor", "is not an amount"),
        ("t2,2026-03-01T10:00:00Z,a,b,١٢,XAK", "amount_minor", "is not an amount"),
        ("t2,2026-03-01T10:00:00Z,a,b,9000000000000001,XAK", "amount_minor", "larger"),
        (f"t2,2026-03-01T10:00:00Z,a,b,{'9' * 5000},XAK", "amount_minor", "not an amount"),
        ("t2,2026-03-01T10:00:00Z,a,b,100,QQQ", "currency", "unknown currency 'QQQ'"),
        ("t2,2026-03-01T10:00:00Z,a,b,100,xak", "currency", "unknown currency"),
        ("t1,2026-03-01T10:00:00Z,a,b,100,XAK", "id", "there before"),
        (",2026-03-01T10:00:00Z,a,b,100,XAK", "id", "empty"),
    ],
)
def test_a_bad_value_is_refused_with_its_place(tmp_path: Path, row: str, column: str, what: str) -> None:
    wrong = refused(tmp_path, HEADER + GOOD + row + "\n")
    assert wrong.where == f"ledger.csv, line 3, column {column}"
    assert what in wrong.what
    assert "\n" not in str(wrong) and len(str(wrong)) < 300


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ("", "ledger.csv, line 1", "missing columns time, sender, receiver, amount_minor, currency"),
        ("id,time,sender\n", "ledger.csv, line 1", "missing columns receiver, amount_minor, currency"),
        (HEADER.replace("id,", "time,") + GOOD, "ledger.csv, line 1", "'time' is there twice"),
        (HEADER.strip() + ",credited_minor\n", "ledger.csv, line 1", "only one of the two credited columns"),
        (HEADER, "ledger.csv", "no transfer"),
        (HEADER + GOOD + "t2,2026-03-01T10:0", "ledger.csv, line 3", "2 values, the header names 6"),
        (HEADER + GOOD + 't2,"2026-03-01', "ledger.csv, line 3", "the CSV is broken"),
        (HEADER + GOOD + "t2,2026-03-01T10:00:00Z,a,b,100,XAK,extra\n", "ledger.csv, line 3", "7 values"),
        (
            "time,sender,receiver,currency,amount_minor\n2026-03-01T10:00:00Z,a,b,XAK,12",
            "ledger.csv, line 2",
            "may be cut",
        ),
        (HEADER.encode() + b"t1,2026-03-01T10:00:00Z,\xff,b,1,XAK\n", "ledger.csv, line 2, byte 25", "not UTF-8"),
        ((HEADER + GOOD).encode("utf-16"), "ledger.csv, line 1, byte 1", "not UTF-8"),
        (HEADER + "t1,2026-03-01T10:00:00Z,a,\0b,100,XAK\n", "ledger.csv, line 2, column receiver", "invisible"),
        (b"PAR1\x15\x04", "ledger.csv", "the Parquet file cannot be read, it may be cut"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, content: str | bytes, where: str, what: str) -> None:
    wrong = refused(tmp_path, content)
    assert (wrong.where, what in wrong.what) == (where, True), str(wrong)


def test_the_extra_columns_are_checked_too(tmp_path: Path) -> None:
    start = "t1,2026-03-01T10:00:00Z,a,b,100,XAK,"
    assert refused(tmp_path, WIDE + start + "5,,,,\n").where.endswith("column credited_currency")
    assert refused(tmp_path, WIDE + start + "-5,XBK,,,\n").where.endswith("column credited_minor")
    assert "unknown kind" in refused(tmp_path, WIDE + start + ",,,,gift\n").what
    assert "neither side" in refused(tmp_path, WIDE + start + ",,BANKXB22,BANKXA22,\n").what
    assert "neither side" in refused(tmp_path, WIDE + start + ",,,BANKXA22,merchant\n").what
    assert "changes its amount" in refused(tmp_path, WIDE + start.replace(",b,", ",a,") + "99,XAK,,,\n").what


def test_sums_that_leave_64_bits_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"t{n},2026-03-01T10:00:00Z,a,b,9000000000000000,XAK\n" for n in range(1001))
    assert "sum to more than" in refused(tmp_path, HEADER + rows).what


@pytest.mark.parametrize(
    ("balances", "where", "what"),
    [
        ("account\na\n", "opening_balances.csv, line 1", "missing column amount_minor"),
        ("account,amount_minor\na,-1\n", "opening_balances.csv, line 2, column amount_minor", "negative"),
        ("account,amount_minor,currency\na,1,XAK\na,2,XAK\n", "opening_balances.csv, line 3", "a second balance"),
        ("account,amount_minor\nb,1\n", "opening_balances.csv, line 2", "has lines in XAK, XBK"),
        (
            "account,amount_minor,currency\nb,1,QQQ\n",
            "opening_balances.csv, line 2, column currency",
            "unknown currency",
        ),
    ],
)
def test_bad_balances_are_refused(tmp_path: Path, balances: str, where: str, what: str) -> None:
    (tmp_path / "opening_balances.csv").write_text(balances)
    wrong = refused(tmp_path, HEADER + GOOD + "t2,2026-03-01T10:00:00Z,a,b,100,XBK\n")
    assert (wrong.where, what in wrong.what) == (where, True), str(wrong)


def test_zero_balances_a_byte_order_mark_and_other_columns_are_fine(tmp_path: Path) -> None:
    (tmp_path / "opening_balances.csv").write_text("account,amount_minor\nb,0\na,100\nunknown,7\n")
    file = tmp_path / "ledger.csv"
    file.write_bytes(
        b"\xef\xbb\xbf" + HEADER.replace("\n", ",note\r\n").encode() + GOOD.replace("\n", ",x\r\n").encode()
    )
    index = build(read_ledger([file]))
    assert (len(index), index.balances, index.lifted) == (1, "given", 0)
    assert trace(index, "t1").opening == "given"


def test_pacs008_and_csv_make_one_ledger(tmp_path: Path) -> None:
    uetr = "11111111-1111-4111-8111-111111111111"
    message = CreditTransfer(
        end_to_end_id="e2e",
        uetr=uetr,
        amount_minor=700,
        currency="XBK",
        instructed_minor=5000,
        instructed_currency="XAK",
        time=times.parse("2026-03-01T10:05:00Z"),
        debtor_account="mule",
        debtor_agent="BANKXA22",
        creditor_account="far",
        creditor_agent="BANKXB22",
    )
    (tmp_path / "out.xml").write_bytes(write_pacs008([message], message_id="m1", created=message.time))
    (tmp_path / "in.csv").write_text(HEADER + "t1,2026-03-01T10:00:00Z,victim,mule,6000,XAK\n")
    files = [tmp_path / "in.csv", tmp_path / "out.xml"]
    trail = trace(build(read_ledger(files, bank="BANKXA22")), "t1")
    (baton,) = trail.batons
    assert (baton.transfer, baton.start, baton.end, baton.currency) == (uetr, 0, 700, "XBK")
    assert (baton.receiver_bank, baton.origin_from, baton.origin_to) == ("BANKXB22", 0, 5000)
    assert trail.conserved and sum(held.amount_minor for held in trail.frontier) == 1000
    other = trace(build(read_ledger([tmp_path / "out.xml"], bank="BANKXB22")), uetr)
    assert [(held.account, held.amount_minor, held.currency) for held in other.frontier] == [("far", 700, "XBK")]
    with pytest.raises(BadInput, match="neither agent is BANKXC22"):
        read_ledger(files, bank="BANKXC22")
    with pytest.raises(BadInput, match="own bank code"):
        read_ledger(files)
    (tmp_path / "bad.xml").write_text("<Document>")
    with pytest.raises(MalformedInput, match=r"bad\.xml, line 1"):
        read_ledger([tmp_path / "bad.xml"], bank="BANKXA22")
