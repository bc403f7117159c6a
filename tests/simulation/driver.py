"""A DB-API 2.0 module over apsw that answers SQLAlchemy as ``sqlite3`` does, so that the engine can sit on a simulated disk.

Errors are ``sqlite3``'s own classes with its ``sqlite_errorcode``. Rows are read at once, not while one iterates.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from sqlite3 import (
    Binary,
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from typing import Any

import apsw

__all__ = [
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "sqlite_version",
    "sqlite_version_info",
    "threadsafety",
]

apilevel = "2.0"
paramstyle = "qmark"
threadsafety = 1
sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))

Row = tuple[Any, ...]
_Description = tuple[tuple[Any, ...], ...]

#: ``sqlite3``'s own table of classes (CPython, Modules/_sqlite/util.c); what is not listed is a DatabaseError.
_CLASSES: tuple[tuple[type[Exception], type[Error]], ...] = (
    (apsw.ConstraintError, IntegrityError),
    (apsw.MismatchError, IntegrityError),
    (apsw.CorruptError, DatabaseError),
    (apsw.NotADBError, DatabaseError),
    (apsw.TooBigError, DataError),
    (apsw.InternalError, InternalError),
    (apsw.MisuseError, InterfaceError),
    (apsw.RangeError, InterfaceError),
    (apsw.BindingsError, ProgrammingError),
    (apsw.ExecTraceAbort, ProgrammingError),
    (apsw.ThreadingViolationError, ProgrammingError),
    (apsw.Error, OperationalError),
)
_CLOSED = (apsw.ConnectionClosedError, apsw.CursorClosedError)
_AUTOCHECKPOINT = "pragma wal_autocheckpoint"
_DML = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_DDL = ("CREATE", "ALTER ", "DROP T", "DROP I", "ROLLBA")


def _translated(wrong: apsw.Error) -> Error:
    """Turn an apsw error into ``sqlite3``'s."""
    if isinstance(wrong, _CLOSED):
        return ProgrammingError("Cannot operate on a closed database.")
    kind = next(ours for theirs, ours in _CLASSES if isinstance(wrong, theirs))
    made = kind(str(wrong) or type(wrong).__name__)
    made.sqlite_errorcode = getattr(wrong, "extendedresult", 0) or getattr(wrong, "result", 0)
    return made


def connect(database: str, **_: Any) -> "Connection":  # noqa: ANN401 — sqlite3's options: uri always, the others do not apply
    """Open ``database``, a path or a ``file:`` URI (``vfs=`` names the disk); OperationalError when it cannot be opened."""
    return Connection(database)


class Connection:
    """One connection; with ``isolation_level`` None the caller says BEGIN, otherwise the first change does."""

    def __init__(self, database: str) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        self.isolation_level: str | None = ""
        self.descriptions: dict[str, _Description | None] = {}
        self._committed = False
        self._checkpoint = 0
        try:
            self.raw = apsw.Connection(database, flags=flags)
        except apsw.Error as wrong:
            raise _translated(wrong) from wrong
        self.checkpoint_after(1000)

    @property
    def in_transaction(self) -> bool:
        """Say whether a transaction is open."""
        return self.raw.in_transaction

    def cursor(self) -> "Cursor":
        """Give a cursor."""
        return Cursor(self)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "Cursor":
        """Run one statement on a new cursor."""
        return self.cursor().execute(sql, parameters)

    def commit(self) -> None:
        """End an open transaction by keeping it."""
        self._end("COMMIT")

    def rollback(self) -> None:
        """End an open transaction by undoing it."""
        self._end("ROLLBACK")

    def _end(self, how: str) -> None:
        self._committed = False
        try:
            if self.raw.in_transaction:
                self.raw.execute(how)
        except apsw.Error as wrong:
            if not self._committed:
                raise _translated(wrong) from wrong

    def checkpoint_after(self, pages: int) -> None:
        """Checkpoint after a commit that leaves ``pages`` or more in the WAL, as SQLite does by itself.

        We do it ourselves because SQLite forgives a failing checkpoint, the commit being done, and apsw does not.
        """
        self._checkpoint = pages
        self.raw.set_wal_hook(self._after_commit)

    def _after_commit(self, _raw: apsw.Connection, schema: str, pages: int) -> int:
        self._committed = True
        if 0 < self._checkpoint <= pages:
            with suppress(apsw.Error):
                self.raw.wal_checkpoint(schema)
        return apsw.SQLITE_OK

    def close(self) -> None:
        """Close; harmless when closed already."""
        with suppress(
            apsw.Error
        ):  # like sqlite3: a checkpoint that fails on closing leaves the WAL for the next opening
            self.raw.close()

    def create_function(
        self, name: str, arguments: int, function: Callable[..., Any], *, deterministic: bool = False
    ) -> None:
        """Offer a Python function to SQL."""
        self.raw.create_scalar_function(name, function, arguments, deterministic=deterministic)


