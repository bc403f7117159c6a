"""Opens the database: SQLite with WAL and ``synchronous=FULL``, because an acknowledged entry must survive a power cut."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from lintas.model.errors import Unavailable

#: What a use case receives: one connection inside a transaction that it never commits itself.
Transaction = Connection

_WRITES = "lintas_writes"


def open_engine(path: Path | str, *, driver: ModuleType | None = None, vfs: str = "") -> Engine:
    """Open (or create) the SQLite database file at ``path``.

    ``driver`` and ``vfs`` let a simulation put its own disk underneath; a node leaves them alone.
    """
    # In a URI `#`, `?` and `%` mean something; in a directory's name they are letters like others.
    query = {"uri": "true"} | ({"vfs": vfs} if vfs else {})
    location = URL.create("sqlite", database=f"file:{quote(str(path))}", query=query)
    engine = create_engine(location, module=driver, connect_args={"check_same_thread": False}, pool_size=8)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 — whatever the driver hands out
        connection.isolation_level = None  # we say BEGIN ourselves, so that savepoints work
        cursor = connection.cursor()
        # What was erased must not stay readable in free pages of the file.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=5000",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose transactions take the write lock at once; used by the writer alone."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a read-only snapshot; Unavailable when the database cannot be read now."""
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as wrong:
        raise unavailable(wrong) from wrong


def unavailable(wrong: DBAPIError) -> Unavailable:
    """Say a database failure in one line a person can act on."""
    # What failed while undoing is a consequence: after a full disk SQLite has undone everything itself.
    earlier: BaseException | None = wrong
    while earlier is not None:
        wrong = earlier if isinstance(earlier, DBAPIError) else wrong
        earlier = earlier.__context__
    return Unavailable(
        f"the database refused: {wrong.orig}",
        "nothing was acknowledged and sending it again is safe; check disk space and permissions",
    )
