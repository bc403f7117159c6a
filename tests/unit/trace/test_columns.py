"""Parquet and large CSV, read by columns, are the ledger that the rows would be; what is wrong is named with its place."""

import csv
import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.model.errors import BadInput
from lintas.trace.engine.index import Index
from lintas.trace.engine.lines import build
from lintas.trace.ledgers.ledger import Ledger
from lintas.trace.ledgers.readers import columns
from lintas.trace.ledgers.readers.columns import read_columns
from lintas.trace.ledgers.transfers import read_ledger

Row = dict[str, str]
HEADER = ("id", "time", "sender", "receiver", "amount_minor", "currency")
GOOD: Row = dict(zip(HEADER, ("t1", "2026-03-01T10:00:00Z", "a", "b", "100", "XAK"), strict=True))


def as_csv(file: Path, rows: list[Row]) -> Path:
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


def as_parquet(file: Path, rows: list[Row], types: str = "*") -> Path:
    """Write rows as Parquet by a program that is not ours; ``types`` gives the columns other types than text."""
    source = as_csv(file.with_suffix(".source"), rows)
    text = f"read_csv('{source}', all_varchar = true, header = true, quote = '\"', delim = ',')"
    with duckdb.connect() as db:
        db.execute(f"COPY (SELECT {types} FROM {text}) TO '{file}' (FORMAT parquet)")
    return file


TYPED = """id, time::TIMESTAMPTZ AS time, sender, receiver, amount_minor::BIGINT AS amount_minor, currency,
  debited_minor::DOUBLE AS debited_minor, debited_currency, credited_minor::DECIMAL(20, 2) AS credited_minor,
  credited_currency, kind, sender_bank, receiver_bank"""


def equal(one: Ledger, other: Ledger) -> Index:
    first, second = build(one), build(other)
    assert first.snapshot == second.snapshot
    assert (one.idle, first.self_transfers, first.id_width, first.banks) == (
        other.idle,
        second.self_transfers,
        second.id_width,
        second.banks,
    )
    return first


def in_columns(*files: Path, bank: str = "") -> Ledger:
    found = read_columns(list(files), bank=bank)
    assert found is not None, "the rows were asked for"
    return found


def test_the_columns_are_the_rows(tmp_path: Path, random_rows: Callable[[int], list[Row]]) -> None:
    itself = 0
    for seed in range(6):
        rng, rows = random.Random(seed), random_rows(seed)
        for row in rows:
            row |= {"sender_bank": rng.choice(["", "XAFB"]), "receiver_bank": rng.choice(["", "XAFB", "XBFB"])}
            if rng.random() < 0.2 and row["kind"] == "transfer":
                row |= {"sender_bank": "XBFB", "receiver_bank": "XAFB"}
        file = as_csv(tmp_path / "l.csv", rows)
        by_row = read_ledger([file], bank="XAFB")
        index = equal(by_row, in_columns(file, bank="XAFB"))
        equal(by_row, in_columns(as_parquet(tmp_path / "l.parquet", rows), bank="XAFB"))
        typed = as_parquet(tmp_path / "typed.parquet", rows, TYPED)
        equal(by_row, in_columns(typed, bank="XAFB"))
        equal(by_row, read_ledger([typed], bank="XAFB"))
        itself += index.self_transfers
    assert itself > 5


def test_row_numbers_and_several_files(tmp_path: Path) -> None:
    rows = [{k: v for k, v in GOOD.items() if k != "id"} | {"receiver": f"r{n}"} for n in range(12)]
    without = as_csv(tmp_path / "w.csv", rows)
    assert equal(read_ledger([without]), in_columns(without)).id_width == 2
    parquet = as_parquet(tmp_path / "w.parquet", rows)
    equal(read_ledger([without]), in_columns(parquet))
    more = as_parquet(tmp_path / "more.parquet", [GOOD | {"id": "t7", "time": "2026-03-02T10:00:00.250000Z"}])
    csv_more = as_csv(tmp_path / "more.csv", [GOOD | {"id": "t7", "time": "2026-03-02T10:00:00.250000Z"}])
    equal(read_ledger([without, csv_more]), in_columns(parquet, more))
    with pytest.raises(BadInput, match=r"more.parquet, row 1, column id: the id 't7' was there before \(more.parquet"):
        read_ledger([more, more])


def test_large_csv_takes_the_columns_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [GOOD | {"id": f"t{n}"} for n in range(50)]
    file = as_csv(tmp_path / "l.csv", rows)
    by_row = read_ledger([file])
    monkeypatch.setattr(columns, "WORTH_IT", 1)
    equal(by_row, read_ledger([file]))
    as_csv(file, [*rows, GOOD | {"id": "t9"}])
    with pytest.raises(BadInput, match=r"l.csv, line 52, column id: the id 't9' was there before \(l.csv, line 11"):
        read_ledger([file])


