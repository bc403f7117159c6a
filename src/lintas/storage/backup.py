"""Copies a SQLite database while others use it, and puts a copy in the place of another; whatever stops it, nothing is lost."""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from lintas.model.errors import BadInput, CheckFailed, Conflict, Unavailable
from lintas.storage.files import sync

#: Files that SQLite keeps beside a database; they belong to that very file and to no other.
_BESIDE = ("-wal", "-shm", "-journal")


@contextlib.contextmanager
def alone(database: Path) -> Iterator[None]:
    """Hold a database for one running node, or for who replaces it; Conflict when another process does.

    The kernel lets go of the lock with the process, however that ends; the file stays, and says nothing.
    """
    with database.with_name(database.name + ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "another process runs on this database", "stop the node that uses it first", where=str(database)
            ) from None
        yield


def copy(source: Path, target: Path) -> None:
    """Write a consistent copy of ``source``, which others may be writing, as one file that only its owner reads.

    BadInput when ``source`` is no database, CheckFailed when it is damaged, Unavailable when it cannot be copied now.
    """
    if not source.is_file():
        raise BadInput("there is no such file", "name a file that `lintas db backup` wrote", where=str(source))
    os.close(os.open(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    with _told(source), closing(_connect(source, "ro")) as old, closing(_connect(target, "rw")) as new:
        # In one step: a copy in many would begin anew whenever somebody commits.
        old.backup(new)
        found = [row[0] for row in new.execute("PRAGMA integrity_check(1)")]
    if found != ["ok"]:
        raise CheckFailed(f"the database is damaged: {found[0]}", "take another backup", where=str(source))


def fold(database: Path) -> None:
    """Bring a database that nobody else has open into its one file, on disk; Conflict when somebody has."""
    with _told(database), closing(_connect(database, "rw")) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as wrong:
            if wrong.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            what = "another process has this database open"
            raise Conflict(what, "end it first (`lintas key`, `lintas db`)", where=str(database)) from None
    sync(database)


def mark(database: Path, number: int | None = None) -> int:
    """Return the number in the database's head that says whose it is (0: nothing), after writing it if one is given."""
    with _told(database), closing(_connect(database, "rw")) as connection:
        if number is not None:
            connection.execute(f"PRAGMA application_id={number:d}")
        return int(connection.execute("PRAGMA application_id").fetchone()[0])


@contextlib.contextmanager
def fresh(target: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes ``target`` when all went well; Conflict when there is a file of that name."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise Conflict("there is a file of this name", "choose another", where=str(target)) from None
    new = target.with_name(target.name + ".new")
    try:
        yield new
        sync(new)
        new.replace(target)
        sync(target.parent)
    except BaseException:
        remove(new)
        target.unlink(missing_ok=True)
        raise


def put_in_place(new: Path, database: Path, aside: Path) -> bool:
    """Put ``new`` where ``database`` is, which is kept as ``aside``; False when there was none.

    ``new`` is one file (``fold``). The old one is folded first if it can be read; if it cannot, its files go aside with it.
    """
    there = database.exists()
    if there:
        with contextlib.suppress(BadInput, Unavailable):
            fold(database)
        database.replace(aside)
    for name in _BESIDE:
        # A journal that stays behind would be played into the new database.
        with contextlib.suppress(FileNotFoundError):
            database.with_name(database.name + name).replace(aside.with_name(aside.name + name))
    new.replace(database)
    sync(database.parent)
    return there


def remove(database: Path) -> None:
    """Delete a database with all that SQLite keeps beside it; harmless when there is none."""
    for name in ("", *_BESIDE):
        database.with_name(database.name + name).unlink(missing_ok=True)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    return connection


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as wrong:
        what = f"the database cannot be read or written: {wrong}"
        raise Unavailable(what, "check disk space and permissions", where=str(path)) from None
    except sqlite3.DatabaseError as wrong:
        raise BadInput(f"this is no sound database: {wrong}", "take another backup", where=str(path)) from None
