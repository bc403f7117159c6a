"""`lintas telco export`: write blocked names as a file for a resolver or filter."""

import os
import tempfile
from pathlib import Path

import click

from lintas.cli.telco.names_options import ENTRIES, about, tell_left_out
from lintas.gateway.names.book import Settings
from lintas.model import times
from lintas.model.errors import BadInput
from lintas.model.times import SystemClock
from lintas.telco.names import exports
from lintas.telco.names.entries import listable, read


@click.command("export")
@ENTRIES
@click.option("--format", "format_", type=click.Choice(list(exports.FORMATS)), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to; replaced whole or not at all.")
@about
@click.option(
    "--at", "moment", help="The moment it is made for, RFC 3339; the same one gives the same bytes. [default: now]"
)
def export(
    entries_file: Path,
    format_: str,
    out: Path,
    owner: str,
    contest: str,
    zone: str,
    block_host: str,
    block_ip: str,
    moment: str | None,
) -> None:
    """Write the blocked domains (and, where the format has a place for them, addresses) that count now."""
    at = times.parse(moment) if moment else SystemClock().now().replace(microsecond=0)
    settings = Settings(owner=owner, contest=contest, zone=zone, block_host=block_host, block_ip=block_ip)
    kept, left = listable(read(entries_file), at)
    tell_left_out(left)
    _replace(out, "".join(exports.export(format_, kept, settings.about(at))))
    click.echo(f"{out.name}: {exports.counted(format_, kept)}, version {exports.version(kept)}")


def _replace(out: Path, text: str) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
                os.fchmod(file.fileno(), 0o644)
            Path(name).replace(out)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as wrong:
        raise BadInput(f"{out} cannot be written: {wrong.strerror}", "name a file in a directory of yours") from None
