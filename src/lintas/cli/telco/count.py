"""`lintas telco count`: brings what a gateway counted to its authority's node."""

from pathlib import Path

import click

from lintas.cli.telco.running import run_until_stopped


@click.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The gateway's TOML file.")
def count(config: Path) -> None:
    """Bring what `lintas telco serve` counted to an authority's node, each minute once, until stopped."""
    from lintas.gateway.following.counting import run

    run_until_stopped(run, config)
