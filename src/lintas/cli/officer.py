"""`lintas officer`: add, list, renew and disable officers, passes of an exercise; `lintas session`: see and end sessions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from lintas.cli.options import CONFIG

if TYPE_CHECKING:
    from lintas.access.records import Invitation
    from lintas.node.assembly import Node
    from lintas.node.config import Home
    from lintas.storage.engine import Transaction

T = TypeVar("T")


@click.group()
def officer() -> None:
    """Add, list, renew and disable officers; what is done here stands as done at the machine."""


@officer.command()
@click.argument("login")
@CONFIG
@click.option("--name", required=True, help="The person's name, as it will show in orders.")
@click.option("--role", required=True, help="hotline, investigator, approver, bank, telco, auditor or administrator.")
@click.option("--organisation", default="", help="The bank's code, for the role bank.")
@click.option("--language", default="", help="en, ms or th; by default as the browser prefers.")
def add(login: str, config_file: Path, name: str, role: str, organisation: str, language: str) -> None:
    """Add an officer; prints the address at which that one chooses a password and a second factor, once."""
    import msgspec

    from lintas.access.records import NewOfficer
    from lintas.model.errors import BadInput
    from lintas.node.config import read_config

    values = {"login": login, "name": name, "role": role, "organisation": organisation, "language": language}
    try:
        new = msgspec.convert(values, NewOfficer)
    except msgspec.ValidationError as wrong:
        what, _, where = str(wrong).partition(" - at ")
        do = "a login has 2 to 40 small letters, digits, full stops, hyphens; a name is one line"
        raise BadInput(what, do, where=where.strip("`$.")) from None
    home = read_config(config_file)
    _say(home, at_the_machine(home, lambda node, tx, by: node.access.officers.add(tx, new, by)))


@officer.command("list")
@CONFIG
def list_officers(config_file: Path) -> None:
    """List every officer, one a line: login, role, organisation, name, and whether that one is let in."""
    from lintas.node.config import read_config

    with _opened(read_config(config_file)) as node:
        from lintas.storage.engine import reading

        with reading(node.parts.engine) as tx:
            for each in node.access.officers.all(tx):
                state = "disabled" if each.disabled_at else "waits for another administrator" if each.awaits else ""
                state = state or ("let in" if each.enrolled_at else "has not enrolled")
                click.echo(f"{each.login}\t{each.role}\t{each.organisation or '-'}\t{each.name}\t{state}")


@officer.command()
@click.argument("login")
@CONFIG
def reset(login: str, config_file: Path) -> None:
    """End an officer's password, second factor and sessions, and print a new address to enrol at."""
    from lintas.node.config import read_config

    home = read_config(config_file)
    _say(home, at_the_machine(home, lambda node, tx, by: node.access.officers.reset(tx, login, by)))


@officer.command()
@click.argument("login")
@CONFIG
def disable(login: str, config_file: Path) -> None:
    """Let an officer in no more, also at a node that is running."""
    from lintas.node.config import read_config

    at_the_machine(read_config(config_file), lambda node, tx, by: node.access.officers.disable(tx, login, by))
    click.echo(f"{login} is disabled")


@officer.command("pass")
@click.argument("login")
@CONFIG
def exercise_pass(login: str, config_file: Path) -> None:
    """In an exercise: print an address that signs an officer in with one click, for a day."""
    from lintas.node.config import read_config

    home = read_config(config_file)
    _say(home, at_the_machine(home, lambda node, tx, by: node.access.officers.exercise_pass(tx, login, by)))


@click.group()
def session() -> None:
    """See and end officers' sessions."""


@session.command("list")
@CONFIG
def list_sessions(config_file: Path) -> None:
    """List sessions, newest first, one a line: id, login, device, since, last used, and whether it is open."""
    from lintas.node.config import read_config
    from lintas.storage.engine import reading

    with _opened(read_config(config_file)) as node, reading(node.parts.engine) as tx:
        for each in node.access.sessions.listed(tx, None):
            state = "open" if each.open else "ended"
            click.echo(f"{each.id}\t{each.login}\t{each.device or '-'}\t{each.created}\t{each.last_seen}\t{state}")


@session.command("revoke")
@click.argument("session_id", metavar="ID")
@CONFIG
def revoke_session(session_id: str, config_file: Path) -> None:
    """End a session at once, also at a node that is running."""
    from lintas.node.config import read_config

    at_the_machine(
        read_config(config_file), lambda node, tx, by: node.access.sessions.revoke(tx, session_id, by, login=None)
    )
    click.echo(f"{session_id} has ended")


def at_the_machine(home: "Home", act: "Callable[[Node, Transaction, str], T]") -> T:
    """Carry out one act in the name of whoever works at the node's own machine."""
    from lintas.access.records import MACHINE
    from lintas.storage.writer import SerialWriter

    with _opened(home) as node:
        return SerialWriter(node.parts.engine).submit(lambda tx: act(node, tx, MACHINE)).result()


@contextmanager
def _opened(home: "Home") -> "Iterator[Node]":
    from lintas.node.home import open_node

    node = open_node(home)
    try:
        yield node
    finally:
        node.parts.engine.dispose()


def _say(home: "Home", made: "Invitation") -> None:
    from lintas.node.home import load_charter

    url = load_charter(home).charter.member(home.config.authority).public_url
    click.echo(f"{url}{made.address}")
    click.echo(f"for {made.login} alone; it ends {made.expires}", err=True)
    if made.awaits:
        click.echo("another administrator has to confirm the account before it lets anybody in", err=True)
