"""`lintas charter member|propose|endorse|install|rotate|revoke`: members of one charter, and their keys, without a centre."""

from datetime import datetime
from pathlib import Path

import click
import msgspec

from lintas.cli.options import CONFIG
from lintas.exchange.directory import Directory
from lintas.model.errors import BadInput, Conflict, LintasError, Refused
from lintas.model.times import SystemClock, parse
from lintas.node import home as homes
from lintas.node.config import Home, read_config
from lintas.storage.engine import opened
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
from lintas.trust.keys import Ed25519Signer, PublicKey
from lintas.trust.rotation import revoked, rotated

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@CONFIG
@click.option("--out", type=_FILE, required=True, help="Where to write this authority's entry.")
def member(config_file: Path, out: Path) -> None:
    """Write what this authority says about itself, for a charter: names, keys, certificate, addresses."""
    home = read_config(config_file)
    mine = _in_force(home).member(home.config.authority)
    _write_member(out, mine)
    click.echo(f"{mine.authority}: written to {out}; give it to those who write the charter")


@click.command()
@CONFIG
@click.option("--revoke-at", required=True, metavar="TIME", help="When the keys so far end (RFC 3339); now: at once.")
@click.option("--out", type=_FILE, required=True, help="Where to write this authority's entry for the next charter.")
def rotate(config_file: Path, revoke_at: str, out: Path) -> None:
    """Make a new signing key beside the old ones, and write the entry in which it counts from now on.

    The node signs with it as soon as the charter in force says so. Given again before that, the same new key is taken.
    """
    home, now = read_config(config_file), SystemClock().now()
    end, mine = _moment(revoke_at, now), _in_force(home).member(home.config.authority)
    key = _unlisted_key(home, mine)
    _write_member(out, rotated(mine, key, now=now, revoke_at=end))
    click.echo(f"new signing key {key.key_id}; it counts once a charter with {out} in it is in force")


@click.command()
@click.argument("key_id", metavar="KEY")
@CONFIG
@click.option(
    "--at", default="now", metavar="TIME", help="From when on it is refused (RFC 3339); without it from now on."
)
@click.option("--out", type=_FILE, required=True, help="Where to write this authority's entry for the next charter.")
def revoke(key_id: str, config_file: Path, at: str, out: Path) -> None:
    """Write the entry in which the signing key KEY is revoked."""
    home = read_config(config_file)
    mine = _in_force(home).member(home.config.authority)
    _write_member(out, revoked(mine, key_id, at=_moment(at, SystemClock().now())))
    click.echo(f"{key_id} is revoked once a charter with {out} in it is in force")


@click.command()
@click.argument("members", nargs=-1, required=True, type=_FILE)
@click.option("--quorum", type=int, required=True, help="How many members may change the charter: more than half.")
@click.option("--principle", "principles", multiple=True, help="A sentence that the members agree on; repeat for more.")
@click.option("--previous", type=_FILE, help="The charter that this one follows; without it this is version 1.")
@click.option("--others", is_flag=True, help="Take the members whose entries are not given from PREVIOUS, as they are.")
@click.option("--exercise", is_flag=True, help="A charter for exercises; real nodes refuse it.")
@click.option("--out", type=_FILE, required=True, help="Where to write the charter.")
def propose(
    members: tuple[Path, ...],
    quorum: int,
    principles: tuple[str, ...],
    previous: Path | None,
    others: bool,
    exercise: bool,
    out: Path,
) -> None:
    """Write a charter from the MEMBERS' entries, endorsed by nobody yet."""
    if out.exists() and _is_endorsed(out):
        raise Conflict("this charter has endorsements, which would be lost", "choose another name", where=str(out))
    before = read_signed(previous) if previous else None
    if others and before is None:
        raise click.UsageError("--others needs --previous: that is where they are taken from")
    given = [_read_member(path) for path in members]
    named = {entry.authority: entry for entry in given}
    kept = [named.get(each.authority, each) for each in before.charter.members] if before and others else []
    charter = Charter(
        version=before.charter.version + 1 if before else 1,
        exercise=before.charter.exercise if before else exercise,
        previous=before.sha256 if before else "",
        quorum=quorum,
        principles=principles or (before.charter.principles if before else ()),
        # Two entries of one member stay two, and are refused by name.
        members=(*kept, *(entry for entry in given if entry not in kept)),
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
    # With every key that counts: members that take this version later, when the older one has ended, can judge it too.
    for signer in _in_force(home).signers_of(home.config.authority, homes.signing_keys(home)):
        signed = endorse(signed, home.config.authority, signer)
    file.write_bytes(signed.render())
    names = dict.fromkeys(each.authority for each in signed.endorsements)
    click.echo(f"endorsed by {', '.join(names)}\nsha256 {signed.sha256}")


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


def _is_endorsed(path: Path) -> bool:
    """Tell whether a file is a charter that somebody has endorsed."""
    try:
        return bool(read_signed(path).endorsements)
    except LintasError:
        return False


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


def _in_force(home: Home) -> Directory:
    """Return the members by the charter in force at this node."""
    with opened(home.database) as engine:
        return homes.open_directory(home, engine, homes.clock_of(home))


def _unlisted_key(home: Home, mine: Member) -> PublicKey:
    """Return the newest of this node's signing keys if the charter does not list it yet; otherwise make one."""
    keys = homes.signing_keys(home)
    if all(each.key != keys[-1].public for each in mine.signing_keys):
        return keys[-1].public
    number = len(keys) + 1
    made = Ed25519Signer.generate(f"{home.config.authority}/signing-{number}")
    made.save(home.key(homes.next_signing(number)))
    return made.public


def _moment(text: str, now: datetime) -> datetime:
    return now if text == "now" else parse(text)


def _write_member(out: Path, member: Member) -> None:
    out.write_bytes(msgspec.json.format(msgspec.json.encode(member), indent=2) + b"\n")


COMMANDS = {
    "member": member,
    "propose": propose,
    "endorse": endorse_command,
    "install": install,
    "rotate": rotate,
    "revoke": revoke,
}
