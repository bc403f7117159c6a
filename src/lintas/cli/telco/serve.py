"""`lintas telco serve`: answers what to do with a call, over HTTP, from a list in local memory."""

import logging
from typing import Any

import click

from lintas.cli.telco.deciding import Deciding, deciding, deciding_options
from lintas.cli.telco.running import stopping_at_once


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="Port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; there is no TLS here.")
@deciding_options
def serve(port: int, host: str, **by: Any) -> None:  # noqa: ANN401 — what `deciding_options` hands on
    """Answer GET /telco/v1/check/{number} and POST /telco/v1/check until Ctrl-C or SIGTERM.

    A list's directory (`lintas telco list build`, `lintas telco follow`) opens at once, and newer files in it are in force
    within a second. A CSV or Parquet file is read at the start and not looked at again.
    """
    with stopping_at_once():
        import uvloop

        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        uvloop.run(_serve(deciding(**by), host, port))


async def _serve(gateway: Deciding, host: str, port: int) -> None:
    from lintas.gateway.http.server import serve as run

    try:
        asked = None if gateway.asker is None else gateway.asker.told
        await run(gateway.verdicts, gateway.standing, gateway.watch, asked, host=host, port=port, say=click.echo)
    finally:
        await gateway.close()
