"""`lintas charter`: the signed list of members — check it here; writing and endorsing is in ``membership``."""

from datetime import datetime
from pathlib import Path

import click
import msgspec

from lintas.cli.membership import COMMANDS, read_signed
from lintas.model.errors import BadInput, Refused
from lintas.model.times import SystemClock, parse
from lintas.trust.charter import SignedCharter, check_charter, current_keys


@click.group()
def charter() -> None:
    """Write, endorse and check the signed list of members."""


for name, command in COMMANDS.items():
    charter.add_command(command, name)


@charter.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--previous",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The version before, which you trust already; its members are who may change it.",
)
@click.option(
    "--pin",
    default="",
    metavar="SHA256",
    help="The SHA-256 that you know from elsewhere: of PREVIOUS if given, else of FILE.",
)
@click.option("--at", metavar="TIME", help="Judge keys as of this time (RFC 3339) instead of now.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def check(file: Path, previous: Path | None, pin: str, at: str | None, as_json: bool) -> None:
    """Say whether the charter FILE is valid: exit 0 if it is, 1 if not, 2 if it cannot be read.

    Version 1 needs --pin; any later version needs --previous.
    """
    if pin and not _is_sha256(pin):
        raise BadInput(f"{pin!r} is not a SHA-256", "give 64 hexadecimal digits", where="--pin")
    now = parse(at) if at else SystemClock().now()
    signed = read_signed(file)
    before = read_signed(previous) if previous else None
    try:
        endorsed = check_charter(signed, now=now, pin=pin, previous=before)
    except Refused as wrong:
        if as_json:
            click.echo(_json(_describe(signed, now) | {"valid": False, "reason": wrong.reason, "message": str(wrong)}))
        raise
    described = _describe(signed, now) | {"valid": True, "endorsed_by": endorsed}
    click.echo(_json(described) if as_json else _text(signed, endorsed, now))


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdefABCDEF" for digit in text)


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
