"""Opens a database for the one node that runs on it: a second one is refused, on whatever machine it is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from lintas.storage.address import Address, Place
from lintas.storage.backup import alone
from lintas.storage.engine import check_durable, open_engine, open_serving, unavailable, writing


@contextmanager
def opened_alone(place: Place) -> Iterator[Engine]:
    """Give the engine by which one node runs; Conflict when another process does, BadInput for a server that may forget.

    On SQLite the kernel holds the lock of a file, on PostgreSQL the server holds it with the session that writes.
    """
    with ExitStack() as held:
        if not isinstance(place, Address):
            held.enter_context(alone(place))
        engine = open_serving(place) if isinstance(place, Address) else open_engine(place)
        held.callback(engine.dispose)
        if isinstance(place, Address):
            _take(engine)
            check_durable(engine)
        yield engine


def _take(engine: Engine) -> None:
    """Open the session that writes, and its lock with it: from here on no other node can."""
    try:
        with writing(engine):
            return
    except DBAPIError as wrong:
        raise unavailable(wrong) from None
