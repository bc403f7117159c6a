"""`lintas peer`: how far peers are trusted, on the node's own database, so that severing needs neither node nor network."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click
import msgspec
from sqlalchemy import Engine

from lintas.access.keys import who
from lintas.cli.options import CONFIG
from lintas.exchange.directory import Directory
from lintas.exchange.records import Because, StandingChange
from lintas.exchange.standing import Standings
from lintas.ledger.service import Ledger
from lintas.model.errors import BadInput, NotAllowed, NotSignedIn
from lintas.model.ids import IdSource
from lintas.node import home as homes
from lintas.node.config import read_config
from lintas.storage.engine import Transaction, open_engine, reading
from lintas.storage.writer import SerialWriter
from lintas.trust.keys import Ed25519Signer, load_secret

#: As at the API.
DECIDES = frozenset({"approver", "administrator"})

_PEER = click.argument("authority", metavar="PEER")
_REASON = click.option("--reason", required=True, help="Why; it stays listed here and is not told to the peer.")
_KEY = click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="A file with your own key on one line, that only you may read: the decision bears your name.",
)

Decide = Callable[[Standings, Transaction, str, str, str], StandingChange]


class Desk(NamedTuple):
    """What of a node these commands use: neither its doors nor its other keys."""

    engine: Engine
    directory: Directory
    standings: Standings
    me: str


@click.group()
def peer() -> None:
    """Say how far peers are trusted: sever or quarantine one at once; two people restore it."""


@peer.command("list")
@CONFIG
def list_peers(config_file: Path) -> None:
    """List the peers, one a line: authority, standing, since when, by whom, why, and what waits for a second person."""
    desk = _open(config_file)
    with reading(desk.engine) as tx:
        for member in desk.directory.peers(desk.me):
            changes = desk.standings.changes(tx, member.authority)
            last = next((change for change in changes if change.counts), None)
            since = (last.confirmed_at or last.asked_at, last.asked_by, last.reason) if last else ("-", "-", "-")
            asked = f"{changes[0].asked_by} asks to restore" if changes and not changes[0].counts else "-"
            click.echo("\t".join([member.authority, desk.standings.of(tx, member.authority), *since, asked]))


@peer.command()
@_PEER
@_REASON
@_KEY
@CONFIG
def sever(authority: str, reason: str, key_file: Path, config_file: Path) -> None:
    """Take nothing of PEER and send it nothing, from now on, also at a node that is running."""
    _decide(config_file, key_file, authority, reason, Standings.sever)
    click.echo(f"{authority} is severed")


@peer.command()
@_PEER
@_REASON
@_KEY
@CONFIG
def quarantine(authority: str, reason: str, key_file: Path, config_file: Path) -> None:
    """Set aside what PEER sends until people have looked at it, from now on, also at a node that is running."""
    _decide(config_file, key_file, authority, reason, Standings.quarantine)
    click.echo(f"{authority} is in quarantine")


@peer.command()
@_PEER
@_REASON
@_KEY
@CONFIG
def restore(authority: str, reason: str, key_file: Path, config_file: Path) -> None:
    """Ask that PEER be trusted again; when somebody else has asked, it is trusted from now on."""
    change = _decide(config_file, key_file, authority, reason, Standings.restore)
    click.echo(f"{authority} is trusted again" if change.counts else f"{authority}: another person must confirm it")


def _decide(config_file: Path, key_file: Path, authority: str, reason: str, decide: Decide) -> StandingChange:
    try:
        because = msgspec.convert({"reason": reason}, Because)
    except msgspec.ValidationError:
        raise BadInput("this reason cannot be stored", "write 3 to 500 plain characters", where="--reason") from None
    desk, key = _open(config_file), load_secret(key_file).decode("ascii", "replace").strip()

    def use_case(tx: Transaction) -> StandingChange:
        caller = who(tx, key)
        if caller is None:
            raise NotSignedIn("this is no valid key of this node", "give your own", where=str(key_file))
        if caller.role not in DECIDES:
            raise NotAllowed(f"the role {caller.role} does not cover this", f"it is for: {', '.join(sorted(DECIDES))}")
        return decide(desk.standings, tx, authority, caller.name, because.reason)

    return SerialWriter(desk.engine).submit(use_case).result()


def _open(config_file: Path) -> Desk:
    home = read_config(config_file)
    clock = homes.clock_of(home)
    config, engine = home.config, open_engine(home.database)
    directory = homes.open_directory(home, engine, clock)
    ledger = Ledger(config.ledger_origin, Ed25519Signer.load(home.key(homes.LOG)))
    me, ids = config.authority, IdSource(clock)
    return Desk(engine, directory, Standings(me=me, directory=directory, ledger=ledger, clock=clock, ids=ids), me)
