"""Keeps the counts of questions about calls beside the database, and commits the ledger to them on the node's beat."""

import os
from collections.abc import Awaitable, Callable

import msgspec

from lintas.node.config import Home
from lintas.telco.calls_abroad import CallsAbroad

#: One JSON object a line: the batch with its salt; what the ledger commits to can be checked with it.
BOOK = "call_checks.jsonl"


class CallBook:
    """The book of one node; readable by the node only."""

    def __init__(self, home: Home, calls: CallsAbroad, write: Callable[..., Awaitable[object]]) -> None:
        self._path, self._calls, self._write = home.path(BOOK), calls, write

    async def seal(self) -> None:
        """Write down what was counted, then commit the ledger to it; nothing where nothing was asked."""
        batch = self._calls.take()
        if batch is None:
            return
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(file, "wb") as book:
                book.write(msgspec.json.encode(batch) + b"\n")
                book.flush()
                os.fsync(book.fileno())
            await self._write(lambda tx: self._calls.seal(tx, batch))
        except BaseException:
            self._calls.give_back(batch)
            raise
