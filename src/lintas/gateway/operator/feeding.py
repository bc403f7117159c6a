"""Runs an operator's feeds beside its doors: whatever stops one is logged, and it begins again; the others go on."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from lintas.gateway.operator.listening import listen
from lintas.gateway.operator.operator import FeedSettings, Operator
from lintas.telco.home.feeds import lines, stream
from lintas.telco.home.feeds.simulator import Simulator

log = logging.getLogger("lintas.telco")

RESTART_S = 1.0
BATCH = 1000


@contextlib.asynccontextmanager
async def feeding(operator: Operator) -> AsyncIterator[None]:
    """Run the feeds of the settings for as long as this lasts; CAMARA's events come to the desk by themselves."""
    runs = {"lines": _lines, "nats": _nats, "simulator": _simulated}
    tasks = [
        asyncio.create_task(_for_ever(operator, feed, runs[feed.kind]))
        for feed in operator.settings.feeds
        if feed.kind in runs
    ]
    tasks.append(asyncio.create_task(listen(operator)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _for_ever(
    operator: Operator, feed: FeedSettings, run: Callable[[Operator, FeedSettings], Awaitable[None]]
) -> None:
    while True:
        try:
            await run(operator, feed)
            return
        # A feed's library may fail in any way; an operator that silently hears nothing more is worse.
        except Exception as fault:  # noqa: BLE001
            operator.keeper.counts[feed.name, "restarted"] += 1
            log.error("a feed failed", extra={"peer": feed.name, "why": type(fault).__name__})
        await asyncio.sleep(RESTART_S)


async def _lines(operator: Operator, feed: FeedSettings) -> None:
    source = stream.standard_input() if feed.path == "-" else stream.follow(operator.root / Path(feed.path))
    async for found in source:
        await _take(operator, feed, found)


async def _take(operator: Operator, feed: FeedSettings, events: list[bytes]) -> None:
    for start in range(0, len(events), BATCH):
        some = events[start : start + BATCH]
        await operator.keeper.take(feed.name, operator.keeper.read(feed.name, some, lines.read))
        # A long file must not keep gateways waiting.
        await asyncio.sleep(0)


async def _nats(operator: Operator, feed: FeedSettings) -> None:
    # The extra `nats` is needed by this feed alone.
    from lintas.telco.home.feeds.queue import Queue, messages

    token = (operator.root / feed.token_file).read_text("utf-8").strip() if feed.token_file else ""
    queue = Queue(name=feed.name, url=feed.url, subject=feed.subject, durable=feed.durable, token=token)
    async for events, taken in messages(queue):
        await _take(operator, feed, events)
        await taken()


async def _simulated(operator: Operator, feed: FeedSettings) -> None:
    """Play subscribers at the beginning of the operator's first range."""
    first = int(operator.settings.ranges[0].partition("-")[0].strip().lstrip("+"))
    # A story begins anew with each process.
    seed = random.SystemRandom().randrange(1 << 30)
    simulator = Simulator(seed, first=first, subscribers=feed.subscribers, now=int(time.time()))
    await _take(operator, feed, list(simulator.start()))
    while True:
        await asyncio.sleep(1.0)
        await _take(operator, feed, list(simulator.life(20, int(time.time()))))
