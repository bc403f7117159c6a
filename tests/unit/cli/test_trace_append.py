"""`lintas trace append` adds, corrects and withdraws, and a trail then says so; what is refused changes nothing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lintas.cli.trace import trace
from lintas.model.errors import LintasError

HEAD = "id,time,sender,receiver,amount_minor,currency\n"


def run(*arguments: str) -> str:
    done = CliRunner().invoke(trace, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def held(index: Path) -> dict[str, int]:
    trail = json.loads(run("run", "--index", str(index), "--transfer", "t1", "--json"))
    return {part["account"]: part["amount_minor"] for part in trail["frontier"]}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / "first.csv").write_text(
        HEAD + "t1,2026-03-01T10:00:00Z,v,m,100,XAK\nt2,2026-03-01T10:02:00Z,m,x,60,XAK\n"
    )
    run("index", "--transfers", str(tmp_path / "first.csv"), "--out", str(tmp_path / "index"))
    return tmp_path / "index"


def test_rows_are_added_corrected_and_taken_out(index: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text(HEAD + "t3,2026-03-01T10:01:00Z,m,y,30,XAK\n")
    assert held(index) == {"m": 40, "x": 60}
    assert run("append", "--index", str(index), "--transfers", str(more)).startswith(
        "1 changes, 3 transfers, snapshot "
    )
    assert held(index) == {"m": 10, "x": 60, "y": 30}
    more.write_text(HEAD + "t3,2026-03-01T10:01:00Z,m,y,35,XAK\nt4,2026-03-01T10:09:00Z,y,z,5,XAK\n")
    run("append", "--index", str(index), "--transfers", str(more), "--correct", "--withdraw", "t2")
    assert held(index) == {"m": 65, "y": 30, "z": 5}


def test_what_is_refused_changes_nothing(index: Path, tmp_path: Path) -> None:
    again = str(tmp_path / "first.csv")
    before = held(index)
    for arguments, said in (
        (["--transfers", again], "the id 't1' was there before"),
        (["--withdraw", "t9"], "no transfer 't9' is in this index"),
        ([], "there is nothing to add or to take out"),
    ):
        with pytest.raises(LintasError, match=said):
            CliRunner().invoke(trace, ["append", "--index", str(index), *arguments], catch_exceptions=False)
    assert held(index) == before


def test_an_index_with_appended_rows_is_built_anew_only_when_that_is_meant(index: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text(HEAD + "t3,2026-03-01T10:01:00Z,m,y,30,XAK\n")
    run("append", "--index", str(index), "--transfers", str(more))
    anew = ["index", "--transfers", str(tmp_path / "first.csv"), "--out", str(index)]
    with pytest.raises(LintasError, match="rows were appended to the index there"):
        CliRunner().invoke(trace, anew, catch_exceptions=False)
    assert held(index) == {"m": 10, "x": 60, "y": 30}
    run(*anew, "--replace")
    assert held(index) == {"m": 40, "x": 60}
