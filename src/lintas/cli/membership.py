"""`lintas charter member|propose|endorse|install`: how authorities become members of one charter, without a centre."""

from pathlib import Path

import click
import msgspec

from lintas.cli.options import CONFIG
from lintas.model.errors import BadInput, Refused
from lintas.model.times import SystemClock
from lintas.node import home as homes
from lintas.node.config import read_config
from lintas.trust.charter import (
    MAX_CHARTER,
    Charter,
    Member,
    SignedCharter,
    check_charter,
    endorse,
    parse_charter,
    write_charter,
)
from lintas.trust.keys import Ed25519Signer

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@CONFIG
@click.option("--out", type=_FILE, required=True, help="Where to write this authority's entry.")
def member(config_file: Path, out: Path) -> None:
    """Write what this authority says about itself, for a charter: names, keys, certificate, addresses."""
    home = read_config(config_file)
    mine = read_signed(home.path(home.config.charter)).charter.member(home.config.authority)
    out.write_bytes(msgspec.json.format(msgspec.json.encode(mine), indent=2) + b"\n")
    click.echo(f"{mine.authority}: written to {out}; give it to those who write the charter")


@click.command()
@click.argument("members", nargs=-1, required=True, type=_FILE)
@click.option("--quorum", type=int, required=True, help="How many members may change the charter: more than half.")
@click.option("--principle", "principles", multiple=True, help="A sentence that the members agree on; repeat for more.")
@click.option("--previous", type=_FILE, help="The charter that this one follows; without it this is version 1.")
@click.option("--exercise", is_flag=True, help="A charter for exercises; real nodes refuse it.")
@click.option("--out", type=_FILE, required=True, help="Where to write the charter.")
def propose(
    members: tuple[Path, ...],
    quorum: int,
    principles: tuple[str, ...],
    previous: Path | None,
    exercise: bool,
    out: Path,
) -> None:
    """Write a charter from the MEMBERS' entries, endorsed by nobody yet."""
    before = read_signed(previous) if previous else None
    charter = Charter(
        version=before.charter.version + 1 if before else 1,
        exercise=before.charter.exercise if before else exercise,
        previous=before.sha256 if before else "",
        quorum=quorum,
        principles=principles or (before.charter.principles if before else ()),
        members=tuple(_read_member(path) for path in members),
    )
    signed = write_charter(charter)
    out.write_bytes(signed.render())
    click.echo(f"charter version {charter.version}: {out}\nsha256 {signed.sha256}")


@click.command()
@click.argument("file", type=_FILE)
@CONFIG
def endorse_command(file: Path, config_file: Path) -> None:
    """Add this authority's signature to the charter FILE; read it first, all of it."""
    home = read_config(config_file)
    signed = read_signed(file)
    if all(each.authority != home.config.authority for each in signed.charter.members):
        click.echo(f"note: {home.config.authority} is not a member in this version", err=True)
    signed = endorse(signed, home.config.authority, Ed25519Signer.load(home.key(homes.SIGNING)))
    file.write_bytes(signed.render())
    click.echo(f"endorsed by {', '.join(each.authority for each in signed.endorsements)}\nsha256 {signed.sha256}")


@click.command()
@click.argument("file", type=_FILE)
@click.option(
    "--pin", required=True, metavar="SHA256", help="The charter's SHA-256, compared with other members in person."
)
@CONFIG
def install(file: Path, pin: str, config_file: Path) -> None:
    """Put charter version 1 in force at this node from its next start on; successors go to POST /api/v1/charter."""
    home = read_config(config_file)
    signed = read_signed(file)
    check_charter(signed, now=SystemClock().now(), pin=pin)
    if signed.charter.exercise != home.config.exercise:
        raise Refused("exercise_flag", "the charter and this node differ in exercise mode", "use the right charter")
    signed.charter.member(home.config.authority)
    homes.install_charter(home, signed)
    if settings := homes.write_witness_settings(home, signed.charter):
        click.echo(f"this authority's witness watches the others: lintas witness serve --config {settings}")
    count, quorum = len(signed.charter.members), signed.charter.quorum
    click.echo(f"charter version 1 is in force at the node's next start: {count} members, quorum {quorum}")
    click.echo("its successors are put in force while the node runs: POST /api/v1/charter")


def read_signed(path: Path) -> SignedCharter:
    """Read a charter file without trusting it."""
    with path.open("rb") as file:
        return parse_charter(file.read(MAX_CHARTER + 1), where=str(path))


def _read_member(path: Path) -> Member:
    with path.open("rb") as file:
        data = file.read(MAX_CHARTER + 1)
    try:
        return msgspec.json.decode(data, type=Member)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise BadInput(
            f"this is no member's entry: {wrong}", "write it with `lintas charter member`", where=str(path)
        ) from None


COMMANDS = {"member": member, "propose": propose, "endorse": endorse_command, "install": install}
