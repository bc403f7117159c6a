"""The single writer: use cases share one commit, each in its own savepoint, and are acknowledged only after that commit.

Flush at once when idle; otherwise 50 use cases or 20 ms at most. With ``synchronous=FULL`` a lone commit costs one flush
to disk; shared, the flush is divided by the size of the batch.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from lintas.model.errors import Conflict, Unavailable
from lintas.storage.engine import unavailable, writing

MAX_BATCH = 50
MAX_WAIT_SECONDS = 0.020

T = TypeVar("T")
UseCase = Callable[[Connection], T]


class Batch:
    """One shared transaction on ``connection``: run use cases, then commit, then acknowledge them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._transaction = connection.begin()
        self._outcomes: list[tuple[Future[Any], Any, Exception | None]] = []

    def __len__(self) -> int:
        """Count the use cases run so far."""
        return len(self._outcomes)

    def run(self, use_case: UseCase[Any], future: "Future[Any]") -> None:
        """Run one use case in a savepoint; a refusal undoes that use case alone."""
        try:
            with self._connection.begin_nested():
                result = use_case(self._connection)
        except IntegrityError as wrong:
            refused = Conflict(f"this would contradict what is stored: {wrong.orig}", "read it again, then decide")
            self._outcomes.append((future, None, refused))
        except DBAPIError:
            self._outcomes.append((future, None, None))
            raise
        except Exception as wrong:  # noqa: BLE001 — whatever a use case raises belongs to its caller, not to the batch
            self._outcomes.append((future, None, wrong))
        else:
            self._outcomes.append((future, result, None))

    def commit(self) -> None:
        """Commit, and only then acknowledge."""
        self._transaction.commit()
        for future, result, wrong in self._outcomes:
            if wrong is None:
                future.set_result(result)
            else:
                future.set_exception(wrong)

    def abandon(self, wrong: DBAPIError) -> None:
        """Undo everything and tell every caller why."""
        try:
            self._transaction.rollback()
        except DBAPIError:
            self._connection.invalidate()
        # A connection opened while the disk was read-only stays so for ever; after any other fault it must be kept, because
        # after a failed sync only the connection that saw it writes those pages again.
        if getattr(wrong.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY:
            self._connection.invalidate()
        for future, _, _ in self._outcomes:
            future.set_exception(unavailable(wrong))


class Writer:
    """The writer thread of one database."""

    def __init__(self, engine: Engine, *, on_commit: Callable[[], None] = lambda: None) -> None:
        self._engine, self._on_commit = engine, on_commit
        self._queue: queue.SimpleQueue[tuple[UseCase[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="lintas-writer", daemon=True)
        self._thread.start()

    def submit(self, use_case: UseCase[T]) -> "Future[T]":
        """Queue a use case; the future resolves after the commit it shares."""
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(Unavailable("the node is shutting down", "send it again when it is back"))
        else:
            self._queue.put((use_case, future))
        return future

    async def run(self, use_case: UseCase[T]) -> T:
        """Await a use case and its commit."""
        return await asyncio.wrap_future(self.submit(use_case))

    def close(self) -> None:
        """Commit what is queued and stop."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        open_ = True
        while open_:
            first = self._queue.get()
            if first is None:
                return
            open_ = self._one_batch(first)
            self._on_commit()

    def _one_batch(self, first: tuple[UseCase[Any], "Future[Any]"]) -> bool:
        """Run one batch that begins with ``first``; False when asked to stop meanwhile."""
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        batch, item, open_ = None, first, True
        try:
            with writing(self._engine) as connection:
                batch = Batch(connection)
                try:
                    batch.run(*item)
                    while len(batch) < MAX_BATCH and time.monotonic() < deadline and not self._queue.empty():
                        following = self._queue.get()
                        if following is None:
                            open_ = False
                            break
                        item = following
                        batch.run(*item)
                    batch.commit()
                except DBAPIError as wrong:
                    batch.abandon(wrong)
        except DBAPIError as wrong:
            if batch is None:
                item[1].set_exception(unavailable(wrong))
        return open_


class SerialWriter:
    """A writer without a thread: each use case is its own commit, at once; for tools, tests and simulations."""

    def __init__(self, engine: Engine, *, on_commit: Callable[[], None] = lambda: None) -> None:
        self._engine, self._on_commit = engine, on_commit

    def submit(self, use_case: UseCase[T]) -> "Future[T]":
        """Run and commit before returning."""
        future: Future[T] = Future()
        try:
            with writing(self._engine) as connection:
                batch = Batch(connection)
                try:
                    batch.run(use_case, future)
                    batch.commit()
                except DBAPIError as wrong:
                    batch.abandon(wrong)
        except DBAPIError as wrong:
            if not future.done():
                future.set_exception(unavailable(wrong))
        self._on_commit()
        return future

    def close(self) -> None:
        """Nothing is ever queued."""
