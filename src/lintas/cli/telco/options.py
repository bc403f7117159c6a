"""Options that several of the operators' commands share."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lintas.telco.lists.standing import Standing

LIST = click.option(
    "--list",
    "list_file",
    type=click.Path(path_type=Path),
    required=True,
    help="The list: a directory or base file of `lintas telco list build`, or CSV or Parquet.",
)
REDRESS_KEY = click.option(
    "--redress-key",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The key (16 to 64 bytes, mode 600) that redress ids are made with; without it the directory's own.",
)


def opened(list_file: Path, key_file: Path | None, max_age: int = 86_400) -> "Standing":
    """Open a list, and say on standard error what a person must know of it."""
    from lintas.telco.lists.standing import Standing

    standing = Standing.open(list_file, key_file=key_file, max_age_s=max_age)
    for line in standing.told:
        click.echo(f"{list_file.name}: {line}", err=True)
    if standing.problem:
        click.echo(f"{list_file.name}: {standing.problem}", err=True)
    if standing.old:
        click.echo(f"{list_file.name}: the list is {standing.age_s:,} s old and is used all the same", err=True)
    return standing
