"""Ported numbers out of a file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.gateway.asking.directory_file import read_directory
from lintas.model.errors import LintasError
from lintas.telco.records import Call, Listed
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.plans import plan
from lintas.telco.verdicts.ported import Ported, read_ported
from lintas.telco.verdicts.presets import presets
from lintas.telco.verdicts.records import Ask


class Nothing:
    def find(self, number: int) -> Listed | None:
        return None


def test_a_ported_number_is_asked_of_its_operator(tmp_path: Path) -> None:
    file = tmp_path / "ported.csv"
    file.write_text("number,since,operator\n+999150000001,2026,XAMO\n999155000001,2026,XAMV\n", "utf-8")
    ported = read_ported(file)
    assert len(ported) == 2
    ladder = Ladder(Nothing(), presets("my"), plan("XA"), ported=ported.get)
    for number, to in (("+999150000001", "XAMO"), ("+999155000001", "XATL"), ("+999155000002", "XAMO")):
        found = ladder.first(Call(a=number))
        assert isinstance(found, Ask) and found.to == to


@pytest.mark.parametrize("heading", ["", "number,operator\n", "\ufeffNumber, Operator\n"])
def test_a_file_may_have_a_heading_or_none_for_whoever_reads_it(tmp_path: Path, heading: str) -> None:
    (tmp_path / "ported.csv").write_text(f"{heading}+999150000001,XAMO\n\n999155000001, XAMV\n", "utf-8")
    (tmp_path / "operators.toml").write_text('ported = "ported.csv"', "utf-8")
    ported = read_ported(tmp_path / "ported.csv")
    directory = read_directory(tmp_path / "operators.toml").directory
    assert (ported.get(999150000001), ported.get(999155000001), len(ported)) == ("XAMO", "XAMV", 2)
    assert directory._ported.get(999155000001) == "XAMV"


@given(
    st.dictionaries(st.integers(10**6, 10**15 - 1), st.sampled_from(["XATL", "XAMO", "XAMV"])),
    st.integers(10**6, 10**15 - 1),
)
def test_it_finds_what_is_there_and_nothing_else(entries: dict[int, str], other: int) -> None:
    ported = Ported(entries)
    for number in (*entries, other, *(number + 1 for number in entries)):
        assert ported.get(number) == entries.get(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "number\n+999150000001\n",
        "code,+999150000001\n",
        "+999150000001,XATL\n050x,XATL\n",
        "+999150000001\n",
        "number,operator\n050000001x,XATL\n",
        "number,operator\n１２３４５６７８,XATL\n",
        "number,operator\n+999150000001,\n",
        "number,operator\n+999150000001\n",
        "number,operator\n+999150000001,XATL\n999150000001,XAMO\n",
        "number,operator\n" + "".join(f"{10**8 + n},OP{n}\n" for n in range(256)),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ported.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(LintasError):
        read_ported(file)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "operators.toml").write_text('ported = "none.csv"', "utf-8")
    with pytest.raises(LintasError, match="No such file"):
        read_directory(tmp_path / "operators.toml")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "ported.csv"
    file.write_bytes(b"number,operator\n\xff\xfe,XATL\n")
    with pytest.raises(LintasError, match="no CSV"):
        read_ported(file)
