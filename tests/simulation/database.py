"""The database of a simulated machine: the real engine on its disk, and a writer that notes what every commit left."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache, partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError
from tests.simulation import driver
from tests.simulation.disk import Disk
from tests.simulation.quick import QuickConnection

from lintas.ledger import store as ledger_store
from lintas.storage import engine as storage
from lintas.storage import migrate, writer
from lintas.storage.engine import writing
from lintas.storage.writer import SerialWriter, UseCase
from lintas.trust.merkle import EMPTY_ROOT, HASH_BYTES, CompactRange

PATH = "/node/lintas.db"
_DIALECTS: dict[str, Engine] = {}
_SAVEPOINTS = {
    "do_savepoint": "SAVEPOINT",
    "do_release_savepoint": "RELEASE SAVEPOINT",
    "do_rollback_to_savepoint": "ROLLBACK TO SAVEPOINT",
}

#: The ledger's state, asked of the driver after every commit.
_STATE = str(select(ledger_store.state.c.size, ledger_store.state.c.hashes))

T = TypeVar("T")


def open_database(disk: Disk) -> Engine:
    """Open the database file on a disk."""
    engine = storage.open_engine(PATH, driver=driver, vfs=disk.vfs)
    # Every start would compile the same statements anew: a fifth of the time of a world. One dialect shares them.
    shared = _DIALECTS.setdefault("shared", engine)
    engine.dialect, engine._compiled_cache = shared.dialect, shared._compiled_cache
    for method, statement in _SAVEPOINTS.items():
        setattr(engine.dialect, method, partial(_say, statement))
    engine._connection_cls, engine._has_events = QuickConnection, False
    return engine


def make_tables(engine: Engine) -> None:
    """Make an empty database of the present form."""
    with writing(engine) as connection, connection.begin():
        for statement in _form():
            connection.exec_driver_sql(statement)


def _directly(connection: Connection, sql: str) -> driver.Cursor:
    """Run a statement past SQLAlchemy, whose share of the time is the largest; its errors as SQLAlchemy raises them."""
    opened: Any = connection.connection.driver_connection
    try:
        cursor: driver.Cursor = opened.execute(sql)
    except driver.Error as wrong:
        raise DBAPIError.instance(sql, None, wrong, driver.Error, dialect=connection.dialect) from wrong
    return cursor


@lru_cache(maxsize=1)
def _form() -> tuple[str, ...]:
    """Return the statements that make an empty database of the present form, as the migrations leave it."""
    with Disk(0) as disk:
        engine = storage.open_engine(PATH, driver=driver, vfs=disk.vfs)
        migrate.upgrade(engine)
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
            made = [str(sql) for sql in rows.scalars() if "sqlite_sequence" not in sql]
        engine.dispose()
    return (*made, f"INSERT INTO alembic_version VALUES ('{migrate.head()}')")


def _say(statement: str, connection: Connection, name: str) -> None:
    _directly(connection, f"{statement} {name}")


class Waiting(Future[T]):
    """The future of a use case that runs, with all that were submitted before somebody asked, in one commit."""

    def __init__(self, writer: "NotingWriter") -> None:
        super().__init__()
        self._writer = writer

    def result(self, timeout: float | None = None) -> T:
        """Commit what waits, then answer."""
        self._writer.commit()
        return super().result(timeout)


class NotingWriter(SerialWriter):
    """A writer that commits together what is submitted together, and notes the ledger's tree of each acknowledged commit."""

    def __init__(self, engine: Engine, note: Callable[[int, bytes], None]) -> None:
        super().__init__(engine)
        self._database, self._note = engine, note
        self._queue: list[writer.Queued] = []

    def submit(self, use_case: UseCase[T]) -> "Future[T]":
        """Queue a use case until somebody waits for it."""
        future: Future[T] = Waiting(self)
        self._queue.append(writer.Queued(use_case, future))
        return future

    def commit(self) -> None:
        """Run and commit what waits, then note the tree."""
        if not self._queue:
            return
        *before, (last, future) = self._queue
        self._queue = []
        trees: list[tuple[int, bytes]] = []

        def and_note(tx: Connection) -> Any:  # noqa: ANN401 — whatever the use case returns
            result = last(tx)
            trees.append(_tree(tx))
            return result

        first, *more = [*before, writer.Queued(and_note, future)]
        if writer.commit_together(self._database, first, more) and trees:
            self._note(*trees[-1])


def _tree(tx: Connection) -> tuple[int, bytes]:
    row = _directly(tx, _STATE).fetchone()
    return _root(*row) if row else (0, EMPTY_ROOT)


@lru_cache(maxsize=64)
def _root(size: int, hashes: bytes) -> tuple[int, bytes]:
    """Return a stored tree's size and root; most commits leave the tree as it was."""
    parts = tuple(hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))
    return size, CompactRange(size, parts).root()
