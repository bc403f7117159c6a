"""`lintas telco serve`: answers what to do with a call, over HTTP, from a list in local memory."""

import logging
from pathlib import Path

import click

from lintas.cli.telco.options import LIST, REDRESS_KEY, opened
from lintas.telco.records import Action


@click.command()
@LIST
@REDRESS_KEY
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="Port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; there is no TLS here.")
@click.option(
    "--action",
    type=click.Choice(["block", "withhold-cli", "label", "divert", "allow"]),
    default="block",
    show_default=True,
    help="What is done with calls that show a listed number.",
)
@click.option(
    "--max-age", type=click.IntRange(60), default=86_400, show_default=True, help="Seconds until a list is old."
)
def serve(list_file: Path, key_file: Path | None, port: int, host: str, action: Action, max_age: int) -> None:
    """Answer GET /telco/v1/check/{number} and POST /telco/v1/check until Ctrl-C or SIGTERM.

    A list's directory (`lintas telco list build`) opens at once, and newer files in it are in force within a second. A CSV or
    Parquet file is read at the start and not looked at again.
    """
    import uvloop

    from lintas.gateway.http.server import serve as run
    from lintas.gateway.verdict import Verdicts

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    standing = opened(list_file, key_file, max_age)
    uvloop.run(run(Verdicts(standing, action=action), standing, host=host, port=port, say=click.echo))
