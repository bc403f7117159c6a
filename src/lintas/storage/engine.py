"""Opens the database, SQLite or PostgreSQL, so that an acknowledged entry survives a power cut, and gives transactions on it.

SQLite with WAL and ``synchronous=FULL``; what PostgreSQL needs for the same is in ``postgresql.py``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from lintas.model.errors import Unavailable
from lintas.storage import postgresql
from lintas.storage.address import Address

#: What a use case receives: one connection inside a transaction that it never commits itself.
Transaction = Connection

_CHECK = {False: "disk space and permissions", True: "the PostgreSQL server and the way to it"}
_WRITES, _WRITER = "lintas_writes", "lintas_writer"


def open_engine(place: Path | str | Address, *, driver: ModuleType | None = None, vfs: str = "") -> Engine:
    """Open the PostgreSQL database at an address, or open (or create) the SQLite file at a path.

    ``driver`` and ``vfs`` let a simulation put its own disk under SQLite; a node leaves them alone.
    """
    if not isinstance(place, Address):
        return _open_file(place, driver, vfs)
    engine = postgresql.create(place)
    event.listen(engine, "begin", _take_turn)
    return engine


def open_serving(address: Address) -> Engine:
    """Open a PostgreSQL database for the one node that serves it; Conflict from the first ``writing`` when one does already."""
    writer = postgresql.create_writer(address)
    event.listen(writer, "begin", _take_turn)
    engine = postgresql.create(address).execution_options(**{_WRITER: writer})
    event.listen(engine, "engine_disposed", lambda _engine: writer.dispose())
    return engine


def _take_turn(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        postgresql.take_turn(connection)


def _open_file(path: Path | str, driver: ModuleType | None, vfs: str) -> Engine:
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
def opened(place: Path | str | Address) -> Iterator[Engine]:
    """Open a database for a while."""
    engine = open_engine(place)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose transactions take the write lock at once; used by the writer alone."""
    writer: Engine = engine.get_execution_options().get(_WRITER, engine)
    with writer.connect().execution_options(**{_WRITES: True}) as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a read-only snapshot; Unavailable when the database cannot be read now."""
    try:
        with engine.connect() as connection:
            if is_postgresql(engine):
                # One snapshot for all that is asked, as SQLite gives it.
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection
    except DBAPIError as wrong:
        raise unavailable(wrong) from wrong


def is_postgresql(engine: Engine) -> bool:
    """Tell which of the two it is."""
    return engine.dialect.name == "postgresql"


def check_durable(engine: Engine) -> None:
    """Refuse a PostgreSQL server that forgets what it acknowledged when the power fails; SQLite is set up not to."""
    if is_postgresql(engine):
        with reading(engine) as connection:
            postgresql.check_durable(connection)


def write_nothing(connection: Connection, number: int) -> None:
    """Write what says nothing, really: its commit proves that commits work. ``number`` is another each time."""
    if is_postgresql(connection.engine):
        postgresql.write_nothing(connection)
    else:
        connection.exec_driver_sql(f"PRAGMA user_version={number}")


def contradicts(wrong: IntegrityError) -> str:
    """Say which rule of the database was broken, in one line."""
    return postgresql.said(wrong.orig or wrong)


def unavailable(wrong: DBAPIError) -> Unavailable:
    """Say a database failure in one line a person can act on."""
    # What failed while undoing is a consequence: after a full disk SQLite has undone everything itself.
    earlier: BaseException | None = wrong
    while earlier is not None:
        wrong = earlier if isinstance(earlier, DBAPIError) else wrong
        earlier = earlier.__context__
    return Unavailable(
        f"the database refused: {postgresql.said(wrong.orig or wrong)}",
        f"nothing was acknowledged and sending it again is safe; check {_CHECK[postgresql.says(wrong.orig)]}",
    )
