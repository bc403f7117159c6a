"""`lintas telco import`: brings a table of entries to an authority's node, where an approver lets it stand."""

from pathlib import Path

import click

from lintas.cli.options import CONFIG

#: As at the API.
IMPORTS = frozenset({"investigator", "approver"})


@click.command("import")
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="The feed's name, such as its publisher's.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="A file with your own key on one line, that only you may read: the import bears your name.",
)
@CONFIG
def import_(table: Path, source: str, key_file: Path, config_file: Path) -> None:
    """Import a CSV TABLE number,kind,expires,reason,owner, also at a node that is running; refused lines are told.

    The rows wait for an approver, who is somebody else; what a new feed brings is only watched for its first day.
    """
    from lintas.access.keys import who
    from lintas.model.errors import NotAllowed, NotSignedIn
    from lintas.node.home import open_home
    from lintas.storage.engine import reading
    from lintas.storage.writer import SerialWriter
    from lintas.telco.book import bulk
    from lintas.trust.keys import load_secret

    lines = list(bulk.read(bulk.text_of(table.read_bytes())))
    _, node = open_home(config_file)
    key = load_secret(key_file).decode("ascii", "replace").strip()
    with reading(node.parts.engine) as tx:
        caller = who(tx, key)
    if caller is None:
        raise NotSignedIn("this is no valid key of this node", "give your own", where=str(key_file))
    if caller.role not in IMPORTS:
        raise NotAllowed(f"the role {caller.role} does not cover this", f"it is for: {', '.join(sorted(IMPORTS))}")
    writer, imports = SerialWriter(node.parts.engine), node.lists.bulk
    begun = writer.submit(lambda tx: imports.begin(tx, source, caller.name)).result()
    for part in bulk.parts(lines):
        writer.submit(lambda tx, rows=part: imports.take(tx, begun.id, rows)).result()  # type: ignore[misc] # bound now
    done = writer.submit(lambda tx: imports.end(tx, begun.id)).result()
    for each in done.refusals:
        click.echo(f"{table.name} line {each.line}: {each.what} ({each.code})", err=True)
    if done.refused > len(done.refusals):
        click.echo(f"and {done.refused - len(done.refusals):,} further lines", err=True)
    if done.shortened:
        click.echo(f"expiries shortened to the longest allowed: {done.shortened:,}", err=True)
    click.echo(
        f"{done.taken:,} taken, {done.renewed:,} renewed, {done.refused:,} refused; {done.id} waits for approval"
    )
