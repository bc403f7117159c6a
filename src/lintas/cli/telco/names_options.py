"""Options that the commands about names share, and how a list's owner is told what was left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lintas.telco.names.entries import Left

_FILE = click.Path(path_type=Path)
#: Entries left out that are named one by one.
_NAMED = 20

ENTRIES = click.option("--entries", "entries_file", type=_FILE, required=True, help="Entries, one in JSON a line.")
JURISDICTION = click.option("--jurisdiction", required=True, help="Where the message arrives, such as xa.")


def about(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say whose list it is and where a blocked name leads."""
    for option in (
        click.option("--block-ip", default="", help="IPv4 address of the block page (hosts, dnsmasq)."),
        click.option("--block-host", default="", help="Host of the block page (rpz)."),
        click.option("--zone", default="rpz.lintas.invalid", show_default=True, help="Name of the policy zone."),
        click.option("--contest", required=True, help="Address that a redress id is put behind, to contest a block."),
        click.option("--owner", required=True, help="The authority whose list it is."),
    ):
        command = option(command)
    return command


def tell_left_out(left: tuple[Left, ...]) -> None:
    """Say on standard error which entries are left out, and why."""
    for entry, why in left[:_NAMED]:
        click.echo(f"left out: {entry.value[:100]!a} ({entry.id}): {ascii(why)[1:-1]}", err=True)
    if len(left) > _NAMED:
        click.echo(f"left out: {len(left) - _NAMED:,} more", err=True)
