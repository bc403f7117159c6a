"""`lintas telco recycled`: tells an authority which of an operator's numbers have a new holder."""

from pathlib import Path

import click


@click.command()
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The gateway's TOML file.")
def recycled(table: Path, config: Path) -> None:
    """Report the numbers of a CSV TABLE, one a line: what is listed of them ends, up to a day's share; the rest waits."""
    import asyncio

    from lintas.gateway.following.recycled import run

    for said in asyncio.run(run(config, table)):
        for each in said.refusals:
            click.echo(f"{each.number}: {each.code}", err=True)
        waiting = f"; {len(said.waiting):,} wait for an officer" if said.waiting else ""
        click.echo(
            f"{said.id}: {said.numbers:,} numbers, {said.ended:,} entries ended, {said.not_listed:,} not listed, "
            f"{said.refused:,} refused{waiting}"
        )
