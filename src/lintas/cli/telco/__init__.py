"""The commands of operators and their gateways, each in a file of its own that is loaded when asked for."""

import click

from lintas.cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("lintas.cli.telco.init", "init", "Make an operator's directory, and one for each of its gateways."),
    "serve": ("lintas.cli.telco.serve", "serve", "Answer what to do with a call, over HTTP, from a list."),
    "check": ("lintas.cli.telco.check", "check", "Say what a list says of one number."),
    "list": ("lintas.cli.telco.lists", "lists", "Build and look after the list of a gateway."),
    "follow": ("lintas.cli.telco.follow", "follow", "Keep a gateway's lists as their authority publishes them."),
    "count": ("lintas.cli.telco.count", "count", "Bring what a gateway counted to its authority's node."),
    "recycled": (
        "lintas.cli.telco.recycled",
        "recycled",
        "Report numbers that have a new holder to an authority's node.",
    ),
    "import": ("lintas.cli.telco.importing", "import_", "Bring a table of entries to an authority's node."),
    "sip": ("lintas.cli.telco.sip", "sip", "Answer calls in SIP alone: verdicts as status codes."),
    "home": ("lintas.cli.telco.home", "home", "Run an operator's side: its table, and answers about its numbers."),
    "explain": ("lintas.cli.telco.explain", "explain", "Say what a gateway would do with a call, rung by rung."),
    "preset": ("lintas.cli.telco.explain", "preset", "Show a policy on calls as a table."),
    "client": ("lintas.cli.telco.client", "client", "Admit, list and revoke the API clients of a CAMARA face."),
    "card": ("lintas.cli.telco.card", "card", "Sign the card that a 608 answer points to."),
    "names": ("lintas.cli.telco.names", "names", "Serve blocked names: hash check, exports, senders, block pages."),
    "url": ("lintas.cli.telco.url", "url", "Check a web address without telling it."),
    "sender": ("lintas.cli.telco.sender", "sender", "Say what to do with a message under a sender ID."),
    "export": ("lintas.cli.telco.export", "export", "Write blocked names for a resolver or filter."),
}


@click.group(cls=LazyGroup, commands_table=COMMANDS)
def telco() -> None:
    """Answer what to do with a call: lists, checks, verdicts, gateways."""
