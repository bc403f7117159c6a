"""`lintas trace`: index a holder's transfers, and follow money through them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lintas.model.errors import BadInput

if TYPE_CHECKING:
    from lintas.trace.trail import Trail

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def trace() -> None:
    """Follow money through a holder's own transfers: by first in, first out, to the minor unit."""


@trace.command()
@click.option(
    "--transfers", "files", type=_FILE, required=True, multiple=True, help="CSV, or ISO 20022 messages (.xml)."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Directory of the index.")
@click.option("--bank", default="", help="This holder's own bank code: sides that name it are its accounts.")
def index(files: tuple[Path, ...], out: Path, bank: str) -> None:
    """Index transfers (CSV: time,sender,receiver,amount_minor,currency; also id, credited_minor and others).

    Opening balances are read from opening_balances.csv (account,amount_minor) beside the first file, if it is there.
    """
    from lintas.trace.files import save
    from lintas.trace.lines import build
    from lintas.trace.transfers import OPENINGS, read_ledger

    built = build(read_ledger(list(files), bank=bank))
    save(built, out)
    click.echo(f"{len(built):,} transfers on {built.line_count:,} account lines, snapshot {built.snapshot}, in {out}")
    if built.self_transfers:
        click.echo(f"{built.self_transfers:,} transfers from an account to itself move nothing and were left out")
    if built.balances == "assumed":
        click.echo(f"no {OPENINGS} beside the transfers: the smallest balances that never go below zero are assumed")
    elif built.lifted:
        told = "given opening balances are smaller than what was paid out of them; the smallest sufficient are assumed"
        click.echo(f"{built.lifted:,} {told}")


@trace.command()
@click.option("--index", "directory", type=click.Path(path_type=Path), required=True, help="Directory of the index.")
@click.option("--transfer", required=True, help="Id of the transfer to follow.")
@click.option("--interval", type=int, nargs=2, help="Its part A to B, in minor units; all of it if not given.")
@click.option("--method", type=click.Choice(["fifo", "lifo", "haircut", "poison"]), default="fifo", show_default=True)
@click.option("--backward", is_flag=True, help="Ask where the money came from.")
@click.option("--as-of", "as_of", help="Count transfers up to this time only (RFC 3339).")
@click.option("--max-hops", type=click.IntRange(min=0), default=1_000, show_default=True)
@click.option("--min-amount", type=click.IntRange(min=1), default=1, show_default=True, help="Smallest part followed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def run(
    directory: Path,
    transfer: str,
    interval: tuple[int, int] | None,
    method: str,
    backward: bool,
    as_of: str | None,
    max_hops: int,
    min_amount: int,
    as_json: bool,
) -> None:
    """Follow a transfer to where its money is now, and name the batons for other holders."""
    import msgspec

    from lintas.model import times
    from lintas.trace.fifo import trace as follow
    from lintas.trace.files import load
    from lintas.trace.trail import Limits

    try:
        until = None if as_of is None else times.parse(as_of)
    except OverflowError:
        raise BadInput(f"the time {as_of!r} is out of range", "check it", where="--as-of") from None
    limits = Limits(max_hops=max_hops, min_amount=min_amount)
    opened = load(directory)
    trail = follow(opened, transfer, interval, method=method, as_of=until, backward=backward, limits=limits)
    if as_json:
        click.echo(msgspec.json.encode(trail).decode())
    else:
        _tell(trail)
    if not trail.conserved:
        click.echo("the trail does not add up: this is a fault of the program, do not use it", err=True)
        raise click.exceptions.Exit(1)


def _tell(trail: "Trail") -> None:
    """Write the trail for people."""
    from lintas.model.money import Money

    whole = Money(trail.end - trail.start, trail.currency)
    verb = "was" if trail.direction == "backward" else "is"
    click.echo(f"{whole} of {trail.transfer}, by {trail.method}, snapshot {trail.snapshot}, balances {trail.opening}:")
    for held in trail.frontier:
        since = "its opening balance" if held.since is None else f"since {held.since}"
        click.echo(f"  {Money(held.amount_minor, held.currency)} {verb} at {held.account}, {since}")
    for baton in trail.batons:
        bank = baton.receiver_bank or baton.sender_bank or "another holder"
        part = f"part {baton.start} to {baton.end} of {baton.transfer}"
        click.echo(
            f"  {Money(baton.amount_minor, baton.currency)} {'from' if baton.sender_bank else 'to'} {bank}: {part}"
        )
    for spent in trail.spent:
        click.echo(f"  {Money(spent.amount_minor, spent.currency)} spent ({spent.kind}) by {spent.transfer}")
    for left in trail.unfollowed:
        click.echo(f"  {Money(left.amount_minor, left.currency)} not followed ({left.reason}) in {left.transfer}")
