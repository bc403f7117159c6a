"""`lintas reads check`: holds who read what against the ledger, also while no node runs."""

from pathlib import Path

import click

from lintas.cli.options import CONFIG


@click.group()
def reads() -> None:
    """Check who read what peers sent."""


@reads.command()
@CONFIG
@click.pass_context
def check(ctx: click.Context, config_file: Path) -> None:
    """Say how many reads are on record, which entries of the ledger commit to them, and whether both fit."""
    from lintas.exchange.reads import Reads
    from lintas.ledger.service import Ledger
    from lintas.model.ids import IdSource
    from lintas.node import home as homes
    from lintas.node.config import read_config
    from lintas.storage import migrate
    from lintas.storage.engine import open_engine, reading
    from lintas.trust.keys import Ed25519Signer

    home = read_config(config_file)
    clock, engine = homes.clock_of(home), open_engine(home.database)
    migrate.check_current(engine)
    ledger = Ledger(home.config.ledger_origin, Ed25519Signer.load(home.key(homes.LOG)))
    with reading(engine) as tx:
        found = Reads(me=home.config.authority, ledger=ledger, clock=clock, ids=IdSource(clock)).check(tx)
    where = f" ({found.first_entry} to {found.last_entry})" if found.entries else ""
    fits = "matches" if found.matches else "DOES NOT MATCH"
    click.echo(f"{found.reads} reads, committed in {found.entries} entries{where}, {fits}; {found.waiting} wait")
    for each in found.broken:
        click.echo(f"entry {'-' if each.entry is None else each.entry}: {each.what}")
    ctx.exit(0 if found.matches else 1)
