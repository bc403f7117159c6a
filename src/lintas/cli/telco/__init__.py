"""The commands of operators and their gateways, each in a file of its own that is loaded when asked for."""

import click

from lintas.cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str, str]] = {
    "client": ("lintas.cli.telco.client", "client", "Admit, list and revoke the API clients of a CAMARA face."),
    "explain": ("lintas.cli.telco.explain", "explain", "Say what a gateway would do with a call, rung by rung."),
    "preset": ("lintas.cli.telco.explain", "preset", "Show a policy on calls as a table."),
}


@click.group(cls=LazyGroup, commands_table=COMMANDS)
def telco() -> None:
    """Answer what to do with a call: lists, checks, verdicts, gateways."""
