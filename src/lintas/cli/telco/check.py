"""`lintas telco check`: what a list says of one number."""

from pathlib import Path

import click

from lintas.cli.telco.options import LIST, REDRESS_KEY, opened
from lintas.model.errors import BadInput


@click.command()
@click.argument("number")
@LIST
@REDRESS_KEY
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as the service answers it.")
def check(number: str, list_file: Path, key_file: Path | None, as_json: bool) -> None:
    """Say what a gateway with this list does with calls that show NUMBER (+60…, 0060… or 60…)."""
    from lintas.gateway.verdict import Verdicts, encode
    from lintas.telco.lists.e164 import read, write

    value = read(number)
    if value is None:
        raise BadInput(
            f"{number[:40]!r} is no number in E.164 form", "write +, country code and number: 5 to 15 digits"
        )
    standing = opened(list_file, key_file)
    verdict = Verdicts(standing).listed(value)
    if as_json:
        click.echo(encode(verdict).decode())
        return
    found = standing.find(value)
    if found is None:
        click.echo(f"{write(value)} is not listed: the call goes on ({verdict.verdict}, {verdict.action})")
        return
    click.echo(f"{write(value)} is listed as {found.kind}: {verdict.verdict}, {verdict.action}")
    click.echo(f"owner {found.owner}, reason {found.reason or 'not said'}, redress id {found.id}")
