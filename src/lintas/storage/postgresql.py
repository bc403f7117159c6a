"""PostgreSQL under the same rooms: what a session needs so that nothing acknowledged is lost and text sorts by its bytes.

One writer at a time holds for the whole database, as with SQLite's BEGIN IMMEDIATE: a transaction that writes begins with an
advisory lock. A served node's writer holds a second one for as long as its session lives, so that only one node writes:
the lock goes with the very session that writes, and a node that lost it cannot commit before it has it again.
"""

import os
import select
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError

from lintas.model.errors import BadInput, Conflict
from lintas.storage.address import Address

if TYPE_CHECKING:
    from psycopg import Connection as Session

#: Advisory locks are numbers, apart for each database; the first says that it is ours ("lint" in ASCII).
_OURS, _WRITES, _SERVES = 0x6C696E74, 1, 2
_OLDEST, _TIMES_TRANSACTIONS = 15_00_00, 17_00_00

_SETTINGS = {
    # As long as SQLite waits for another process (`busy_timeout`).
    "lock_timeout": "5000",
    # A commit that waits for a standby and is cut short by a timeout is reported as done, with no more than a warning.
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # The lock of a node that serves lies on a session that may have nothing to do for long.
    "idle_session_timeout": "0",
    # A server that no longer hears its client lets go of the client's locks after less than half a minute.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
#: The same on our side, unless the address says otherwise: a server that vanished must not hold the writer for hours.
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
    # Of several hosts, the one that takes writes.
    "target_session_attrs": "read-write",
    "application_name": "lintas",
}

_ABOUT = """SELECT pg_encoding_to_char(encoding) AS encoding, datlocprovider AS provider, datcollate AS collation,
    current_setting('synchronous_commit') AS acknowledged
    FROM pg_database WHERE datname = current_database()"""
_DURABLE = "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting <> 'on' ORDER BY name"


def create(address: Address) -> Engine:
    """Make the engine of one database; it connects when first used."""
    return _create(address, None, pool_size=8)


def create_writer(address: Address) -> Engine:
    """Make the engine by which a served node writes: one session, which holds the lock of the one node that serves."""
    return _create(address, lambda session: _serve_alone(session, address), pool_size=1, max_overflow=0)


def _create(address: Address, prepare: Callable[["Session[Any]"], None] | None, **pool: int) -> Engine:

    def session() -> "Session[Any]":
        return _open(address, prepare)

    engine = create_engine(
        "postgresql+psycopg://",
        creator=session,
        isolation_level="READ COMMITTED",
        use_native_hstore=False,
        hide_parameters=True,
        **pool,
    )
    event.listen(engine, "checkout", _check_alive)
    event.listen(engine, "handle_error", _say_bad_input)
    return engine


def take_turn(connection: Connection) -> None:
    """Wait until nobody else writes, for the rest of the transaction; it must be the first statement of it."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_OURS}, {_WRITES})")


def write_nothing(connection: Connection) -> None:
    """Write to the server's log in this transaction, so that its commit proves that commits work."""
    connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'lintas', 'trial')")


def check_durable(connection: Connection) -> None:
    """Refuse a server that forgets what it acknowledged when the power fails."""
    off = list(connection.exec_driver_sql(_DURABLE).scalars())
    if off:
        what = f"the server runs with {' and '.join(off)} off: a power cut would take what was acknowledged"
        raise BadInput(what, "switch it on in postgresql.conf and restart the server", where="database")


def _open(address: Address, prepare: Callable[["Session[Any]"], None] | None) -> "Session[Any]":
    import psycopg

    parts = {**_PATIENCE, **address.parts, "client_encoding": "UTF8"}
    asked = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    parts["options"] = f"{address.parts.get('options') or os.environ.get('PGOPTIONS', '')} {asked}".strip()
    session = psycopg.connect(**parts)  # type: ignore[arg-type] # keywords of libpq, each a text
    try:
        _check(session, address)
        if prepare is not None:
            prepare(session)
        session.commit()
    except BaseException:
        session.close()
        raise
    return session


def _check(session: "Session[Any]", address: Address) -> None:
    version = session.info.server_version
    if version < _OLDEST:
        what = f"this server is PostgreSQL {version // 10_000}"
        raise BadInput(what, f"use {_OLDEST // 10_000} or a newer one", where=str(address))
    found = session.execute(_ABOUT).fetchone()
    assert found is not None  # noqa: S101 — the row of the database that this session is in
    encoding, provider, collation, acknowledged = (_text(each) for each in found)
    # Pages of a list, and the order of a trail, go by the bytes of ids; every collation that is not plain sorts otherwise.
    if encoding != "UTF8" or not (provider == "b" or (provider == "c" and collation in ("C", "POSIX"))):
        what = f"this database has the encoding {encoding} and sorts text as {collation} does"
        name = address.parts.get("dbname", "lintas")
        do = f"make another: CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"
        raise BadInput(what, do, where=str(address))
    if acknowledged not in ("on", "remote_apply"):
        session.execute("SET synchronous_commit = on")
    if version >= _TIMES_TRANSACTIONS:
        session.execute("SET transaction_timeout = 0")


def _serve_alone(session: "Session[Any]", address: Address) -> None:
    import psycopg

    # A session that has just been closed, or died with its node, lets go a moment later.
    session.execute("SET LOCAL lock_timeout = 2000")
    try:
        session.execute(f"SELECT pg_advisory_lock({_OURS}, {_SERVES})")
    except psycopg.errors.LockNotAvailable:
        what = "another process runs on this database"
        raise Conflict(what, "stop the node that uses it first", where=str(address)) from None


def _check_alive(session: "Session[Any]", _record: object, _proxy: object) -> None:
    """Replace sessions that did not outlive a restart of the server before anybody's work fails on them.

    A server says nothing to a session that asks nothing, except that it ends: no round trip is needed to find out.
    """
    waiting = select.poll()
    waiting.register(session.fileno(), select.POLLIN)
    if waiting.poll(0):
        raise InvalidatePoolError


def _text(value: object) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else str(value)


def _say_bad_input(context: ExceptionContext) -> None:
    """Tell what cannot be stored or asked (U+0000 in text, too long, too large) from what the database cannot do now."""
    import psycopg

    wrong = context.original_exception
    if isinstance(wrong, psycopg.DataError):
        raise BadInput(f"the database cannot hold this: {said(wrong)}", "correct what was given; nothing was stored")


def says(wrong: BaseException | None) -> bool:
    """Tell whether an error comes from this driver."""
    return type(wrong).__module__.startswith("psycopg")


def said(wrong: BaseException) -> str:
    """Return what the driver said, in one line, and without the values that its details repeat."""
    primary = getattr(getattr(wrong, "diag", None), "message_primary", None)
    return str(primary or " ".join(str(wrong).split()))