class Cursor:
    """Runs statements on a connection and holds the rows of the last one."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.description: _Description | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._rows: Iterator[Row] = iter(())

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "Cursor":
        """Run one statement to its end; sqlite3's errors."""
        changes = self._prepare(sql)
        try:
            rows = self._run(sql, parameters)
        except apsw.Error as wrong:
            raise _translated(wrong) from wrong
        except TypeError as wrong:
            raise ProgrammingError(f"cannot bind: {wrong}") from wrong
        if sql.lower().startswith(_AUTOCHECKPOINT):
            self.connection.checkpoint_after(rows[0][0])
        self._rows = iter(rows)
        if changes:
            self.rowcount = self.connection.raw.changes()
        self.lastrowid = self.connection.raw.last_insert_rowid()
        return self

    def executemany(self, sql: str, many: Iterable[Sequence[Any]]) -> "Cursor":
        """Run one change for each set of parameters; ``rowcount`` is the sum."""
        total, before = 0, self.lastrowid
        for parameters in many:
            self.execute(sql, parameters)
            total += max(0, self.rowcount)
        self.rowcount, self.lastrowid = total, before
        return self

    def fetchone(self) -> Row | None:
        """Give the next row, or None."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Give at most ``size`` rows."""
        return [row for row, _ in zip(self._rows, range(size or self.arraysize), strict=False)]

    def fetchall(self) -> list[Row]:
        """Give the rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows that are left."""
        return self._rows

    def close(self) -> None:
        """Forget the rows."""
        self._rows = iter(())

    def setinputsizes(self, _sizes: object) -> None:
        """Nothing to do, as in ``sqlite3``."""

    def setoutputsize(self, _size: int, _column: int | None = None) -> None:
        """Nothing to do, as in ``sqlite3``."""

    def _prepare(self, sql: str) -> bool:
        """Begin a transaction where ``sqlite3`` would; say whether the statement changes rows."""
        self.description, self.rowcount = None, -1
        start = sql.lstrip()[:7].upper()
        if start.startswith(_DDL):
            self.connection.descriptions.clear()
        changes = start.startswith(_DML)
        level = self.connection.isolation_level
        if changes and level is not None and not self.connection.in_transaction:
            self.connection.raw.execute(f"BEGIN {level}")
        return changes

    def _run(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        """Run the statement; its columns are learnt the first time, for apsw forgets those of an empty answer."""
        known = self.connection.descriptions
        cursor = self.connection.raw.cursor()
        if sql not in known:
            statements: list[_Description | None] = []

            def learn(running: apsw.Cursor, _sql: str, _bindings: object) -> bool:
                columns = running.get_description()
                statements.append(tuple((name, None, None, None, None, None, None) for name, _ in columns) or None)
                return len(statements) == 1  # a second statement in one text is refused, as sqlite3 does

            cursor.exec_trace = learn
            rows: list[Row] = cursor.execute(sql, parameters, can_cache=False).fetchall()
            known[sql] = statements[0] if statements else None
        else:
            rows = cursor.execute(sql, parameters).fetchall()
        self.description = known[sql]
        return rows
