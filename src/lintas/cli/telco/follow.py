"""`lintas telco follow`: keeps a gateway's lists as their authority publishes them."""

from pathlib import Path

import click

from lintas.cli.telco.running import run_until_stopped


@click.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The gateway's TOML file.")
def follow(config: Path) -> None:
    """Follow the lists of an authority's node into the directories that `lintas telco serve --list` reads, until stopped."""
    from lintas.gateway.following.follower import run

    run_until_stopped(run, config)
