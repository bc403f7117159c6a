"""On PostgreSQL: addresses without passwords, text by its bytes, one writer and one node, snapshots, lost answers."""

import contextlib
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Engine, text
from tests.postgres import Server

from lintas.model.errors import BadInput, Conflict, Unavailable
from lintas.storage import migrate
from lintas.storage.address import Address, read_address
from lintas.storage.engine import open_serving, opened, reading, writing
from lintas.storage.serving import opened_alone
from lintas.storage.writer import SerialWriter, Writer

PATIENCE = 20.0
SECRET = "hunter2"
_SOCKET = ".s.PGSQL.5432"


@pytest.fixture
def place(postgresql: Server) -> Address:
    made = postgresql.empty()
    with opened(made) as engine, writing(engine) as tx, tx.begin():
        tx.execute(text("CREATE TABLE notes (id integer PRIMARY KEY, text text NOT NULL)"))
    return made


@pytest.fixture
def engine(place: Address) -> Iterator[Engine]:
    with opened(place) as made:
        yield made


def put(number: int, said: str = "note") -> Callable[[Connection], int]:
    def use_case(tx: Connection) -> int:
        tx.execute(text("INSERT INTO notes VALUES (:id, :text)"), {"id": number, "text": said})
        return number

    return use_case


def stored(engine: Engine) -> list[int]:
    with reading(engine) as tx:
        return list(tx.execute(text("SELECT id FROM notes ORDER BY id")).scalars())


def cut_off(place: Address) -> int:
    """End everybody's sessions on a database, as an administrator or a failing server does; returns how many."""
    with contextlib.closing(
        psycopg.connect(make_conninfo(**{**place.parts, "dbname": "postgres"}), autocommit=True)
    ) as session:
        ended = session.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = %s",
            (place.parts["dbname"],),
        ).fetchone()
    assert ended is not None
    return int(ended[0])


@pytest.mark.parametrize(
    "given",
    [
        f"postgresql://u:{SECRET}@db.example/x",
        f"postgresql://u@db.example/x?password={SECRET}",
        f"postgresql://u@db.example/x?sslpassword={SECRET}",
        f"postgresql://u@db.example:{SECRET}/x",
        f"postgresql://u@db.example/x?nonsense={SECRET}",
        f"postgres://u:{SECRET}@[::1/x",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(BadInput) as wrong:
        read_address(given)
    assert SECRET not in str(wrong.value)
    assert wrong.value.do


def test_a_password_from_elsewhere_is_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    address = read_address("postgresql://u@127.0.0.1:1/x")
    with opened(address) as engine, pytest.raises(Unavailable) as wrong:
        migrate.current(engine)
    assert SECRET not in f"{address} {address!r} {engine!r} {engine.url!r} {wrong.value}"
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "how"),
    [("by_locale", "ENCODING 'UTF8' LOCALE 'C.UTF-8'"), ("any_bytes", "ENCODING 'SQL_ASCII' LOCALE 'C'")],
)
def test_a_database_that_does_not_sort_by_bytes_is_refused_with_the_command(
    postgresql: Server, name: str, how: str
) -> None:
    address = read_address(postgresql.make(name, f"TEMPLATE template0 LOCALE_PROVIDER libc {how}"))
    with opened(address) as engine, pytest.raises(BadInput) as wrong:
        migrate.upgrade(engine)
    assert f'CREATE DATABASE "{name}" TEMPLATE template0' in wrong.value.do
    postgresql.say(f"DROP DATABASE {name}", wrong.value.do.partition(": ")[2])
    with opened(address) as engine:
        migrate.upgrade(engine)
        assert migrate.current(engine) == migrate.head()


def test_a_server_that_does_not_wait_for_the_disk_serves_no_node(place: Address) -> None:
    # The server of this suite is such a one.
    with pytest.raises(BadInput, match=r"fsync and full_page_writes off"), opened_alone(place):
        raise AssertionError("never served")


def test_a_commit_waits_for_the_disk_whatever_the_default_of_the_database(postgresql: Server, place: Address) -> None:
    postgresql.say(f"ALTER DATABASE {place.parts['dbname']} SET synchronous_commit = off")
    with opened(place) as engine, writing(engine) as tx:
        assert tx.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_a_reader_sees_one_snapshot_and_cannot_write(engine: Engine) -> None:
    writer = SerialWriter(engine)
    writer.submit(put(1)).result(0)
    with reading(engine) as tx:
        count = text("SELECT count(*) FROM notes")
        assert tx.execute(count).scalar() == 1
        writer.submit(put(2)).result(0)
        assert tx.execute(count).scalar() == 1
    assert stored(engine) == [1, 2]
    with pytest.raises(Unavailable, match="read-only"), reading(engine) as tx:
        put(3)(tx)


