"""The questions of `lintas trace`: where the money is, whose it is when there are several victims, and how that is derived."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import click

from lintas.model.errors import BadInput

if TYPE_CHECKING:
    from datetime import datetime

    from lintas.trace.questions.frontier import FreezePoint, Pursued
    from lintas.trace.questions.labels import Labels
    from lintas.trace.questions.restitution import Claim, Restitution
    from lintas.trace.questions.trail import Limits, Trail

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., None])


class _Asked(TypedDict):
    """The options that every question shares, as click hands them over."""

    as_of: str | None
    max_hops: int
    min_amount: int
    max_intervals: int
    deadline: int | None
    label_files: tuple[Path, ...]


def _asked(command: _Command) -> _Command:
    """Give a command the options of every question."""
    options = (
        click.option("--as-of", "as_of", help="Count transfers up to this time only (RFC 3339)."),
        click.option("--max-hops", type=click.IntRange(min=0), default=1_000, show_default=True),
        click.option(
            "--min-amount", type=click.IntRange(min=1), default=1, show_default=True, help="Smallest part followed."
        ),
        click.option("--max-intervals", type=click.IntRange(min=1), default=100_000, show_default=True),
        click.option(
            "--deadline", type=click.IntRange(min=0), help="Milliseconds after which nothing more is followed."
        ),
        click.option(
            "--labels", "label_files", type=_FILE, multiple=True, help="CSV account,kind,label,source: freeze points."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


_INDEX = click.option(
    "--index", "directory", type=click.Path(path_type=Path), required=True, help="Directory of the index."
)
_TRANSFER = click.option("--transfer", required=True, help="Id of the transfer to follow.")
_INTERVAL = click.option(
    "--interval", type=int, nargs=2, help="Its part A to B, in minor units; all of it if not given."
)
_BACKWARD = click.option("--backward", is_flag=True, help="Ask where the money came from.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@click.command()
@_INDEX
@_TRANSFER
@_INTERVAL
@click.option("--method", type=click.Choice(["fifo", "lifo", "haircut", "poison"]), default="fifo", show_default=True)
@_BACKWARD
@_asked
@click.option(
    "--dwell", default="", help="Model of how fast money leaves, for the ranking: fast, malaysia-2026, uk-2025."
)
@_JSON
def run(
    directory: Path,
    transfer: str,
    interval: tuple[int, int] | None,
    method: str,
    backward: bool,
    dwell: str,
    as_json: bool,
    **asked: Unpack[_Asked],
) -> None:
    """Follow a transfer to where its money is now, rank what to hold, and name the batons for other holders."""
    import msgspec

    from lintas.trace.engine.files import load
    from lintas.trace.questions import dwell as models
    from lintas.trace.questions.fifo import trace
    from lintas.trace.questions.frontier import ranked
    from lintas.trace.questions.labels import custodians

    model, labels, until, limits = models.model(dwell), _labels(asked), _until(asked), _limits(asked)
    opened = load(directory)
    trail = trace(
        opened,
        transfer,
        interval,
        method=method,
        as_of=until,
        backward=backward,
        limits=limits,
        stops=custodians(labels),
    )
    trail = ranked(trail, opened, labels=labels, model=model)
    if as_json:
        click.echo(msgspec.json.encode(trail).decode())
    else:
        _tell(trail)
    _must_add_up(trail.conserved or trail.bound is not None)


@click.command()
@_INDEX
@click.option(
    "--claim", "claimed", required=True, multiple=True, help="ID, or ID:A:B for a part in minor units; repeat."
)
@_asked
@_JSON
def restitution(directory: Path, claimed: tuple[str, ...], as_json: bool, **asked: Unpack[_Asked]) -> None:
    """Say whose what is still there is, when there are several victims: by first in, first out, and pro rata."""
    import msgspec

    from lintas.trace.engine.files import load
    from lintas.trace.questions import restitution as table
    from lintas.trace.questions.labels import custodians

    stops, until, limits = custodians(_labels(asked)), _until(asked), _limits(asked)
    told = table.restitution(
        load(directory), [_claim(text) for text in claimed], as_of=until, limits=limits, stops=stops
    )
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
    else:
        _tell_shares(told)
    _must_add_up(told.conserved)


@click.command()
@_INDEX
@_TRANSFER
@_INTERVAL
@click.option("--method", type=click.Choice(["fifo", "lifo", "haircut"]), default="fifo", show_default=True)
@_BACKWARD
@_asked
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "pdf"]),
    default="text",
    show_default=True,
    help="What to write.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to; text and CSV else go to the screen."
)
def explain(
    directory: Path,
    transfer: str,
    interval: tuple[int, int] | None,
    method: str,
    backward: bool,
    form: str,
    out: Path | None,
    **asked: Unpack[_Asked],
) -> None:
    """Write the lines of a trail that anybody can redo by hand, with its conventions and what was assumed and cut off."""
    from lintas.trace.derivations import explained
    from lintas.trace.derivations.derivation import derive
    from lintas.trace.engine.files import load
    from lintas.trace.questions.fifo import trace
    from lintas.trace.questions.labels import custodians

    if form == "pdf" and out is None:
        raise BadInput("a PDF is not for the screen", "name a file (--out FILE)", where="--out")
    stops, until, limits = custodians(_labels(asked)), _until(asked), _limits(asked)
    opened = load(directory)
    trail = trace(opened, transfer, interval, method=method, as_of=until, backward=backward, limits=limits, stops=stops)
    _must_add_up(trail.conserved)
    derivation = derive(opened, trail, stops=stops)
    if form == "pdf":
        from lintas.node.paper import derivation_pdf

        made = derivation_pdf(explained.document(derivation))
    else:
        made = (explained.plain if form == "text" else explained.table)(derivation).encode()
    if out is None:
        click.echo(made.decode(), nl=False)
    else:
        out.write_bytes(made)


def _labels(asked: _Asked) -> "Labels":
    from lintas.trace.ledgers.readers.labels import read_labels
    from lintas.trace.questions.labels import Labels, add_label

    labels: Labels = {}
    for file in asked["label_files"]:
        for account, label in read_labels(file)[0].items():
            add_label(labels, account, label, where=file.name)
    return labels


def _until(asked: _Asked) -> "datetime | None":
    from lintas.model import times

    try:
        return None if asked["as_of"] is None else times.parse(asked["as_of"])
    except OverflowError:
        what = f"the time {asked['as_of']!r} is out of range"
        raise BadInput(what, "check it", where="--as-of") from None


def _limits(asked: _Asked) -> "Limits":
    from lintas.trace.questions.trail import Limits

    return Limits(
        max_hops=asked["max_hops"],
        min_amount=asked["min_amount"],
        max_intervals=asked["max_intervals"],
        deadline_ms=asked["deadline"],
    )


def _claim(text: str) -> "Claim":
    from lintas.trace.questions.restitution import Claim

    parts = text.rsplit(":", 2)
    if len(parts) == 3 and all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts[1:]):
        return Claim(parts[0], (int(parts[1]), int(parts[2])))
    return Claim(text)


def _must_add_up(right: bool) -> None:
    if not right:
        click.echo("the trail does not add up: this is a fault of the program, do not use it", err=True)
        raise click.exceptions.Exit(1)


def _tell(trail: "Trail") -> None:
    """Write the trail for people."""
    from lintas.model.money import Money
    from lintas.trace.questions.frontier import FreezePoint, Pursued

    whole, verb = Money(trail.end - trail.start, trail.currency), "was" if trail.direction == "backward" else "is"
    until = f", as of {trail.as_of}" if trail.as_of else ""
    click.echo(
        f"{whole} of {trail.transfer}, by {trail.method}{until}, snapshot {trail.snapshot}, balances {trail.opening}:"
    )
    for held in trail.frontier:
        since = "its opening balance" if held.since is None else f"since {held.since}"
        more = ""
        if isinstance(held, FreezePoint):
            named = f", {held.label}" if held.label else ""
            more = f" ({held.kind.replace('_', ' ')}{named}; ask {_urgency(held)})"
        click.echo(f"  {Money(held.amount_minor, held.currency)} {verb} at {held.account}, {since}{more}")
    for baton in trail.batons:
        bank = baton.receiver_bank or baton.sender_bank or "another holder"
        part = f"part {baton.start} to {baton.end} of {baton.transfer}"
        more = f" (ask {_urgency(baton)})" if isinstance(baton, Pursued) else ""
        way = "from" if baton.sender_bank else "to"
        click.echo(f"  {Money(baton.amount_minor, baton.currency)} {way} {bank}: {part}{more}")
    for spent in trail.spent:
        click.echo(f"  {Money(spent.amount_minor, spent.currency)} spent ({spent.kind}) by {spent.transfer}")
    for left in trail.unfollowed:
        click.echo(f"  {Money(left.amount_minor, left.currency)} not followed ({left.reason}) in {left.transfer}")
    if trail.unfollowed:
        click.echo(f"not followed in all: {Money(trail.truncated, trail.currency)} of what was asked about")
    if trail.bound is not None:
        click.echo(f"{trail.bound}")


def _urgency(point: "FreezePoint | Pursued") -> str:
    return f"no. {point.rank}, {point.expected_left:.0%} expected still there after the hand-over"


def _tell_shares(told: "Restitution") -> None:
    """Write the table of several claims for people."""
    from lintas.model.money import Money

    until = f", as of {told.as_of}" if told.as_of else ""
    click.echo(f"{len(told.claims)} claims by {told.method}{until}, snapshot {told.snapshot}, balances {told.opening}:")
    for claim in told.claims:
        parts = {"there": claim.there_minor, "moved on": claim.moved_minor, "spent": claim.spent_minor}
        if claim.truncated:
            parts["not followed"] = claim.truncated
        became = ", ".join(f"{Money(amount, claim.currency)} {what}" for what, amount in parts.items())
        click.echo(f"  claim {claim.claim}: {Money(claim.claimed_minor, claim.currency)} of {claim.transfer}: {became}")
    for part in told.found:
        whose = ", ".join(f"{Money(share.amount_minor, part.currency)} claim {share.claim}" for share in part.claims)
        click.echo(f"  at {part.account} since {part.since}: {Money(part.amount_minor, part.currency)}: {whose}")
    if not told.pools:
        click.echo("nothing of it is still there")
    for pool in told.pools:
        click.echo(f"still there: {Money(pool.amount_minor, pool.currency)}")
        for at, traced in enumerate(pool.by_tracing):
            rata = "none, claims are in several currencies"
            if pool.pro_rata is not None:
                rata = str(Money(pool.pro_rata[at].amount_minor, pool.currency))
            amount = Money(traced.amount_minor, pool.currency)
            click.echo(f"  claim {traced.claim}: by tracing {amount}, pro rata {rata}")
