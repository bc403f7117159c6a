"""`lintas db upgrade|backup|restore`: looks after a node's database."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lintas.cli.options import CONFIG

if TYPE_CHECKING:
    from lintas.node.backup import Restored


@click.group()
def db() -> None:
    """Look after the node's database."""


@db.command()
@CONFIG
def upgrade(config_file: Path) -> None:
    """Bring the database to the form that this program needs."""
    from lintas.node.config import read_config
    from lintas.storage import migrate
    from lintas.storage.engine import opened

    with opened(read_config(config_file).database) as engine:
        before = migrate.current(engine)
        migrate.upgrade(engine)
        click.echo(f"database: {before or 'empty'} -> {migrate.current(engine)}")


@db.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@CONFIG
def back_up(file: Path, config_file: Path) -> None:
    """Write a consistent copy of the SQLite database to FILE, also while the node runs; keys and charter are not in it."""
    from lintas.node import backup
    from lintas.node.config import read_config

    made = backup.make(read_config(config_file), file)
    click.echo(f"{file}: database of form {made.form}, sound; its ledger has {made.size} entries")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@CONFIG
@click.option("--anyway", is_flag=True, help="Also when somebody knows of more of the ledger than there would be.")
def restore(file: Path, config_file: Path, anyway: bool) -> None:
    """Put the backup FILE in the place of the database of a node that does not run; the replaced one is kept."""
    from lintas.model.times import SystemClock
    from lintas.node import backup
    from lintas.node.config import read_config

    home, now = read_config(config_file), SystemClock().now()
    done = backup.restore(home, file, now=now, anyway=anyway)
    for line in _told(done):
        click.echo(line)


def _told(done: "Restored") -> list[str]:
    lines = [f"restored: the ledger has {done.size + done.taken_back} entries, {done.taken_back} of them taken back"]
    if done.taken_back:
        lines.append("what those entries were about is not in the backup: ask the peers and banks that they name")
    if done.charters is None or done.revoked is None:
        lines.append("no other database could be read: revoke again the keys that were revoked since the backup,")
        lines.append(
            "sever again the peers, disable again the officers, withdraw again the approvals, give the charters adopted since"
        )
    else:
        kept = f"{done.revoked} revoked keys, {done.charters} charters, {done.decided} decisions"
        lines.append(f"kept from the replaced database: {kept} on peers, approvals and officers")
    lines += [f"still missing: {missed}" for missed in done.missed]
    if done.aside is not None:
        lines.append(f"the replaced database is kept as {done.aside}")
    return lines
