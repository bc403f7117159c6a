"""A victim's words find the transfer: amount as debited or settled, receiver here or elsewhere, time roughly."""

from pathlib import Path

import pytest

from lintas.model import times
from lintas.trace.engine.files import load, save
from lintas.trace.engine.find import find
from lintas.trace.engine.index import Index
from lintas.trace.engine.lines import build
from lintas.trace.ledgers.transfers import read_ledger

CSV = """id,time,sender,receiver,amount_minor,currency,receiver_bank,debited_minor,debited_currency
t1,2026-03-01T10:00:00Z,victim,11-22 33,5000,XAK,OTHRXA22,,
t2,2026-03-01T12:00:00Z,victim,shop,5000,XAK,,,
t3,2026-03-04T12:00:00Z,someone,11-22 33,5000,XAK,OTHRXA22,,
t4,2026-03-01T12:30:00Z,victim,far,70,XBK,OTHRXB22,5000,XAK
t5,2026-03-01T12:30:00Z,victim,far,5000,XBK,OTHRXB22,9,XAK
"""


@pytest.fixture
def index(tmp_path: Path) -> Index:
    (tmp_path / "ledger.csv").write_text(CSV)
    save(build(read_ledger([tmp_path / "ledger.csv"])), tmp_path / "index")
    return load(tmp_path / "index")


def test_by_amount_receiver_and_time(index: Index) -> None:
    assert find(index, 5000, "XAK") == ["t3", "t4", "t2", "t1"]
    assert find(index, 5000, "XAK", receiver="112233") == ["t3", "t1"]
    assert find(index, 5000, "XAK", receiver="112233", at=times.parse("2026-03-01T09:00:00Z")) == ["t1"]
    assert find(index, 5000, "XAK", at=times.parse("2026-03-01T12:10:00Z")) == ["t2", "t4", "t1"]
    assert find(index, 5000, "XAK", receiver="SHOP") == ["t2"]
    assert find(index, 70, "XBK", receiver="far") == ["t4"]
    assert find(index, 70, "XAK") == find(index, 5001, "XAK") == find(index, 5000, "QQQ") == []
