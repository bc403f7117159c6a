"""`lintas telco count`: brings what a gateway counted to its authority's node."""

import asyncio
import contextlib
import signal
from pathlib import Path

import click


@click.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The gateway's TOML file.")
def count(config: Path) -> None:
    """Bring what `lintas telco serve` counted to an authority's node, each minute once, until stopped."""
    from lintas.gateway.counting import run
    from lintas.node import logs

    async def until_stopped() -> None:
        task = asyncio.ensure_future(run(config, click.echo))
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    logs.configure()
    asyncio.run(until_stopped())