def test_a_use_case_that_fails_undoes_itself_alone(engine: Engine) -> None:
    writer, begun, go = Writer(engine), threading.Event(), threading.Event()

    def slow(tx: Connection) -> None:
        begun.set()
        assert go.wait(PATIENCE)

    def half(tx: Connection) -> None:
        put(9)(tx)
        raise BadInput("no", "try another")

    waits = writer.submit(slow)
    assert begun.wait(PATIENCE)
    # These share one transaction.
    first, double, wrong, unfit, last = (
        writer.submit(each) for each in (put(1), put(1), half, put(5, "nul \0"), put(2))
    )
    go.set()
    assert (waits.result(PATIENCE), first.result(PATIENCE), last.result(PATIENCE)) == (None, 1, 2)
    with pytest.raises(Conflict, match="contradict what is stored"):
        double.result(PATIENCE)
    with pytest.raises(BadInput):
        wrong.result(PATIENCE)
    with pytest.raises((BadInput, ValueError, psycopg.DataError)):
        unfit.result(PATIENCE)
    writer.close()
    assert stored(engine) == [1, 2]


def test_writers_take_turns_and_one_that_waits_long_is_told(place: Address, engine: Engine) -> None:
    with opened(place) as other, writing(other) as tx, tx.begin(), pytest.raises(Unavailable, match="lock timeout"):
        SerialWriter(engine).submit(put(1)).result(0)
    assert SerialWriter(engine).submit(put(1)).result(0) == 1


def test_a_second_node_is_refused_until_the_first_has_gone(place: Address) -> None:
    first, second = open_serving(place), open_serving(place)
    assert SerialWriter(first).submit(put(1)).result(0) == 1
    with pytest.raises(Conflict, match="another process runs on this database"), writing(second):
        raise AssertionError("two nodes")
    # A command beside the node writes in its turn.
    with opened(place) as command:
        assert SerialWriter(command).submit(put(2)).result(0) == 2
    first.dispose()
    assert SerialWriter(second).submit(put(3)).result(0) == 3
    second.dispose()


def test_a_node_cut_off_says_so_and_goes_on_by_itself(place: Address) -> None:
    engine = open_serving(place)
    writer = Writer(engine)
    assert writer.submit(put(1)).result(PATIENCE) == 1

    def cut_within(tx: Connection) -> None:
        put(2)(tx)
        assert cut_off(place)
        put(3)(tx)

    with pytest.raises(Unavailable, match="nothing was acknowledged"):
        writer.submit(cut_within).result(PATIENCE)
    assert writer.submit(put(4)).result(PATIENCE) == 4
    assert cut_off(place)
    assert stored(engine) == [1, 4]
    assert writer.submit(put(5)).result(PATIENCE) == 5
    writer.close()
    engine.dispose()


def test_a_node_cut_off_does_not_write_beside_the_one_that_took_its_place(place: Address) -> None:
    first, second = open_serving(place), open_serving(place)
    assert SerialWriter(first).submit(put(1)).result(0) == 1
    assert cut_off(place)
    assert SerialWriter(second).submit(put(2)).result(0) == 2
    with pytest.raises(Unavailable, match="another process runs on this database"):
        SerialWriter(first).submit(put(3)).result(0)
    assert stored(second) == [1, 2]
    first.dispose()
    second.dispose()


class Way:
    """A way to the server that is cut once the next COMMIT has passed, so that its answer finds nobody."""

    def __init__(self, server: Path, folder: Path) -> None:
        self._server, self.armed, self.cut = server / _SOCKET, threading.Event(), threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / _SOCKET))
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            with client, socket.socket(socket.AF_UNIX) as server:
                server.connect(str(self._server))
                if not self._carry(client, server):
                    return

    def _carry(self, client: socket.socket, server: socket.socket) -> bool:
        """Carry both ways, one session at a time; False when there was none, only somebody who ends this."""
        spoken = False
        while True:
            for source in select.select([client, server], [], [], PATIENCE)[0]:
                data = source.recv(65_536)
                (server if source is client else client).sendall(data)
                if not data:
                    return spoken
                spoken = True
                if source is client and b"COMMIT\0" in data and self.armed.is_set():
                    self.armed.clear()
                    server.recv(65_536)
                    self.cut.set()
                    return True

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self._listener.getsockname())
        self._thread.join(PATIENCE)
        self._listener.close()


def test_a_commit_whose_answer_is_lost_is_not_reported_as_done(postgresql: Server, place: Address) -> None:
    folder = postgresql.folder / "way"
    folder.mkdir()
    way = Way(postgresql.folder, folder)
    with opened(read_address(f"postgresql://{place.parts['user']}@/{place.parts['dbname']}?host={folder}")) as engine:
        writer = SerialWriter(engine)
        assert writer.submit(put(1)).result(0) == 1
        way.armed.set()
        with pytest.raises(Unavailable, match="sending it again is safe"):
            writer.submit(put(2)).result(0)
        assert way.cut.is_set()
        # It did happen, and whoever sends it again is told: nothing is doubled.
        with pytest.raises(Conflict):
            writer.submit(put(2)).result(0)
        assert stored(engine) == [1, 2]
    way.close()


def test_the_server_runs_for_somebody_else_than_root(postgresql: Server) -> None:
    owner = (postgresql.folder / "data").stat().st_uid
    assert owner == os.geteuid() if os.geteuid() else owner != 0
