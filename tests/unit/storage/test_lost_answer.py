"""A commit on PostgreSQL whose answer is lost on the way, and a password that stands in no text."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from tests.postgres import Server

from lintas.model.errors import Conflict, Unavailable
from lintas.storage import migrate
from lintas.storage.address import Address, read_address
from lintas.storage.engine import opened, reading, writing
from lintas.storage.writer import SerialWriter

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


def test_a_password_from_elsewhere_is_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    address = read_address("postgresql://u@127.0.0.1:1/x")
    with opened(address) as engine, pytest.raises(Unavailable) as wrong:
        migrate.current(engine)
    assert SECRET not in f"{address} {address!r} {engine!r} {engine.url!r} {wrong.value}"
    assert "\n" not in str(wrong.value)


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
                try:
                    data = source.recv(65_536)
                    (server if source is client else client).sendall(data)
                except OSError:  # whoever ends a session may close both ways before its last word has passed
                    return True
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
