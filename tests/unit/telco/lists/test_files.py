"""CSV and Parquet become lists; what cannot be read is named by its line, what is doubtful is told."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from lintas.cli.telco.lists import lists
from lintas.model.errors import BadInput, LintasError
from lintas.telco.lists.base import Base
from lintas.telco.lists.entries import Row
from lintas.telco.lists.files import Read, read_list
from lintas.telco.lists.snapshot import Snapshot
from lintas.telco.lists.standing import Standing

NOW = datetime(2026, 11, 27, tzinfo=UTC)
HEAD = "number,kind,expires,reason,owner\n"


def made(tmp_path: Path, text: str | bytes, name: str = "list.csv") -> tuple[Read, Snapshot]:
    source, out = tmp_path / name, tmp_path / "base"
    source.write_bytes(text.encode() if isinstance(text, str) else text)
    read = read_list(source, out, now=NOW)
    return read, Snapshot(Base.open(out), bytes(32), clock=NOW.timestamp)


def test_every_form_of_a_number_and_of_a_time(tmp_path: Path) -> None:
    read, snapshot = made(
        tmp_path,
        HEAD
        + '+99960001,blocked,2027-01-01T00:00:00Z,"parcel, ""customs""",XATL\n'
        + "0099960002,DO_NOT_ORIGINATE,2027-01-01T08:00:00+08:00,bank,XATL\n"
        + " 99960003 ,protected,2026-12-31,,XATL\n"
        + "+99960004,blocked,1798761600,,XATL\n"
        + "+99960005,blocked,2027-01-01 00:00:00,,XATL\n",
    )
    assert read.told == []
    ends = 1_798_761_600
    assert snapshot.rows(99960001) == (Row("blocked", "XATL", 'parcel, "customs"', ends),)
    assert snapshot.rows(99960002) == (Row("do_not_originate", "XATL", "bank", ends),)
    assert snapshot.rows(99960003) == (Row("protected", "XATL", "", ends),)
    assert snapshot.rows(99960004)[0].expires == snapshot.rows(99960005)[0].expires == ends


@pytest.mark.parametrize("name", ["list[1].csv", "list?.csv", "*.csv", "it's.csv", "kind=protected/owner=Y/list.csv"])
def test_a_path_is_a_name_and_no_pattern(tmp_path: Path, name: str) -> None:
    line = "+9996000{},blocked,2027-01-01,r,X\n"
    for other in ("list1.csv", "a.csv"):
        tmp_path.joinpath(other).write_text(HEAD + line.format(1))
    tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
    _, snapshot = made(tmp_path, HEAD + line.format(2), name)
    assert snapshot.rows(99960001) == ()
    assert [(row.kind, row.owner) for row in snapshot.rows(99960002)] == [("blocked", "X")]
    with pytest.raises(BadInput, match="backslash"):
        made(tmp_path, HEAD, "a\\[1].csv")
    _, snapshot = made(tmp_path, HEAD + line.format(2), "a\\b.csv")
    assert snapshot.entries == 1
    as_parquet = tmp_path.joinpath(name).with_suffix(".parquet")
    row = "SELECT '+99960003' AS number, 'blocked' AS kind, '' AS expires, 'r' AS reason, 'X' AS owner"
    duckdb.execute(f"COPY ({row}) TO '{tmp_path / 'plain'}' (FORMAT parquet)")
    read, snapshot = made(tmp_path, (tmp_path / "plain").read_bytes(), str(as_parquet.relative_to(tmp_path)))
    assert [(row.kind, row.owner) for row in snapshot.rows(99960003)] == [("blocked", "X")] and read.built.repeated == 0


def test_ranges_and_prefixes(tmp_path: Path) -> None:
    _, snapshot = made(
        tmp_path,
        HEAD
        + "+99960000-+99960999,unallocated,2027-01-01,,XA-REG\n"
        + "+9997*,unallocated,2027-01-01,,XA-REG\n"
        + "+99960500,protected,2027-01-01,,XATL\n",
    )
    found = {
        number: (snapshot.find(number) or Row("blocked", "", "", 0)).kind for number in (99960000, 99960500, 99960999)
    }
    assert found == {99960000: "unallocated", 99960500: "protected", 99960999: "unallocated"}
    assert snapshot.find(99961000) is None
    assert snapshot.find(9997123) is not None
    assert snapshot.find(9998123) is None


def test_bad_rows_are_left_out_and_named_by_line(tmp_path: Path) -> None:
    rows = [
        "+99960001,blocked,2027-01-01,,X",
        "+9996000a,blocked,2027-01-01,,X",
        ",blocked,2027-01-01,,X",
        "112,blocked,2027-01-01,,X",
        "0123456789,blocked,2027-01-01,,X",
        "+99960009-+99960001,blocked,2027-01-01,,X",
        "+99960002,harmless,2027-01-01,,X",
        "+99960003,blocked,tomorrow,,X",
        "anonymous,blocked,2027-01-01,,X",
        "6.1e10,blocked,2027-01-01,,X",
        "+99960004,blocked,2027-01-01,,X",
    ]
    read, snapshot = made(tmp_path, HEAD + "\n".join(rows) + "\n")
    assert [line.split(" ")[1] for line in read.told] == ["3", "4", "5", "6", "7", "8", "9", "10", "11"]
    assert "'+9996000a' is no number" in read.told[0]
    assert snapshot.entries == 2


