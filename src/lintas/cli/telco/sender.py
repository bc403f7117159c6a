"""`lintas telco sender`: say what an operator does with a message under a sender ID."""

import sys
from pathlib import Path

import click
import msgspec

from lintas.cli.telco.names_options import JURISDICTION
from lintas.model.places import jurisdiction as known_place
from lintas.model.times import SystemClock
from lintas.telco.names import senders
from lintas.telco.names.entries import read

_FILE = click.Path(path_type=Path)


@click.command("sender")
@click.argument("sender")
@click.option("--registry", "registry_file", type=_FILE, required=True, help="Registrations, one in JSON a line.")
@click.option("--entries", "entries_file", type=_FILE, help="Entries with blocked sender IDs, one in JSON a line.")
@JURISDICTION
@click.option("--preset", "preset_name", type=click.Choice(list(senders.PRESETS)), default="sg", show_default=True)
@click.option("--aggregator", default="", help="Who brought it, as registrations name them.")
def sender(
    sender: str, registry_file: Path, entries_file: Path | None, jurisdiction: str, preset_name: str, aggregator: str
) -> None:
    """Say what to do with a message under SENDER. Exit 1 where it is blocked."""
    blocked = read(entries_file) if entries_file else ()
    registry = senders.read_registry(registry_file, blocked)
    place = known_place(jurisdiction).lower()
    verdict = registry.check(sender, place, senders.preset(preset_name), SystemClock().now(), aggregator)
    click.echo(msgspec.json.format(msgspec.json.encode(verdict), indent=1).decode())
    sys.exit(1 if verdict.action == "block" else 0)
