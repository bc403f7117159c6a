"""Keeps counts of questions about calls, and who is stopped for them, beside the database; the ledger commits to the counts."""

import contextlib
import logging
import os
from collections.abc import Awaitable, Callable

import msgspec

from lintas.model.errors import BadInput
from lintas.node.config import Home
from lintas.telco.calls_abroad import CallsAbroad, Stops

log = logging.getLogger("lintas.node")

#: One JSON object a line: the batch with its salt; what the ledger commits to can be checked with it.
BOOK = "call_checks.jsonl"
#: Who is stopped until when. Removed while the node does not run, nobody is.
STOPS = "call_stops.json"


class CallBook:
    """The book of one node; readable by the node only."""

    def __init__(self, home: Home, calls: CallsAbroad, write: Callable[..., Awaitable[object]]) -> None:
        self._path, self._calls, self._write = home.path(BOOK), calls, write
        self._stops = home.path(STOPS)
        self._stop_again()
        calls.on_stop(self._keep_stops)

    def _stop_again(self) -> None:
        """Read who was stopped; a file that cannot be read stops nobody, and is no reason for the node to stay away."""
        try:
            with contextlib.suppress(FileNotFoundError):
                self._calls.stop_again(msgspec.json.decode(self._stops.read_bytes(), type=Stops))
        except (OSError, msgspec.MsgspecError, BadInput) as wrong:
            log.error("who was stopped for asking through numbers is not known any more", extra={"why": str(wrong)})

    def _keep_stops(self) -> None:
        """Write down who is stopped; where that fails the stop holds all the same, until the node starts anew."""
        aside = self._stops.with_suffix(".new")
        try:
            file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(file, "wb") as out:
                out.write(msgspec.json.encode(self._calls.stops()))
                out.flush()
                os.fsync(out.fileno())
            aside.rename(self._stops)
        except OSError as wrong:
            log.error("a stop is not written down", extra={"why": type(wrong).__name__})

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
