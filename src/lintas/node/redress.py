"""The public side of redress: whoever asks under an id learns no more from how long the answer takes, or from asking often."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from lintas.node.pace import Pace
from lintas.node.runtime import Runtime
from lintas.telco.redress.records import Contest, Notice, Progress, Receipt

T = TypeVar("T")

#: Every answer is given at a whole multiple of this, seconds: what the database took for a hit or a miss is not told.
TICK = 0.05


async def notice(runtime: Runtime, entry: str, client: str) -> Notice:
    """Return what anybody reads under an id; TooManyTries for a client that asked for too many that are nothing."""
    pace = runtime.redress_pace
    pace.check(client)
    found = await on_tick(lambda: runtime.read(lambda tx: runtime.node.redress.notice(tx, entry)))
    if not found.blocked:
        pace.spend(client)
    return found


async def contest(runtime: Runtime, entry: str, form: Contest, client: str) -> Receipt:
    """Take an objection; each one counts among the client's tries. NotFound for whatever is not blocked, by the same time."""
    allow(runtime.redress_pace, client)
    return await on_tick(lambda: runtime.write(lambda tx: runtime.node.redress.contest(tx, entry, form)))


async def progress(runtime: Runtime, token: str, client: str) -> Progress:
    """Return how the objection of a token stands; a token that is none counts among the client's tries."""
    allow(runtime.redress_pace, client)
    return await on_tick(lambda: runtime.read(lambda tx: runtime.node.redress.progress(tx, token)))


def allow(pace: Pace, client: str) -> None:
    """Take one try of a client's; TooManyTries where none is left."""
    pace.check(client)
    pace.spend(client)


async def on_tick(ask: Callable[[], Awaitable[T]]) -> T:
    """Answer, or refuse, at the next whole tick since the question came."""
    began = time.monotonic()
    try:
        return await ask()
    finally:
        await asyncio.sleep(TICK - (time.monotonic() - began) % TICK)
