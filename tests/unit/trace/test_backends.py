"""Every back end gives equal columns and equal trails: on random ledgers, on hand-made edges, on a published sample.

An engine with window functions joins by one line in ``BACKENDS``.
"""

import csv
import io
import os
import random
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
import psycopg
import pytest
from tests.postgres import Server

from lintas.model.errors import BadInput
from lintas.trace.engine.backends import Backend, backend
from lintas.trace.engine.backends.windows import Windows
from lintas.trace.engine.index import Columns, Index
from lintas.trace.engine.lines import build
from lintas.trace.engine.names import LineNames
from lintas.trace.ledgers.ledger import Collector, Ledger
from lintas.trace.ledgers.transfers import add_csv
from lintas.trace.questions.fifo import trace

SEEDS = 200
Row = dict[str, str]
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


class PostgreSQL:
    """A server's own tables, filled anew for each question."""

    def __init__(self, server: Server) -> None:
        self.session = psycopg.connect(server.make("columns"), autocommit=True)

    def ask(self, tables: Mapping[str, Mapping[str, Ints]], query: str) -> Sequence[Ints]:
        for name, columns in tables.items():
            self.session.execute(f"DROP TABLE IF EXISTS {name}".encode())
            described = ", ".join(f"{column} BIGINT" for column in columns)
            self.session.execute(f"CREATE TEMPORARY TABLE {name} ({described})".encode())
            with self.session.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN".encode()) as copy:
                for row in zip(*(column.tolist() for column in columns.values()), strict=True):
                    copy.write_row(row)
        answer = self.session.execute(query.encode()).fetchall()
        return list(np.array(answer, np.int64).T)


def _postgresql(request: pytest.FixtureRequest) -> Backend:
    engine = PostgreSQL(request.getfixturevalue("postgresql"))
    request.addfinalizer(engine.session.close)
    return Windows(engine)


BACKENDS: dict[str, Callable[[pytest.FixtureRequest], Backend]] = {
    "numba": lambda _: backend("numba"),
    "duckdb": lambda _: backend("duckdb"),
    "postgresql": _postgresql,
}


@pytest.fixture(scope="module", params=list(BACKENDS))
def other(request: pytest.FixtureRequest) -> Backend:
    """Give each back end that is held against numpy's columns."""
    return BACKENDS[request.param](request)