def test_what_is_doubtful_is_counted_and_told(tmp_path: Path) -> None:
    read, snapshot = made(
        tmp_path,
        HEAD
        + "+99960001,blocked,2027-01-01,,X\n"
        + "+99960001,blocked,2028-01-01,,X\n"
        + "+99960002,blocked,2020-01-01,,X\n"
        + "+99960003,blocked,,,\n"
        + "+99960010-+99960020,unallocated,2027-01-01,,X\n"
        + "+99960015-+99960030,unallocated,2027-01-01,,X\n",
    )
    said = "\n".join(read.told)
    for words in (
        "1 rows repeat",
        "1 entries have expired",
        "1 rows have no expiry",
        "1 rows have no owner",
        "1 ranges over",
    ):
        assert words in said
    assert snapshot.rows(99960001)[0].expires == int(datetime(2028, 1, 2, tzinfo=UTC).timestamp())
    assert snapshot.find(99960002) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "column"),
        ("number,kind\n+99960001,blocked\n", "no column 'expires'"),
        (HEAD + "+99960001,blocked,2027-01-01,a,b,c,d\n", "list.csv"),
        (HEAD + "not a number,blocked,2027-01-01,,X\n", "1 of 1 rows cannot be read; line 2"),
        (HEAD.encode() + b"+99960001,blocked,2027-01-01,\xff\xfe,X\n", "list.csv"),
        (b"\0\1\2\3" * 50, "list.csv"),
    ],
)
def test_another_file_is_refused_with_one_line(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        made(tmp_path, text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "base").exists()


def test_a_day_that_is_none_is_quoted_as_it_was_written(tmp_path: Path) -> None:
    good = "".join(f"+9996{at:07},blocked,2027-01-01,,X\n" for at in range(200))
    read, _ = made(tmp_path, f"{HEAD}{good}+9997{1:07},blocked,31/12/2026,,X\n")
    assert any("'31/12/2026' is not a time" in line for line in read.told), read.told


def test_a_list_of_another_kind_of_rows_is_refused(tmp_path: Path) -> None:
    good, bad = "+9996{:07},blocked,2027-01-01,,X\n", "caller {:07},blocked,2027-01-01,,X\n"
    text = HEAD + "".join(good.format(at) for at in range(500)) + "".join(bad.format(at) for at in range(200))
    with pytest.raises(BadInput, match="200 of 700 rows"):
        made(tmp_path, text)


def test_too_many_times_are_taken_at_the_full_hour_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lintas.telco.lists.files.MOST_EXACT", 50)
    hour, rows = 1_798_761_600, []
    for at in range(300):
        written = datetime.fromtimestamp(hour + 11 * at, UTC)
        rows.append([str(hour + 11 * at), written.isoformat(), written.strftime("%Y-%m-%d %H:%M:%S")][at % 3])
    body = "".join(f"+9996{at:05},blocked,{expires},,X\n" for at, expires in enumerate(rows))
    read, snapshot = made(tmp_path, HEAD + body + "+99970000,blocked,2027-01-01,,X\n+99970001,blocked,never,,X\n")
    assert "full hour before" in read.told[0]
    assert "'never' is not a time" in read.told[1]
    assert {snapshot.rows(999_600_000 + at)[0].expires for at in range(300)} == {hour}
    assert snapshot.rows(99970000)[0].expires == hour + 86_400


def test_parquet_with_columns_of_their_own_types(tmp_path: Path) -> None:
    source = tmp_path / "list.parquet"
    duckdb.connect().sql(
        "SELECT 99960001::BIGINT AS number, 'blocked' AS kind, TIMESTAMP '2027-01-01 00:00:00' AS expires, "
        "'r' AS reason, 'X' AS owner"
    ).write_parquet(str(source))
    read = read_list(source, tmp_path / "base", now=NOW)
    assert read.told == []
    assert Base.open(tmp_path / "base").rows(99960001) == (Row("blocked", "X", "r", 1_798_761_600),)
    source.write_bytes(source.read_bytes()[:-10])
    with pytest.raises(LintasError):
        read_list(source, tmp_path / "base", now=NOW)
    assert Base.open(tmp_path / "base").rows(99960001)


def test_a_range_over_whole_countries_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "number,kind,expires,reason,owner\n+10000000000-+99999999999,blocked,2036-01-01,slip,XATL\n"
        "+99900000000-+99999999999,unallocated,2036-01-01,all of it,XATL\n"
    )
    read = read_list(tmp_path / "list.csv", tmp_path / "base", now=NOW)
    assert read.built.header.ranges == 1
    assert any("line 2 is left out" in line and "too wide" in line for line in read.told)


def test_an_empty_file_replaces_no_list_unless_that_is_meant(tmp_path: Path) -> None:
    good, empty, out = tmp_path / "good.csv", tmp_path / "empty.csv", tmp_path / "list"
    good.write_text("number,kind,expires,reason,owner\n+99960000001,blocked,2036-01-01,parcel,XATL\n")
    empty.write_text("number,kind,expires,reason,owner\n")
    built = ["build", "--out", str(out), "--list"]
    CliRunner().invoke(lists, [*built, str(good)], catch_exceptions=False)
    before = (out / "base").read_bytes()
    with pytest.raises(BadInput, match="the list is empty"):
        CliRunner().invoke(lists, [*built, str(empty)], catch_exceptions=False)
    assert (out / "base").read_bytes() == before and not list(out.glob(".base*"))
    # Its base file gives the same ids as the directory, whose key they are made with.
    assert Standing.open(out / "base").find(99960000001) == Standing.open(out).find(99960000001) is not None
    CliRunner().invoke(lists, [*built, str(empty), "--allow-empty"], catch_exceptions=False)
    assert Standing.open(out).find(99960000001) is None
