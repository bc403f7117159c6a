"""Runs a part of a gateway by its TOML file until SIGINT or SIGTERM."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click

Run = Callable[[Path, Callable[[str], None]], Coroutine[Any, Any, None]]


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