@cache
def ledger_of(rows: tuple[tuple[tuple[str, str], ...], ...], *, balances: bool) -> Ledger:
    out = io.StringIO()
    writer = csv.DictWriter(out, [name for name, _ in rows[0]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(dict(row) for row in rows)
    collector = Collector()
    add_csv(collector, out.getvalue().encode())
    made = collector.ledger()
    if balances:
        made.__dict__["openings"] = {line: 7 * line for line in range(0, len(made.lines), 2)}
    return made


def frozen(rows: list[Row]) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(tuple(row.items()) for row in rows)


@cache
def by_numpy(ledger: Ledger) -> Index:
    return build(ledger, engine=backend("numpy"))


def equal(one: Index, other: Index) -> bool:
    for field in fields(Columns):
        left, right = getattr(one.columns, field.name), getattr(other.columns, field.name)
        assert left.dtype == right.dtype and np.array_equal(left, right), field.name
    return one.snapshot == other.snapshot and one.lifted == other.lifted


def test_equal_columns_and_trails_on_random_ledgers(other: Backend, random_rows: Callable[..., list[Row]]) -> None:
    compared = 0
    for seed in range(SEEDS):
        ledger = ledger_of(frozen(random_rows(seed)), balances=seed % 3 == 0)
        index, reference = build(ledger, engine=other), by_numpy(ledger)
        assert equal(index, reference), f"seed {seed}"
        for number in random.Random(seed).sample(range(len(index)), min(3, len(index))):
            asked = index.reference(number)
            for backward in (False, True):
                ours = trace(index, asked, backward=backward)
                assert ours == trace(reference, asked, backward=backward), f"seed {seed}, {asked}"
                compared += len(ours.intervals)
    assert compared > 2000


def columns(time: list[int], out: list[int], into: list[int], amount: list[int]) -> Ledger:
    """Make a ledger whose ids descend, so that neither order is the given one."""
    n, lines = len(time), max(*out, *into) + 1
    amounts = np.array(amount, np.int64)
    return Ledger(
        ids=np.array([b"%04d" % (n - at) for at in range(n)]),
        time=np.array(time, np.int64),
        out_line=np.array(out, np.int32),
        in_line=np.array(into, np.int32),
        settled=amounts,
        debited=amounts,
        credited=amounts,
        currency=np.broadcast_to(np.int16(0), n),
        bank=np.broadcast_to(np.int32(-1), n),
        party=np.broadcast_to(np.int32(-1), n),
        kind=np.broadcast_to(np.int8(0), n),
        lines=LineNames(np.array([b"%03d" % line for line in range(lines)]), np.zeros(lines, np.int16), ["XAK"]),
        currencies=["XAK"],
        banks=[],
        parties=[],
    )


EDGES = {
    "one": columns([0], [0], [1], [1]),
    "equal times": columns([5] * 6, [0, 1, 2, 0, 1, 2], [1, 2, 0, 2, 0, 1], [3, 5, 7, 9, 11, 13]),
    "backwards": columns([9, 8, 7, -6, -5], [0, 1, 2, 0, 1], [1, 2, 0, 2, 0], [1, 2, 3, 4, 5]),
    "outside": columns([1, 2, 3, 4], [-1, 0, 1, 1], [0, -1, 0, -1], [10, 4, 5, 6]),
    "far apart": columns([-(2**62), 2**62, 0], [0, 1, 0], [1, 0, 1], [2**60, 2**59, 2**58]),
}


@pytest.mark.parametrize("edge", EDGES)
def test_equal_columns_at_the_edges(other: Backend, edge: str) -> None:
    assert equal(build(EDGES[edge], engine=other), build(EDGES[edge], engine=backend("numpy")))


def test_equal_sort(other: Backend) -> None:
    for bits in (0, 1, 11, 17, 40, 63):
        key = np.random.default_rng(bits).integers(0, 2**bits, 500, np.uint64, endpoint=True) & np.uint64(2**64 - 4)
        first = np.random.default_rng(1).permutation(500)
        assert np.array_equal(other.sort(key), np.argsort(key, kind="stable"))
        assert np.array_equal(other.sort(key, first), first[np.argsort(key[first], kind="stable")])


def test_equal_on_a_published_sample(other: Backend) -> None:
    directory = os.environ.get("LINTAS_DATA_DIR", "")
    archive = Path(directory) / "amlsim" / "20K_fanin200.tgz"
    if not directory or not archive.is_file():
        pytest.skip("LINTAS_DATA_DIR does not hold amlsim/20K_fanin200.tgz")
    ledger = _sample(archive)
    index, reference = build(ledger, engine=other), by_numpy(ledger)
    assert equal(index, reference)
    width = 0
    for number in random.Random(3).sample(range(len(index)), 50):
        ours = trace(index, index.reference(number))
        assert ours == trace(reference, index.reference(number)), f"transfer {number} differs"
        width += len(ours.intervals)
    print(f"AMLSim 20K_fanin200: {len(index):,} transfers, 50 trails, {width} intervals, all equal numpy's")


@cache
def _sample(archive: Path) -> Ledger:
    with tarfile.open(archive) as tar:
        held = next(
            file for member in tar if member.name.endswith("transactions.csv") and (file := tar.extractfile(member))
        )
        rows = list(csv.DictReader(io.StringIO(held.read().decode())))
    rows = [row for row in rows if row["sourceNodeId"] != row["targetNodeId"]]
    ends = np.array([[int(row["sourceNodeId"]), int(row["targetNodeId"])] for row in rows])
    _, line = np.unique(ends, return_inverse=True)
    out, into = line.reshape(ends.shape).T.astype(np.int32)
    cents = [round(float(row["value"]) * 100) for row in rows]
    return columns([int(row["time"]) for row in rows], out.tolist(), into.tolist(), cents)


def test_which_back_end() -> None:
    assert type(backend()).__name__ == type(backend("numpy")).__name__ == "Plain"
    assert type(backend(size=10**6)).__name__ == "Compiled"
    with pytest.raises(BadInput, match="there is no back end 'abacus' — use one of numpy, numba, duckdb"):
        backend("abacus")


def test_one_id_twice_is_refused() -> None:
    ledger = columns([1, 2], [0, 1], [1, 0], [1, 1])
    ledger.ids[0] = ledger.ids[1]  # type: ignore[index]  # an array here
    with pytest.raises(BadInput, match="the id '0001' is there twice"):
        build(ledger)
