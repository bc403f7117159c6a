"""The AMLSim layout: decimals and days become minor units and times, and first in first out on it equals a queue replay."""

import csv
import io
import os
import random
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.trace.chains import index_of, write_table

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.trace.questions.fifo import trace

HEADER = "sourceNodeId,targetNodeId,value,time"


def test_decimals_days_and_row_numbers(tmp_path: Path) -> None:
    file = write_table(
        tmp_path / "transactions.csv", HEADER, (1, 2, "103.55", 1), (2, 3, "100.0", 1), (2, 4, "3.55", 2)
    )
    trail = trace(index_of(file, currency="XAK"), "1")
    assert [(h.account, h.amount_minor, h.since) for h in trail.frontier] == [
        ("3", 10_000, "2017-01-02T00:00:00Z"),
        ("4", 355, "2017-01-03T00:00:00Z"),
    ]
    assert trail.opening == "assumed"
    write_table(
        tmp_path / "nodes.csv", "nodeid,isFraud,init_balance,fraudStep", *((n, 0, "500.00", -1) for n in range(1, 5))
    )
    given = trace(index_of(file, currency="XAK"), "1")
    assert given.opening == "given" and [h.account for h in given.frontier] == ["2"]


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        ((1, 2, "1.005", 1), "value", "more decimals"),
        ((1, 2, "-1", 1), "value", "not an amount"),
        ((1, 2, "0.00", 1), "value", "zero"),
        ((1, 2, "1000000000000000000", 1), "value", "larger than any"),
        ((1, 2, "1", "x"), "time", "not a whole number"),
        ((1, 2, "1", 10**9), "time", "no day"),
        (("", 2, "1", 1), "sourceNodeId", "empty"),
    ],
)
def test_a_bad_value_is_refused_with_its_place(tmp_path: Path, row: tuple[object, ...], column: str, what: str) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        index_of(write_table(tmp_path / "t.csv", HEADER, (1, 2, "5", 1), row), currency="XAK")
    assert caught.value.where == f"t.csv, line 3, column {column}"


def test_without_a_currency_or_cut_it_is_refused(tmp_path: Path) -> None:
    file = write_table(tmp_path / "t.csv", HEADER, (1, 2, "5", 15))
    with pytest.raises(BadInput, match="names no currency"):
        index_of(file)
    with pytest.raises(BadInput, match="unknown currency 'QQQ'"):
        index_of(file, currency="QQQ")
    file.write_bytes(file.read_bytes()[:-2])
    with pytest.raises(BadInput, match=r"t.csv, line 2: the last line has no end"):
        index_of(file, currency="XAK")


def test_equals_a_queue_replay(
    tmp_path: Path, replay: Callable[..., tuple[dict[str, dict[int, list[tuple[int, int]]]], object]]
) -> None:
    archive = Path(os.environ.get("LINTAS_DATA_DIR", "")) / "amlsim" / "20K_fanin200.tgz"
    if not os.environ.get("LINTAS_DATA_DIR") or not archive.is_file():
        pytest.skip("LINTAS_DATA_DIR does not hold amlsim/20K_fanin200.tgz")
    with tarfile.open(archive) as tar:
        member = next(m for m in tar if m.name.endswith("transactions.csv"))
        content = tar.extractfile(member)
        assert content is not None
        file = tmp_path / "transactions.csv"
        file.write_bytes(content.read())
    index = index_of(file, currency="USD")
    rows = []
    for number, row in enumerate(csv.DictReader(io.StringIO(file.read_text())), 1):
        moment = datetime(2017, 1, 1, tzinfo=UTC) + timedelta(days=int(row["time"]))
        amount = str(round(float(row["value"]) * 100))
        sides = {"sender": row["sourceNodeId"], "receiver": row["targetNodeId"]}
        rows.append(
            {"id": f"{number:06d}", "time": times.render(moment), **sides, "amount_minor": amount, "currency": "USD"}
        )
    moving = [row for row in rows if row["sender"] != row["receiver"]]
    assert len(rows) > 117_000 and len(index) == len(moving)
    asked = [(row["id"], 0, int(row["amount_minor"])) for row in random.Random(3).sample(moving, 15)]
    taint, _ = replay(rows, asked)
    for number, (transfer, _, end) in enumerate(asked):
        trail = trace(index, transfer)
        expected = {name: sum(b - a for a, b in parts[number]) for name, parts in taint.items() if number in parts}
        found: dict[str, int] = {}
        for part in trail.intervals:
            found[part.transfer] = found.get(part.transfer, 0) + part.end - part.start
        assert found == expected and trail.conserved, f"asked transfer number {number} differs"
        assert sum(leaf.origin_to - leaf.origin_from for leaf in trail.leaves()) == end
