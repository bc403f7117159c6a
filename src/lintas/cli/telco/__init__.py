"""The commands of operators and their gateways, each in a file of its own that is loaded when asked for."""

import click

from lintas.cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str, str]] = {
    "serve": ("lintas.cli.telco.serve", "serve", "Answer what to do with a call, over HTTP, from a list."),
    "check": ("lintas.cli.telco.check", "check", "Say what a list says of one number."),
    "list": ("lintas.cli.telco.lists", "lists", "Build and look after the list of a gateway."),
    "follow": ("lintas.cli.telco.follow", "follow", "Keep a gateway's lists as their authority publishes them."),
    "count": ("lintas.cli.telco.count", "count", "Bring what a gateway counted to its authority's node."),
    "import": ("lintas.cli.telco.importing", "import_", "Bring a table of entries to an authority's node."),
    "explain": ("lintas.cli.telco.explain", "explain", "Say what a gateway would do with a call, rung by rung."),
    "preset": ("lintas.cli.telco.explain", "preset", "Show a policy on calls as a table."),
}


@click.group(cls=LazyGroup, commands_table=COMMANDS)
def telco() -> None:
    """Answer what to do with a call: lists, checks, verdicts, gateways."""
