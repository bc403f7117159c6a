"""`lintas telco follow`: keeps a gateway's lists as their authority publishes them."""

import asyncio
import contextlib
import signal
from pathlib import Path

import click


@click.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The gateway's TOML file.")
def follow(config: Path) -> None:
    """Follow the lists of an authority's node into the directories that `lintas telco serve --list` reads, until stopped."""
    from lintas.gateway.follower import run
    from lintas.node import logs

    async def until_stopped() -> None:
        task = asyncio.ensure_future(run(config, click.echo))
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    logs.configure()
    asyncio.run(until_stopped())
