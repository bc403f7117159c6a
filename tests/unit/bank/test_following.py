"""Rows appended to a ledger file are added to the index; it answers as one built anew, and refuses what that refuses."""

import os
from pathlib import Path

import pytest

from lintas.bank.following import Following
from lintas.model.errors import BadInput, NotFound
from lintas.trace.engine.live import Live
from lintas.trace.questions.fifo import trace

HEAD = "id,time,sender,receiver,amount_minor,currency\n"
FIRST = (
    "t-1,2026-03-01T10:00:00Z,victim,mule,5000,XAK\n"
    "t-2,2026-03-01T10:05:00Z,mule,second,3000,XAK\n"
    "t-3,2026-03-01T10:06:00Z,other,other,700,XAK\n"
)
MORE = "t-4,2026-03-01T10:07:00Z,second,third,2000,XAK\nt-5,2026-03-01T10:01:00Z,mule,early,1000,XAK\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "transfers.csv"
    path.write_text(HEAD + FIRST)
    return path


def grow(file: Path, text: str) -> None:
    with file.open("a") as out:
        out.write(text)


def as_anew(following: Following, file: Path, *transfers: str) -> None:
    """Hold the answers against those of an index that is built from the files as they are."""
    ours, anew = following.index(), Following(file.parent, "XAFB").index()
    assert not isinstance(anew, Live) and len(ours) == len(anew) and ours.balances == anew.balances
    for transfer in transfers:
        for backward in (False, True):
            trail, expected = (trace(each, transfer, backward=backward) for each in (ours, anew))
            assert (trail.intervals, trail.leaves(), trail.opening) == (
                expected.intervals,
                expected.leaves(),
                expected.opening,
            )


def test_appended_rows_are_added(file: Path) -> None:
    following = Following(file.parent, "XAFB")
    first = following.index().snapshot
    for text in (MORE, "t-6,2026-03-01T10:08:00Z,third,fourth,1,XAK\n", "t-7,2026-03-01T10:09:00Z,new,mule,9,XBK\n"):
        grow(file, text)
        assert isinstance(following.index(), Live) and following.index().snapshot != first
        as_anew(following, file, "t-1", "t-2", "t-4", "t-5")
    as_anew(following, file, "t-6", "t-7")


@pytest.mark.parametrize(
    "text",
    [
        HEAD + FIRST.replace("5000", "5001") + MORE,
        HEAD + MORE,
        HEAD + FIRST + "t-8,2026-03-01T10:08:00Z,mule,mule,1,XAK\n",
        HEAD.replace("id,", "") + FIRST.replace("t-1,", "").replace("t-2,", "").replace("t-3,", ""),
    ],
    ids=["changed", "shorter", "moves nothing", "no ids"],
)
def test_what_is_more_than_new_rows_is_built_anew(file: Path, text: str) -> None:
    following = Following(file.parent, "XAFB")
    following.index()
    file.write_text(text)
    os.utime(file, ns=(1, 1))
    assert not isinstance(following.index(), Live)
    as_anew(following, file)
    if "id," in text:
        grow(file, "t-9,2026-03-01T10:09:00Z,mule,second,1,XAK\n")
        assert isinstance(following.index(), Live)


def test_an_opening_balance_that_was_of_no_use_is_used(file: Path) -> None:
    balances = file.with_name("opening_balances.csv")
    balances.write_text("account,amount_minor\nmule,50\nnewcomer,70\n")
    following = Following(file.parent, "XAFB")
    following.index()
    grow(file, "t-4,2026-03-01T10:07:00Z,mule,second,20,XAK\n")
    assert isinstance(following.index(), Live)
    as_anew(following, file, "t-1", "t-4")
    grow(file, "t-5,2026-03-01T10:08:00Z,newcomer,second,60,XAK\n")
    assert not isinstance(following.index(), Live)
    as_anew(following, file, "t-5")
    balances.write_text("account,amount_minor\nmule,60\n")
    os.utime(balances, ns=(1, 1))
    as_anew(following, file, "t-1", "t-5")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("t-1,2026-03-01T10:09:00Z,mule,second,1,XAK\n", r"transfers.csv, line 6.*the id 't-1' was there before"),
        ("t-3,2026-03-01T10:09:00Z,mule,second,1,XAK\n", r"transfers.csv, line 6.*the id 't-3' was there before"),
        ("t-9,2026-03-01T10:09:00Z,mule,second,0,XAK\n", r"transfers.csv, line 6.*the amount is zero"),
        ("t-9,2026-03-01T10:09:00Z,mule\n", r"transfers.csv, line 6.*3 values"),
    ],
)
def test_what_is_refused_is_refused_with_its_place_and_leaves_nothing(file: Path, row: str, said: str) -> None:
    following = Following(file.parent, "XAFB")
    following.index()
    grow(file, "t-4,2026-03-01T10:07:00Z,second,third,2000,XAK\n")
    whole = file.read_text()
    grow(file, row)
    for _ in range(2):
        with pytest.raises(BadInput, match=said):
            following.index()
    file.write_text(whole.replace("t-4", "t-5"))
    as_anew(following, file, "t-1", "t-5")
    with pytest.raises(NotFound):
        following.index().number("t-4")


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no ledger file"):
        Following(tmp_path, "XAFB").index()
