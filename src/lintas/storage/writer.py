"""The single writer: use cases share one commit, each in its own savepoint, and are acknowledged only after that commit.

Flush at once when idle; otherwise 50 use cases or 20 ms at most. With ``synchronous=FULL`` a lone commit costs one flush
to disk; shared, the flush is divided by the size of the batch.
"""

import asyncio
import contextlib
import itertools
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from lintas.model.errors import Conflict, LintasError, Unavailable
from lintas.storage.engine import contradicts, unavailable, write_nothing, writing

log = logging.getLogger("lintas.storage")

MAX_BATCH = 50
MAX_WAIT_SECONDS = 0.020

T = TypeVar("T")
UseCase = Callable[[Connection], T]


class Queued(NamedTuple):
    """A use case and the future by which its caller hears."""

    use_case: UseCase[Any]
    future: "Future[Any]"


class Writer:
    """The writer thread of one database."""

    def __init__(self, engine: Engine, *, on_commit: Callable[[], None] = lambda: None) -> None:
        self._engine, self._on_commit = engine, on_commit
        self._queue: queue.SimpleQueue[Queued | None] = queue.SimpleQueue()
        self._refusal: LintasError | None = None
        #: Why the database did not take the last batch; None when it did.
        self.trouble: LintasError | None = None
        self._tried = 0
        self._thread = threading.Thread(target=self._work, name="lintas-writer", daemon=True)
        self._thread.start()

    def submit(self, use_case: UseCase[T]) -> "Future[T]":
        """Queue a use case; the future resolves after the commit it shares."""
        future: Future[T] = Future()
        if self._refusal is not None:
            future.set_exception(self._refusal)
        else:
            self._queue.put(Queued(use_case, future))
        return future

    async def run(self, use_case: UseCase[T]) -> T:
        """Await a use case and its commit."""
        return await asyncio.wrap_future(self.submit(use_case))

    def halt(self, why: LintasError) -> None:
        """Take nothing more from now on; every caller hears why."""
        self._refusal = why

    def close(self) -> None:
        """Commit what is queued and stop."""
        self.halt(self._refusal or Unavailable("the node is shutting down", "send it again when it is back"))
        self._queue.put(None)
        self._thread.join()
        # Somebody may have passed the door while it closed.
        while not self._queue.empty():
            late = self._queue.get()
            if late is not None and self._refusal is not None:
                _refuse([late], self._refusal)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            more = self._more() if self.trouble is None else itertools.chain([self._trial()], self._more())
            if commit_together(self._engine, first, more, self._hear):
                self._tell()

    def _trial(self) -> Queued:
        """Return a use case that really writes: a batch that changes nothing commits on a full disk too, and proves nothing."""
        self._tried += 1
        number = self._tried

        def write(connection: Connection) -> None:
            write_nothing(connection, number)

        return Queued(write, Future())

    def _hear(self, trouble: LintasError | None) -> None:
        """Note, and log once, that the database refuses, or that it takes commits again."""
        if trouble is not None and self.trouble is None:
            log.error("the database refuses what is written", extra={"why": trouble.what})
        if trouble is None and self.trouble is not None:
            log.warning("the database takes what is written again")
        self.trouble = trouble

    def _tell(self) -> None:
        try:
            self._on_commit()
        # Whoever listens to commits must not be able to end the one thread that makes them.
        except Exception as fault:  # noqa: BLE001
            log.error("a listener to commits failed", extra={"why": type(fault).__name__})

    def _more(self) -> Iterator[Queued]:
        """Yield what else is waiting, as long as one batch may take more."""
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        for _ in range(MAX_BATCH - 1):
            if self._queue.empty() or time.monotonic() >= deadline:
                return
            following = self._queue.get()
            if following is None:
                self._queue.put(None)  # for the loop, which then stops
                return
            yield following


class SerialWriter:
    """A writer without a thread: each use case is its own commit, at once; for tools, tests and simulations."""

    def __init__(self, engine: Engine, *, on_commit: Callable[[], None] = lambda: None) -> None:
        self._engine, self._on_commit = engine, on_commit

    def submit(self, use_case: UseCase[T]) -> "Future[T]":
        """Run and commit before returning."""
        future: Future[T] = Future()
        if commit_together(self._engine, Queued(use_case, future), ()):
            self._on_commit()
        return future

    def close(self) -> None:
        """Nothing is ever queued."""


def commit_together(
    engine: Engine,
    first: Queued,
    more: Iterable[Queued],
    hear: Callable[[LintasError | None], None] = lambda _trouble: None,
) -> bool:
    """Run use cases in one transaction, commit, then tell each caller; True when it was committed.

    A use case that raises undoes itself alone. When the database fails, nobody is acknowledged and all hear Unavailable.
    ``hear`` is told what the database said before the callers are: None when it took the batch.
    """
    taken: list[Queued] = [first]
    try:
        with writing(engine) as connection:
            outcomes = _run_all(connection, taken, more)
    except (DBAPIError, LintasError) as wrong:
        # A refusal that no use case gave comes from opening the database anew: another node has it, or it is another one.
        trouble = unavailable(wrong) if isinstance(wrong, DBAPIError) else Unavailable(wrong.what, wrong.do)
        hear(trouble)
        _refuse(taken, trouble)
        return False
    # The writer must outlive any fault: whoever waits hears of it, and the next batch is taken.
    except Exception as fault:  # noqa: BLE001
        log.error("the writer failed", extra={"why": type(fault).__name__})
        _refuse(taken, Unavailable("the writer failed", "nothing was acknowledged; send it again"))
        return False
    hear(None)
    for future, result, wrong_there in outcomes:
        if wrong_there is None:
            future.set_result(result)
        else:
            future.set_exception(wrong_there)
    return True


def _run_all(
    connection: Connection, taken: list[Queued], more: Iterable[Queued]
) -> list[tuple["Future[Any]", Any, Exception | None]]:
    """Run and commit; ``taken`` grows by what is taken from ``more``."""
    transaction = connection.begin()
    try:
        outcomes = [_run_one(connection, taken[0])]
        for following in more:
            taken.append(following)
            outcomes.append(_run_one(connection, following))
        transaction.commit()
    except DBAPIError as wrong:
        _undo(connection, wrong)
        raise
    return [outcome for outcome in outcomes if outcome is not None]


def _run_one(connection: Connection, queued: Queued) -> tuple["Future[Any]", Any, Exception | None] | None:
    """Run one use case in a savepoint; None when its caller has gone before it began."""
    future = queued.future
    if not future.set_running_or_notify_cancel():
        return None
    try:
        with connection.begin_nested():
            return future, queued.use_case(connection), None
    except IntegrityError as wrong:
        what = f"this would contradict what is stored: {contradicts(wrong)}"
        return future, None, Conflict(what, "read it again, then decide")
    except DBAPIError:
        raise
    except Exception as wrong:  # noqa: BLE001 — whatever a use case raises belongs to its caller, not to the batch
        return future, None, wrong


def _undo(connection: Connection, wrong: DBAPIError) -> None:
    try:
        connection.rollback()
    except DBAPIError:
        connection.invalidate()
    # A connection opened while the disk was read-only stays so for ever; after any other fault it must be kept, because
    # after a failed sync only the connection that saw it writes those pages again.
    if getattr(wrong.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY:
        connection.invalidate()


def _refuse(taken: Iterable[Queued], why: LintasError) -> None:
    for queued in taken:
        # One that was cancelled, even this very moment, has nobody waiting.
        with contextlib.suppress(InvalidStateError):
            queued.future.set_exception(why)
