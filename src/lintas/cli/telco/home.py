"""`lintas telco home`: an operator's own table of its numbers, and answers about them that tell no place and no time."""

import asyncio
from pathlib import Path

import click


@click.command()
@click.option("--config", "config", type=click.Path(path_type=Path), required=True, help="The operator's TOML file.")
def home(config: Path) -> None:
    """Run an operator's side: take its feeds, answer gateways' questions about its numbers, until stopped."""
    from lintas.gateway.operator.server import run
    from lintas.node import logs

    logs.configure()
    asyncio.run(run(config, click.echo))
