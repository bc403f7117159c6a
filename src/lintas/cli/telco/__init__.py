"""The commands of operators and their gateways, each in a file of its own that is loaded when asked for."""

import click

from lintas.cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str, str]] = {
    "names": ("lintas.cli.telco.names", "names", "Serve blocked names: hash check, exports, senders, block pages."),
    "export": ("lintas.cli.telco.export", "export", "Write blocked names for a resolver or filter."),
    "url": ("lintas.cli.telco.url", "url", "Check a web address without telling it."),
    "sender": ("lintas.cli.telco.sender", "sender", "Say what to do with a message under a sender ID."),
}


@click.group(cls=LazyGroup, commands_table=COMMANDS)
def telco() -> None:
    """Answer what to do with a call: lists, checks, verdicts, gateways."""
