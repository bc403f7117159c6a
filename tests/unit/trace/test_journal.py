"""Changes to a saved index are kept beside it, all or none, and every altered, lost or moved line is noticed."""

from pathlib import Path

import pytest

from lintas.model.errors import BadInput, MalformedInput
from lintas.trace.engine.files import load, save
from lintas.trace.engine.journal import JOURNAL, extend
from lintas.trace.engine.lines import build
from lintas.trace.engine.live import Live
from lintas.trace.engine.rows import Change, Row
from lintas.trace.ledgers.ledger import Collector
from lintas.trace.ledgers.transfers import add_csv
from lintas.trace.questions.fifo import trace

CSV = b"""id,time,sender,receiver,amount_minor,currency
t1,2026-03-01T10:00:00Z,victim,mule,5000,XAK
t2,2026-03-01T10:05:00Z,mule,second,3000,XAK
"""


def appended(reference: str, minute: int, amount: int) -> Change:
    time = 1_772_359_200_000_000 + minute * 60_000_000
    row = Row(reference=reference, time=time, sender="second", receiver="third", settled=amount, currency="XAK")
    return Change(do="append", row=row)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    collector = Collector()
    add_csv(collector, CSV)
    save(build(collector.ledger()), tmp_path / "index")
    extend(Live(load(tmp_path / "index")), [appended("t3", 6, 10), appended("t4", 7, 20)], tmp_path / "index")
    return tmp_path / "index"


def test_changes_are_there_when_it_is_opened(directory: Path) -> None:
    opened = load(directory)
    assert isinstance(opened, Live) and len(opened) == 4
    before = opened.snapshot
    extend(opened, [Change(do="withdraw", reference="t3"), appended("t5", 5, 30)], directory)
    again = load(directory)
    assert again.snapshot == opened.snapshot != before
    assert trace(again, "t1") == trace(opened, "t1")
    assert [each.transfer for each in trace(again, "t1").intervals] == ["t1", "t2", "t5", "t4"]


def test_a_change_that_is_refused_takes_the_others_with_it(directory: Path) -> None:
    kept = (directory / JOURNAL).read_bytes()
    opened = load(directory)
    assert isinstance(opened, Live)
    with pytest.raises(BadInput, match="the id 't4' was there before"):
        extend(opened, [appended("t8", 6, 10), appended("t4", 7, 20)], directory)
    assert (directory / JOURNAL).read_bytes() == kept and len(load(directory)) == 4


def test_every_byte_of_the_journal_counts(directory: Path) -> None:
    journal = directory / JOURNAL
    content = journal.read_bytes()
    lines = content.splitlines(keepends=True)
    broken = [content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in range(0, len(content) - 1, 3)]
    for each in (*broken, lines[1], lines[1] + lines[0], lines[0] * 2, b"\n" + content):
        journal.write_bytes(each)
        with pytest.raises(MalformedInput, match="journal is damaged or belongs to another index"):
            load(directory)
    journal.write_bytes(content)
    assert len(load(directory)) == 4


def test_a_line_that_was_cut_was_never_told(directory: Path) -> None:
    journal = directory / JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-1])
    opened = load(directory)
    assert isinstance(opened, Live) and len(opened) == 3
    extend(opened, [appended("t4", 7, 20)], directory)
    assert journal.read_bytes() == whole


def test_an_index_built_anew_has_no_journal(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not sealed"):
        save(load(directory), tmp_path / "other")
    collector = Collector()
    add_csv(collector, CSV)
    save(build(collector.ledger()), directory)
    assert len(load(directory)) == 2 and not (directory / JOURNAL).exists()
