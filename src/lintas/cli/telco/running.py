"""Runs a part of a gateway by its TOML file until SIGINT or SIGTERM."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import click

Run = Callable[[Path, Callable[[str], None]], Coroutine[Any, Any, None]]


@contextlib.contextmanager
def stopping_at_once() -> Iterator[None]:
    """End the process with 0 when it is told to stop before it serves; what serves takes these signals over."""
    before = {each: signal.signal(each, lambda *_: sys.exit(0)) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def run_until_stopped(run: Run, config: Path) -> None:
    """Run it with the program's logs; it is cancelled when it is told to stop."""
    from lintas.node import logs

    async def until_stopped() -> None:
        task = asyncio.ensure_future(run(config, click.echo))
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    logs.configure()
    asyncio.run(until_stopped())
