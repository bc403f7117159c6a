"""The driver of the simulated disk gives SQLAlchemy the answers that ``sqlite3`` gives."""

import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from tests.simulation import driver
from tests.simulation.disk import Disk
from tests.simulation.quick import QuickConnection
from tests.simulation.world import play

PATH = "/node/state.db"


@pytest.fixture
def disk() -> Iterator[Disk]:
    with Disk(7) as made:
        yield made


def _answers(module: Any, database: str) -> list[object]:  # noqa: ANN401 — sqlite3 or its stand-in
    """Ask a DB-API module what SQLAlchemy asks, and write down the answers."""
    connection = module.connect(database, uri=True, check_same_thread=False)
    cursor = connection.cursor()
    connection.create_function("double", 1, lambda value: value * 2, deterministic=True)
    answers: list[object] = []

    def ask(sql: str, *parameters: object) -> None:
        try:
            cursor.execute(sql, parameters)
            rows = cursor.fetchall()  # first: sqlite3 counts the rows of RETURNING as they are read
            answers.append((rows, cursor.description, cursor.rowcount, cursor.lastrowid))
        except module.Error as wrong:
            answers.append((type(wrong).__name__, str(wrong), getattr(wrong, "sqlite_errorcode", None)))
        answers.append((sql, connection.in_transaction))

    ask("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE CHECK (b <> 'no'), c BLOB)")
    ask("SELECT * FROM t")
    ask("ALTER TABLE t ADD COLUMN d")
    ask("SELECT * FROM t")
    ask("INSERT INTO t (b, c) VALUES (?, ?)", "é", b"\x00\xff")
    connection.commit()
    ask("INSERT INTO t (b) VALUES (?)", "é")
    ask("INSERT INTO t (b) VALUES (?)", "no")
    ask("INSERT INTO t (a) VALUES (?)", "x")
    connection.rollback()
    connection.isolation_level = None
    ask("BEGIN IMMEDIATE")
    ask("SAVEPOINT s")
    ask("INSERT INTO t (b) VALUES ('p'), ('q') RETURNING a, double(a) AS twice")
    ask("ROLLBACK TO s")
    ask("UPDATE t SET b = 'r' WHERE a = 1")
    connection.commit()
    ask("SELECT a, b, c, 1.5, NULL FROM t")
    ask("SELEC")
    ask("SELECT * FROM missing")
    cursor.executemany("INSERT INTO t (b) VALUES (?)", [("u",), ("v",)])
    answers.append(cursor.rowcount)
    cursor.execute("SELECT b FROM t ORDER BY b")
    answers.append((cursor.fetchone(), cursor.fetchmany(2), cursor.fetchone()))
    connection.close()
    with pytest.raises(module.ProgrammingError, match=r"Cannot operate on a closed database\."):
        connection.cursor().execute("SELECT 1")
    return answers


def test_the_driver_answers_as_sqlite3_does(disk: Disk) -> None:
    expected = _answers(sqlite3, ":memory:")
    for ours, theirs in zip(_answers(driver, f"file:{PATH}?vfs={disk.vfs}"), expected, strict=True):
        assert ours == theirs


@pytest.mark.parametrize(
    ("sql", "parameters"), [("SELECT 1; SELECT 2", ()), ("SELECT ?", ()), ("SELECT 1", (2,)), ("SELECT ?", ({},))]
)
def test_the_driver_refuses_misuse_as_sqlite3_does(disk: Disk, sql: str, parameters: tuple[object, ...]) -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        sqlite3.connect(":memory:").execute(sql, parameters)
    connection = driver.connect(f"file:{PATH}?vfs={disk.vfs}")
    with pytest.raises(driver.ProgrammingError):
        connection.execute(sql, parameters)
    connection.close()


def test_a_world_is_the_same_without_the_short_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short cut past SQLAlchemy saves time and changes nothing: every decision of the seed is the same."""
    logging.disable(logging.CRITICAL)
    quick = play(5)
    monkeypatch.setattr(QuickConnection, "_prepare", lambda self, statement, names: None)
    plain = play(5)
    logging.disable(logging.NOTSET)
    assert (quick.digest, quick.counts, quick.wrongs) == (plain.digest, plain.counts, plain.wrongs)
