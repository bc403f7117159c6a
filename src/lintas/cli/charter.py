"""`lintas charter`: the signed list of members — check it, or verify by it; writing and endorsing is in ``membership``."""

from datetime import datetime
from pathlib import Path

import click
import msgspec

from lintas.cli.membership import COMMANDS, read_signed
from lintas.ledger.membership import member_policy
from lintas.ledger.tlog_policy import parse_policy, render_policy
from lintas.model.errors import BadInput, Refused
from lintas.model.times import SystemClock, parse
from lintas.trust.charter import SignedCharter, check_charter, current_keys
from lintas.trust.note import parse_vkey


@click.group()
def charter() -> None:
    """Write, endorse and check the signed list of members."""


for name, command in COMMANDS.items():
    charter.add_command(command, name)


_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_PREVIOUS = click.option(
    "--previous",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The version before, which you trust already; its members are who may change it.",
)
_PIN = click.option(
    "--pin",
    default="",
    metavar="SHA256",
    help="The SHA-256 that you know from elsewhere: of PREVIOUS if given, else of FILE.",
)


@charter.command()
@_FILE
@_PREVIOUS
@_PIN
@click.option("--at", metavar="TIME", help="Judge keys as of this time (RFC 3339) instead of now.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def check(file: Path, previous: Path | None, pin: str, at: str | None, as_json: bool) -> None:
    """Say whether the charter FILE is valid: exit 0 if it is, 1 if not, 2 if it cannot be read.

    Version 1 needs --pin; any later version needs --previous.
    """
    _check_pin(pin)
    now = parse(at) if at else SystemClock().now()
    signed = read_signed(file)
    before = read_signed(previous) if previous else None
    try:
        endorsed = check_charter(signed, now=now, pin=pin, previous=before)
    except Refused as wrong:
        if as_json:
            described = _describe(signed, now) | {"valid": False, "reason": wrong.reason, "message": str(wrong)}
            if wrong.reason == "pin_mismatch":
                # A hash read here would be compared with itself.
                del described["sha256"]
            click.echo(_json(described))
        raise
    described = _describe(signed, now) | {"valid": True, "endorsed_by": endorsed}
    click.echo(_json(described) if as_json else _text(signed, endorsed, now))


@charter.command("tlog-policy")
@_FILE
@click.option(
    "--of", "authority", metavar="AUTHORITY", required=True, help="The member whose ledger is to be verified."
)
@_PREVIOUS
@_PIN
@click.option(
    "--quorum",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many of the other members' witnesses must have cosigned; without it two, or the only one.",
)
def tlog_policy(file: Path, authority: str, previous: Path | None, pin: str, quorum: int | None) -> None:
    """Write the trust policy (C2SP tlog-policy) for AUTHORITY's ledger from the charter FILE.

    It trusts that member's log key, and the witnesses of all other members. Give --pin (for a later version --previous
    too), or the policy is worth no more than the file it was made from.
    """
    _check_pin(pin)
    signed = read_signed(file)
    before = read_signed(previous) if previous else None
    if pin or before:
        check_charter(signed, now=SystemClock().now(), pin=pin, previous=before)
    else:
        click.echo("note: nobody checked this charter; give --pin with the SHA-256 that you know", err=True)
    members = {member.authority: member for member in signed.charter.members}
    if authority not in members:
        raise BadInput(f"{authority} is not a member", f"the members are {', '.join(members)}", where="--of")
    others = [member for name, member in members.items() if name != authority]
    text = render_policy(member_policy(parse_vkey(members[authority].log_vkey), others, quorum))
    # A witness may be called what no policy can say; better told here than where somebody verifies.
    parse_policy(text.encode(), where=f"policy from {file}")
    source = f"charter version {signed.charter.version}, sha256 {signed.sha256}"
    click.echo(f"# the ledger of {authority}, by {source}\n{text}", nl=False)


def _check_pin(pin: str) -> None:
    if pin and (len(pin) != 64 or any(digit not in "0123456789abcdefABCDEF" for digit in pin)):
        raise BadInput(f"{pin!r} is not a SHA-256", "give 64 hexadecimal digits", where="--pin")


def _describe(signed: SignedCharter, now: datetime) -> dict[str, object]:
    body = signed.charter
    return {
        "version": body.version,
        "exercise": body.exercise,
        "sha256": signed.sha256,
        "previous": body.previous,
        "quorum": body.quorum,
        "members": [
            {
                "authority": member.authority,
                "jurisdiction": member.jurisdiction,
                "name": member.name,
                "current_keys": [key.key_id for key in current_keys(member, now)],
            }
            for member in body.members
        ],
    }


def _json(document: dict[str, object]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _text(signed: SignedCharter, endorsed: tuple[str, ...], now: datetime) -> str:
    body = signed.charter
    lines = [
        f"charter version {body.version} ({'exercise' if body.exercise else 'real'}): valid",
        f"sha256 {signed.sha256}",
        f"endorsed by {', '.join(endorsed)}",
        f"{len(body.members)} members, of whom {body.quorum} may change it:",
    ]
    width = max(len(member.authority) for member in body.members)
    for member in body.members:
        keys = ", ".join(key.key_id for key in current_keys(member, now)) or "no current key"
        lines.append(f"  {member.authority:{width}}  {member.jurisdiction}  {member.name} ({keys})")
    return "\n".join(lines)
