"""The writer: shared commits, use cases apart from each other, faults that it outlives, nothing lost on closing."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, event, insert, select
from tests.postgres import Server

from lintas.model.errors import BadInput, Conflict, Unavailable
from lintas.storage.address import Address, Place, read_address
from lintas.storage.engine import opened, reading
from lintas.storage.writer import MAX_BATCH, SerialWriter, Writer

_metadata = MetaData()
notes = Table("notes", _metadata, Column("id", Integer, primary_key=True), Column("text", String(40), nullable=False))

PATIENCE = 20.0


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    place: Place = tmp_path / "notes.db"
    if request.param == "postgresql":
        place = request.getfixturevalue("notes_on_server")
    with opened(place) as made:
        _metadata.create_all(made)
        yield made
        _metadata.drop_all(made)


@pytest.fixture(scope="module")
def notes_on_server(postgresql: Server) -> Address:
    """Give one database to all: making one takes longer than a test."""
    return read_address(postgresql.make("notes"))


#: For faults of SQLite's own statements; those of a server are in test_server.py.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    made = Writer(engine)
    yield made
    made.close()


def put(number: int, text: str = "note") -> Callable[[Connection], int]:
    def use_case(tx: Connection) -> int:
        tx.execute(insert(notes), {"id": number, "text": text})
        return number

    return use_case


def stored(engine: Engine) -> list[int]:
    with reading(engine) as tx:
        return [row.id for row in tx.execute(select(notes.c.id).order_by(notes.c.id))]


def refuse(tx: Connection) -> None:
    tx.execute(insert(notes), {"id": 999, "text": "never"})
    raise BadInput("no", "try another")


class Held:
    """Keeps the writer inside one use case until let go, so that what is submitted meanwhile shares its batch."""

    def __init__(self, writer: Writer) -> None:
        self._gate, self._inside = threading.Event(), threading.Event()
        self.future: Future[None] = writer.submit(self._wait)
        assert self._inside.wait(PATIENCE)

    def _wait(self, tx: Connection) -> None:
        self._inside.set()
        assert self._gate.wait(PATIENCE)

    def let_go(self) -> None:
        self._gate.set()


def count_commits(engine: Engine) -> list[int]:
    commits: list[int] = []
    event.listen(engine, "commit", lambda connection: commits.append(1))
    return commits


def test_use_cases_that_wait_share_one_commit(engine: Engine, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lintas.storage.writer.MAX_WAIT_SECONDS", PATIENCE)  # however busy the machine
    held, commits = Held(writer), count_commits(engine)
    futures = [writer.submit(put(number)) for number in range(MAX_BATCH)]
    held.let_go()
    assert [future.result(PATIENCE) for future in futures] == list(range(MAX_BATCH))
    assert stored(engine) == list(range(MAX_BATCH))
    # Fifty and the one that was held.
    assert len(commits) == 2


def test_nobody_is_acknowledged_before_the_commit(engine: Engine, writer: Writer) -> None:
    futures: list[Future[Any]] = []
    early: list[bool] = []
    event.listen(engine, "commit", lambda connection: early.append(all(future.done() for future in futures)))
    held = Held(writer)
    futures += [held.future, *(writer.submit(put(number)) for number in range(10))]
    held.let_go()
    for future in futures:
        future.result(PATIENCE)
    # Before the last commit at least one caller still waits; before the first, all do.
    assert early
    assert not any(early)


def test_a_refusal_undoes_its_own_use_case_alone(engine: Engine, writer: Writer) -> None:
    held = Held(writer)
    before, refused, after = writer.submit(put(1)), writer.submit(refuse), writer.submit(put(2))
    held.let_go()
    assert (before.result(PATIENCE), after.result(PATIENCE)) == (1, 2)
    with pytest.raises(BadInput, match="try another"):
        refused.result(PATIENCE)
    assert stored(engine) == [1, 2]


def test_a_contradiction_is_a_conflict_for_its_caller_alone(engine: Engine, writer: Writer) -> None:
    held = Held(writer)
    futures = [writer.submit(put(1)), writer.submit(put(1)), writer.submit(put(2))]
    held.let_go()
    assert futures[0].result(PATIENCE) == 1
    with pytest.raises(Conflict, match="contradict"):
        futures[1].result(PATIENCE)
    assert futures[2].result(PATIENCE) == 2
    assert stored(engine) == [1, 2]


def test_any_error_of_a_use_case_goes_to_its_caller(engine: Engine, writer: Writer) -> None:
    def divide(tx: Connection) -> float:
        tx.execute(insert(notes), {"id": 5, "text": "half done"})
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        writer.submit(divide).result(PATIENCE)
    assert writer.submit(put(6)).result(PATIENCE) == 6
    assert stored(engine) == [6]


class Trouble:
    """Makes the next statements of one kind fail as a disk would."""

    def __init__(self, engine: Engine, begins_with: str, wrong: Exception) -> None:
        self._begins_with, self._wrong, self.left = begins_with, wrong, 1
        event.listen(engine, "before_cursor_execute", self._fail)

    def _fail(self, connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if self.left and statement.startswith(self._begins_with):
            self.left -= 1
            raise self._wrong


def disk_full(tx: Connection) -> None:
    # A real failure of the engine: the database may not grow beyond the pages it has.
    pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
    tx.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    tx.execute(insert(notes), [{"id": 10_000 + number, "text": "x" * 40} for number in range(2_000)])


def room_again(tx: Connection) -> None:
    tx.exec_driver_sql("PRAGMA max_page_count = 1073741823")


@on_sqlite
def test_a_full_disk_acknowledges_nobody_and_the_writer_lives_on(
    engine: Engine, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lintas.storage.writer.MAX_WAIT_SECONDS", PATIENCE)  # one batch, however busy the machine
    held = Held(writer)
    before, full = writer.submit(put(1)), writer.submit(disk_full)
    held.let_go()
    for future in (held.future, before, full):
        with pytest.raises(Unavailable, match=r"is full.*disk space"):
            future.result(PATIENCE)
    assert stored(engine) == []
    writer.submit(room_again).result(PATIENCE)
    assert writer.submit(put(2)).result(PATIENCE) == 2
    assert stored(engine) == [2]


@on_sqlite
@pytest.mark.parametrize("wrong", [sqlite3.OperationalError("disk I/O error"), RuntimeError("nobody foresaw this")])
@pytest.mark.parametrize("statement", ["BEGIN", "SAVEPOINT", "INSERT"])
def test_the_writer_outlives_a_fault_anywhere(engine: Engine, writer: Writer, statement: str, wrong: Exception) -> None:
    trouble = Trouble(engine, statement, wrong)
    with pytest.raises((Unavailable, RuntimeError)):
        writer.submit(put(1)).result(PATIENCE)
    assert trouble.left == 0
    assert writer.submit(put(2)).result(PATIENCE) == 2
    assert stored(engine) == [2]


def test_a_listener_to_commits_that_fails_stops_nothing(engine: Engine) -> None:
    def fail() -> None:
        raise ValueError("a fault of the listener")

    writer = Writer(engine, on_commit=fail)
    assert [writer.submit(put(number)).result(PATIENCE) for number in (1, 2)] == [1, 2]
    writer.close()
    assert stored(engine) == [1, 2]


def test_a_caller_that_goes_away_leaves_the_others_alone(engine: Engine, writer: Writer) -> None:
    held = Held(writer)

    async def give_up() -> None:
        task = asyncio.create_task(writer.run(put(1)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    following = writer.submit(put(2))
    held.let_go()
    assert following.result(PATIENCE) == 2
    assert writer.submit(put(3)).result(PATIENCE) == 3
    assert stored(engine) == [2, 3]


def test_closing_commits_what_is_queued_and_refuses_what_comes_later(engine: Engine) -> None:
    writer = Writer(engine)
    futures = [writer.submit(put(number)) for number in range(180)]
    writer.close()
    assert [future.result(0) for future in futures] == list(range(180))
    assert stored(engine) == list(range(180))
    with pytest.raises(Unavailable, match="shutting down"):
        writer.submit(put(999)).result(0)


def test_halting_names_the_reason_to_everybody(engine: Engine, writer: Writer) -> None:
    writer.halt(Unavailable("the disk is gone", "call the administrator"))
    with pytest.raises(Unavailable, match="disk is gone"):
        writer.submit(put(1)).result(PATIENCE)
    assert stored(engine) == []


def test_many_callers_at_once_lose_and_invent_nothing(engine: Engine, writer: Writer) -> None:
    acknowledged: list[int] = []

    def work(offset: int) -> None:
        for number in range(offset, offset + 40):
            if number % 7 == 0:
                with pytest.raises(BadInput):
                    writer.submit(refuse).result(PATIENCE)
            else:
                acknowledged.append(writer.submit(put(number)).result(PATIENCE))

    threads = [threading.Thread(target=work, args=(40 * each,)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert stored(engine) == sorted(acknowledged)
    assert len(acknowledged) == len([number for number in range(320) if number % 7])


def test_the_serial_writer_commits_before_it_answers(engine: Engine) -> None:
    told: list[int] = []
    writer = SerialWriter(engine, on_commit=lambda: told.append(1))
    assert writer.submit(put(1)).result(0) == 1
    assert stored(engine) == [1]
    with pytest.raises(Conflict):
        writer.submit(put(1)).result(0)
    with pytest.raises(BadInput):
        writer.submit(refuse).result(0)
    assert stored(engine) == [1]
    assert told
    writer.close()
