"""Takes events from NATS: a subject as they come, or a durable consumer of JetStream, which keeps what was not taken."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingCame

log = logging.getLogger("lintas.telco")

#: Messages taken at once, and how long one waits for more, seconds.
BATCH, WAIT_S = 500, 1.0


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Where the events are: the server's URL, the subject, and for JetStream the durable consumer's name, "" for none.

    ``token`` is shown to the server; "" for none. ``name`` is the feed's, for the log.
    """

    url: str
    subject: str
    durable: str = ""
    token: str = ""
    name: str = ""


class Line:
    """What the log says of a feed's server: each failure once, until it is reached again."""

    def __init__(self, name: str) -> None:
        self._name, self._said = name, ""

    async def failed(self, wrong: Exception) -> None:
        """Note a failure of the connection."""
        why = type(wrong).__name__
        if why != self._said:
            self._said = why
            log.warning("a feed's server fails", extra={"peer": self._name, "why": why})

    async def back(self) -> None:
        """Note that there is one again."""
        self._said = ""
        log.warning("a feed's server is reached again", extra={"peer": self._name})


Batch = tuple[list[bytes], Callable[[], Awaitable[None]]]


async def messages(queue: Queue) -> AsyncIterator[Batch]:
    """Yield batches, each with what says that it is taken: until then JetStream brings it again."""
    line = Line(queue.name)
    client = await nats.connect(
        queue.url,
        token=queue.token or None,
        max_reconnect_attempts=-1,
        error_cb=line.failed,
        reconnected_cb=line.back,
    )
    try:
        async for found in _pulled(client, queue) if queue.durable else _pushed(client, queue):
            yield [each.data for each in found], lambda found=found: _acknowledge(found, queue)  # type: ignore[misc]
    finally:
        with contextlib.suppress(Exception):
            await client.close()


async def _pulled(client: Client, queue: Queue) -> AsyncIterator[list[Msg]]:
    consumer = await client.jetstream().pull_subscribe(queue.subject, queue.durable)
    while True:
        with contextlib.suppress(NothingCame):
            yield await consumer.fetch(BATCH, timeout=WAIT_S)


async def _pushed(client: Client, queue: Queue) -> AsyncIterator[list[Msg]]:
    """Wait for one message, then take what else is there."""
    subscription = await client.subscribe(queue.subject)
    while True:
        with contextlib.suppress(NothingCame):
            found = [await subscription.next_msg(timeout=WAIT_S)]
            while subscription.pending_msgs and len(found) < BATCH:
                found.append(await subscription.next_msg(timeout=WAIT_S))
            yield found
            await asyncio.sleep(0)


async def _acknowledge(found: list[Msg], queue: Queue) -> None:
    if queue.durable:
        for each in found:
            await each.ack()
