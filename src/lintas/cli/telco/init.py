"""`lintas telco init`: an operator's own directory with keys, certificates and settings, and one for each gateway."""

import re
from pathlib import Path

import click

from lintas.model.errors import BadInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--operator", required=True, metavar="CODE", help="The operator's code in the numbering plan.")
@click.option("--range", "ranges", multiple=True, required=True, metavar="+FIRST-+LAST", help="Its numbers; repeat it.")
@click.option(
    "--gateway", "gateways", multiple=True, default=("gw-1",), show_default="gw-1", help="Who asks; repeat it."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address or name where gateways reach it.")
@click.option(
    "--port", type=click.IntRange(1, 65534), default=9443, show_default=True, help="Its door; the desk's is next."
)
def init(
    directory: Path, operator: str, ranges: tuple[str, ...], gateways: tuple[str, ...], host: str, port: int
) -> None:
    """Make an operator's directory, ready for `lintas telco home`, and in it a directory for each gateway."""
    from lintas.gateway.operator import making
    from lintas.model.times import SystemClock

    for name in (operator, *gateways):
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name[:40]!r} is no name", "use 1 to 40 letters, digits, dots and hyphens")
    if len(set(gateways)) < len(gateways):
        raise BadInput("a gateway is named twice", "name each once")
    making.make(directory, operator, ranges, gateways, host=host, port=port, now=SystemClock().now())
    click.echo(f"start it:       lintas telco home --config {directory / making.SETTINGS}")
    click.echo(f"tell it:        add lines to {directory / making.EVENTS}")
    for name in gateways:
        theirs = making.folder(directory, name)
        click.echo(
            f"let {name} ask:   lintas telco serve --list LIST --jurisdiction CODE --operators {theirs / making.DIRECTORY} "
            f"--certificate {theirs / making.CERTIFICATE} --key {theirs / making.KEY}"
        )