ODD: dict[str, str] = {
    "id": " spaced ",
    "time": "2026-03-01T18:00:00+08:00",
    "sender": "ບັນຊີ",
    "amount_minor": "00000000000000000007",
    "receiver": " b ",
}


@pytest.mark.parametrize("column", ODD)
def test_what_is_odd_but_right_is_read_by_row(tmp_path: Path, column: str) -> None:
    rows = [GOOD, GOOD | {"id": "t2", column: ODD[column]}]
    file, parquet = as_csv(tmp_path / "l.csv", rows), as_parquet(tmp_path / "l.parquet", rows)
    assert read_columns([file]) is None or column == "sender"
    equal(read_ledger([file]), read_ledger([parquet]))


BAD = {
    "id": ["t1", "", "a\u200b", "x" * 129],
    "time": [
        "yesterday",
        "2026-03-01T10:00:00",
        "2026-02-30T10:00:00Z",
        "2026-03-01T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "",
    ],
    "sender": ["", "a\u202e"],
    "receiver": ["", "y" * 129],
    "amount_minor": ["0", "-5", "12.50", "1e3", "9000000000000001", "1000000000000000000", "", "١٢"],
    "currency": ["QQQ", "xak", ""],
}


@pytest.mark.parametrize("column", BAD)
def test_the_first_bad_row_is_named_as_by_row(tmp_path: Path, column: str) -> None:
    for bad in BAD[column]:
        rows = [GOOD | {"id": "t0"}, GOOD, GOOD | {"id": "t2", column: bad}, GOOD | {"id": "t3", "time": "later"}]
        with pytest.raises(BadInput) as by_row:
            read_ledger([as_csv(tmp_path / "l.csv", rows)])
        with pytest.raises(BadInput) as by_column:
            read_ledger([as_parquet(tmp_path / "l.parquet", rows)])
        assert by_row.value.where == f"l.csv, line 4, column {column}"
        assert by_column.value.where == f"l.parquet, row 3, column {column}"
        assert by_column.value.do == by_row.value.do
        assert by_column.value.what.replace("l.parquet, row 2", "l.csv, line 3") == by_row.value.what


@pytest.mark.parametrize(
    ("types", "what"),
    [
        ("id, time::TIMESTAMP AS time, sender, receiver, amount_minor, currency", "has no zone"),
        ("id, time, sender, receiver, amount_minor::DOUBLE + 0.5 AS amount_minor, currency", "whole minor units"),
        ("id, time, sender, receiver, amount_minor::DECIMAL(9, 2) / 8 AS amount_minor, currency", "whole minor units"),
        ("id, time, sender, receiver, amount_minor::DOUBLE * 1e16 AS amount_minor, currency", "larger than any"),
        ("id, time, sender, receiver, 'inf'::DOUBLE AS amount_minor, currency", "is not an amount"),
        ("id, 5 AS time, sender, receiver, amount_minor, currency", "is not a time"),
        ("id, time, sender, receiver, currency", "missing column amount_minor"),
        ("*, 5 AS debited_minor", "only one of the two debited columns"),
        ("*, NULL AS debited_minor, 'XAK' AS debited_currency", "is not an amount"),
    ],
)
def test_types_that_are_no_amount_or_time_are_refused(tmp_path: Path, types: str, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        read_ledger([as_parquet(tmp_path / "l.parquet", [GOOD], types)])


def test_a_file_cut_in_the_middle_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [GOOD | {"id": f"t{n}", "receiver": f"r{n}"} for n in range(500)]
    whole = as_parquet(tmp_path / "l.parquet", rows).read_bytes()
    cut = tmp_path / "cut.parquet"
    for length in (3, 4, 100, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(BadInput, match=r"^cut.parquet: the Parquet file cannot be read, it may be cut") as wrong:
            read_ledger([cut])
        assert str(tmp_path) not in str(wrong.value)
    monkeypatch.setattr(columns, "WORTH_IT", 1)
    text = as_csv(tmp_path / "l.csv", rows).read_bytes()
    for length in range(len(text) - 45, len(text) - 1):
        (tmp_path / "cut.csv").write_bytes(text[:length])
        if text[:length].endswith((b"\n", b",XAK")):
            continue  # cut between two rows: nothing in the file can tell
        with pytest.raises(BadInput, match=r"^cut.csv, line 50"):
            read_ledger([tmp_path / "cut.csv"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", '"a"', 'a"b', " a", "a,b", "", "'", "NULL", "é", "a\nb", "\t", "#"]),
        min_size=4,
        max_size=4,
    )
)
def test_a_csv_with_odd_quotes_is_never_read_otherwise(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    file = tmp_path_factory.mktemp("csv") / "l.csv"
    lines = [f"t{n},2026-03-01T10:00:00Z,{word},z,5,XAK" for n, word in enumerate(words)]
    file.write_text(",".join(HEADER) + "\n" + "\n".join(lines) + "\n")
    found = read_columns([file])
    if found is not None:
        equal(read_ledger([file]), found)
