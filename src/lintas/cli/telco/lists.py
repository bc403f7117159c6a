"""`lintas telco list`: builds a list once, so that it opens at once as often as it is served."""

from datetime import UTC, datetime
from pathlib import Path

import click

from lintas.model.errors import BadInput


@click.group("list")
def lists() -> None:
    """Build and look after the list of a gateway."""


@lists.command()
@click.option("--list", "source", type=click.Path(path_type=Path), required=True, help="CSV or Parquet.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Directory of the list.")
@click.option("--name", default="", help="The list's name; without it the file's.")
@click.option("--allow-empty", is_flag=True, help="Also put a list without any entry in place.")
def build(source: Path, out: Path, name: str, allow_empty: bool) -> None:
    """Make a list's directory from number,kind,expires,reason,owner.

    An older list in the directory is replaced at once, also under a running `lintas telco serve`.
    """
    from lintas.telco.lists.directory import BASE, Directory
    from lintas.telco.lists.files import read_list

    directory = Directory(out)
    if directory.published:
        raise BadInput("the directory holds a publisher's list", "build into another one", where=str(out))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise BadInput(
            f"the directory cannot be made ({wrong.strerror})", "choose another --out", where=str(out)
        ) from None
    fresh = out / f".{BASE}.new"
    try:
        read = read_list(source, fresh, name=name, now=datetime.now(UTC))
        if not (read.built.header.entries or read.built.header.ranges or allow_empty):
            what = "the list is empty, and would let through whatever the one before blocks"
            raise BadInput(what, "give --allow-empty if that is meant", where=str(source))
        fresh.replace(out / BASE)
    finally:
        fresh.unlink(missing_ok=True)
    directory.redress_key()
    for line in read.told:
        click.echo(f"{source.name}: {line}", err=True)
    header = read.built.header
    size = (out / BASE).stat().st_size
    click.echo(f"{header.entries:,} numbers and {header.ranges:,} ranges in {out}, {size:,} bytes")


@lists.command()
@click.option("--list", "path", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
def compact(path: Path) -> None:
    """Take the deltas of a list's directory into its base file; readers go on meanwhile."""
    import time

    from lintas.telco.lists.directory import Directory

    directory = Directory(path)
    snapshot, wrong = directory.open(clock=time.time)
    if wrong:
        raise wrong[0]
    directory.compact(snapshot)
    click.echo(f"version {snapshot.version} in one file, {snapshot.entries:,} entries before what has expired")
