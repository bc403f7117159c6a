"""`lintas approval`: a competent authority's key, the approvals it signs, and a node's file of them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lintas.cli.options import CONFIG
from lintas.model import times
from lintas.model.errors import BadInput, TooLarge
from lintas.model.ids import IdSource
from lintas.model.money import Money, parse_decimal
from lintas.model.times import SystemClock
from lintas.policy import approval_text
from lintas.policy.approval import Approval, Withdrawal, describe
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer

if TYPE_CHECKING:
    from lintas.border.approvals import Approvals
    from lintas.border.records import Filed
    from lintas.storage.engine import Transaction

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_KEY = click.option(
    "--key", "key_file", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The issuer's key file."
)
_OUT = click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Where to write; never over a file."
)
_REASON = click.option("--reason", required=True, help="Why it shall count no more.")
_OFFICER = click.option("--officer", required=True, help="Who does this, by name.")


@click.group()
def approval() -> None:
    """Issue, check and keep the approvals of competent authorities."""


@approval.command()
@click.option("--name", required=True, help="The issuer's name in its documents, like a host: data.xa.example.")
@_OUT
def key(name: str, out: Path) -> None:
    """Make the key of a competent authority and print its verifier key, for a node's setting `competent`."""
    if not note.valid_name(name) or not name.isprintable():
        raise BadInput(f"{name[:60]!r} is no name of a key", "write it without spaces and plus signs", where="--name")
    signer = Ed25519Signer.generate(name)
    signer.save(out)
    click.echo(note.ed25519_key(name, signer))


@approval.command()
@_KEY
@click.option("--kind", default="approval", show_default=True, help="The kind of document that rules ask for.")
@click.option("--jurisdiction", required=True, help="Under whose law, e.g. XA.")
@click.option("--authority", required=True, help="The authority it is given to, by its short name, e.g. xa-asc.")
@click.option("--reference", required=True, help="The issuer's own file number.")
@click.option("--peer", "peers", multiple=True, required=True, help="An authority or jurisdiction it may go to; again.")
@click.option("--category", "categories", multiple=True, required=True, help="What may go; may be given several times.")
@click.option("--purpose", "purposes", multiple=True, required=True, help="What for; may be given several times.")
@click.option("--case", "cases", multiple=True, help="Only in this case; may be given several times.")
@click.option("--max-amount", help='At most this much in one message, e.g. "50000.00 XAK".')
@click.option("--not-before", help="From when on (RFC 3339); without it from now on.")
@click.option("--expires", required=True, help="Until when (RFC 3339).")
@click.option("--uses", type=click.IntRange(1, approval_text.MAX_USES), help="How many objects may be released.")
@_OUT
def issue(
    key_file: Path,
    kind: str,
    jurisdiction: str,
    authority: str,
    reference: str,
    peers: tuple[str, ...],
    categories: tuple[str, ...],
    purposes: tuple[str, ...],
    cases: tuple[str, ...],
    max_amount: str | None,
    not_before: str | None,
    expires: str,
    uses: int | None,
    out: Path,
) -> None:
    """Write a signed approval and say in plain words what it allows."""
    clock, signer = SystemClock(), Ed25519Signer.load(key_file)
    made = Approval(
        id=IdSource(clock).new("approval"),
        kind=kind,
        jurisdiction=jurisdiction.upper(),
        issuer=signer.name,
        authority=authority,
        reference=reference,
        peers=peers,
        categories=categories,
        purposes=purposes,
        cases=cases,
        max_amount=_money(max_amount) if max_amount else None,
        not_before=_time(not_before, "--not-before") if not_before else clock.now().replace(microsecond=0),
        expires=_time(expires, "--expires"),
        uses=uses,
    )
    _write_new(out, approval_text.sign(made, signer))
    click.echo(f"{made.id}: {describe(made)}")


@approval.command()
@_FILE
@_KEY
@_REASON
@_OUT
def retract(file: Path, key_file: Path, reason: str, out: Path) -> None:
    """Write the issuer's signed withdrawal of the approval FILE; recorded at a node, it is final."""
    clock, signer = SystemClock(), Ed25519Signer.load(key_file)
    said = approval_text.read(_bytes(file), [note.ed25519_key(signer.name, signer)], where=str(file))
    now = clock.now().replace(microsecond=0)
    made = Withdrawal(id=said.id, jurisdiction=said.jurisdiction, issuer=signer.name, reason=reason, at=now)
    _write_new(out, approval_text.sign(made, signer))
    click.echo(f"{said.id}: withdrawn by {signer.name}")


@approval.command()
@_FILE
@click.option("--issuer", "issuers", multiple=True, required=True, metavar="VKEY", help="A verifier key to believe.")
def show(file: Path, issuers: tuple[str, ...]) -> None:
    """Check the signature of FILE and say in plain words what it allows."""
    said = approval_text.read(_bytes(file), approval_text.issuer_keys(issuers, where="--issuer"), where=str(file))
    if isinstance(said, Withdrawal):
        click.echo(f"{said.id}: {said.issuer} withdraws it at {times.render(said.at)}: {said.reason}")
        return
    click.echo(f"{said.id}: {describe(said)}")
    now = SystemClock().now()
    if now >= said.expires or now < said.not_before:
        click.echo("It does not count now: " + ("it has ended." if now >= said.expires else "it has not begun."))


@approval.command()
@_FILE
@CONFIG
@_OFFICER
def record(file: Path, config_file: Path, officer: str) -> None:
    """Put the approval FILE, or its issuer's withdrawal, on file at the node; also at one that is running."""
    data = _bytes(file)
    click.echo(_line(_change(config_file, lambda approvals, tx: approvals.record(tx, data, officer))))


@approval.command()
@click.argument("approval_id", metavar="ID")
@CONFIG
@_REASON
@_OFFICER
def withdraw(approval_id: str, config_file: Path, reason: str, officer: str) -> None:
    """Let the approval ID count no more at the node, from now on."""
    click.echo(_line(_change(config_file, lambda approvals, tx: approvals.withdraw(tx, approval_id, officer, reason))))


@approval.command("list")
@CONFIG
def list_approvals(config_file: Path) -> None:
    """List what is on file at the node, newest first: id, state, uses, and what it allows."""
    from lintas.node.home import open_home
    from lintas.storage.engine import reading

    _, node = open_home(config_file)
    after = "~"
    with reading(node.parts.engine) as tx:
        while page := node.approvals.listed(tx, after):
            for each in page:
                click.echo(_line(each))
            after = page[-1].id


def _change(config_file: Path, use_case: "Callable[[Approvals, Transaction], Filed]") -> "Filed":
    from lintas.node.home import open_home
    from lintas.storage.writer import SerialWriter

    _, node = open_home(config_file)
    return SerialWriter(node.parts.engine).submit(lambda tx: use_case(node.approvals, tx)).result()


def _line(filed: "Filed") -> str:
    return f"{filed.id}\t{filed.state}\tused {filed.used}\t{filed.words}"


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(note.MAX_BYTES + 1)
    if len(data) > note.MAX_BYTES:
        raise TooLarge(f"this is over the limit of {note.MAX_BYTES} bytes", "give one document", where=str(path))
    return data


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)


def _money(text: str) -> Money:
    number, _, code = text.partition(" ")
    try:
        return Money(parse_decimal(number[:40], code), code)
    except BadInput as wrong:
        raise BadInput(wrong.what, wrong.do, where="--max-amount") from None


def _time(text: str, where: str) -> datetime:
    try:
        return times.parse(text)
    except BadInput as wrong:
        raise BadInput(wrong.what, wrong.do, where=where) from None
