"""The commands of operators and their gateways, each in a file of its own that is loaded when asked for."""

import click

from lintas.cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str, str]] = {
    "sip": ("lintas.cli.telco.sip", "sip", "Answer calls in SIP alone: verdicts as status codes."),
    "card": ("lintas.cli.telco.card", "card", "Sign the card that a 608 answer points to."),
}


@click.group(cls=LazyGroup, commands_table=COMMANDS)
def telco() -> None:
    """Answer what to do with a call: lists, checks, verdicts, gateways."""
