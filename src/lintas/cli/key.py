"""`lintas key`: issue, list and revoke the API keys of officers and banks; a key's text is shown once and kept nowhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lintas.cli.options import CONFIG
from lintas.model.errors import BadInput

if TYPE_CHECKING:
    from lintas.node.config import Home


@click.group()
def key() -> None:
    """Issue, list and revoke the API keys of officers and banks."""


@key.command()
@CONFIG
@click.option("--name", required=True, help="Whose key it is, as it will show in orders and logs.")
@click.option("--role", required=True, help="hotline, investigator, approver, bank, telco, auditor or administrator.")
@click.option("--organisation", default="", help="The code of the bank or operator, for the roles bank and telco.")
@click.option("--out", type=click.Path(path_type=Path), help="Write it to this new file, which only you can read.")
def issue(config_file: Path, name: str, role: str, organisation: str, out: Path | None) -> None:
    """Issue a key and show it, once."""
    from lintas.node.config import read_config
    from lintas.trust.keys import save_secret

    home = read_config(config_file)
    connected = {"bank": frozenset(home.config.banks), "telco": frozenset(home.config.telcos)}
    if role in connected and organisation not in connected[role]:
        what = f"no {role} {organisation!r} is connected here"
        raise BadInput(what, f"add it to `{role}s` in the settings first")
    if out is None:
        click.echo(issue_key(home, name=name, role=role, organisation=organisation))
        return
    # A file that cannot be made must not cost a key that nobody holds.
    save_secret(out, b"")
    try:
        out.write_text(issue_key(home, name=name, role=role, organisation=organisation) + "\n", "ascii")
    except BaseException:
        out.unlink()
        raise


@key.command("list")
@CONFIG
def list_keys(config_file: Path) -> None:
    """List the keys that were ever issued, one a line: id, role, organisation, name, when, and whether revoked."""
    from lintas.access import keys
    from lintas.node.config import read_config
    from lintas.storage.engine import opened, reading

    home = read_config(config_file)
    with opened(home.database) as engine, reading(engine) as tx:
        for each in keys.issued(tx):
            state = f"revoked {each.revoked}" if each.revoked else "valid"
            click.echo(f"{each.id}\t{each.role}\t{each.organisation or '-'}\t{each.name}\t{each.created}\t{state}")


@key.command()
@click.argument("key_id", metavar="ID")
@CONFIG
def revoke(key_id: str, config_file: Path) -> None:
    """Make the key ID worthless from now on, also at a node that is running."""
    from lintas.access import keys
    from lintas.model.times import SystemClock
    from lintas.node.config import read_config
    from lintas.storage.engine import opened
    from lintas.storage.writer import SerialWriter

    with opened(read_config(config_file).database) as engine:
        SerialWriter(engine).submit(lambda tx: keys.revoke(tx, key_id, at=SystemClock().now())).result()
    click.echo(f"{key_id} is revoked")


def issue_key(home: "Home", *, name: str, role: str, organisation: str = "") -> str:
    """Issue an API key and return its text, which is kept nowhere."""
    from lintas.access import keys
    from lintas.model.ids import IdSource
    from lintas.model.times import SystemClock
    from lintas.storage.engine import opened
    from lintas.storage.writer import SerialWriter

    clock = SystemClock()
    with opened(home.database) as engine:
        issued = SerialWriter(engine).submit(
            lambda tx: keys.issue(tx, IdSource(clock), name=name, role=role, organisation=organisation, at=clock.now())
        )
    return issued.result()
